"""Which lists of diagnosis codes there are, and which of them a day of service is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources

from records.claim.rules.code_list_file import SUFFIX, StoredCodeList
from records.store.record_folder import RecordFolder

SHIPPED = f"icd-10-cm-2026-04{SUFFIX}"


@cache
def shipped_code_list() -> StoredCodeList:
    """The list that comes with the program; raises RulesInvalid when it is not as it was made."""
    file = resources.files("records.claim.rules") / "tables" / SHIPPED
    return StoredCodeList(file, "install the program again")


def code_list_for(folder: RecordFolder, day: date) -> StoredCodeList:
    """The list that a day is judged by; raises RulesInvalid for one that is not as it was made.

    That is one that holds on the day, an imported one before the shipped one, else the newest that
    began before the day, else the oldest: it then says from when it is.
    """
    known = list(code_lists(folder))
    holding = [each for each in known if each.valid_from <= day <= each.valid_to]
    if holding:
        return holding[0]
    begun = [each for each in known if each.valid_from <= day]
    if begun:
        return max(begun, key=lambda each: each.valid_to)
    return min(known, key=lambda each: each.valid_from)


def code_lists(folder: RecordFolder) -> Iterator[StoredCodeList]:
    """The imported lists, the newest first, and the shipped one; raises RulesInvalid."""
    imported = [_imported(folder, path.name) for path in folder.code_lists.glob(f"*{SUFFIX}")]
    yield from sorted(imported, key=lambda each: each.valid_from, reverse=True)
    yield shipped_code_list()


def _imported(folder: RecordFolder, name: str) -> StoredCodeList:
    return StoredCodeList(
        folder.code_lists / name, "import it again with `traction codes import`, or take it away"
    )
