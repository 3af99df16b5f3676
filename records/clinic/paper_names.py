"""Names of downtime sheets, and whether a name is one."""

from __future__ import annotations

from typing import Final

PAPER: Final = "paper-"
"""Beginning of the name of every sheet; no session has it."""


def is_paper(name: str) -> bool:
    """Returns True for the name of a sheet."""
    return name.startswith(PAPER)
