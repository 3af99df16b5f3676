"""The tables of third-party software in docs/explanations/software-classification.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = (
    Path(__file__).resolve().parent.parent / "docs/explanations/software-classification.md"
)
USED: Final = "## Third-party software\n"
BROUGHT: Final = "### What these bring with them\n"


@dataclass(frozen=True, slots=True)
class OthersSoftware:
    """One row. ``safety_class`` is empty for what other packages bring along.

    ``anomalies`` is the last cell; of what others bring along it says what it comes with, too.
    """

    name: str
    version: str
    licence: str
    safety_class: str
    anomalies: str


def software_of_others() -> dict[str, OthersSoftware]:
    """Every row of both tables by its name."""
    rows = [*_rows(USED), *_rows(BROUGHT)]
    return {row[0]: _software(row) for row in rows}


def _software(row: list[str]) -> OthersSoftware:
    name, version, licence, *more = row
    if len(more) == 1:  # it is installed with another package
        return OthersSoftware(name, version, licence, "", more[0])
    return OthersSoftware(name, version, licence, more[0], more[-1])


def _rows(heading: str) -> list[list[str]]:
    _, _, below = PAGE.read_text(encoding="utf-8").partition(heading)
    table = re.split(r"^##", below, flags=re.MULTILINE)[0]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
