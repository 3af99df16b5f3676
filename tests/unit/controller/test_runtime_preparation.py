"""Before the unit moves: questions, latched units, the press test (session.md 1.3-1.6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.before_start import check_order_fits_unit, question_text
from controller.errors import LinkError, PrescriptionInvalid, RequestRefused, UnitBusy, UnitFaulted
from controller.events import EventKind
from controller.ports import CommandKind, Question
from controller.prescription import Prescription, Region
from controller.runtime.clock import VirtualClock
from controller.runtime.preparation import (
    Preparation,
    PressTest,
)
from controller.runtime.recorder import Recorder
from controller.telemetry import Telemetry, UnitState, UnitStatus
from tests.unit.controller.builders import CERVICAL, prescription
from tests.unit.controller.runtime_parts import (
    CAPABILITIES,
    IDLE,
    PRESSED,
    Answers,
    ListJournal,
    StoryUnit,
    press_test,
    unit_event,
)

GO_ON = {"unit_not_commissioned": True, "surroundings_safe": True}
LATCHED = replace(
    IDLE, unit_state=UnitState.SAFE_LATCHED, first_fault_code=10,
    status=IDLE.status | UnitStatus.ACKNOWLEDGE_REQUIRED,
)  # fmt: skip


class Stage:
    """A preparation with everything around it."""

    def __init__(self, operator: Answers, story=press_test, *, verified: bool = False) -> None:  # type: ignore[no-untyped-def]
        self.clock = VirtualClock(start_s=0.0)
        self.unit = StoryUnit(self.clock, story, verified=verified)
        self.journal = ListJournal()
        self.operator = operator

    def prepare(self, order: Prescription = CERVICAL) -> Telemetry:
        return Preparation(
            unit=self.unit,
            clock=self.clock,
            recorder=Recorder(self.journal, self.clock, 0.0),
            operator=self.operator,
            order=order,
            screening="A. Person: nothing found",
            last_arming=None,
            hear=lambda: None,
        ).prepare()


def test_a_press_that_was_seen_ends_when_the_switch_reads_open_again() -> None:
    stage = Stage(Answers(**GO_ON))
    reading = stage.prepare()
    assert reading.status == IDLE.status
    assert 2.5 <= stage.clock.now_s() < 2.6
    others = [kind for kind in stage.journal.kinds if kind is not EventKind.SELF_CHECK_RECORDED]
    assert others == [
        EventKind.QUESTION_ASKED,
        EventKind.QUESTION_ANSWERED,
        EventKind.QUESTION_ASKED,
        EventKind.QUESTION_ANSWERED,
        EventKind.PRESS_TEST_SEEN,
    ]
    assert {command.kind for command in stage.unit.commands} == {CommandKind.OBSERVE}
    assert stage.operator.shown[0].message == "waiting for the patient's press test"


def test_without_a_press_only_an_answer_lets_the_session_go_on() -> None:
    def passive(elapsed_s: float) -> Telemetry:
        return IDLE

    going_on = Stage(Answers(**GO_ON, press_test_not_seen=True), passive)
    going_on.prepare()
    assert 60.0 <= going_on.clock.now_s() < 62.0
    assert EventKind.PRESS_TEST_NOT_SEEN in going_on.journal.kinds
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
    with pytest.raises(error, match=words):
        stage.prepare()


def test_the_unit_is_observed_while_a_person_thinks() -> None:
    operator = Answers()
    stage = Stage(operator)

    def story(elapsed_s: float) -> Telemetry:
        if elapsed_s > 30.0:
            operator._answers = dict(GO_ON)
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
        (prescription(region=Region.LUMBAR, ramp_up_n_per_s=30.0, ramp_down_n_per_s=60.0),
         "region=lumbar is not offered by Test unit (cervical)"),
        (prescription(maximum_force_n=150.0), "maximum_force=150 N exceeds 140 N of Test unit"),
        (prescription(ramp_up_n_per_s=12.0), "ramp_up=12 N/s exceeds 11 N/s of Test unit"),
        (prescription(ramp_down_n_per_s=20.0), "ramp_down=20 N/s exceeds 19 N/s of Test unit"),
    ],
)  # fmt: skip
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
    preparation = Preparation(
        unit=stage.unit,
        clock=stage.clock,
        recorder=Recorder(stage.journal, stage.clock, 0.0),
        operator=stage.operator,
        order=prescription(maximum_force_n=120.0),
        screening="A. Person: nothing found",
        last_arming=None,
        hear=lambda: None,
    )
    request = preparation.arming_request()
    assert (request.force_limit_n, request.watchdog_s) == (120.0, 0.5)
    assert (request.rate_up_n_per_s, request.rate_down_n_per_s) == (10.0, 20.0)
