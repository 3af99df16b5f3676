"""TOML that would take all memory or all calls is refused in words wherever it is read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest

from controller.errors import (
    ClaimContextInvalid,
    NoteRefused,
    PrescriptionInvalid,
    RequestRefused,
    ScriptInvalid,
    StandingInvalid,
    TractionError,
)
from records.checked_data import parse_toml
from records.order.order_file import read_order
from records.standing.csv_rows import read_map
from records.store.record_folder import RecordFolder
from records.toml_text import MOST_DOTS, toml_of
from tests.support.commands import said
from tests.support.notes import recorded
from workstation.session.session_script import read_script
from workstation.settings import load_settings

DEEP = "a = " + "[" * 5000
PARTS = ".".join(["a"] * (MOST_DOTS + 2)) + " = 1"
LONG = "a = 1" + "0" * 5000
"""A number that Python itself refuses, and not the library."""
HOSTILE = {DEEP: "nested too deep", PARTS: "line 1 has 4097 dots", LONG: "digits"}


def _context(file: Path) -> object:
    return parse_toml(file.read_text(), file.name, ClaimContextInvalid)


def _note(file: Path) -> object:
    data = RecordFolder(file.parent / "data")
    recorded(data)
    return said(data, "note", "s-1", "--by", "A", "--complete", str(file))


def _settings(file: Path) -> object:
    with patch("workstation.settings.settings_file", lambda: file):
        return load_settings()


READERS: dict[type[TractionError], Callable[[Path], object]] = {
    ClaimContextInvalid: _context,
    PrescriptionInvalid: read_order,
    ScriptInvalid: read_script,
    StandingInvalid: lambda file: read_map(file, "patients"),
    NoteRefused: _note,
    RequestRefused: _settings,
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("refused", READERS)
def test_hostile_toml_is_refused_in_words(
    tmp_path: Path, refused: type[TractionError], text: str
) -> None:
    file = tmp_path / "file.toml"
    file.write_text(text)
    with pytest.raises(refused, match=HOSTILE[text]):
        READERS[refused](file)


def test_lines_up_to_the_bound_are_read() -> None:
    text = f'a = "{"x" * 10_000}{"." * MOST_DOTS}"\nb = 0.10\n'
    said = toml_of(text, Decimal)
    assert (len(said["a"]), said["b"]) == (10_000 + MOST_DOTS, Decimal("0.10"))
