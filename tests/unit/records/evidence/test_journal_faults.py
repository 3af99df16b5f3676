"""A disk that fails at every write: nothing acknowledged is lost, nothing is half written."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalError, JournalUnavailable
from controller.events import EventKind, Outcome, Sample, SampleFlag, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import verify
from records.evidence.journal import (
    SessionOpening,
    SqliteJournal,
    open_session,
)
from records.evidence.reader import read_session
from records.evidence.spill import read_spill, spill_path
from records.evidence.unit_reading import open_sessions
from records.keys.signing import SigningKey
from records.store.record_folder import RecordFolder
from tests.support.faulty_disk import FAULTS, FaultPlan, faulty_disk
from tests.support.left_open import close_left_open
from tests.support.reserved_space import really_reserve

UNIT = "00000000000000aa"
KEY = SigningKey(bytes(range(32)))
SPILL_BYTES = 1 << 15
TICKS = 5


def begin(folder: RecordFolder, session_id: str, clock: VirtualClock) -> SqliteJournal:
    opening = SessionOpening(
        session_id=session_id, unit_id=UNIT, utc_offset_min=0, detail={"order_digest": "00"}
    )
    return open_session(folder, opening, clock, key=KEY, reserved_bytes=SPILL_BYTES)


def act(at_ms: int, action: str) -> SessionEvent:
    return SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=at_ms, detail={"action": action})


def tick(journal: SqliteJournal, clock: VirtualClock, number: int) -> None:
    clock.sleep_until(clock.now_s() + 0.25)
    journal.append_sample(
        Sample(
            taken_at_ms=250 * number,
            target_dn=1020,
            force_1_dn=1000 + number,
            force_2_dn=None,
            phase=6,
            flags=SampleFlag.NONE,
        )
    )
    journal.append_event(act(250 * number, f"tick {number}"), at_once=number % 2 == 0)


def end(journal: SqliteJournal) -> None:
    detail = {"outcome": Outcome.STOPPED, "reason": "test"}
    journal.append_event(SessionEvent(kind=EventKind.SESSION_ENDED, at_ms=9000, detail=detail))


def perform(folder: RecordFolder, session_id: str = "s-2") -> tuple[bool, bool]:
    """A whole session; returns whether it began and whether it was sealed."""
    clock = VirtualClock()
    try:
        journal = begin(folder, session_id, clock)
    except JournalError:
        return False, False
    for number in range(TICKS):
        tick(journal, clock, number)
    end(journal)
    try:
        journal.close()
    except JournalError:
        return True, False
    return True, True


def next_start(folder: RecordFolder) -> None:
    """What ``run`` does before a session: take up what was put aside, close what was left open."""
    close_left_open(folder, UNIT, VirtualClock(), KEY)


def assert_whole(folder: RecordFolder, session_id: str = "s-2") -> None:
    record = read_session(folder, session_id)
    actions = [e.detail["action"] for e in record.of_kind(EventKind.OPERATOR_ACTED)]
    assert actions == [f"tick {number}" for number in range(TICKS)]
    assert record.samples["force_1_dn"].tolist() == [1000 + n for n in range(TICKS)]
    assert record.outcome == Outcome.STOPPED
    assert record.seal is not None
    assert record.checkpoint


@pytest.fixture
def before(memory_path: Path) -> Path:
    """A unit with one sealed session."""
    folder = RecordFolder(memory_path / "before")
    assert perform(folder, "s-1") == (True, True)
    return folder.path


def operations_of_a_session(folder: RecordFolder) -> int:
    with faulty_disk(FaultPlan(FAULTS["disk full"], at=-1)) as plan:
        assert perform(folder) == (True, True)
    return plan.operations


def places(operations: int, fault: str, lasting: bool, full: bool) -> range:
    """Where the fault meets the session, in all of them with ``full``.

    Otherwise the three kinds take turns, so that each place meets one of them. A lasting fault
    differs from one place to the next only by where it begins.
    """
    if full:
        return range(operations)
    return range(0, operations, 7) if lasting else range([*FAULTS].index(fault), operations, 3)


@pytest.mark.sweep
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_write_or_flush_loses_nothing_acknowledged(
    memory_path: Path, before: Path, fault: str, lasting: bool, full: bool
) -> None:
    shutil.copytree(before, memory_path / "count")
    operations = operations_of_a_session(RecordFolder(memory_path / "count"))
    assert operations > 40
    refused = unsealed = 0
    for at in places(operations, fault, lasting, full):
        folder = RecordFolder(memory_path / str(at))
        shutil.copytree(before, folder.path)
        with faulty_disk(FaultPlan(FAULTS[fault], at, lasting)) as plan:
            began, sealed = perform(folder)
        assert plan.failed, f"the fault at {at} did not take effect"
        next_start(folder)
        found = verify(folder)
        assert not found.alterations, f"fault at {at}: {found.alterations}"
        assert found.open == 0
        if began:
            assert_whole(folder)
        elif found.sessions == 2:
            # The flush failed behind the write: the opening is there, whole, and nothing else.
            assert len(read_session(folder, "s-2").events) == 1
        assert not spill_path(folder.unit_database(UNIT)).exists()
        refused += not began
        unsealed += began and not sealed
        shutil.rmtree(folder.path)
    assert refused > 0, "a fault while the session is opened refuses it"
    assert unsealed > 0, "a fault while it is sealed leaves the seal to the next start"


def test_a_database_that_recovers_takes_up_what_was_put_aside(
    memory_path: Path, before: Path
) -> None:
    shutil.copytree(before, memory_path / "data")
    folder, clock = RecordFolder(memory_path / "data"), VirtualClock()
    plan = FaultPlan(FAULTS["disk full"], at=-1)
    with faulty_disk(plan):
        journal = begin(folder, "s-2", clock)
        plan.at, plan.lasting = plan.operations, True
        for number in range(TICKS):
            tick(journal, clock, number)
            assert journal.age_s(clock.now_s()) < 1.0
            if number == 1:
                assert "made to fail" in journal.trouble
                assert read_spill(spill_path(folder.unit_database(UNIT))).batches
                plan.heal()
        assert journal.trouble == ""
        # Everything is in the database while the session goes on, and the side file is empty.
        journal.sync()
        assert len(read_session(folder, "s-2").samples) == TICKS
        assert read_spill(spill_path(folder.unit_database(UNIT))).batches == []
        end(journal)
        journal.close()
    assert_whole(folder)
    assert not verify(folder).alterations


def test_when_neither_takes_a_write_the_age_grows_and_nothing_is_acknowledged(
    memory_path: Path, before: Path
) -> None:
    shutil.copytree(before, memory_path / "data")
    folder, clock = RecordFolder(memory_path / "data"), VirtualClock()
    plan = FaultPlan(FAULTS["I/O error"], at=-1)
    with faulty_disk(plan):
        journal = begin(folder, "s-2", clock)
        plan.at, plan.lasting = plan.operations, True
        number = 0
        while journal.age_s(clock.now_s()) < 5.0:
            # 32 KiB of side file are soon used up by words of this size.
            journal.append_event(act(250 * number, "x" * 4096), at_once=True)
            clock.sleep_until(clock.now_s() + 0.25)
            number += 1
            assert number < 100
        assert "used up" in journal.trouble
        with pytest.raises(JournalUnavailable, match="used up"):
            journal.sync()
        plan.heal()
        clock.sleep_until(clock.now_s() + 1.0)
        # The database is back: the next record takes everything that waited with it, in order.
        journal.append_event(act(9000, "last"), at_once=True)
        journal.sync()
        assert journal.age_s(clock.now_s()) == 0.0
        end(journal)
        journal.close()
    actions = read_session(folder, "s-2").of_kind(EventKind.OPERATOR_ACTED)
    assert [event.at_ms for event in actions] == [*(250 * n for n in range(number)), 9000]
    assert not verify(folder).alterations


def test_a_locked_database_is_put_aside_and_taken_up(folder_in_memory: RecordFolder) -> None:
    clock = VirtualClock()
    journal = begin(folder_in_memory, "s-2", clock)
    path = folder_in_memory.unit_database(UNIT)
    somebody = sqlite3.connect(path, isolation_level=None)
    somebody.execute("BEGIN IMMEDIATE")
    tick(journal, clock, 0)
    journal.sync()
    assert "locked" in journal.trouble
    somebody.execute("ROLLBACK")
    somebody.close()
    for number in range(1, TICKS):
        tick(journal, clock, number)
    end(journal)
    journal.close()
    assert_whole(folder_in_memory)
    assert not verify(folder_in_memory).alterations


def test_a_table_that_is_gone_does_not_lose_what_comes_after(
    folder_in_memory: RecordFolder,
) -> None:
    clock = VirtualClock()
    journal = begin(folder_in_memory, "s-2", clock)
    path = folder_in_memory.unit_database(UNIT)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE open_batch")
    connection.close()
    tick(journal, clock, 0)
    journal.sync()
    with pytest.raises(JournalError):
        journal.close()
    side = read_spill(spill_path(path))
    assert (side.session, side.link_count) == (1, 2)
    assert [event.at_ms for batch in side.batches for event in batch.events] == [0]
    with pytest.raises(JournalError):
        next_start(folder_in_memory)
    assert spill_path(path).exists()


def test_without_room_for_the_side_file_no_session_starts(
    folder_in_memory: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("records.evidence.spill._reserve", full)
    with pytest.raises(JournalUnavailable, match=r"cannot be reserved.*free space"):
        begin(folder_in_memory, "s-2", VirtualClock())
    path = folder_in_memory.unit_database(UNIT)
    assert not spill_path(path).exists()
    assert open_sessions(path) == []
    monkeypatch.undo()
    assert perform(folder_in_memory) == (True, True)


@pytest.mark.skipif(really_reserve is None, reason="the system cannot promise space")
def test_the_space_of_the_side_file_is_taken_before_the_session(
    folder_in_memory: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", really_reserve)
    begin(folder_in_memory, "s-2", VirtualClock()).abandon()
    taken = spill_path(folder_in_memory.unit_database(UNIT)).stat().st_blocks
    assert taken * 512 >= SPILL_BYTES


def test_a_side_file_that_does_not_follow_the_record_is_refused(memory_path: Path) -> None:
    """Somebody put another database beside it, or altered what was put aside."""
    clock = VirtualClock()
    journal = begin(RecordFolder(memory_path / "data"), "s-2", clock)
    path = RecordFolder(memory_path / "data").unit_database(UNIT)
    tick(journal, clock, 0)
    journal.sync()
    somebody = sqlite3.connect(path, isolation_level=None)
    somebody.execute("BEGIN IMMEDIATE")
    tick(journal, clock, 1)
    journal.sync()
    somebody.execute("ROLLBACK")
    somebody.close()
    journal.abandon()
    aside = spill_path(path).read_bytes()
    begin(RecordFolder(memory_path / "other"), "s-2", clock).abandon()
    other = RecordFolder(memory_path / "other").unit_database(UNIT)
    spill_path(other).write_bytes(aside)
    with pytest.raises(JournalCorrupt, match="does not follow"):
        next_start(RecordFolder(memory_path / "other"))
    assert spill_path(other).read_bytes() == aside
    next_start(RecordFolder(memory_path / "data"))
    assert len(read_session(RecordFolder(memory_path / "data"), "s-2").samples) == 2


def test_a_torn_record_at_the_end_of_the_side_file_was_never_acknowledged(
    folder_in_memory: RecordFolder,
) -> None:
    clock = VirtualClock()
    journal = begin(folder_in_memory, "s-2", clock)
    path = folder_in_memory.unit_database(UNIT)
    somebody = sqlite3.connect(path, isolation_level=None)
    somebody.execute("BEGIN IMMEDIATE")
    for number in range(3):
        tick(journal, clock, number)
    journal.sync()
    journal.abandon()
    somebody.execute("ROLLBACK")
    somebody.close()
    whole = spill_path(path).read_bytes()
    side = read_spill(spill_path(path))
    assert (side.session, side.link_count) == (1, len(side.batches) + 1)
    batches = side.batches
    used = len(whole.rstrip(b"\0"))
    for cut in range(64, used):
        spill_path(path).write_bytes(whole[:cut])
        kept = read_spill(spill_path(path)).batches
        assert [b.link for b in kept] == [b.link for b in batches[: len(kept)]]
        assert len(kept) < len(batches) or cut >= used - 1
    spill_path(path).write_bytes(whole)
    next_start(folder_in_memory)
    assert len(read_session(folder_in_memory, "s-2").samples) == 3
