"""Reads the evidence: sessions, events and samples, without any right to write."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from controller.errors import JournalCorrupt, JournalError, RecordNotFound
from controller.event_details.ending import SessionEnded
from controller.event_details.opening import SessionStarted
from controller.event_details.treatment import PhaseChanged
from controller.events import EventKind, Outcome
from controller.order.phases import Phase
from records.evidence.removal import removal_of
from records.evidence.session_content import event_rows, sample_data
from records.evidence.simulated import is_simulated
from records.evidence.stored_session import (
    SealSignature,
    StoredSession,
    load_stored,
    seal_signature,
    session_rows_called,
    session_rows_of,
)
from records.evidence.stored_session import SessionHead as SessionHead
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.store.canonical import EventRow, SampleArray, StoredEvent, samples_from_bytes
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from records.strict_json import parse_object

if TYPE_CHECKING:
    from records.course.course import ObservedCourse

TURNED_AT_THE_TOP = (Phase.RAMPING_UP.label, Phase.RAMPING_DOWN.label)
"""A cyclic treatment turns at its force instead of holding it."""
RUNNING = "running"
NOT_CLOSED = "interrupted (not yet closed)"
REMOVED = "removed"
"""The outcome of a session whose content a retention rule removed."""


@dataclass(frozen=True)
class SessionRecord:
    """Everything that the evidence has of one session. ``seal`` is None while it is open.

    Without slots, so that the course of an observed session is computed once.
    """

    head: SessionHead
    events: tuple[StoredEvent, ...]
    samples: SampleArray
    seal: bytes | None
    live: bool
    signature: SealSignature | None = None

    @property
    def checkpoint(self) -> str:
        """Returns the text that anchors this record outside; "" while not sealed and signed."""
        return self.signature.checkpoint if self.signature else ""

    @property
    def opening(self) -> StoredEvent:
        """Returns SESSION_STARTED: identity, prescription in integers, digests."""
        return self.events[0]

    @property
    def started(self) -> SessionStarted:
        """Returns the content of the opening."""
        return self.opening.said(SessionStarted)

    @property
    def simulated(self) -> bool:
        """Returns True when the sealed opening names a simulated unit."""
        session = self.started.session
        if session.observation is not None:
            return session.observation.simulated
        return is_simulated(session.identity_block or "")

    @property
    def observed(self) -> bool:
        """Returns True when an instrument was read beside a table that nobody drove."""
        return self.started.session.observation is not None

    @cached_property
    def course(self) -> ObservedCourse:
        """Returns the course of an observed session, from its samples only."""
        from records.evidence.observed import course_of

        ordered_ms = self.started.session.prescription.traction_ms
        return course_of(self.samples, ordered_traction_ms=ordered_ms)

    @property
    def outcome(self) -> str:
        """Returns how it ended, or its state while it has not ended."""
        ended = self.of_kind(EventKind.SESSION_ENDED)
        if ended:
            return ended[-1].said(SessionEnded).outcome
        if self.seal is not None:
            return REMOVED
        return RUNNING if self.live else NOT_CLOSED

    @property
    def reached_holding(self) -> bool:
        """Returns True when the treatment's force was reached at least once.

        A cyclic treatment turns at its force instead of holding it.
        """
        if self.observed:
            from records.evidence.observed import reached_hold

            return reached_hold(self.course)
        changes = [e.said(PhaseChanged) for e in self.of_kind(EventKind.PHASE_CHANGED)]
        return any(
            change.to_phase == Phase.HOLDING.label
            or (change.from_phase, change.to_phase) == TURNED_AT_THE_TOP
            for change in changes
        )

    @property
    def refused(self) -> bool:
        """Returns True for a session that never armed its unit."""
        return self.outcome == Outcome.REFUSED

    def of_kind(self, kind: EventKind) -> list[StoredEvent]:
        """Returns events of one kind, in order."""
        return [event for event in self.events if event.kind is kind]


def read_session(folder: RecordFolder, session_id: str) -> SessionRecord:
    """Returns a session by its id (or an unambiguous beginning of it); raises RecordNotFound."""
    path, head = _find(folder, session_id)
    with reading(path) as db:
        _refuse_removed(db, head)
        return load_session(db, path, head)


def newest_of_unit(folder: RecordFolder, unit_id: str) -> SessionRecord | None:
    """Returns the newest session of a unit, without samples.

    None where none is on file.

    Only the unit's own file is read. Raises RecordNotFound where its content was removed.
    """
    for path in folder.databases_of(unit_id):
        if path.exists():
            with reading(path) as db:
                for head in session_rows_of(db)[-1:]:
                    _refuse_removed(db, head)
                    return load_session(db, path, head, with_samples=False)
    return None


def find_kept(folder: RecordFolder, session_id: str) -> SessionHead:
    """Returns the row of a session whose content is on file, by its id or the beginning of it.

    Raises RecordNotFound, with who and why where the content was removed.
    """
    path, head = _find(folder, session_id)
    with reading(path) as db:
        _refuse_removed(db, head)
    return head


def _refuse_removed(db: Database, head: SessionHead) -> None:
    removal = removal_of(db, head.number)
    if removal is not None:
        raise RecordNotFound(
            f"the content of session {head.session_id} was removed by {removal.removed_by} "
            f"({removal.rule}); its seal is kept and `traction verify {head.session_id}` checks it"
        )


def read_stored(folder: RecordFolder, session_id: str) -> StoredSession:
    """Returns a session with its chain, as it is stored; raises RecordNotFound."""
    path, head = _find(folder, session_id)
    with reading(path) as db:
        return load_stored(db, head)


def find_session(folder: RecordFolder, session_id: str) -> SessionHead:
    """Returns the row of a session by its id or the beginning of it.

    Raises RecordNotFound, or JournalCorrupt where it is in several files.
    """
    return _find(folder, session_id)[1]


def is_on_file(folder: RecordFolder, session_id: str) -> bool:
    """Returns whether a session of exactly this id was ever begun here."""
    paths = folder.readable_databases()
    return any(
        head.session_id == session_id for path in paths for head in _called(path, session_id)
    )


def locate_session(folder: RecordFolder, session_id: str) -> tuple[Path, SessionHead]:
    """Returns a session's file and row, by its id or the beginning of it; raises RecordNotFound."""
    return _find(folder, session_id)


def _find(folder: RecordFolder, session_id: str) -> tuple[Path, SessionHead]:
    found, unread = list[tuple[Path, SessionHead]](), list[JournalError]()
    for path in folder.readable_databases():
        try:
            found += [(path, head) for head in _called(path, session_id)]
        except JournalError as error:
            unread.append(error)
    exact = [pair for pair in found if pair[1].session_id == session_id]
    if unread and not exact:  # one there may have this id, or also begin so
        raise unread[0]
    exact = exact or found
    if len(exact) > 1 and len({head.session_id for _, head in exact}) == 1:
        raise JournalCorrupt(_in_several_files(exact))
    if len(exact) != 1:
        what = "is not on file" if not exact else f"fits {len(exact)} sessions"
        raise RecordNotFound(
            f"session {session_id!r} {what} in {folder}; `traction sessions` lists them"
        )
    return exact[0]


def _in_several_files(found: list[tuple[Path, SessionHead]]) -> str:
    """Returns the files and which of them is the session's own, by the unit in its row."""
    head = found[0][1]
    return (
        f"session {head.session_id} stands in "
        f"{' and in '.join(str(path) for path, _ in found)}: a file was copied. It is a "
        f"session of unit {head.unit_id}: move what is not that unit's own file out of the "
        "folder, then `traction verify --all` checks the rest"
    )


def _called(path: Path, beginning: str) -> list[SessionHead]:
    with reading(path) as db:
        return session_rows_called(db, beginning)


def list_sessions(folder: RecordFolder) -> list[SessionRecord]:
    """Returns every session of every unit, newest first."""
    records = []
    for path in folder.readable_databases():
        with reading(path) as db:
            records += [load_session(db, path, head) for head in session_rows_of(db)]
    with refused_in_words(f"the list of sessions in {folder}"):
        return sorted(
            records, key=lambda r: (r.head.started_utc_ms, r.head.session_id), reverse=True
        )


def load_session(
    db: Database, path: Path, head: SessionHead, *, with_samples: bool = True
) -> SessionRecord:
    """Returns one session, complete or its events only.

    Raises JournalCorrupt for a row that the program does not write.
    """
    with refused_in_words(f"session {head.session_id} in {path}"):
        seal = rows(db, "SELECT digest FROM seal WHERE session = ?", (head.number,))
        return _record(
            path,
            head,
            event_rows(db, head.number),
            sample_data(db, head.number) if with_samples else b"",
            seal[0][0] if seal else None,
            seal_signature(db, head.number),
        )


def record_of(stored: StoredSession, path: Path) -> SessionRecord:
    """Returns the same of a session that was loaded with its chain, from the file at ``path``."""
    with refused_in_words(f"session {stored.head.session_id} in {path}"):
        return _record(
            path,
            stored.head,
            stored.events,
            stored.samples,
            None if stored.seal is None else stored.seal.digest,
            stored.signature,
        )


def _record(
    path: Path,
    head: SessionHead,
    events: list[EventRow],
    samples: bytes,
    seal: bytes | None,
    signature: SealSignature | None,
) -> SessionRecord:
    return SessionRecord(
        head=head,
        events=tuple(map(_stored_event, events)),
        samples=samples_from_bytes(samples),
        seal=seal,
        live=not seal and UnitLock(path).is_held(),
        signature=signature,
    )


def events_of_kinds(
    db: Database, path: Path, head: SessionHead, kinds: Collection[EventKind]
) -> list[StoredEvent]:
    """Returns the events of some kinds, in order; the others are not even parsed.

    Raises JournalCorrupt for a row that the program does not write.
    """
    with refused_in_words(f"session {head.session_id} in {path}"):
        return [_stored_event(row) for row in event_rows(db, head.number) if row.kind in kinds]


def _stored_event(row: EventRow) -> StoredEvent:
    return StoredEvent(
        sequence=row.sequence,
        at_ms=row.at_ms,
        utc_ms=row.utc_ms,
        kind=EventKind(row.kind),
        version=row.version,
        detail=parse_object(row.detail_json),
    )


def forces_dn(samples: SampleArray) -> NDArray[np.int32]:
    """Returns channel 1 in 0.1 N; absent readings are the stored 0x8000."""
    return samples["force_1_dn"].astype(np.int32)
