"""The available lists of diagnosis codes, and which of them judges a day of service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

from controller.errors import RulesInvalid
from records.claim.rules.code_list_file import SUFFIX, ListHead, StoredCodeList, packed_list
from records.store.plain_files import what_it_is
from records.store.private_files import make_folder, write_private
from records.store.record_folder import RecordFolder

LONGEST_DAYS = 366
"""An edition is valid for a federal fiscal year, or for a part of it."""
SHIPPED = f"icd-10-cm-2026-04{SUFFIX}"


@cache
def shipped_code_list() -> StoredCodeList:
    """Returns the list that comes with the program.

    Raises RulesInvalid when it was altered.
    """
    file = resources.files("records.claim.rules") / "tables" / SHIPPED
    return StoredCodeList(file, "install the program again")


def code_list_for(folder: RecordFolder, day: date) -> StoredCodeList:
    """Returns the list that judges a day.

    Raises RulesInvalid for an altered one.

    This is one that is valid on the day, an imported one before the shipped one, else the newest
    that began before the day, else the oldest: the report then says from when it is.
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
    """Yields the imported lists, the newest first, and the shipped one; raises RulesInvalid."""
    imported = [_imported(folder, path.name) for path in folder.code_lists.glob(f"*{SUFFIX}")]
    yield from sorted(imported, key=lambda each: each.valid_from, reverse=True)
    yield shipped_code_list()


def _imported(folder: RecordFolder, name: str) -> StoredCodeList:
    path, remedy = folder.code_lists / name, "import it again with `traction codes import`"
    if kind := what_it_is(path):
        raise RulesInvalid(f"code list {path} is {kind}, not a file; take it away, or {remedy}")
    return StoredCodeList(path, f"{remedy}, or take it away")


def import_code_list(
    folder: RecordFolder, codes: Path, tabular: Path | None, days: tuple[date, date]
) -> StoredCodeList:
    """Make a list of the files of CMS and NCHS and put it into the folder; returns it.

    ``days`` are the first and the last day of its edition. One that begins on the same day is
    replaced. Raises RulesInvalid for a file that is not as published, OSError when the folder
    cannot be written.
    """
    first, last = days
    if not 0 <= (last - first).days <= LONGEST_DAYS:
        raise RulesInvalid(
            f"{first} to {last} is no year of a code list: it holds for at most {LONGEST_DAYS} "
            "days; correct --from and --to"
        )
    from records.claim.rules.code_list_sources import order_rows, with_tabular

    rows = order_rows(codes)
    head = ListHead(
        name=f"ICD-10-CM, {codes.name}",
        valid_from=first,
        valid_to=last,
        source=", ".join(file.name for file in (codes, tabular) if file),
        has_exclusions=tabular is not None,
    )
    whole = list(rows.values()) if tabular is None else with_tabular(rows, tabular)
    make_folder(folder.code_lists)
    name = f"icd-10-cm-{first}{SUFFIX}"
    write_private(folder.code_lists / name, packed_list(head, whole))
    return _imported(folder, name)
