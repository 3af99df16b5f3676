"""A unit on lines of text over a pseudo-terminal: whole sessions and their records."""

from __future__ import annotations

from controller.events import EventKind, Outcome
from controller.snapshot import Snapshot
from records.evidence.reader import SessionRecord
from records.store.record_folder import RecordFolder
from simulator.map_v1 import EventCode, State
from tests.support.sessions import Stage, staged


def record_of(stage: Stage, session_id: str) -> SessionRecord:
    return stage.visit(session_id).record


def test_a_treatment_is_driven_recorded_and_sealed(folder: RecordFolder) -> None:
    with staged(folder, wire="ascii") as stage:
        assert stage.uri.startswith("ascii:///dev/")
        result = stage.treat()
        record = record_of(stage, result.session_id)
        assert stage.firmware.state is State.IDLE
    assert result.ending.outcome == Outcome.COMPLETED
    (started,) = record.of_kind(EventKind.SESSION_STARTED)
    assert started.detail["uri"] == stage.uri
    assert not record.of_kind(EventKind.SAFETY_ACTED)
    codes = [int(str(e.detail["code"])) for e in record.of_kind(EventKind.UNIT_EVENT_SEEN)]
    assert codes[-2:] == [EventCode.ARMED, EventCode.DISARMED], "read before and behind the motion"


def test_a_patient_who_presses_is_released_and_the_unit_s_own_event_tells_when(
    folder: RecordFolder,
) -> None:
    with staged(folder, wire="ascii") as stage:

        def watch(snapshot: Snapshot) -> None:
            if snapshot.phase == "holding" and snapshot.elapsed_s > 20.0:
                stage.firmware.switch.press()

        result = stage.treat(watch=watch)
        record = record_of(stage, result.session_id)
        assert stage.firmware.plant.cord_force_n <= 15.0
    assert result.ending.outcome == Outcome.STOPPED
    assert record.of_kind(EventKind.PATIENT_STOP_PRESSED)
    codes = [e.detail["code"] for e in record.of_kind(EventKind.UNIT_EVENT_SEEN)]
    assert EventCode.SWITCH_PRESSED in codes
