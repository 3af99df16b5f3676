"""Outcome, reason and exit follow from what was sent and seen, never from the type of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.errors import LinkLost, OutcomeUncertain, ProgramFailed
from controller.events import EventKind, Outcome
from controller.questions import Answer, Question
from controller.snapshot import Snapshot
from firmware_bridge.units import map_unit
from firmware_bridge.units.reference_unit import ReferenceUnit
from records.evidence.reader import SessionRecord, list_sessions
from records.store.record_folder import RecordFolder
from simulator.map_v1 import State
from simulator.table.patient import PressTestPatient, UnitView
from tests.support.sessions import FACTORY_BAUDRATE, SHORT_CERVICAL, Stage, staged
from workstation.exit_status import exit_status
from workstation.session.operators import SessionOperator
from workstation.session.treat import SessionResult


def record_of(stage: Stage, result: SessionResult) -> SessionRecord:
    return stage.visit(result.session_id).record


def only_record(folder: RecordFolder) -> SessionRecord:
    """Of the one session on file, where the program was left by an error."""
    (record,) = list_sessions(folder)
    return record


def alarms(record: SessionRecord) -> list[str]:
    return [str(event.detail["code"]) for event in record.of_kind(EventKind.ALARM_RAISED)]


class ActsWhenArmed(PressTestPatient):
    """Does something in the moment in which the unit is armed."""

    def __init__(self, act: Callable[[Any], None]) -> None:
        super().__init__()
        self._act_once: Callable[[Any], None] | None = act

    def act(self, unit: UnitView) -> None:
        super().act(unit)
        if unit.state is State.ARMED and self._act_once is not None:
            act, self._act_once = self._act_once, None
            act(unit)


@pytest.mark.parametrize(
    ("act", "reason", "alarm"),
    [
        (lambda unit: unit.switch.press(), "patient switch pressed", "patient_switch_pressed"),
        (lambda unit: unit.estop.press(), "emergency stop open", "emergency_stop_open"),
        (lambda unit: unit.switch.unplug(), "patient switch absent", "patient_switch_absent"),
    ],
)
def test_a_stop_in_the_moment_of_arming_is_named_with_its_alarm(
    folder: RecordFolder, act: Callable[[Any], None], reason: str, alarm: str
) -> None:
    with staged(folder, patient=ActsWhenArmed(act)) as stage:
        result = stage.treat()
        record = record_of(stage, result)
    assert (result.ending.outcome, result.ending.reason) == (Outcome.STOPPED, reason)
    assert not result.ending.reached_holding
    assert result.ending.release_seen
    assert alarm in alarms(record)


def lost_answer(self: ReferenceUnit, ceiling_n: float) -> None:
    raise OutcomeUncertain("the answers to the first keep-alives were lost")


def gone(self: ReferenceUnit, ceiling_n: float) -> None:
    raise LinkLost("the port is gone")


def no_token(link: object, profile: object) -> int:
    raise OutcomeUncertain("the unit is armed but its token was lost")


@pytest.mark.parametrize("lost", [lost_answer, gone])
def test_a_session_whose_unit_was_armed_is_never_refused(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, lost: Callable[..., None]
) -> None:
    monkeypatch.setattr(ReferenceUnit, "find_order", lost)
    with staged(folder) as stage:
        result = stage.treat()
        record = record_of(stage, result)
        assert stage.firmware.state in (State.IDLE, State.SAFE_LATCHED)
    assert result.ending.outcome == Outcome.STOPPED
    assert result.ending.reason.startswith("arming uncertain: ")
    assert result.ending.release_seen
    (uncertain,) = record.of_kind(EventKind.OUTCOME_UNCERTAIN)
    assert uncertain.detail["what"] == "arming"
    assert record.of_kind(EventKind.UNIT_ARMED)
    assert record.of_kind(EventKind.RELEASE_OBSERVED)


def test_a_unit_whose_token_was_lost_is_released_without_it(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_unit, "take_token", no_token)
    with staged(folder) as stage:
        result = stage.treat()
        record = record_of(stage, result)
        assert stage.firmware.token == 0, "the unit has ended its session"
    assert result.ending.outcome == Outcome.STOPPED
    assert result.ending.release_seen
    assert not record.of_kind(EventKind.UNIT_ARMED), "nobody saw that it was armed"


# --- what breaks in the program ---------------------------------------------------------------


class Breaks(SessionOperator):
    """A display that raises once, in a phase."""

    def __init__(self, phase: str, failure: BaseException) -> None:
        super().__init__(scripted=True, show=self._look)
        self._phase, self._failure = phase, failure

    def _look(self, snapshot: Snapshot) -> None:
        if snapshot.phase == self._phase and snapshot.elapsed_s > 9.0:
            raise self._failure


@pytest.mark.parametrize("failure", [KeyError("frame"), SystemExit(1), KeyboardInterrupt()])
def test_a_loop_that_breaks_in_a_hold_lets_go_and_the_record_says_so(
    folder: RecordFolder, failure: BaseException
) -> None:
    with staged(folder) as stage:
        with pytest.raises(ProgramFailed, match="the release was ordered and seen") as raised:
            stage.treat(operator=Breaks("holding", failure))
        left_n, state = stage.firmware.plant.cord_force_n, stage.firmware.state
    assert exit_status(raised.value, session_opened=True) == 5
    assert left_n <= 15.0
    assert state in (State.IDLE, State.SAFE_LATCHED)
    record = only_record(folder)
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    assert ended.detail["outcome"] == Outcome.STOPPED
    assert str(ended.detail["reason"]).startswith(f"the program failed: {type(failure).__name__}")
    assert ended.detail["reached_holding"] is True
    assert len(record.of_kind(EventKind.RELEASE_OBSERVED)) == 1


def test_a_loop_that_breaks_in_its_release_is_still_followed_to_the_end(
    folder: RecordFolder,
) -> None:
    class BreaksInRelease(Breaks):
        def _look(self, snapshot: Snapshot) -> None:
            if snapshot.phase == "releasing":
                raise KeyError("frame")

    with staged(folder) as stage:
        with pytest.raises(ProgramFailed, match="and seen"):
            stage.treat(operator=BreaksInRelease("releasing", KeyError()))
        assert stage.firmware.plant.cord_force_n <= 15.0


# --- a release that does not come about -------------------------------------------------------


class Waits(SessionOperator):
    """A script with a person beside it, who says after a time that the patient is free."""

    def __init__(self, says: bool | None, watch: Callable[[Snapshot], None]) -> None:
        super().__init__(scripted=True, show=watch)
        self._says = says
        self.asked: list[Question] = []

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        super().ask(question, text, person_only=person_only)
        self.asked.append(question)
        if question is Question.RELEASE_NOT_SEEN and self._says is not None:
            self._answers[question] = Answer(accepted=self._says, answered_by="P. Jones")


def test_a_person_s_word_ends_a_release_that_was_never_seen(folder: RecordFolder) -> None:
    order = SHORT_CERVICAL
    with staged(folder) as stage:

        def watch(snapshot: Snapshot) -> None:
            if snapshot.phase == "holding" and snapshot.elapsed_s > 12.0:
                stage.firmware.cell.open()

        operator = Waits(True, watch)
        result = stage.treat(order, operator=operator)
        record = record_of(stage, result)
    assert Question.RELEASE_NOT_SEEN in operator.asked
    assert not result.ending.release_seen
    assert "P. Jones says that the patient is free" in result.ending.reason
    assert "release_not_seen" in alarms(record)
    (unseen,) = record.of_kind(EventKind.RELEASE_NOT_OBSERVED)
    ordered = [event.at_ms for event in record.of_kind(EventKind.RELEASE_ORDERED)]
    asked = [
        event.at_ms
        for event in record.of_kind(EventKind.QUESTION_ASKED)
        if event.detail["question"] == "release_not_seen"
    ]
    assert 0 <= asked[0] - ordered[0] <= 3600
    assert unseen.at_ms - ordered[0] < 5000


def test_with_nobody_there_an_unseen_release_goes_on_for_10_minutes(folder: RecordFolder) -> None:
    with staged(folder) as stage:

        def watch(snapshot: Snapshot) -> None:
            if snapshot.phase == "holding" and snapshot.elapsed_s > 12.0:
                stage.firmware.cell.open()

        result = stage.treat(operator=Waits(None, watch))
        record = record_of(stage, result)
    assert not result.ending.release_seen
    assert result.ending.reason.startswith("release not seen after: force missing")
    (unseen,) = record.of_kind(EventKind.RELEASE_NOT_OBSERVED)
    ordered = record.of_kind(EventKind.RELEASE_ORDERED)
    assert 600_000 <= unseen.at_ms - ordered[0].at_ms <= 600_200
    assert "release_without_token" in [event.detail["kind"] for event in ordered]


# --- after the end ----------------------------------------------------------------------------


class LooksUntil(SessionOperator):
    """Acknowledges the end only after some time, in which something happens."""

    def __init__(self, seconds: float, happens: Callable[[], None]) -> None:
        super().__init__(scripted=True, show=self._look)
        self._left, self._happens = round(seconds / 0.05), happens
        self._waiting = False
        self.forces: list[float | None] = []

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        self._waiting = question is Question.END_ACKNOWLEDGED
        super().ask(question, text, person_only=person_only)

    def answer(self, question: Question) -> Answer | None:
        if question is Question.END_ACKNOWLEDGED and self._left > 0:
            return None
        return super().answer(question)

    def _look(self, snapshot: Snapshot) -> None:
        if self._waiting:
            self._left -= 1
            self.forces.append(snapshot.force_n)
            if self._left == 20:
                self._happens()


def test_a_patient_who_presses_while_getting_up_has_not_stopped_a_treatment(
    folder: RecordFolder,
) -> None:
    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        operator = LooksUntil(2.0, stage.firmware.switch.press)
        result = stage.treat(operator=operator)
        record = record_of(stage, result)
    assert (result.ending.outcome, result.ending.release_seen) == (Outcome.COMPLETED, True)
    codes = [event.detail["code"] for event in record.of_kind(EventKind.SAFETY_ACTED)]
    assert codes == ["patient_switch_pressed"]
    assert alarms(record) == ["treatment_done"]
    assert any(force_n is not None for force_n in operator.forces)


def test_force_that_comes_back_before_the_acknowledgement_is_an_alarm(folder: RecordFolder) -> None:
    def pull() -> None:
        firmware = stage.firmware
        firmware.plant.clutch_closed = True
        firmware.plant.position_mm += 10.0

    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        result = stage.treat(operator=LooksUntil(2.0, pull))
        record = record_of(stage, result)
    assert result.ending.outcome == Outcome.COMPLETED
    codes = [event.detail["code"] for event in record.of_kind(EventKind.SAFETY_ACTED)]
    assert "force_back_on" in codes
    assert "force_back_on" in alarms(record)
