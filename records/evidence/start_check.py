"""Conditions for a session's start: intact, unaltered records, and space on the disk."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable
from records.evidence.guarded_check import UnitCheck
from records.evidence.predecessor import file_start
from records.evidence.session_check import Alteration
from records.evidence.stored_session import session_rows_of
from records.evidence.unit_reading import checking
from records.evidence.verified import current_memory
from records.keys.signing import SigningKey, known_public_keys
from records.store.chain import compute_seal_digest
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import Database, check_quickly, check_schema, rows
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA

WARN_BELOW_BYTES = 500_000_000
"""Hazard row 45: below this a person is warned."""
REFUSE_BELOW_BYTES = 50_000_000
"""Hazard row 45: below this no session starts. The side file takes 8 MiB of it."""
READ_AT_A_START = 20
"""Most sessions that are read: a day of a busy table, in a tenth of a second."""
_SEALED_NEWEST_FIRST = (
    "SELECT number, session_id FROM session JOIN seal ON seal.session = number ORDER BY number DESC"
)


def check_before_start(
    folder: RecordFolder,
    unit_id: str,
    key: SigningKey,
    *,
    free_bytes: Callable[[Path], int],
) -> Iterator[str]:
    """Returns warnings. Raises JournalUnavailable or JournalCorrupt: no session may start.

    Of the unit's file it checks: its schema, all seals as a chain, the newest sealed session
    completely, and those before it that no check of every session has read yet, up to
    ``READ_AT_A_START``; the number of further ones is reported. Later changes of a session that was
    read are found by ``verify``. ``key`` is the one that will sign; it is known even before its
    public half is in the folder.
    """
    yield from _check_space(folder, free_bytes)
    clinic, unit = folder.clinic_database, folder.unit_database(unit_id)
    if _stands(clinic):
        check_quickly(clinic, CLINIC_SCHEMA)
    if _stands(unit):
        check_schema(unit, UNIT_SCHEMA)
        yield from _check_sessions(folder, unit, key)


def _stands(path: Path) -> bool:
    """Returns True for anything under that name, including a broken link."""
    return path.exists() or path.is_symlink()


def free_bytes_at(folder: Path) -> int:
    """Returns free bytes where ``folder`` is, or will be; raises JournalUnavailable."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        return shutil.disk_usage(there).free
    except OSError as error:
        raise JournalUnavailable(
            f"free space at {there} cannot be read ({error.strerror}); check the disk"
        ) from error


def _check_space(folder: RecordFolder, free_bytes: Callable[[Path], int]) -> Iterator[str]:
    free = free_bytes(folder.path)
    if free < REFUSE_BELOW_BYTES:
        raise JournalUnavailable(
            f"{free / 1e6:.0f} MB are free at {folder}; no session starts below "
            f"{REFUSE_BELOW_BYTES / 1e6:.0f} MB. Free space on the disk, then start again"
        )
    if free < WARN_BELOW_BYTES:
        yield (
            f"{free / 1e6:.0f} MB are free at {folder}; below {REFUSE_BELOW_BYTES / 1e6:.0f} MB "
            "no session starts. Free space on the disk soon"
        )


def _check_sessions(folder: RecordFolder, path: Path, key: SigningKey) -> list[str]:
    """Check all seals as a chain, the newest sealed session, which covers them, and new ones.

    Returns the warnings; only what the next session is based on raises.
    """
    known = {**known_public_keys(folder), key.key_id: key.public_key}
    with checking(path) as db:
        check = UnitCheck(db, path, known)
        _check_cells(check, path)
        _check_seals(db, path)
        sealed = rows(db, _SEALED_NEWEST_FIRST)
        for number, _ in sealed[:1]:
            for found in _of_session(db, check, number):
                which = f"the unit's last sealed session {found.session_id}"
                raise _altered(path.stem, which, found.where, found.what)
        read_before = current_memory(folder).sessions
        fresh = [number for number, name in sealed[1:] if name not in read_before]
        read, left = fresh[: READ_AT_A_START - 1], fresh[READ_AT_A_START - 1 :]
        findings = [found for number in read for found in _of_session(db, check, number)[:1]]
    return [*(_told(found) for found in findings), *_left_unread(len(left))]


def _check_cells(check: UnitCheck, path: Path) -> None:
    """Check that the file's predecessor and the rows of sessions and seals can be read."""
    for table in ("predecessor", "migration"):
        for fault in check.cells.of_table(table):
            raise _altered(path.stem, "what the unit's file follows", fault.row, fault.what)
    for table in ("session", "seal"):
        for fault in check.cells.of_table(table):
            which = f"session number {fault.session} of the unit"
            raise _altered(path.stem, which, fault.row, fault.what)


def _of_session(db: Database, check: UnitCheck, number: int) -> list[Alteration]:
    return [
        found for head in session_rows_of(db, number) for found in check.session(head).alterations
    ]


def _told(found: Alteration) -> str:
    return (
        f"session {found.session_id} of the unit was altered ({found.where}: {found.what}); this "
        "session may start, and nothing is made of that one. Run `traction verify --all`"
    )


def _left_unread(count: int) -> Iterator[str]:
    if count:
        yield (
            f"{count} older sessions of the unit were read neither now nor by a check of every "
            "session; `traction verify --all` reads them"
        )


def _check_seals(db: Database, path: Path) -> None:
    """Check that each seal matches its row, and begins with the one before it."""
    previous = file_start(db)
    for number, last_link, digest, events, samples, links, before, seal in rows(
        db,
        "SELECT session, last_link, session_digest, event_count, sample_count, link_count, "
        "previous_seal, digest FROM seal ORDER BY session",
    ):
        try:
            computed = compute_seal_digest(last_link, digest, (events, samples, links), previous)
        except struct.error:
            computed = b""
        if (before, seal) != (previous, computed):
            which = f"session number {number} of the unit"
            raise _altered(path.stem, which, "the seal", "it does not follow the one before it")
        previous = seal


def _altered(unit_id: str, which: str, where: str, what: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"{which} was altered ({where}: {what}); no session can start. Run `traction verify "
        f"--all`; `traction quarantine put {unit_id} --by NAME --reason WHY` puts the file "
        "aside, and what is intact in it stays readable"
    )
