"""Presets that come with the program: usual doses to look at, never to start from.

An order is made only of a preset that a named person has taken over.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from controller.errors import StandingInvalid
from records.checked_data import parse_toml
from records.standing.files import parse_standing
from records.standing.kinds import PresetRecord

FILE = "shipped_presets.toml"


@cache
def shipped_presets() -> dict[str, PresetRecord]:
    """Returns each of them by its name."""
    read = parse_standing(_text(), FILE, "preset")
    records = [each.record for each in read if isinstance(each.record, PresetRecord)]
    return {record.name: record for record in records}


def shipped_table(name: str) -> dict[str, Any] | None:
    """Returns the values of a shipped preset, for the person who takes it over; None for others."""
    tables = parse_toml(_text(), FILE, StandingInvalid)["presets"]
    return next((table for table in tables if table["name"] == name), None)


def _text() -> str:
    return resources.files("records.standing").joinpath(FILE).read_text(encoding="utf-8")
