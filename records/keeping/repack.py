"""Packs sessions that were sealed before links, events and samples were packed in the present form.

Each session is checked completely before and after, in one transaction: its events and samples, and
the links computed again from them, must equal the stored ones, or nothing is changed. Files of
closed years are packed as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalCorrupt, RecordNotFound
from records.evidence.guarded_check import UnitCheck
from records.evidence.migration import recording_schema
from records.evidence.sealing import keep_sealed_links, pack_content, pack_links
from records.evidence.session_rows import link_rows
from records.evidence.stored_session import SessionHead, StoredSession, session_rows_of
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.evidence.year_files import (
    close_reopened,
    fault_of_year_file,
    name_of_year_file,
    opened_for_change,
)
from records.evidence.year_moves import moves_out_of_reach
from records.keeping.closed_years import refuse_altered_chain
from records.keys.signing import known_public_keys
from records.store.author import Author
from records.store.database import (
    Database,
    failures_in_words,
    open_for_writing,
    rows,
)
from records.store.record_folder import RecordFolder, unit_id_of
from records.store.unit_lock import UnitLock, holding


@dataclass(frozen=True, slots=True, kw_only=True)
class Repacked:
    """The result for a unit's files: ids of the sessions, and total bytes before and after.

    ``elsewhere`` names files of closed years that cannot be reached where they were moved to.
    """

    sessions: tuple[str, ...]
    bytes_before: int
    bytes_after: int
    elsewhere: tuple[str, ...]


def repack(folder: RecordFolder, unit_id: str, author: Author) -> Repacked:
    """Pack every session that can be; an older file is brought to the present schema first.

    The file of a closed year is opened for it, if it is the one that was closed and has something
    to pack. Raises RecordNotFound, UnitBusy, JournalUnavailable, or JournalCorrupt for an altered
    file or session.
    """
    present = folder.unit_database(unit_id)
    if not present.exists():
        raise RecordNotFound(
            f"unit {unit_id} has no file in {folder}; `traction sessions` names the units"
        )
    close_reopened(folder, author)
    with holding(UnitLock(present)):
        paths = folder.databases_of(unit_id)
        before = sum(path.stat().st_size for path in paths)
        done = [
            *_repacked(folder, present, author),
            *(
                name
                for path in _loose_years(folder, paths)
                for name in _repacked(folder, path, author)
            ),
        ]
        return Repacked(
            sessions=tuple(done),
            bytes_before=before,
            bytes_after=sum(path.stat().st_size for path in paths),
            elsewhere=tuple(
                f"{move.file} was moved to {move.to}"
                for move in moves_out_of_reach(folder)
                if unit_id_of(folder.file_called(move.file)) == unit_id
            ),
        )


def _loose_years(folder: RecordFolder, paths: Sequence[Path]) -> list[Path]:
    """Yields the closed files with sessions to pack; each is the one that was closed.

    Every file of a closed year has a schema with packed sessions.
    """
    loose = []
    for path in paths[1:]:
        with reading(path) as db, refused_in_words(f"the sessions in {path}"):
            if any(_is_loose(db, head) for head in session_rows_of(db)):
                loose.append(path)
    if loose:
        refuse_altered_chain(folder, "repacked")
    for path in loose:
        if fault := fault_of_year_file(folder, name_of_year_file(path)):
            raise JournalCorrupt(f"{path} was not repacked: {fault}")
    return loose


def _repacked(folder: RecordFolder, path: Path, author: Author) -> list[str]:
    """Returns the ids of the sessions that were packed in one file."""
    with failures_in_words(path, "repacked"), opened_for_change(folder, path, author):
        return _repack_file(folder, path, author)


def _repack_file(folder: RecordFolder, path: Path, author: Author) -> list[str]:
    known = {**known_public_keys(folder), author.key.key_id: author.key.public_key}
    db = open_for_writing(path, recording_schema(author.key, lambda: author.at_utc_ms))
    try:
        done = [head for head in session_rows_of(db) if _is_loose(db, head)]
        for head in done:
            _repack_session(db, path, head, known)
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
    return [head.session_id for head in done]


def _is_loose(db: Database, head: SessionHead) -> bool:
    """Returns whether it is sealed, not removed and not packed; a removal signs its links."""

    def has(table: str) -> bool:
        return bool(rows(db, f"SELECT 1 FROM {table} WHERE session = ?", (head.number,)))

    return has("seal") and not has("removal") and not has("packed_session")


def _repack_session(db: Database, path: Path, head: SessionHead, known: dict[str, bytes]) -> None:
    loose = link_rows(db, head.number)
    before = _refuse_altered(db, path, head, known, "before")
    with db.atomic():
        if loose:
            keep_sealed_links(db, head.number, pack_links(loose))
        pack_content(db, head.number, before.events, before.samples)
        after = _refuse_altered(db, path, head, known, "after")
        if _proof(after) != _proof(before):
            raise JournalCorrupt(
                f"session {head.session_id}: what was packed is not what was stored; nothing was "
                "changed. Run `traction verify --all`"
            )


def _proof(stored: StoredSession) -> tuple[object, ...]:
    """Returns what must be the same before and after."""
    return stored.events, stored.samples, stored.link_digests, stored.seal, stored.signature


def _refuse_altered(
    db: Database, path: Path, head: SessionHead, known: dict[str, bytes], when: str
) -> StoredSession:
    """Returns the session as it is stored; raises JournalCorrupt naming the alteration."""
    checked = UnitCheck(db, path, known).session(head)
    for found in checked.alterations:
        raise JournalCorrupt(
            f"session {head.session_id} does not fit {when} its repacking ({found.where}: "
            f"{found.what}); nothing was changed. Run `traction verify {head.session_id}`"
        )
    assert checked.stored is not None, "a session without findings was read"
    return checked.stored
