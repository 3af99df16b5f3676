"""Packing sessions that were sealed before links, events and samples were packed as they are now.

Each session is checked whole before and after, in one transaction: its events and samples, and the
links computed again from them, must be those that were stored, or nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalCorrupt, RecordNotFound
from records.evidence.guarded_check import UnitCheck
from records.evidence.migration import recording_schema
from records.evidence.sealing import pack_content, pack_links
from records.evidence.session_rows import link_rows
from records.evidence.stored_session import SessionHead, StoredSession, session_rows_of
from records.keys.signing import known_public_keys
from records.store.database import Database, failures_in_words, open_for_writing, rows
from records.store.ed25519 import SigningKey
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock, holding


@dataclass(frozen=True, slots=True, kw_only=True)
class Repacked:
    """What became of one unit's file: ids of the sessions, and its bytes before and after."""

    sessions: tuple[str, ...]
    bytes_before: int
    bytes_after: int


def repack(
    folder: RecordFolder, unit_id: str, key: SigningKey, utc_ms: Callable[[], int]
) -> Repacked:
    """Pack every session that can be; older files come to the present schema first.

    Raises RecordNotFound, UnitBusy, JournalUnavailable, or JournalCorrupt for a session that does
    not fit.
    """
    path = folder.unit_database(unit_id)
    if not path.exists():
        raise RecordNotFound(
            f"unit {unit_id} has no file in {folder}; `traction sessions` names the units"
        )
    known = {**known_public_keys(folder), key.key_id: key.public_key}
    with holding(UnitLock(path)), failures_in_words(path, "repacked"):
        before = path.stat().st_size
        db = open_for_writing(path, recording_schema(key, utc_ms))
        try:
            done = [head for head in session_rows_of(db) if _is_loose(db, head)]
            for head in done:
                _repack_session(db, path, head, known)
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            db.close()
        return Repacked(
            sessions=tuple(head.session_id for head in done),
            bytes_before=before,
            bytes_after=path.stat().st_size,
        )


def _is_loose(db: Database, head: SessionHead) -> bool:
    """Sealed, not removed and not packed; a removal signed links as they are."""

    def has(table: str) -> bool:
        return bool(rows(db, f"SELECT 1 FROM {table} WHERE session = ?", (head.number,)))

    return has("seal") and not has("removal") and not has("packed_session")


def _repack_session(db: Database, path: Path, head: SessionHead, known: dict[str, bytes]) -> None:
    loose = link_rows(db, head.number)
    before = _refuse_altered(db, path, head, known, "before")
    with db.atomic():
        if loose:
            pack_links(db, head.number, loose)
        pack_content(db, head.number, before.events, before.samples)
        after = _refuse_altered(db, path, head, known, "after")
        if _proof(after) != _proof(before):
            raise JournalCorrupt(
                f"session {head.session_id}: what was packed is not what was stored; nothing was "
                "changed. Run `traction verify --all`"
            )


def _proof(stored: StoredSession) -> tuple[object, ...]:
    """What must be the same before and behind."""
    return stored.events, stored.samples, stored.link_digests, stored.seal, stored.signature


def _refuse_altered(
    db: Database, path: Path, head: SessionHead, known: dict[str, bytes], when: str
) -> StoredSession:
    """The session as it is stored; raises JournalCorrupt naming what does not fit."""
    checked = UnitCheck(db, path, known).session(head)
    for found in checked.alterations:
        raise JournalCorrupt(
            f"session {head.session_id} does not fit {when} its repacking ({found.where}: "
            f"{found.what}); nothing was changed. Run `traction verify {head.session_id}`"
        )
    assert checked.stored is not None, "a session without findings was read"
    return checked.stored
