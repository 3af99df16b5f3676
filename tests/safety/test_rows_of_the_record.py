"""Rows 46, 47 and 48 of docs/hazards.md: the record fails, or somebody else uses the unit.

The database is the real one: its file is cut off or locked by another connection in a hold.
Failures below SQLite are tested in ``tests/scenarios/test_record_trouble.py``.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalUnavailable, UnitBusy
from controller.events import EventKind, Outcome
from controller.snapshot import Snapshot
from records.evidence.integrity import verify
from records.evidence.journal_store import JournalStore
from records.evidence.spill import SpillFile, spill_path
from records.store.record_folder import RecordFolder
from tests.support.sessions import FACTORY_BAUDRATE, SHORT_CERVICAL, staged

FREE_N = 15.0
ONE_HOLD = SHORT_CERVICAL.replace('hold_time = "20 s"', 'hold_time = "40 s"')


class InHold:
    """Does something once, 10 s into the treatment, and notes the phases."""

    def __init__(self, act: Callable[[Path], None], folder: RecordFolder) -> None:
        self._act, self._folder = act, folder
        self.phases: list[str] = []
        self.acted = False

    def __call__(self, snapshot: Snapshot) -> None:
        if not self.phases or self.phases[-1] != snapshot.phase:
            self.phases.append(snapshot.phase)
        if snapshot.phase == "holding" and snapshot.elapsed_s > 10.0 and not self.acted:
            self.acted = True
            self._act(only_database(self._folder))


def only_database(folder: RecordFolder) -> Path:
    (path,) = folder.unit_databases()
    return path


def truncate(path: Path) -> None:
    """Cut the file and its log off in the middle."""
    os.truncate(path, path.stat().st_size // 2)
    with suppress(FileNotFoundError):
        os.truncate(path.with_name(path.name + "-wal"), 0)


class Lock:
    """Another program locks the file until it is told to release it."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None

    @property
    def held(self) -> bool:
        return self._connection is not None

    def __call__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("BEGIN EXCLUSIVE")

    def release(self) -> None:
        connection, self._connection = self._connection, None
        assert connection is not None
        connection.close()


# --- row 46 -----------------------------------------------------------------------------------


def test_row_46_a_locked_database_does_not_end_the_treatment_and_loses_nothing(
    folder_in_memory: RecordFolder,
) -> None:
    """Locked for 6 s of a hold: the records are set aside at once and merged later."""
    lock = Lock()
    locked_until_s = 0.0

    def lock_for_6_s(path: Path) -> None:
        nonlocal locked_until_s
        lock(path)
        locked_until_s = stage.clock.now_s() + 6.0

    def watch(snapshot: Snapshot) -> None:
        in_hold(snapshot)
        if in_hold.acted and lock.held and stage.clock.now_s() >= locked_until_s:
            spilled.append(
                spill_path(only_database(folder_in_memory)).read_bytes()[12:64] != bytes(52)
            )
            lock.release()

    spilled: list[bool] = []
    with staged(folder_in_memory, baudrate=FACTORY_BAUDRATE) as stage:
        in_hold = InHold(lock_for_6_s, folder_in_memory)
        result = stage.treat(ONE_HOLD, watch=watch)
        record = stage.visit(result.session_id).record
    assert spilled == [True], "records lay in the side file while the database was locked"
    assert in_hold.phases.count("resting") == 1, "the treatment went on"
    assert record.outcome == Outcome.COMPLETED
    raised = [event.detail["code"] for event in record.of_kind(EventKind.ALARM_RAISED)]
    assert raised.count("record_put_aside") == 1
    assert not verify(folder_in_memory).alterations
    times_ms = record.samples["taken_at_ms"]
    assert (times_ms[1:] - times_ms[:-1] <= 110).all(), "no sample is missing"


def test_row_46_a_truncated_database_is_found_at_the_end_and_starts_nothing_again(
    folder_in_memory: RecordFolder,
) -> None:
    """SQLite keeps writing into a file that was cut off beneath it.

    This is not seen before the end. It does not concern the patient, but the record.
    """
    with staged(folder_in_memory, baudrate=FACTORY_BAUDRATE) as stage:
        watch = InHold(truncate, folder_in_memory)
        with pytest.raises(JournalCorrupt, match="malformed; keep the file and restore a copy"):
            stage.treat(ONE_HOLD, watch=watch)
        assert watch.acted
        assert watch.phases[-2:] == ["releasing", "completed"]
        armed_before_s = stage.firmware.machine.armed_at_s
        with pytest.raises(JournalCorrupt):
            stage.treat(SHORT_CERVICAL)
        assert stage.firmware.machine.armed_at_s == armed_before_s, "no start without a log"
        assert stage.firmware.plant.cord_force_n <= FREE_N


def test_row_46_with_no_place_left_the_patient_is_released_after_5_s(
    folder_in_memory: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the database nor the side file accepts anything: hold (R3), then release."""
    lock = Lock()
    released_at_s: list[float] = []
    acted_at_s: list[float] = []

    def refuse(self: SpillFile, *rest: object) -> None:
        raise OSError(5, "Input/output error")

    def break_both(path: Path) -> None:
        lock(path)
        monkeypatch.setattr(SpillFile, "put", refuse)
        acted_at_s.append(stage.clock.now_s())

    def watch(snapshot: Snapshot) -> None:
        in_hold(snapshot)
        if snapshot.phase == "releasing" and not released_at_s:
            released_at_s.append(stage.clock.now_s())

    with staged(folder_in_memory, baudrate=FACTORY_BAUDRATE) as stage:
        in_hold = InHold(break_both, folder_in_memory)
        with pytest.raises(JournalUnavailable, match="could not be written"):
            stage.treat(ONE_HOLD, watch=watch)
        left_n = stage.firmware.plant.cord_force_n
    lock.release()
    assert "resting" not in in_hold.phases
    # 5 s without a durable write, a commit interval of 1 s in this stage, 2 s of hold.
    assert released_at_s[0] - acted_at_s[0] <= 5.0 + 1.0 + 2.0 + 0.2
    assert left_n <= FREE_N


# --- row 47 -----------------------------------------------------------------------------------


def test_row_47_a_writer_that_dies_is_seen_and_the_patient_released(
    folder_in_memory: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal's thread ends with an unforeseen error."""

    def die(path: Path) -> None:
        def dead(self: JournalStore, *given: object) -> bool:
            raise MemoryError("made by the test")

        monkeypatch.setattr(JournalStore, "keep", dead)

    with staged(folder_in_memory, baudrate=FACTORY_BAUDRATE) as stage:
        watch = InHold(die, folder_in_memory)
        with pytest.raises(JournalUnavailable, match="made by the test"):
            stage.treat(ONE_HOLD, watch=watch)
        left_n = stage.firmware.plant.cord_force_n
    assert "resting" not in watch.phases
    assert "releasing" in watch.phases
    assert left_n <= FREE_N


# --- row 48 -----------------------------------------------------------------------------------


def test_row_48_a_second_session_on_the_unit_is_refused_and_the_first_one_goes_on(
    folder: RecordFolder,
) -> None:
    """The whole second start, in the middle of a hold of the first."""
    refusals: list[str] = []

    def start_another(path: Path) -> None:
        with pytest.raises(UnitBusy) as busy:
            stage.treat(SHORT_CERVICAL)
        refusals.append(busy.value.message)

    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        result = stage.treat(SHORT_CERVICAL, watch=InHold(start_another, folder))
        record = stage.visit(result.session_id).record
    assert len(refusals) == 1
    assert "a session on unit" in refusals[0]
    assert result.ending.outcome == Outcome.COMPLETED
    assert record.seal is not None
    disturbed = {"order_refused", "sequence_ahead", "link_silent", "loop_late"}
    assert not disturbed & {e.detail["code"] for e in record.of_kind(EventKind.SAFETY_ACTED)}
