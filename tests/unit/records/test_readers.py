"""Readers see the file at one moment and never stand in the writer's way."""

from __future__ import annotations

import pytest

from controller.events import EventKind, JsonValue, Outcome, Sample, SampleFlag, SessionEvent
from controller.ports import LastSeen
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import verify
from records.evidence.journal import SessionOpening, SqliteJournal, open_session
from records.evidence.newest_arming import last_record_utc_ms, last_seen_of
from records.evidence.reader import RUNNING, read_session
from records.evidence.unit_reading import reading
from records.store.database import rows
from records.store.record_folder import RecordFolder
from tests.support.events import complete, complete_opening
from tests.support.sessions import KEY

UNIT = "00000000000000aa"
COUNT = "SELECT count(*) FROM open_batch"


def write(journal: SqliteJournal, first_tick: int, ticks: int) -> None:
    for tick in range(first_tick, first_tick + ticks):
        journal.append_sample(
            Sample(
                taken_at_ms=20 * tick,
                target_dn=600,
                force_1_dn=600,
                force_2_dn=None,
                phase=6,
                flags=SampleFlag.NONE,
            )
        )
    journal.sync()


@pytest.fixture
def journal(folder: RecordFolder) -> SqliteJournal:
    opening = SessionOpening(session_id="s-1", unit_id=UNIT, utc_offset_min=0, detail={})
    return open_session(folder, opening, VirtualClock(), key=KEY)


def test_a_long_read_holds_up_neither_commits_nor_the_seal(
    folder: RecordFolder, journal: SqliteJournal
) -> None:
    write(journal, 0, 10)
    with reading(folder.unit_database(UNIT)) as long_read:
        long_read.execute("BEGIN")
        before = rows(long_read, COUNT)
        for batch in range(1, 200):
            write(journal, 10 * batch, 10)
            # "" also means that nothing had to be put aside in the side file.
            assert journal.trouble == ""
        with reading(folder.unit_database(UNIT)) as newer:
            assert rows(newer, COUNT) > before
        assert read_session(folder, "s-1").outcome == RUNNING
        assert len(read_session(folder, "s-1").samples) == 2000
        journal.append_event(
            SessionEvent(
                kind=EventKind.SESSION_ENDED,
                at_ms=40_000,
                detail={"outcome": Outcome.STOPPED, "reason": "test"},
            )
        )
        journal.close()
        assert rows(long_read, COUNT) == before
        assert rows(long_read, "SELECT count(*) FROM seal") == [(0,)]
    result = verify(folder)
    assert (result.alterations, result.samples, result.signed) == ((), 2000, 1)


def test_a_writer_in_the_middle_of_a_commit_holds_up_no_reader(
    folder: RecordFolder, journal: SqliteJournal
) -> None:
    from records.store.database import open_for_writing
    from records.store.unit_file import UNIT_SCHEMA

    write(journal, 0, 10)
    journal.abandon()
    db = open_for_writing(folder.unit_database(UNIT), UNIT_SCHEMA)
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO session VALUES (2, 's-2', ?, 0, 0)", (UNIT,))
    assert len(read_session(folder, "s-1").samples) == 10
    db.rollback()
    db.close()


def kept(
    folder: RecordFolder,
    number: int,
    utc_ms: int,
    *events: tuple[EventKind, dict[str, JsonValue]],
    unit: str = UNIT,
) -> None:
    """A closed session whose events are a second apart."""
    opening = SessionOpening(
        session_id=f"{unit}-{number}", unit_id=unit, utc_offset_min=0, detail=complete_opening({})
    )
    clock = VirtualClock(utc_origin_ms=utc_ms)
    journal = open_session(folder, opening, clock, key=KEY)
    for at_s, (kind, detail) in enumerate(events, start=1):
        clock.sleep_until(1000.0 + at_s)
        journal.append_event(
            SessionEvent(kind=kind, at_ms=1000 * at_s, detail=complete(kind, detail))
        )
    journal.close()


ARMED: tuple[EventKind, dict[str, JsonValue]] = (EventKind.UNIT_ARMED, {})


def clock_seen(uptime_ms: int) -> tuple[EventKind, dict[str, JsonValue]]:
    numbers: dict[str, JsonValue] = {"utc_ms": 7, "boot_count": 3, "uptime_ms": uptime_ms}
    return EventKind.SELF_CHECK_RECORDED, {"item": "clock", "numbers": numbers}


def test_a_session_that_armed_nothing_proves_nothing_for_a_clock(folder: RecordFolder) -> None:
    path = folder.unit_database(UNIT)
    assert (last_seen_of(path), last_record_utc_ms(folder)) == (None, None)
    kept(folder, 1, 10_000, clock_seen(1))
    assert (last_seen_of(path), last_record_utc_ms(folder)) == (None, None)
    kept(folder, 2, 20_000, clock_seen(2), ARMED)
    kept(folder, 3, 90_000, clock_seen(3))
    assert last_seen_of(path) == LastSeen(utc_ms=7, boot_count=3, uptime_ms=2)
    assert last_record_utc_ms(folder) == 22_000


def test_the_newest_session_counts_even_when_an_older_one_was_dated_later(
    folder: RecordFolder,
) -> None:
    kept(folder, 1, 900_000, clock_seen(1), ARMED)
    kept(folder, 2, 20_000, ARMED)
    assert last_seen_of(folder.unit_database(UNIT)) is None
    assert last_record_utc_ms(folder) == 21_000
    kept(folder, 1, 40_000, ARMED, unit="00000000000000bb")
    assert last_record_utc_ms(folder) == 41_000
