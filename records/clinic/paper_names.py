"""What downtime sheets are called by, for whoever asks whether a name is one."""

from __future__ import annotations

from typing import Final

PAPER: Final = "paper-"
"""Begins the name of every sheet; no session is called so."""


def is_paper(name: str) -> bool:
    """Returns True for what a sheet is called by."""
    return name.startswith(PAPER)
