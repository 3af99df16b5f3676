"""SqliteJournal: events and samples of a session, appended by the loop and stored by a thread.

The loop's thread collects; when the session's time has advanced by the commit interval, or at once
on request, the batch is handed to the writer, which commits it as one transaction with one link of
the chain (``journal_store``). In virtual time the hand-over waits for the running commit, so that
the same session gives the same bytes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable
from controller.event_details.codec import VERSION, encode_fields
from controller.event_details.opening import OpeningOfRecord, RecordedKey
from controller.events import EventKind, JsonValue, Sample, SessionEvent
from controller.ports import Clock
from records.evidence.journal_store import JournalStore, take_up
from records.evidence.left_open import LeftOpen, examine_left_open, tagger_behind
from records.evidence.migration import recording_schema
from records.evidence.sealing import seal_session
from records.evidence.session_keys import LinkTagger, SessionKeys, certify, derive_session_keys
from records.evidence.session_rows import (
    Tail,
    append_batch,
    chain_start,
    drop_behind,
    next_session_number,
    stored_tail,
)
from records.evidence.spill import (
    NOT_ASSIGNED,
    RESERVED_BYTES,
    SpillFile,
    read_spill,
    remove_spill,
    spill_path,
)
from records.evidence.unit_reading import checking, reading
from records.evidence.unreadable import refused_in_words
from records.keys.signing import SigningKey, check_key_in_use
from records.store.canonical import EventRow, canonical_json, sample_bytes
from records.store.chain import Subject
from records.store.checkpoint import Checkpoint
from records.store.database import failures_in_words, open_for_writing, rows
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock

COMMIT_INTERVAL_S = 0.1
SYNC_LIMIT_S = 5.0
QUEUE_LIMIT = 64
"""Batches that may wait; with more the loop keeps collecting and the supervisor sees the age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpening:
    """The start of a session; ``detail`` is the encoded OpeningOfSession."""

    session_id: str
    unit_id: str
    utc_offset_min: int
    detail: Mapping[str, JsonValue]


@dataclass(slots=True, eq=False)
class _Batch:
    """``tried`` is set once the writer has done what it can; ``kept`` tells the result."""

    events: list[EventRow]
    samples: bytes
    since_s: float
    handed_s: float
    tried: threading.Event = field(default_factory=threading.Event)
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _HeldFiles:
    """The unit's file and its side file, while the unit's lock protects them."""

    database: Path
    lock: UnitLock
    spill: SpillFile


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenChain:
    """A session's chain where it is continued: its end, and the keys of what follows.

    ``keys`` is None for a session without session keys.
    """

    tail: Tail
    keys: SessionKeys | None
    tagger: LinkTagger


class SqliteJournal:
    """The open record of one session. Made by ``open_session`` or ``reopen_session``."""

    def __init__(
        self,
        files: _HeldFiles,
        chain: _OpenChain,
        clock: Clock,
        *,
        key: SigningKey,
        commit_interval_s: float,
    ) -> None:
        self._path = files.database
        self._clock = clock
        self._lock = files.lock
        self._session = chain.tail.session
        self._spill = files.spill
        self._key = key
        self._keys = chain.keys
        self._interval_ms = round(commit_interval_s * 1000)
        self._next_event = chain.tail.events
        self._events: list[EventRow] = []
        self._samples = bytearray()
        self._handed_at_ms = 0
        self._since_s = 0.0
        self._under_way: list[_Batch] = []
        self._queue: queue.Queue[_Batch | None] = queue.Queue(QUEUE_LIMIT)
        self._failure: BaseException | None = None
        self._lock_fault = ""
        self._store = JournalStore(
            files.database, chain.tail, files.spill, chain.tagger, chain.keys
        )
        self._writer = threading.Thread(target=self._write, name="journal")
        self._writer.start()

    # --- the loop's side ----------------------------------------------------------------------

    @property
    def writer(self) -> threading.Thread:
        """The thread that writes, which has work at each commit."""
        return self._writer

    @property
    def trouble(self) -> str:
        """Returns what the writer could not do at its last attempt, in words; "" for success."""
        return str(self._failure) if self._failure is not None else self._store.trouble

    @property
    def lock_fault(self) -> str:
        """Returns the fault of the unit's lock file, as the writer's thread saw it last."""
        return self._lock_fault

    def append_event(self, event: SessionEvent, *, at_once: bool = False) -> None:
        """Append; raises JournalError for a detail that is not JSON without floats."""
        row = EventRow(
            sequence=self._next_event,
            at_ms=event.at_ms,
            utc_ms=self._clock.utc_ms(),
            kind=int(event.kind),
            version=event.version,
            detail_json=canonical_json(event.detail),
        )
        self._begin_collecting()
        self._events.append(row)
        self._next_event += 1
        self._collected(event.at_ms, at_once=at_once)

    def append_sample(self, sample: Sample) -> None:
        """Append one tick."""
        self._begin_collecting()
        self._samples += sample_bytes(sample)
        self._collected(sample.taken_at_ms, at_once=False)

    def age_s(self, now_s: float) -> float:
        """Returns the age in seconds of the oldest record that is not durable yet."""
        self._forget_kept()
        if self._under_way:
            return now_s - self._under_way[0].since_s
        return now_s - self._since_s if self._events or self._samples else 0.0

    def sync(self) -> None:
        """Wait until everything is durable; raises JournalUnavailable."""
        self._hand_over()
        for batch in list(self._under_way):
            if not self._clock.wait_event(batch.tried, SYNC_LIMIT_S):
                raise JournalUnavailable(
                    f"{self._path} took no write for {SYNC_LIMIT_S:g} s; check the disk"
                )
        self._forget_kept()
        if self._under_way:
            raise JournalUnavailable(
                f"{self._path} could not be written: {self.trouble}; check the disk"
            )

    def close(self) -> Checkpoint:
        """Write what is left, seal and sign the session, release the unit's lock.

        Raises JournalUnavailable when the database cannot be written; the next start then reads the
        side file and seals the session.
        """
        try:
            try:
                self.sync()
            finally:
                self._stop_writer()
            checkpoint = self._seal()
        except JournalUnavailable as error:
            self._spill.close()
            raise JournalUnavailable(
                f"{error.message}. The record stays open; the next start takes up what "
                f"{self._spill.path.name} holds and seals it. Free the disk, then start again"
            ) from error
        except BaseException:
            self._spill.close()
            raise
        finally:
            self._lock.release()
        return checkpoint

    def abandon(self) -> None:
        """Stop without an end or a seal, as a crash would; the next start closes the session."""
        self._stop_writer()
        self._spill.close()
        self._lock.release()

    def _seal(self) -> Checkpoint:
        with failures_in_words(self._path, "sealed"):
            db = open_for_writing(self._path, UNIT_SCHEMA)
            try:
                take_up(db, self._session, self._spill.batches())
                checkpoint = seal_session(db, self._session, self._key, self._keys)
            finally:
                db.close()
        self._spill.discard()
        return checkpoint

    def _begin_collecting(self) -> None:
        if not self._events and not self._samples:
            self._since_s = self._clock.now_s()

    def _collected(self, at_ms: int, *, at_once: bool) -> None:
        if at_once or at_ms - self._handed_at_ms >= self._interval_ms:
            self._handed_at_ms = max(self._handed_at_ms, at_ms)
            self._hand_over()

    def _hand_over(self) -> None:
        if not self._events and not self._samples:
            return
        if self._under_way:
            self._clock.wait_event(self._under_way[-1].tried, 0.0)
        batch = _Batch(self._events, bytes(self._samples), self._since_s, self._clock.now_s())
        try:
            self._queue.put_nowait(batch)
        except queue.Full:
            return
        self._under_way.append(batch)
        self._events, self._samples = [], bytearray()
        self._forget_kept()

    def _forget_kept(self) -> None:
        while self._under_way and self._under_way[0].kept:
            self._under_way.pop(0)

    def _stop_writer(self) -> None:
        self._queue.put(None)
        self._writer.join()

    # --- the writer's thread ------------------------------------------------------------------

    def _write(self) -> None:
        """Catch-all handler of the journal: whatever fails in here is reported to the loop."""
        try:
            self._write_batches()
        except Exception as error:
            self._failure = error
            self._drain()
        finally:
            self._store.close()

    def _write_batches(self) -> None:
        """Write oldest first; a batch that could not be stored is tried again with the next one."""
        waiting: list[_Batch] = []
        while (batch := self._queue.get()) is not None:
            waiting.append(batch)
            while waiting and self._store.keep(
                waiting[0].events, waiting[0].samples, batch.handed_s
            ):
                waiting.pop(0).kept = True
            self._lock_fault = self._lock.fault()
            batch.tried.set()

    def _drain(self) -> None:
        """Wake all waiting threads when the writer has ended."""
        for batch in list(self._under_way):
            batch.tried.set()
        while (late := self._queue.get()) is not None:
            late.tried.set()


def open_session(
    folder: RecordFolder,
    opening: SessionOpening,
    clock: Clock,
    *,
    key: SigningKey,
    commit_interval_s: float = COMMIT_INTERVAL_S,
    reserved_bytes: int = RESERVED_BYTES,
) -> SqliteJournal:
    """Take the unit's lock, reserve the side file and make SESSION_STARTED durable.

    Raises UnitBusy (a session is open), JournalUnavailable (nothing can be stored) or
    JournalCorrupt (an interrupted session was not closed before).
    """
    path = folder.unit_database(opening.unit_id)
    lock = UnitLock(path)
    lock.take()
    try:
        check_key_in_use(folder, key)
        _refuse_left_open(path)
        spill = SpillFile.reserve(spill_path(path), size=reserved_bytes)
        try:
            with failures_in_words(path, "opened for a session"):
                chain = _begin(path, opening, clock, key, spill)
        except BaseException:
            # A commit that failed may have reached the disk: its end mark must stay beside it.
            spill.give_up()
            raise
    except BaseException:
        lock.release()
        raise
    files = _HeldFiles(database=path, lock=lock, spill=spill)
    return SqliteJournal(files, chain, clock, key=key, commit_interval_s=commit_interval_s)


def left_open_sessions(
    folder: RecordFolder, unit_id: str, clock: Clock, *, key: SigningKey
) -> list[LeftOpen]:
    """Returns the interrupted sessions of a unit, examined.

    Leftovers of earlier sessions' ends are removed.

    The caller holds the unit's lock. An older file is brought to the present schema first. Raises
    JournalUnavailable, or JournalCorrupt for what this workstation did not write.
    """
    path = folder.unit_database(unit_id)
    spill = spill_path(path)
    if not path.exists() and not spill.exists():
        return []
    what = f"an interrupted session of unit {unit_id}"
    with failures_in_words(path, "examined for interrupted sessions"), refused_in_words(what):
        side = read_spill(spill) if spill.exists() else NOT_ASSIGNED
        open_for_writing(path, recording_schema(key, clock.utc_ms)).close()
        with checking(path) as db:
            left = examine_left_open(db, side, key)
        if not any(one.head.number == side.session for one in left):
            remove_spill(spill)
    return left


def reopen_session(
    folder: RecordFolder, left: LeftOpen, clock: Clock, *, key: SigningKey
) -> SqliteJournal:
    """Continue an interrupted session after its last trusted link, to close it.

    Rows after that link were written by somebody else and are removed; the side file is read in.
    """
    path = folder.unit_database(left.head.unit_id)
    lock = UnitLock(path)
    lock.take()
    try:
        with failures_in_words(path, "opened for recovery"):
            db = open_for_writing(path, UNIT_SCHEMA)
            try:
                drop_behind(db, left.tail)
                take_up(db, left.tail.session, list(left.batches))
                tail = stored_tail(db, left.tail.session)
            finally:
                db.close()
            tagger = tagger_behind(left, key)
            spill = _side_file_of(path, left)
            spill.mark(tail.session, tail.link_count, tagger.end_mark(tail.link), clock.now_s())
            spill.empty()
    except BaseException:
        lock.release()
        raise
    files = _HeldFiles(database=path, lock=lock, spill=spill)
    chain = _OpenChain(tail=tail, keys=left.keys, tagger=tagger)
    return SqliteJournal(files, chain, clock, key=key, commit_interval_s=COMMIT_INTERVAL_S)


def _side_file_of(path: Path, left: LeftOpen) -> SpillFile:
    """Returns its own, with the end mark; sessions without session keys get a new one."""
    if left.keys is None:
        return SpillFile.reserve(spill_path(path))
    return SpillFile.reopen(spill_path(path))


def _refuse_left_open(path: Path) -> None:
    """Refuse a new session that would hide one that was never closed."""
    if not path.exists():
        return
    with reading(path) as db:
        left = rows(
            db,
            "SELECT session_id FROM session WHERE number NOT IN (SELECT session FROM seal) LIMIT 1",
        )
    if left:
        raise JournalCorrupt(
            f"session {left[0][0]} on {path.name} was interrupted and is not closed; the next "
            "`traction run` on the unit closes it first"
        )


def _begin(
    path: Path, opening: SessionOpening, clock: Clock, key: SigningKey, spill: SpillFile
) -> _OpenChain:
    """Write the session's row and SESSION_STARTED in one transaction: none lacks its opening.

    The end mark is durable before it: a session without one was not written by the program.
    """
    db = open_for_writing(path, recording_schema(key, clock.utc_ms))
    try:
        with db.atomic():
            number = next_session_number(db)
            if rows(db, "SELECT 1 FROM session WHERE session_id = ?", (opening.session_id,)):
                raise JournalUnavailable(
                    f"session {opening.session_id} is on file already; start again"
                )
            start = Tail(session=number, link=chain_start(db, number))
            subject = Subject(name=opening.session_id, place=opening.unit_id, number=number)
            keys = derive_session_keys(key, subject)
            started = _started(opening, clock.utc_ms(), key, keys, start.link)
            db.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                (
                    number,
                    opening.session_id,
                    opening.unit_id,
                    started.utc_ms,
                    opening.utc_offset_min,
                ),
            )
            tagger = keys.tagger()
            tail = start.follow([started], b"")
            append_batch(db, tail, [started], b"", tagger.tag(tail.link))
            tagger.advance()
            spill.mark(number, tail.link_count, tagger.end_mark(tail.link), clock.now_s())
        return _OpenChain(tail=tail, keys=keys, tagger=tagger)
    finally:
        db.close()


def _opening_of_record(
    opening: SessionOpening, utc_ms: int, key: SigningKey, keys: SessionKeys, start: bytes
) -> OpeningOfRecord:
    return OpeningOfRecord(
        session_id=opening.session_id,
        unit_id=opening.unit_id,
        started_utc_ms=utc_ms,
        utc_offset_min=opening.utc_offset_min,
        signing_key=key.key_id,
        session_key=RecordedKey(
            public_key=keys.signing.public_key.hex(),
            certificate=certify(key, keys, start).hex(),
        ),
    )


def _started(
    opening: SessionOpening, utc_ms: int, key: SigningKey, keys: SessionKeys, start: bytes
) -> EventRow:
    return EventRow(
        sequence=0,
        at_ms=0,
        utc_ms=utc_ms,
        kind=int(EventKind.SESSION_STARTED),
        version=VERSION,
        detail_json=canonical_json(
            encode_fields(_opening_of_record(opening, utc_ms, key, keys, start))
            | dict(opening.detail)
        ),
    )
