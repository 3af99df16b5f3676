"""The journal: what is appended is kept, chained and sealed, or refused in words."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import JournalError, JournalUnavailable, UnitBusy
from controller.events import EventKind, JsonValue, Outcome, Sample, SampleFlag, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import verify
from records.evidence.journal import (
    SessionOpening,
    SqliteJournal,
    left_open_sessions,
    open_session,
    reopen_session,
)
from records.evidence.journal_store import JournalStore
from records.evidence.reader import NOT_CLOSED, list_sessions, read_session
from records.evidence.unit_reading import open_sessions
from records.keys.signing import SigningKey
from records.store.canonical import EventRow, canonical_json, sample_bytes
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock
from tests.support.altering import altering

UNIT = "00000000000000aa"
KEY = SigningKey(bytes(range(32)))
DETAIL: dict[str, JsonValue] = {"order_digest": "00", "identity": {}}


def opening(session_id: str = "s-1") -> SessionOpening:
    return SessionOpening(session_id=session_id, unit_id=UNIT, utc_offset_min=-360, detail=DETAIL)


def event(at_ms: int, kind: EventKind = EventKind.OPERATOR_ACTED, **detail: Any) -> SessionEvent:
    return SessionEvent(kind=kind, at_ms=at_ms, detail=detail)


def sample(at_ms: int, force_dn: int | None = 1000) -> Sample:
    return Sample(
        taken_at_ms=at_ms,
        target_dn=1020,
        force_1_dn=force_dn,
        force_2_dn=None,
        phase=6,
        flags=SampleFlag.NONE,
    )


def filled(folder: RecordFolder, session_id: str = "s-1", ticks: int = 40) -> SqliteJournal:
    """A journal with ``ticks`` samples, an event every ten of them and an end; not closed."""
    clock = VirtualClock()
    journal = open_session(folder, opening(session_id), clock, key=KEY)
    for tick in range(ticks):
        clock.sleep_until(clock.now_s() + 0.05)
        journal.append_sample(sample(50 * tick, 1000 + tick))
        if tick % 10 == 0:
            journal.append_event(event(50 * tick, action=f"tick {tick}"))
    journal.append_event(
        event(50 * ticks, EventKind.SESSION_ENDED, outcome=Outcome.STOPPED, reason="test")
    )
    return journal


def test_sample_bytes_are_the_documented_ones() -> None:
    made = sample_bytes(
        Sample(
            taken_at_ms=72_345,
            target_dn=1023,
            force_1_dn=-5,
            force_2_dn=None,
            phase=6,
            flags=SampleFlag.SAME_SAMPLE_NUMBER,
        )
    )
    assert made.hex() == "00011a99" + "03ff" + "fffb" + "8000" + "06" + "0002"


def test_event_bytes_are_the_documented_ones() -> None:
    row = EventRow(
        sequence=3,
        at_ms=1000,
        utc_ms=1_767_225_600_000,
        kind=8,
        version=1,
        detail_json=canonical_json({"to": "holding", "n": 2}),
    )
    head = "00000003" + "000003e8" + "0000019b76daa800" + "0008" + "01" + "00000016"
    assert row.canonical().hex() == head + b'{"n":2,"to":"holding"}'.hex()


def test_a_float_in_an_event_is_refused(folder: RecordFolder) -> None:
    journal = open_session(folder, opening(), VirtualClock(), key=KEY)
    with pytest.raises(JournalError, match=r"detail\.force"):
        journal.append_event(event(0, force=1.5))
    journal.close()


def test_a_session_is_read_back_the_same_before_and_after_its_seal(folder: RecordFolder) -> None:
    journal = filled(folder)
    journal.sync()
    before = read_session(folder, "s-1")
    assert before.seal is None
    assert before.live
    assert not verify(folder).alterations[1:]
    journal.close()
    after = read_session(folder, "s-1")
    assert after.seal is not None
    assert after.events == before.events
    assert after.samples.tobytes() == before.samples.tobytes()
    assert after.outcome == Outcome.STOPPED
    assert not verify(folder).alterations


def test_what_was_durable_survives_an_end_without_close(folder: RecordFolder) -> None:
    journal = filled(folder)
    journal.sync()
    journal.abandon()
    assert [h.session_id for h in open_sessions(folder.unit_database(UNIT))] == ["s-1"]
    record = read_session(folder, "s-1")
    assert not record.live
    (left,) = left_open_sessions(folder, UNIT, VirtualClock(), key=KEY)
    assert not left.has_dropped_rows
    again = reopen_session(folder, left, VirtualClock(), key=KEY)
    again.append_event(event(9000, EventKind.UNIT_OBSERVED, observed=False))
    again.close()
    closed = read_session(folder, "s-1")
    assert closed.events[: len(record.events)] == record.events
    assert closed.events[-1].kind is EventKind.UNIT_OBSERVED
    assert not verify(folder).alterations


def test_a_session_without_an_end_is_called_interrupted(folder: RecordFolder) -> None:
    journal = open_session(folder, opening(), VirtualClock(), key=KEY)
    journal.abandon()
    assert read_session(folder, "s-1").outcome == NOT_CLOSED


def test_sessions_are_chained_by_their_seals(folder: RecordFolder) -> None:
    for number in (1, 2, 3):
        filled(folder, f"s-{number}").close()
    assert not verify(folder).alterations
    tamper(folder, "DELETE FROM session WHERE number = 2")
    for table in ("event", "packed_links", "chain_signature", "seal", "packed_session"):
        tamper(folder, f"DELETE FROM {table} WHERE session = 2")
    found = verify(folder).alterations
    assert any("number 2 of the unit is missing" in alteration.what for alteration in found)


def tamper(folder: RecordFolder, statement: str) -> None:
    """What somebody with the file and without this program does."""
    with altering(folder.unit_database(UNIT)) as connection:
        connection.execute(statement)


ALTERATIONS = [
    "UPDATE packed_session SET data = edited(data, 3, 'detail', '{}') WHERE session = 1",
    "UPDATE packed_session SET data = edited(data, 3, 'at_ms', 1) WHERE session = 1",
    "UPDATE packed_session SET data = edited(data, 3, 'utc_ms', 1) WHERE session = 1",
    "UPDATE packed_session SET data = edited(data, 3, 'kind', 13) WHERE session = 1",
    "UPDATE packed_session SET data = edited(data, 3, 'version', 2) WHERE session = 1",
    "UPDATE packed_session SET data = without(data, 3), event_count = event_count - 1 "
    "WHERE session = 1",
    "UPDATE packed_session SET data = without(data, 3) WHERE session = 1",
    "UPDATE packed_session SET event_count = event_count - 1 WHERE session = 1",
    "UPDATE packed_session SET newest_utc_ms = newest_utc_ms - 1 WHERE session = 1",
    "INSERT INTO event VALUES (1, 3, 1, 1, 12, 1, '{}')",
    "INSERT INTO open_batch VALUES (1, 0, 1, X'', zeroblob(8), zeroblob(16))",
    "UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence > 0",
    "UPDATE event SET sequence = 99 WHERE session = 1 AND sequence > 0",
    "DELETE FROM event WHERE session = 1 AND sequence = 0",
    "DELETE FROM event WHERE session = 1 AND sequence = 5",
    "INSERT INTO event VALUES (1, 6, 1, 1, 12, 1, '{}')",
    "UPDATE packed_links SET digest = zeroblob(32) WHERE session = 1",
    "UPDATE packed_links SET ranges = zeroblob(20) WHERE session = 1",
    "DELETE FROM packed_links WHERE session = 1",
    "INSERT INTO open_link VALUES (1, 99, 1, 0, zeroblob(32), zeroblob(16))",
    "INSERT INTO link VALUES (1, 99, 6, 1, 40, 0, zeroblob(32))",
    "UPDATE chain_signature SET signature = zeroblob(64) WHERE session = 1",
    "UPDATE chain_signature SET link_count = link_count - 1 WHERE session = 1",
    "INSERT INTO chain_signature VALUES (1, 2, zeroblob(64))",
    "DELETE FROM chain_signature WHERE session = 1",
    "UPDATE seal SET digest = zeroblob(32) WHERE session = 1",
    "UPDATE seal SET event_count = event_count + 1 WHERE session = 1",
    "UPDATE seal SET previous_seal = randomblob(32) WHERE session = 1",
    "DELETE FROM seal WHERE session = 1",
    "DELETE FROM packed_session WHERE session = 1",
    "UPDATE packed_session SET sample_count = 39 WHERE session = 1",
    "UPDATE packed_session SET data = substr(data, 1, length(data) - 3) WHERE session = 1",
    "INSERT INTO sample_block VALUES (1, 40, 1, 0, zeroblob(13))",
    "UPDATE session SET session_id = 's-other' WHERE number = 1",
    "UPDATE session SET started_utc_ms = started_utc_ms + 1 WHERE number = 1",
    "UPDATE session SET utc_offset_min = 0 WHERE number = 1",
    "UPDATE session SET unit_id = 'other' WHERE number = 1",
]


@pytest.mark.parametrize("statement", ALTERATIONS)
def test_every_alteration_is_found(folder: RecordFolder, statement: str) -> None:
    filled(folder).close()
    assert not verify(folder).alterations
    tamper(folder, statement)
    assert verify(folder).alterations


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    folder = RecordFolder(tmp_path_factory.mktemp("sealed"))
    filled(folder).close()
    return folder


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_of_what_is_packed_is_found_or_changes_nothing(
    sealed_once: RecordFolder, position: int, change: int
) -> None:
    """Deflate has bits that mean nothing; the chain runs over the record, not over its form."""
    honest = read_session(sealed_once, "s-1")
    path = sealed_once.unit_database(UNIT)
    with altering(path) as connection:
        (data,) = connection.execute("SELECT data FROM packed_session").fetchone()
        spoiled = bytearray(data)
        spoiled[position % len(data)] ^= change
        connection.execute("UPDATE packed_session SET data = ?", (bytes(spoiled),))
    try:
        if not verify(sealed_once).alterations:
            found = read_session(sealed_once, "s-1")
            assert found.samples.tobytes() == honest.samples.tobytes()
            assert found.events == honest.events
    finally:
        with altering(path) as connection:
            connection.execute("UPDATE packed_session SET data = ?", (data,))


def test_events_and_links_cannot_be_changed_through_the_database(folder: RecordFolder) -> None:
    filled(folder).close()
    connection = sqlite3.connect(folder.unit_database(UNIT))
    for statement in (
        "UPDATE event SET at_ms = 0",
        "DELETE FROM event",
        "DELETE FROM seal",
        "DELETE FROM packed_links",
        "DELETE FROM chain_signature",
        "DELETE FROM packed_session",
        "UPDATE packed_session SET data = X''",
        "DELETE FROM event WHERE sequence > 0",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_an_open_unit_is_refused_to_a_second_session(folder: RecordFolder) -> None:
    journal = open_session(folder, opening(), VirtualClock(), key=KEY)
    assert UnitLock(folder.unit_database(UNIT)).is_held()
    with pytest.raises(UnitBusy, match=UNIT):
        open_session(folder, opening("s-2"), VirtualClock(), key=KEY)
    journal.close()
    assert not UnitLock(folder.unit_database(UNIT)).is_held()


def test_a_read_only_database_is_refused_in_words(folder: RecordFolder) -> None:
    filled(folder).close()
    folder.unit_database(UNIT).chmod(0o444)
    with pytest.raises(JournalUnavailable, match="read-only"):
        open_session(folder, opening("s-2"), VirtualClock(), key=KEY)
    assert [r.head.session_id for r in list_sessions(folder)] == ["s-1"]


def test_a_newer_database_is_refused_in_words(folder: RecordFolder) -> None:
    filled(folder).close()
    with sqlite3.connect(folder.unit_database(UNIT)) as connection:
        connection.execute(f"PRAGMA user_version = {UNIT_SCHEMA.version + 1}")
    connection.close()
    for attempt in (
        lambda: open_session(folder, opening("s-2"), VirtualClock(), key=KEY),
        lambda: list_sessions(folder),
    ):
        with pytest.raises(JournalUnavailable, match="update the program"):
            attempt()


def test_the_pragmas_are_in_force(tmp_path: Path) -> None:
    from records.store.database import open_for_writing
    from records.store.unit_file import UNIT_SCHEMA

    db = open_for_writing(tmp_path / "x.db", UNIT_SCHEMA)
    found = {
        name: db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    db.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_writer_that_dies_is_reported_and_nobody_waits_for_it(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*arguments: object) -> bool:
        raise RuntimeError("a defect")

    clock = VirtualClock()
    journal = open_session(folder, opening(), clock, key=KEY)
    monkeypatch.setattr(JournalStore, "keep", defect)
    journal.append_event(event(10, action="lost"), at_once=True)
    clock.sleep_until(clock.now_s() + 6.0)
    assert journal.age_s(clock.now_s()) >= 6.0
    journal.append_event(event(20, action="late"), at_once=True)
    with pytest.raises(JournalUnavailable, match="a defect"):
        journal.close()
    assert journal.trouble == "a defect"
    assert not UnitLock(folder.unit_database(UNIT)).is_held()
    assert len(read_session(folder, "s-1").events) == 1


def test_the_commit_interval_is_a_choice_and_the_record_is_the_same(tmp_path: Path) -> None:
    links = {}
    for interval_s in (0.1, 1.0):
        clock = VirtualClock()
        folder = RecordFolder(tmp_path / str(interval_s))
        journal = open_session(folder, opening(), clock, key=KEY, commit_interval_s=interval_s)
        for tick in range(60):
            clock.sleep_until(clock.now_s() + 0.05)
            journal.append_sample(sample(50 * tick))
        journal.close()
        links[interval_s] = verify(folder).links
    assert links[0.1] > 20
    assert links[1.0] <= 4
    both = [read_session(RecordFolder(tmp_path / name), "s-1") for name in ("0.1", "1.0")]
    assert both[0].samples.tobytes() == both[1].samples.tobytes()
    assert both[0].events == both[1].events


def test_the_same_key_and_session_give_the_same_checkpoint_and_seal(tmp_path: Path) -> None:
    checkpoints = {
        str(filled(RecordFolder(tmp_path / name)).close().text) for name in ("one", "two")
    }
    assert len(checkpoints) == 1
    one, two = (read_session(RecordFolder(tmp_path / name), "s-1") for name in ("one", "two"))
    assert (one.seal, one.signature) == (two.seal, two.signature)
