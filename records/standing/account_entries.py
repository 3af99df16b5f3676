"""Recognizes accounts among standing records without the models of any record.

Most clinics have no accounts, and every claim that leaves checks for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from records.store.clinic_chain import Entry

ACCOUNT: Final = "account"
"""The kind of an account's record in an entry."""
SCRIPT: Final = "script"
"""The role of an account that belongs to no person: programs use it, and it signs nothing."""


def tell_of_accounts(entries: Iterable[Entry]) -> bool:
    """Returns whether any of these entries of standing records is of an account, in use or not."""
    return any(entry.detail.get("kind") == ACCOUNT for entry in entries)
