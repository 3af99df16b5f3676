"""The rights of each role: one table for pages and commands.

A stop, and every act that frees the patient (less force, pause, end, an answer to a check-in),
needs no right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from records.standing.account_entries import SCRIPT


class Right(StrEnum):
    """Something that needs a right; the value names it in words."""

    READ = "read what is written of patients"
    PATIENTS = "add and change patients and appointments"
    PREPARE = "prepare a visit: identify, screen, order, checks"
    START = "start and resume a treatment, and order more force"
    WRITE_NOTE = "write for a note"
    SIGN = "sign and amend a note"
    CLAIM = "judge, accept and export claims"
    UNITS = "test, commission and examine tables, and save files for support"
    SETTINGS = "change what is kept of clinic, people, tables and presets"
    KEEP = "remove, hold, archive and restore records, change keys, and update the program"
    AUDIT = "read who read and wrote what"
    ACCOUNTS = "add and change accounts, and give one-time codes"


_TREATS = frozenset(
    {Right.READ, Right.PATIENTS, Right.PREPARE, Right.START, Right.WRITE_NOTE, Right.SIGN}
)
RIGHTS: Final[Mapping[str, frozenset[Right]]] = {
    "therapist": _TREATS | {Right.CLAIM, Right.UNITS},
    "assistant": _TREATS,
    "aide": frozenset({Right.READ, Right.PATIENTS, Right.PREPARE, Right.WRITE_NOTE}),
    "biller": frozenset({Right.READ, Right.CLAIM}),
    "engineer": frozenset({Right.UNITS}),
    "administrator": frozenset(
        {Right.PATIENTS, Right.UNITS, Right.SETTINGS, Right.KEEP, Right.AUDIT, Right.ACCOUNTS}
    ),
    SCRIPT: frozenset({Right.READ, Right.PATIENTS, Right.CLAIM}),
}
"""Each role with its rights; an account with several roles has those of all. "aide" is a student
too."""


def rights_of(roles: Iterable[str]) -> frozenset[Right]:
    """Returns the rights of an account with these roles."""
    return frozenset().union(*(RIGHTS[role] for role in roles))


def roles_with(right: Right) -> tuple[str, ...]:
    """Returns the roles that have a right, for a message about who may do it."""
    return tuple(role for role, rights in RIGHTS.items() if right in rights)
