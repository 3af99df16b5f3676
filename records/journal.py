"""SqliteJournal: what happens in a session, appended by the loop and kept by a thread of its own.

The loop's thread collects; when the session's time has moved by the commit interval, or at once
where asked, the batch is handed to the writer, which commits it as one transaction with one link
of the chain. In virtual time the hand-over waits for the one commit under way, so that the same
session gives the same bytes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controller.errors import JournalError, JournalUnavailable
from controller.events import EventKind, JsonValue, Sample, SessionEvent
from controller.ports import Clock
from records.blocks import pack_block
from records.canonical import SAMPLE_SIZE, EventRow, canonical_json, sample_bytes
from records.chain import (
    NO_SEAL,
    LinkRange,
    compute_link,
    compute_seal_digest,
    compute_session_digest,
)
from records.database import Database, failures_in_words, open_for_writing, rows
from records.unit_file import UNIT_SCHEMA, UnitLock, unit_database

COMMIT_INTERVAL_MS = 100
SYNC_LIMIT_S = 5.0
QUEUE_LIMIT = 64
"""Batches that may wait; beyond it the loop keeps collecting and the supervisor sees the age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpening:
    """What SESSION_STARTED holds: everything that the session was begun with, as integers."""

    session_id: str
    unit_id: str
    utc_offset_min: int
    detail: Mapping[str, JsonValue]


@dataclass(slots=True)
class _Batch:
    events: list[EventRow]
    samples: bytes
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class _Tail:
    """Where a session's chain stands."""

    session: int
    link: bytes
    link_count: int = 0
    events: int = 0
    samples: int = 0


class SqliteJournal:
    """The open record of one session. Made by ``open_session`` or ``reopen_session``."""

    def __init__(self, path: Path, clock: Clock, lock: UnitLock, tail: _Tail) -> None:
        self._path = path
        self._clock = clock
        self._lock = lock
        self._tail = tail
        self._next_event = tail.events
        self._events: list[EventRow] = []
        self._samples = bytearray()
        self._handed_at_ms = 0
        self._waiting_since_s: float | None = None
        self._under_way: list[_Batch] = []
        self._queue: queue.Queue[_Batch | None] = queue.Queue(QUEUE_LIMIT)
        self._failure: BaseException | None = None
        self._writer = threading.Thread(target=self._write, name="journal")
        self._writer.start()

    # --- the loop's side ----------------------------------------------------------------------

    def append_event(self, event: SessionEvent, *, at_once: bool = False) -> None:
        """Append; raises JournalError for a detail that is not JSON without floats."""
        self._events.append(
            EventRow(
                sequence=self._next_event,
                at_ms=event.at_ms,
                utc_ms=self._clock.utc_ms(),
                kind=int(event.kind),
                version=event.version,
                detail_json=canonical_json(event.detail),
            )
        )
        self._next_event += 1
        self._collected(event.at_ms, at_once=at_once)

    def append_sample(self, sample: Sample) -> None:
        """Append one tick."""
        self._samples += sample_bytes(sample)
        self._collected(sample.taken_at_ms, at_once=False)

    def age_s(self, now_s: float) -> float:
        """How long the oldest record that is not durable yet has waited, seconds."""
        self._forget_done()
        if not self._under_way and not self._events and not self._samples:
            self._waiting_since_s = None
        return 0.0 if self._waiting_since_s is None else now_s - self._waiting_since_s

    def sync(self) -> None:
        """Wait until everything is durable; raises JournalUnavailable."""
        self._hand_over()
        for batch in list(self._under_way):
            if not self._clock.wait_event(batch.done, SYNC_LIMIT_S):
                raise JournalUnavailable(
                    f"{self._path} took no write for {SYNC_LIMIT_S:g} s; check the disk"
                )
        self._raise_failure()

    def close(self) -> None:
        """Write what is left, seal the session and let the unit's lock go."""
        try:
            self.sync()
        finally:
            self._stop_writer()
        try:
            with failures_in_words(self._path, "sealed"):
                db = open_for_writing(self._path, UNIT_SCHEMA)
                try:
                    seal_session(db, self._tail)
                finally:
                    db.close()
        finally:
            self._lock.release()

    def abandon(self) -> None:
        """Stop without an end or a seal, as a crash would; the next start closes the session."""
        self._stop_writer()
        self._lock.release()

    def _collected(self, at_ms: int, *, at_once: bool) -> None:
        if self._waiting_since_s is None:
            self._waiting_since_s = self._clock.now_s()
        if at_once or at_ms - self._handed_at_ms >= COMMIT_INTERVAL_MS:
            self._handed_at_ms = max(self._handed_at_ms, at_ms)
            self._hand_over()

    def _hand_over(self) -> None:
        if not self._events and not self._samples:
            return
        if self._under_way:
            self._clock.wait_event(self._under_way[-1].done, 0.0)
        batch = _Batch(self._events, bytes(self._samples))
        try:
            self._queue.put_nowait(batch)
        except queue.Full:
            return
        self._under_way.append(batch)
        self._events, self._samples = [], bytearray()
        self._forget_done()

    def _forget_done(self) -> None:
        if self._failure is not None:
            return
        while self._under_way and self._under_way[0].done.is_set():
            self._under_way.pop(0)
            self._waiting_since_s = self._clock.now_s()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise JournalUnavailable(
                f"{self._path} could not be written: {self._failure}; check the disk"
            ) from self._failure

    def _stop_writer(self) -> None:
        self._queue.put(None)
        self._writer.join()

    # --- the writer's thread ------------------------------------------------------------------

    def _write(self) -> None:
        """The journal's door: whatever fails in here is reported to the loop."""
        try:
            db = open_for_writing(self._path, UNIT_SCHEMA)
            try:
                self._write_batches(db)
            finally:
                db.close()
        except Exception as error:
            self._failure = error
            self._drain()

    def _write_batches(self, db: Database) -> None:
        while (batch := self._queue.get()) is not None:
            append_batch(db, self._tail, batch.events, batch.samples)
            batch.done.set()

    def _drain(self) -> None:
        """Nobody may wait for a writer that is dead."""
        for batch in list(self._under_way):
            batch.done.set()
        while (late := self._queue.get()) is not None:
            late.done.set()


def open_session(data_dir: Path, opening: SessionOpening, clock: Clock) -> SqliteJournal:
    """Take the unit's lock and make SESSION_STARTED durable.

    Raises UnitBusy (a session is open) or JournalUnavailable (nothing can be kept).
    """
    path = unit_database(data_dir, opening.unit_id)
    lock = UnitLock(path)
    lock.take()
    try:
        with failures_in_words(path, "opened for a session"):
            started_utc_ms = clock.utc_ms()
            tail = _begin(path, opening, started_utc_ms)
    except BaseException:
        lock.release()
        raise
    journal = SqliteJournal(path, clock, lock, tail)
    try:
        started = SessionEvent(
            kind=EventKind.SESSION_STARTED,
            at_ms=0,
            detail={
                "session_id": opening.session_id,
                "unit_id": opening.unit_id,
                "started_utc_ms": started_utc_ms,
                "utc_offset_min": opening.utc_offset_min,
                **opening.detail,
            },
        )
        journal.append_event(started, at_once=True)
        journal.sync()
    except JournalError:
        journal.abandon()
        raise
    return journal


def reopen_session(data_dir: Path, unit_id: str, session: int, clock: Clock) -> SqliteJournal:
    """Go on behind the last durable link of a session that was interrupted, to close it."""
    path = unit_database(data_dir, unit_id)
    lock = UnitLock(path)
    lock.take()
    try:
        with failures_in_words(path, "opened for recovery"):
            db = open_for_writing(path, UNIT_SCHEMA)
            try:
                tail = _tail_of(db, session)
            finally:
                db.close()
    except BaseException:
        lock.release()
        raise
    return SqliteJournal(path, clock, lock, tail)


def append_batch(db: Database, tail: _Tail, events: list[EventRow], samples: bytes) -> None:
    """One transaction: events, one block of samples, one link."""
    covered = LinkRange(
        first_event=tail.events,
        event_count=len(events),
        first_sample=tail.samples,
        sample_count=len(samples) // SAMPLE_SIZE,
    )
    digest = compute_link(
        tail.link, covered, b"".join(event.canonical() for event in events), samples
    )
    with db.atomic():
        for event in events:
            db.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
                (tail.session, event.sequence, event.at_ms, event.utc_ms, event.kind,
                 event.version, event.detail_json),
            )  # fmt: skip
        if samples:
            db.execute(
                "INSERT INTO sample_block VALUES (?, ?, ?, 0, ?)",
                (tail.session, covered.first_sample, covered.sample_count, samples),
            )
        db.execute(
            "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?)",
            (tail.session, tail.link_count, covered.first_event, covered.event_count,
             covered.first_sample, covered.sample_count, digest),
        )  # fmt: skip
    tail.link, tail.link_count = digest, tail.link_count + 1
    tail.events, tail.samples = covered.next_event, covered.next_sample


def seal_session(db: Database, tail: _Tail) -> bytes:
    """Repack the samples losslessly and close the chain, in one transaction; answers the seal."""
    events = b"".join(row.canonical() for row in event_rows(db, tail.session))
    blocks = rows(
        db,
        "SELECT data FROM sample_block WHERE session = ? AND sealed = 0 ORDER BY first_sample",
        (tail.session,),
    )
    samples = b"".join(block for (block,) in blocks)
    session_digest = compute_session_digest(events, samples)
    previous = previous_seal(db, tail.session)
    counts = (tail.events, tail.samples, tail.link_count)
    digest = compute_seal_digest(tail.link, session_digest, counts, previous)
    with db.atomic():
        db.execute("DELETE FROM sample_block WHERE session = ? AND sealed = 0", (tail.session,))
        if samples:
            db.execute(
                "INSERT INTO sample_block VALUES (?, 0, ?, 1, ?)",
                (tail.session, tail.samples, pack_block(samples)),
            )
        db.execute(
            "INSERT INTO seal VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (tail.session, tail.link, session_digest, *counts, previous, digest),
        )
    return digest


def event_rows(db: Database, session: int) -> list[EventRow]:
    """A session's events as they are stored."""
    stored = rows(
        db,
        "SELECT sequence, at_ms, utc_ms, kind, version, detail FROM event WHERE session = ? "
        "ORDER BY sequence",
        (session,),
    )
    return [
        EventRow(sequence=a, at_ms=b, utc_ms=c, kind=d, version=e, detail_json=f)
        for a, b, c, d, e, f in stored
    ]


def previous_seal(db: Database, session: int) -> bytes:
    """Seal of the unit's session before this one; 32 zero bytes for the first."""
    found = rows(
        db, "SELECT digest FROM seal WHERE session < ? ORDER BY session DESC LIMIT 1", (session,)
    )
    return found[0][0] if found else NO_SEAL


def _begin(path: Path, opening: SessionOpening, started_utc_ms: int) -> _Tail:
    db = open_for_writing(path, UNIT_SCHEMA)
    try:
        with db.atomic():
            number = rows(db, "SELECT coalesce(max(number), 0) + 1 FROM session")[0][0]
            if rows(db, "SELECT 1 FROM session WHERE session_id = ?", (opening.session_id,)):
                raise JournalUnavailable(
                    f"session {opening.session_id} is on file already; start again"
                )
            db.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                (number, opening.session_id, opening.unit_id, started_utc_ms,
                 opening.utc_offset_min),
            )  # fmt: skip
        return _Tail(session=number, link=previous_seal(db, number))
    finally:
        db.close()


def _tail_of(db: Database, session: int) -> _Tail:
    last = rows(
        db,
        "SELECT digest, number + 1, first_event + event_count, first_sample + sample_count "
        "FROM link WHERE session = ? ORDER BY number DESC LIMIT 1",
        (session,),
    )
    if not last:
        return _Tail(session=session, link=previous_seal(db, session))
    digest, links, events, samples = last[0]
    return _Tail(session=session, link=digest, link_count=links, events=events, samples=samples)
