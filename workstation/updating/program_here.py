"""The version of this program, and its installation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from controller.errors import UpdateRefused
from workstation.updating.installation import CURRENT, VERSIONS, Installation


class ProgramHere(NamedTuple):
    """The running program; ``version`` is in use in ``there``, or installed beside it."""

    there: Installation
    version: str


def program_here(prefix: Path = Path(sys.prefix)) -> ProgramHere:
    """Returns the installation whose program this is; raises UpdateRefused."""
    if prefix.parent.name != VERSIONS:
        raise UpdateRefused(
            f"the program in {prefix} was not installed by install.py of a wheelhouse, so "
            "this command cannot update it; update it as it was installed"
        )
    return ProgramHere(Installation(prefix.parent.parent), prefix.name)


def installation_in_use(here: ProgramHere) -> Installation:
    """Returns the installation, if this is the version in use; raises UpdateRefused."""
    there = here.there
    if there.current != here.version:
        raise UpdateRefused(
            f"this is version {here.version} and {there.current or 'none'} is in use; start "
            f"{traction_of(there, CURRENT)}"
        )
    return there


def traction_of(there: Installation, folder: str) -> Path:
    """Returns the command of the version in use, or of another folder of an installation."""
    return there.root / folder / "bin" / "traction"
