"""Before the unit moves: questions, latched units, the press test (session-rules.md#opening)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.errors import LinkError, PrescriptionInvalid, RequestRefused, UnitBusy, UnitFaulted
from controller.events import EventKind
from controller.order.prescription import Prescription, Region
from controller.ports import NO_WEIGHT_TEST
from controller.questions import Answer, Question
from controller.runtime.clock import VirtualClock
from controller.runtime.preparation import Preparation
from controller.runtime.recorder import Recorder
from controller.runtime.session_ports import SessionPorts
from controller.runtime.unit_watch import PressTest
from controller.start.before_start import check_order_fits_unit, question_text
from controller.telemetry import CommandKind, Telemetry, UnitState, UnitStatus
from tests.support.commissionings import TESTED
from tests.unit.controller.builders import CERVICAL, prescription, start_facts
from tests.unit.controller.runtime.runtime_parts import (
    CAPABILITIES,
    IDLE,
    PRESSED,
    Answers,
    ListJournal,
    StoryUnit,
    press_test,
    unit_event,
)

GO_ON = {
    "unit_not_commissioned": True,
    "lift_locked": True,
    "quick_release_in_reach": True,
    "call_bell_in_hand": True,
    "patient_and_order": True,
    "start_traction": True,
}
LATCHED = replace(
    IDLE,
    unit_state=UnitState.SAFE_LATCHED,
    first_fault_code=10,
    status=IDLE.status | UnitStatus.ACKNOWLEDGE_REQUIRED,
)


class Stage:
    """A preparation with everything around it."""

    def __init__(self, operator: Answers, story=press_test, *, verified: bool = False) -> None:  # type: ignore[no-untyped-def]
        self.clock = VirtualClock(start_s=0.0)
        self.unit = StoryUnit(self.clock, story, verified=verified)
        self.journal = ListJournal()
        self.operator = operator
        self.identified_at_s = 0.0
        self.facts = start_facts()

    def preparation(self, order: Prescription = CERVICAL) -> Preparation:
        return Preparation(
            ports=SessionPorts.of(
                self.unit,
                self.clock,
                Recorder(self.journal, self.clock, 0.0),
                self.operator,
                "session-1",
            ),
            order=order,
            facts=replace(
                self.facts,
                identified_at_s=self.identified_at_s,
                weight_test=TESTED if self.unit.verified else NO_WEIGHT_TEST,
            ),
            hear=lambda: None,
        )

    def prepare(self, order: Prescription = CERVICAL) -> Preparation:
        preparation = self.preparation(order)
        preparation.prepare()
        return preparation


def press_test_states(stage: Stage) -> list[object]:
    """What the record says of the press test, in order."""
    recorded = [e.detail for e in stage.journal.events if e.kind is EventKind.SELF_CHECK_RECORDED]
    return [item["state"] for item in recorded if item["item"] == "press_test"]


def test_a_press_that_was_seen_ends_when_the_switch_reads_open_again() -> None:
    stage = Stage(Answers(**GO_ON))
    stage.prepare()
    assert 2.5 <= stage.clock.now_s() < 2.6
    others = [kind for kind in stage.journal.kinds if kind is not EventKind.SELF_CHECK_RECORDED]
    before_the_test = [EventKind.QUESTION_ASKED, EventKind.QUESTION_ANSWERED] * (len(GO_ON) - 1)
    assert others == [
        *before_the_test,
        EventKind.PRESS_TEST_SEEN,
        EventKind.QUESTION_ASKED,
        EventKind.QUESTION_ANSWERED,
    ]
    assert stage.operator.asked[-1] is Question.START_TRACTION
    assert {command.kind for command in stage.unit.commands} == {CommandKind.OBSERVE}
    assert stage.operator.shown[0].message == "waiting for the patient's press test"


def test_without_a_press_only_an_answer_lets_the_session_go_on() -> None:
    def passive(elapsed_s: float) -> Telemetry:
        return IDLE

    going_on = Stage(Answers(**GO_ON, press_test_not_seen=True), passive)
    going_on.prepare()
    assert 60.0 <= going_on.clock.now_s() < 62.0
    assert EventKind.PRESS_TEST_NOT_SEEN in going_on.journal.kinds
    assert press_test_states(going_on) == ["not_covered"]
    with pytest.raises(RequestRefused, match="press test not seen: refused by A"):
        Stage(Answers(**GO_ON, press_test_not_seen=False), passive).prepare()
    verified = Stage(Answers(**GO_ON, press_test_not_seen=True), passive, verified=True)
    with pytest.raises(RequestRefused, match="have the patient press it"):
        verified.prepare()


def test_a_switch_that_stays_pressed_never_passes() -> None:
    stage = Stage(Answers(**GO_ON), lambda elapsed_s: PRESSED)
    stage.operator.stopped_by = None

    def stop_later(elapsed_s: float) -> Telemetry:
        if elapsed_s > 70.0:
            stage.operator.stopped_by = "SIGINT"
        return PRESSED

    stage.unit.story = stop_later
    with pytest.raises(RequestRefused, match="stopped before arming by SIGINT"):
        stage.prepare()
    assert EventKind.PRESS_TEST_SEEN not in stage.journal.kinds


def test_an_absent_switch_is_neither_pressed_nor_open() -> None:
    test = PressTest()
    assert not test.watch(PRESSED)
    assert not test.watch(replace(IDLE, status=UnitStatus.NONE))
    assert not test.passed
    assert test.watch(IDLE)
    assert not test.watch(IDLE)
    assert test.passed


def test_a_latched_unit_shows_its_cause_and_waits_for_the_answer() -> None:
    stage = Stage(Answers(**GO_ON, acknowledge_latched_unit=True))

    def story(elapsed_s: float) -> Telemetry:
        return press_test(elapsed_s) if stage.unit.acknowledged else LATCHED

    stage.unit.story = story
    stage.unit.ring = [unit_event(1, code=10)]
    stage.prepare()
    assert stage.unit.acknowledged
    assert EventKind.UNIT_ACKNOWLEDGED in stage.journal.kinds
    (text,) = [text for text in stage.operator.texts if "latched" in text]
    assert "first fault 10" in text
    assert "newest events: code 10" in text


def test_a_latched_unit_that_nobody_acknowledges_is_refused() -> None:
    stage = Stage(Answers(**GO_ON, acknowledge_latched_unit=False), lambda elapsed_s: LATCHED)
    stage.unit.ring = [unit_event(1)]
    with pytest.raises(RequestRefused, match="acknowledge latched unit: refused"):
        stage.prepare()
    assert not stage.unit.acknowledged


def test_a_latched_unit_under_force_or_that_stays_latched_is_refused() -> None:
    answers = {**GO_ON, "acknowledge_latched_unit": True}
    pulling = Stage(Answers(**answers), lambda elapsed_s: replace(LATCHED, gross_force_n=21.0))
    pulling.unit.ring = [unit_event(1)]
    with pytest.raises(UnitFaulted, match="force is 21 N, above 20 N"):
        pulling.prepare()
    staying = Stage(Answers(**answers), lambda elapsed_s: LATCHED)
    staying.unit.ring = [unit_event(1)]
    with pytest.raises(UnitFaulted, match="stayed in state safe_latched"):
        staying.prepare()
    # Two looks at a fresh sample, then 2 s.
    assert 2.0 < staying.clock.now_s() <= 2.15


def test_a_latched_stop_is_shown_with_its_five_newest_events() -> None:
    answers = Answers(**GO_ON, acknowledge_latched_unit=False)
    stage = Stage(answers, lambda elapsed_s: replace(LATCHED, newest_event=9))
    stage.unit.ring = [unit_event(number, code=10 + number) for number in range(1, 10)]
    with pytest.raises(RequestRefused):
        stage.prepare()
    assert answers.texts == [
        "The unit latched a stop (first fault 10, status 0x8004, newest events: code 15, code 16, "
        "code 17, code 18, code 19). Acknowledge it?"
    ]


class SlowAnswers(Answers):
    """Thinks for 3 s about every question while the unit goes on."""

    def __init__(self, clock: VirtualClock, **answers: bool) -> None:
        super().__init__(**answers)
        self._clock, self._asked_at_s = clock, 0.0

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        super().ask(question, text, person_only=person_only)
        self._asked_at_s = self._clock.now_s()

    def answer(self, question: Question) -> Answer | None:
        thinking = self._clock.now_s() < self._asked_at_s + 3.0
        return None if thinking else super().answer(question)


def latched_then(changes: dict[str, Any], *, from_s: float = 2.0) -> Stage:
    """A latched unit that shows something else from 2 s on; the answer comes at 3 s."""
    stage = Stage(Answers())

    def story(elapsed_s: float) -> Telemetry:
        if stage.unit.acknowledged:
            return press_test(elapsed_s)
        return replace(LATCHED, **changes) if elapsed_s >= from_s else LATCHED

    answers = GO_ON | {"acknowledge_latched_unit": True, "press_test_not_seen": True}
    stage.operator = SlowAnswers(stage.clock, **answers)
    stage.unit.story = story
    stage.unit.ring = [unit_event(1, code=10), unit_event(2, code=20)]
    return stage


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"force_n": 60.0}, UnitFaulted, r"force is 60\.?\d* N, above 20 N"),
        ({"second_force_n": 20.1}, UnitFaulted, r"force is 20.1 N, above 20 N"),
        ({"force_n": None}, UnitFaulted, "force is not known; open the clutch"),
        ({"second_force_n": None}, UnitFaulted, "force is not known; open the clutch"),
        ({"unit_state": UnitState.FAULT}, UnitFaulted, "reports a fault"),
        ({"unit_state": UnitState.TRACKING}, UnitBusy, "driven by another host"),
    ],
)
def test_an_acknowledgement_is_judged_on_what_the_unit_shows_after_the_answer(
    changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    stage = latched_then(changes)
    with pytest.raises(error, match=words):
        stage.prepare()
    assert not stage.unit.acknowledged


@pytest.mark.parametrize("changes", [{"first_fault_code": 20}, {"newest_event": 2}])
def test_another_cause_than_the_one_that_was_shown_is_asked_about_again(
    changes: dict[str, Any],
) -> None:
    stage = latched_then(changes)
    stage.prepare()
    texts = [text for text in stage.operator.texts if "latched" in text]
    assert len(texts) == 2
    assert texts[0] != texts[1]
    assert stage.unit.acknowledged


def test_a_unit_that_somebody_cleared_at_its_button_needs_no_acknowledgement() -> None:
    cleared = {"unit_state": UnitState.IDLE, "status": IDLE.status, "first_fault_code": 0}
    stage = latched_then(cleared)
    stage.prepare()
    assert not stage.unit.acknowledged
    assert EventKind.UNIT_ACKNOWLEDGED not in stage.journal.kinds


def test_a_cause_that_changes_at_every_question_is_nobody_s_to_acknowledge() -> None:
    stage = latched_then({})
    ring = [unit_event(number) for number in range(1, 200)]
    stage.unit.ring, stage.unit.story = (
        ring,
        lambda elapsed_s: replace(LATCHED, newest_event=1 + int(elapsed_s)),
    )
    with pytest.raises(UnitFaulted, match="changed at each of 3 questions"):
        stage.prepare()
    assert stage.operator.asked == [Question.ACKNOWLEDGE_LATCHED_UNIT] * 3


def test_a_press_that_comes_while_its_absence_is_asked_about_counts() -> None:
    def late(elapsed_s: float) -> Telemetry:
        return PRESSED if 77.0 <= elapsed_s < 77.5 else IDLE

    stage = Stage(Answers(), late)
    stage.operator = SlowAnswers(stage.clock, **GO_ON, press_test_not_seen=True)
    stage.prepare()
    assert press_test_states(stage) == ["not_covered", "passed"]


def test_a_switch_that_is_held_for_a_while_when_its_time_is_over_is_awaited() -> None:
    """Held from 59 s to 66 s: the question comes at 60 s, 10 s behind its answer are allowed."""

    def held(elapsed_s: float) -> Telemetry:
        return PRESSED if 59.0 <= elapsed_s < 66.0 else IDLE

    stage = Stage(Answers(**GO_ON, press_test_not_seen=True), held)
    stage.prepare()
    assert 66.0 <= stage.clock.now_s() < 67.0


def test_a_press_test_that_is_too_old_for_the_yes_is_made_again() -> None:
    """The patient pressed at 1 s, people talked for six minutes, the patient presses once more."""
    stage = Stage(Answers(**GO_ON))

    def story(elapsed_s: float) -> Telemetry:
        return PRESSED if 1.0 <= elapsed_s < 2.5 or 365.0 <= elapsed_s < 366.0 else IDLE

    stage.unit.story = story
    stage.operator = SlowAnswers(stage.clock, **GO_ON)
    thinking = {Question.CALL_BELL_IN_HAND: 360.0}
    answer = stage.operator.answer

    def slowly(question: Question) -> Answer | None:
        soon = stage.clock.now_s() < thinking.get(question, 0.0)
        return None if soon else answer(question)

    stage.operator.answer = slowly  # type: ignore[method-assign]
    preparation = stage.prepare()
    assert stage.journal.kinds.count(EventKind.PRESS_TEST_SEEN) == 2
    assert stage.operator.asked.count(Question.START_TRACTION) == 1
    assert any("have the patient press again" in text for text in stage.operator.told)
    preparation.last_look()


def test_a_press_test_that_grows_old_under_the_last_question_asks_both_again() -> None:
    stage = Stage(Answers(**GO_ON))

    def story(elapsed_s: float) -> Telemetry:
        return PRESSED if 1.0 <= elapsed_s < 2.5 or 310.0 <= elapsed_s < 311.0 else IDLE

    stage.unit.story = story
    answer = stage.operator.answer

    def slowly(question: Question) -> Answer | None:
        soon = question is Question.START_TRACTION and stage.clock.now_s() < 305.0
        return None if soon else answer(question)

    stage.operator.answer = slowly  # type: ignore[method-assign]
    stage.prepare()
    assert stage.journal.kinds.count(EventKind.PRESS_TEST_SEEN) == 2
    assert stage.operator.asked.count(Question.START_TRACTION) == 2


def test_a_unit_that_restarted_between_two_readings_is_given_up() -> None:
    stage = Stage(Answers(**GO_ON))

    def story(elapsed_s: float) -> Telemetry:
        # The fake adds the time since its start: 100 s of uptime, then 2 s.
        return replace(IDLE, uptime_s=IDLE.uptime_s if elapsed_s < 0.5 else 2.0 - elapsed_s)

    stage.unit.story = story
    with pytest.raises(UnitFaulted, match=r"restarted since it was identified \(up for 2\.0 s"):
        stage.prepare()


def test_another_boot_of_the_unit_is_a_restart_whatever_its_uptime_says() -> None:
    stage = Stage(Answers(**GO_ON))

    def story(elapsed_s: float) -> Telemetry:
        if elapsed_s >= 0.5:
            stage.unit.identity = replace(stage.unit.identity, boot_count=4)
        return IDLE

    stage.unit.story = story
    with pytest.raises(UnitFaulted, match="restarted since it was identified"):
        stage.prepare()


@pytest.mark.parametrize(("uptime_s", "restarted"), [(8.9, True), (9.1, False), (1e5, False)])
def test_a_unit_that_is_up_for_less_than_since_its_identification_has_restarted(
    uptime_s: float, restarted: bool
) -> None:
    stage = Stage(Answers(**GO_ON), lambda elapsed_s: replace(IDLE, uptime_s=uptime_s))
    stage.identified_at_s = -10.0
    if restarted:
        with pytest.raises(UnitFaulted, match="was restarted"):
            stage.preparation()
    else:
        stage.preparation()


def test_the_unit_s_counter_of_49_days_may_go_round_while_people_think() -> None:
    def story(elapsed_s: float) -> Telemetry:
        near = 2**32 / 1000 - 1.0 - (2**32 / 1000 if elapsed_s >= 1.0 else 0.0)
        return replace(press_test(elapsed_s), uptime_s=near)

    Stage(Answers(**GO_ON), story).prepare()


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        (UnitState.FAULT, UnitFaulted, "reports a fault"),
        (UnitState.BOOT, UnitBusy, "still starting"),
        (UnitState.TRACKING, UnitBusy, "driven by another host"),
        (UnitState.SELF_TEST, UnitBusy, "testing itself"),
        (UnitState.LOCAL, UnitBusy, "own panel"),
    ],
)
def test_a_unit_in_another_state_is_refused(
    state: UnitState, error: type[UnitFaulted], words: str
) -> None:
    stage = Stage(Answers(), lambda elapsed_s: replace(IDLE, unit_state=state))
    with pytest.raises(error, match=words) as refused:
        stage.prepare()
    assert type(refused.value) is error


def test_the_unit_is_observed_while_a_person_thinks() -> None:
    operator = Answers()
    stage = Stage(operator)

    def story(elapsed_s: float) -> Telemetry:
        if elapsed_s > 30.0:
            operator.answers = dict(GO_ON)
        return press_test(elapsed_s)

    stage.unit.story = story
    stage.prepare()
    assert len(stage.unit.commands) >= 600
    assert EventKind.PRESS_TEST_SEEN in stage.journal.kinds


def test_a_silent_unit_is_given_up_after_two_seconds() -> None:
    def silent(elapsed_s: float) -> Telemetry:
        if elapsed_s > 0.5:
            raise LinkError("no answer within 40 ms; check cable and unit")
        return IDLE

    stage = Stage(Answers(**GO_ON), silent)
    with pytest.raises(LinkError, match="no answer"):
        stage.prepare()
    assert 2.4 < stage.clock.now_s() < 2.7


def test_lost_answers_between_good_ones_are_the_wire_s() -> None:
    calls = 0

    def every_third(elapsed_s: float) -> Telemetry:
        nonlocal calls
        calls += 1
        if calls % 3:
            raise LinkError("lost")
        return press_test(elapsed_s)

    Stage(Answers(**GO_ON), every_third).prepare()


@pytest.mark.parametrize(
    ("order", "asked"),
    [
        (prescription(treatment_s=1801.0), Question.LONG_TREATMENT),
        (prescription(hold_force_n=180.0), Question.FORCE_ABOVE_SOFT_LIMIT),
    ],
)
def test_orders_that_need_a_confirmation_are_put_in_words(
    order: Prescription, asked: Question
) -> None:
    stage = Stage(Answers(**GO_ON, **{asked.value: False}))
    with pytest.raises(RequestRefused, match="refused by A"):
        stage.prepare(order)
    assert stage.operator.asked[-1] is asked
    assert stage.operator.texts[-1] == question_text(asked, order)
    assert stage.operator.texts[-1].endswith("Go on?")


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (
            prescription(region=Region.LUMBAR, ramp_up_n_per_s=30.0, ramp_down_n_per_s=60.0),
            "region=lumbar is not offered by Test unit (cervical)",
        ),
        (prescription(maximum_force_n=150.0), "maximum_force=150 N exceeds 140 N of Test unit"),
        (prescription(ramp_up_n_per_s=12.0), "ramp_up=12 N/s exceeds 11 N/s of Test unit"),
        (prescription(ramp_down_n_per_s=20.0), "ramp_down=20 N/s exceeds 19 N/s of Test unit"),
    ],
)
def test_an_order_beyond_the_unit_is_refused_with_both_numbers(
    order: Prescription, words: str
) -> None:
    weak = replace(
        CAPABILITIES, rated_force_n=140.0, max_rate_up_n_per_s=11.0, max_rate_down_n_per_s=19.0
    )
    with pytest.raises(PrescriptionInvalid) as refused:
        check_order_fits_unit(order, weak, "Test unit")
    assert words in refused.value.message


def test_arming_asks_for_the_least_of_all_limits() -> None:
    stage = Stage(Answers(**GO_ON))
    preparation = stage.preparation(prescription(maximum_force_n=120.0))
    request = preparation.arming_request()
    assert (request.force_limit_n, request.watchdog_s) == (120.0, 0.5)
    assert (request.rate_up_n_per_s, request.rate_down_n_per_s) == (10.0, 20.0)
