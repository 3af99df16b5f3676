"""Puts a unit's file aside: what this workstation did not write is kept, and never signed.

The whole file moves, byte for byte, with its log and its side file, to ``DIR/quarantine/<unit
id>-<utc ms>/``; ``SHA256SUMS`` there names each file as ``sha256sum`` does. A new file replaces it
whose predecessor (``records.evidence.predecessor``) is the SHA-256 of that list, so that the first
link of the next session names it. Intact sessions stay readable from the old file. The unit can be
used again when a named person has accepted this (an entry of clinic.db's chain).
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from controller.errors import JournalCorrupt, JournalError, JournalUnavailable, RequestRefused
from controller.events import JsonValue
from records.evidence.file_entries import Detail, entries_of_files, note_of_file
from records.evidence.predecessor import PUT_ASIDE, FileBefore, Predecessor, begin_behind
from records.evidence.session_rows import next_session_number
from records.evidence.spill import spill_path
from records.evidence.unit_reading import predecessors_among, reading
from records.keys.signing import SigningKey
from records.store.author import Author
from records.store.clinic_chain import EntryKind
from records.store.database import open_for_writing
from records.store.durable import sync_folder
from records.store.file_digest import file_sha256
from records.store.plain_files import read_plain
from records.store.private_files import (
    copy_read_only,
    make_folder,
    write_private,
)
from records.store.record_folder import UNFINISHED, RecordFolder, unit_id_of
from records.store.unit_file import UNIT_SCHEMA

SUMS: Final = "SHA256SUMS"
_LOGS: Final = ("-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAside:
    """A unit's file that was put aside, according to the file after it."""

    unit_id: str
    predecessor: Predecessor
    accepted_by: str
    accepted_utc_ms: int
    fault: str
    """Why its folder has changed; "" when it has not."""

    @property
    def is_accepted(self) -> bool:
        """Returns True once a named person has accepted it."""
        return bool(self.accepted_by)


def put_aside(
    folder: RecordFolder, unit_id: str, key: SigningKey, *, utc_ms: int, reason: str
) -> Path:
    """Move the unit's file to quarantine and begin a new one; returns its new place.

    The caller holds the unit's lock. Raises JournalUnavailable when the disk refuses; the file then
    stays where it was.
    """
    database = folder.unit_database(unit_id)
    if not database.exists() and not spill_path(database).exists():
        raise RequestRefused(f"unit {unit_id} has no file in {folder}; nothing was put aside")
    fresh = folder.new_database(unit_id)
    try:
        if (begun := _begun(folder, fresh)) is not None:
            _change_places(database, fresh)
            return begun
        aside = _free_name(folder.quarantine / f"{unit_id}-{utc_ms}")
        draft = aside.with_name(aside.name + UNFINISHED)
        _remove_unfinished(folder, unit_id)
        try:
            digest = _copy_whole(_existing_files_of(database), draft)
            last_session = _last_session(draft / database.name)
            with closing(open_for_writing(fresh, UNIT_SCHEMA)) as db:
                before = FileBefore(
                    kind=PUT_ASIDE,
                    file=folder.name_of(aside / database.name),
                    digest=digest,
                    last_session=last_session,
                    utc_ms=utc_ms,
                    reason=reason,
                )
                begin_behind(db, key, unit_id, before)
            draft.rename(aside)
        except (OSError, JournalError):
            _remove_unfinished(folder, unit_id)
            raise
        sync_folder(aside.parent)
        _change_places(database, fresh)
    except OSError as error:
        raise JournalUnavailable(
            f"{error.filename or database} cannot be put aside ({error.strerror}); check the disk"
        ) from error
    return aside


def _change_places(database: Path, fresh: Path) -> None:
    """Put the new file in the place of the one that was copied away."""
    # A log must never be beside a database that is not its own.
    for path in _existing_files_of(database):
        if path != database:
            path.unlink()
    fresh.replace(database)
    sync_folder(database.parent)


def _begun(folder: RecordFolder, fresh: Path) -> Path | None:
    """Returns the folder of an attempt that was stopped after its last copy.

    None when there is none.

    The folder gets its name when everything in it is durable, so that only the exchange is left to
    do.
    """
    for _, predecessor in predecessors_among([fresh] if fresh.exists() else []):
        if not _fault_of_folder(folder, predecessor):
            return folder.file_called(predecessor.file).parent
    return None


def _remove_unfinished(folder: RecordFolder, unit_id: str) -> None:
    """Remove what a stopped attempt made; the originals remain. Copies go last, for readers."""
    folder.new_database(unit_id).unlink(missing_ok=True)
    for draft in folder.quarantine.glob(f"{unit_id}-*{UNFINISHED}"):
        shutil.rmtree(draft)


def put_aside_files(folder: RecordFolder) -> list[PutAside]:
    """Returns every file that was put aside and that a unit's present file follows."""
    accepted = _accepted(folder)
    found = []
    for path, predecessor in predecessors_among(folder.every_database()):
        if predecessor.kind == PUT_ASIDE:
            by, at_ms = accepted.get(predecessor.digest.hex(), ("", 0))
            found.append(
                PutAside(
                    unit_id=unit_id_of(path),
                    predecessor=predecessor,
                    accepted_by=by,
                    accepted_utc_ms=at_ms,
                    fault=_fault_of_folder(folder, predecessor),
                )
            )
    return found


def refuse_not_accepted(folder: RecordFolder, unit_id: str) -> None:
    """Raise JournalCorrupt until somebody has accepted that the unit's file was put aside."""
    for one in put_aside_files(folder):
        if one.unit_id == unit_id and not one.is_accepted:
            raise JournalCorrupt(
                f"the record of unit {unit_id} did not verify and was put aside as "
                f"{one.predecessor.file} ({one.predecessor.reason}); look at it with "
                f"`traction verify --all`, then type `traction quarantine accept {unit_id} "
                "--by NAME --reason WHY`"
            )


def accept(folder: RecordFolder, unit_id: str, author: Author, reason: str) -> PutAside:
    """Accept, by a named person, that a file was put aside; raises RequestRefused."""
    waiting = [one for one in put_aside_files(folder) if one.unit_id == unit_id]
    if not waiting:
        raise RequestRefused(f"no file of unit {unit_id} was put aside; nothing to accept")
    if not reason.strip():
        raise RequestRefused("the reason is empty; say with --reason what was found out")
    one = next((one for one in waiting if not one.is_accepted), waiting[0])
    digest = one.predecessor.digest
    said: dict[str, JsonValue] = {
        "unit_id": unit_id,
        "file": one.predecessor.file,
        "digest": digest.hex(),
        "reason": reason,
    }
    note_of_file(folder, author, EntryKind.PUT_ASIDE_ACCEPTED, said)
    return next(one for one in put_aside_files(folder) if one.predecessor.digest == digest)


def _fault_of_folder(folder: RecordFolder, predecessor: Predecessor) -> str:
    aside = folder.file_called(predecessor.file).parent
    try:
        listed = read_plain(aside / SUMS)
        if hashlib.sha256(listed).digest() != predecessor.digest:
            return f"{aside.name}/{SUMS} is not the list that was signed"
        for line in listed.decode().splitlines():
            digest, name = line.split("  ", 1)
            if file_sha256(aside / name) != digest:
                return f"{aside.name}/{name} was changed after it was put aside"
    except (OSError, ValueError) as error:
        return f"{aside.name} cannot be read: {error}"
    return ""


def _accepted(folder: RecordFolder) -> dict[str, tuple[str, int]]:
    """Returns who accepted what and when; nothing with an unreadable clinic.db."""

    def said(detail: Detail, utc_ms: int) -> tuple[str, tuple[str, int]]:
        return str(detail["digest"]), (str(detail["by"]), utc_ms)

    return dict(entries_of_files(folder, said, EntryKind.PUT_ASIDE_ACCEPTED))


def _existing_files_of(database: Path) -> list[Path]:
    logs = (database.with_name(database.name + suffix) for suffix in _LOGS)
    return [path for path in (database, *logs, spill_path(database)) if path.exists()]


def _free_name(folder: Path) -> Path:
    """Returns the folder, with a number after its name when an earlier attempt was killed."""
    names = (folder if n == 0 else folder.with_name(f"{folder.name}-{n}") for n in count())
    return next(name for name in names if not name.exists())


def _copy_whole(originals: list[Path], folder: Path) -> bytes:
    """Copy everything and a list of it, durably; returns the SHA-256 of the list."""
    make_folder(folder)
    lines = []
    for path in originals:
        if path.name.endswith("-shm"):
            continue  # an index that readers create, and change
        copy = folder / path.name
        lines.append(f"{copy_read_only(path, copy)}  {copy.name}\n")
    listed = "".join(lines).encode()
    write_private(folder / SUMS, listed)
    sync_folder(folder.parent)
    return hashlib.sha256(listed).digest()


def _last_session(database: Path) -> int:
    """Returns the highest session number of the file; 0 when it cannot be read."""
    try:
        with reading(database) as db:
            return next_session_number(db) - 1
    except JournalError:
        return 0
