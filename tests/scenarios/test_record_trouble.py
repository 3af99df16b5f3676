"""A session whose disk fails: the treatment goes on beside it, or it ends in a release."""

from __future__ import annotations

import pytest

from controller.errors import JournalUnavailable, UnitBusy
from controller.events import EventKind, Outcome
from controller.snapshot import Snapshot
from records.evidence.integrity import verify
from records.evidence.reader import RUNNING, SessionRecord, list_sessions
from records.evidence.spill import SpillFile, spill_path
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from tests.support.faulty_disk import FAULTS, FaultPlan, faulty_disk
from tests.support.sessions import SHORT_CERVICAL, staged


class FailsInHold:
    """Breaks the disk at the first hold; the snapshot line is where a test looks on."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.phases: list[str] = []

    def __call__(self, snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and "holding" not in self.phases:
            self.plan.at, self.plan.lasting = self.plan.operations, True
        if not self.phases or self.phases[-1] != snapshot.phase:
            self.phases.append(snapshot.phase)


def the_session(folder: RecordFolder, session_id: str) -> SessionRecord:
    (found,) = (r for r in list_sessions(folder) if r.head.session_id == session_id)
    return found


def test_a_full_disk_does_not_end_the_treatment_and_costs_no_record(
    folder_in_memory: RecordFolder,
) -> None:
    with staged(folder_in_memory, wire="direct") as stage:
        watch = FailsInHold(FaultPlan(FAULTS["disk full"], at=-1))
        with faulty_disk(watch.plan), pytest.raises(JournalUnavailable, match="sealed"):
            stage.treat(SHORT_CERVICAL, watch=watch)
        assert watch.plan.failed
        assert "releasing" in watch.phases
        (path,) = folder_in_memory.unit_databases()
        assert spill_path(path).exists()
        assert the_session(folder_in_memory, "session-1").seal is None
        stage.treat(SHORT_CERVICAL)
    first = the_session(folder_in_memory, "session-1")
    assert first.outcome == Outcome.COMPLETED
    assert first.of_kind(EventKind.RELEASE_OBSERVED)
    raised = [event.detail["code"] for event in first.of_kind(EventKind.ALARM_RAISED)]
    assert raised.count("record_put_aside") == 1
    assert first.seal is not None
    assert not spill_path(path).exists()
    assert verify(folder_in_memory).alterations == ()


def test_when_nothing_takes_a_write_the_patient_is_released(
    folder_in_memory: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: SpillFile, *rest: object) -> None:
        raise OSError(5, "Input/output error")

    with staged(folder_in_memory, wire="direct") as stage:
        watch = FailsInHold(FaultPlan(FAULTS["I/O error"], at=-1))
        with faulty_disk(watch.plan), monkeypatch.context() as patch:
            patch.setattr(SpillFile, "put", refuse)
            with pytest.raises(JournalUnavailable, match="could not be written"):
                stage.treat(SHORT_CERVICAL, watch=watch)
        assert "releasing" in watch.phases
        # 5 s without a write end the first hold of 20 s: there is no second one.
        assert watch.phases.count("holding") == 1
        assert "resting" not in watch.phases
        before = the_session(folder_in_memory, "session-1")
        stage.treat(SHORT_CERVICAL)
    after = the_session(folder_in_memory, "session-1")
    assert after.outcome == Outcome.INTERRUPTED
    assert after.events[: len(before.events)] == before.events
    assert verify(folder_in_memory).alterations == ()


def test_a_deleted_lock_file_raises_one_alarm_and_starts_no_second_session(
    folder_in_memory: RecordFolder,
) -> None:
    def delete_it_in_the_hold(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and not refused:
            (path,) = folder_in_memory.unit_databases()
            path.with_suffix(".lock").unlink()
            with pytest.raises(UnitBusy, match="deleted or replaced"):
                UnitLock(path).take()
            assert [record.outcome for record in list_sessions(folder_in_memory)] == [RUNNING]
            refused.append(True)

    refused: list[bool] = []
    with staged(folder_in_memory, wire="direct") as stage:
        stage.treat(SHORT_CERVICAL, watch=delete_it_in_the_hold)
        stage.treat(SHORT_CERVICAL)
    first = the_session(folder_in_memory, "session-1")
    assert first.outcome == Outcome.COMPLETED
    raised = [event.detail["code"] for event in first.of_kind(EventKind.ALARM_RAISED)]
    assert raised.count("lock_lost") == 1
    assert verify(folder_in_memory).alterations == ()
