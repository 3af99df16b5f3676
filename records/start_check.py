"""What must be true before a session may start: records whole and unaltered, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable
from records.cell_check import CellCheck
from records.clinic_file import CLINIC_SCHEMA, clinic_database
from records.database import check_quickly, rows
from records.file_history import history_of
from records.guarded_check import check_on_file, start_before
from records.reader import checking
from records.signing import SigningKey, known_public_keys
from records.stored_session import session_rows_of
from records.unit_file import UNIT_SCHEMA, unit_database

WARN_BELOW_BYTES = 500_000_000
"""Hazard row 45: below this a person is told."""
REFUSE_BELOW_BYTES = 50_000_000
"""Hazard row 45: below this no session starts. The side file takes 8 MiB of it."""


def check_before_start(
    data_dir: Path,
    unit_id: str,
    key: SigningKey,
    *,
    free_bytes: Callable[[Path], int],
) -> Iterator[str]:
    """Warnings for a person. Raises JournalUnavailable or JournalCorrupt: no session may start.

    ``key`` is the one that will sign; it is known even before its public half lies in the folder.
    """
    yield from _check_space(data_dir, free_bytes)
    clinic, unit = clinic_database(data_dir), unit_database(data_dir, unit_id)
    if _stands(clinic):
        check_quickly(clinic, CLINIC_SCHEMA)
    if _stands(unit):
        check_quickly(unit, UNIT_SCHEMA)
        _check_last_seal(data_dir, unit, key)


def _stands(path: Path) -> bool:
    """True for anything under that name, a link to nowhere as well."""
    return path.exists() or path.is_symlink()


def free_bytes_at(folder: Path) -> int:
    """Free bytes where ``folder`` is, or will be; raises JournalUnavailable."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        return shutil.disk_usage(there).free
    except OSError as error:
        raise JournalUnavailable(
            f"free space at {there} cannot be read ({error.strerror}); check the disk"
        ) from error


def _check_space(data_dir: Path, free_bytes: Callable[[Path], int]) -> Iterator[str]:
    free = free_bytes(data_dir)
    if free < REFUSE_BELOW_BYTES:
        raise JournalUnavailable(
            f"{free / 1e6:.0f} MB are free at {data_dir}; no session starts below "
            f"{REFUSE_BELOW_BYTES / 1e6:.0f} MB. Free space on the disk, then start again"
        )
    if free < WARN_BELOW_BYTES:
        yield (
            f"{free / 1e6:.0f} MB are free at {data_dir}; below {REFUSE_BELOW_BYTES / 1e6:.0f} MB "
            "no session starts. Free space on the disk soon"
        )


def _check_last_seal(data_dir: Path, path: Path, key: SigningKey) -> None:
    known = {**known_public_keys(data_dir), key.key_id: key.public_key}
    with checking(path) as db:
        cells = CellCheck(db)
        for fault in cells.of_table("session"):
            which = f"session number {fault.session} of the unit"
            raise _altered(path.stem, which, fault.row, fault.what)
        last = rows(db, "SELECT max(session) FROM seal")[0][0]
        for head in session_rows_of(db):
            if head.number == last:
                start, history = start_before(db, path, last), history_of(db, path, cells, known)
                for found in check_on_file(
                    db, path, cells, head, start, known, history
                ).alterations:
                    which = f"the unit's last sealed session {found.session_id}"
                    raise _altered(path.stem, which, found.where, found.what)


def _altered(unit_id: str, which: str, where: str, what: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"{which} was altered ({where}: {what}); no session can start. Run `traction verify "
        f"--all`; `traction quarantine put {unit_id} --by NAME --reason WHY` puts the file aside, "
        "and what fits in it stays readable"
    )
