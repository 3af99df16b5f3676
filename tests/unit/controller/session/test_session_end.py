"""From the first release order to completed, stopped or faulted, reading after reading."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import IllegalTransition
from controller.event_details.codec import encode_fields
from controller.events import EventKind, Outcome, StopCause
from controller.order.phases import TRANSITIONS, Phase
from controller.questions import Question
from controller.session.inputs_and_effects import (
    Ask,
    Disarm,
    Effect,
    Emit,
    RaiseAlarm,
    ReadingTaken,
)
from controller.session.session_end import EndStep, SessionEnd
from controller.telemetry import CommandKind, UnitState
from tests.support.events import emitted
from tests.unit.controller.builders import prescription, reading
from tests.unit.controller.session.machine_bench import Bench

TICK_S = 0.05
RELEASE, FAST, CUT = CommandKind.RELEASE, CommandKind.RELEASE_FAST, CommandKind.CUT_POWER
MOVING: dict[str, Any] = {"unit_state": UnitState.RELEASING, "force_n": 60.0}
ARMED: dict[str, Any] = {"unit_state": UnitState.ARMED, "force_n": 9.0}


class Ending:
    """A session's end that is fed readings 50 ms apart; the last step that did anything is kept."""

    def __init__(
        self, kind: CommandKind = RELEASE, reason: str = "operator stop (A)", *, vague: bool = False
    ) -> None:
        self.end = SessionEnd(prescription(hold_force_n=102.0, ramp_down_n_per_s=20.0))
        self.now_s, self.number = 500.0, 0
        self.effects: list[Effect] = []
        self.phases: list[Phase] = []
        self.take(self.end.release(kind, reason, self.now_s, vague=vague))

    def take(self, step: EndStep) -> EndStep:
        self.effects += step.effects
        self.phases += [] if step.phase is None else [step.phase]
        return step

    def tick(self, *, silent: bool = False, **changes: Any) -> EndStep:
        self.now_s += TICK_S
        self.number += 1
        seen = None if silent else reading(sample_number=self.number, **changes)
        if seen is not None:
            self.end.last_reading = seen
        return self.take(self.end.follow(seen, self.now_s))

    def seconds(self, seconds: float, **changes: Any) -> None:
        """Until the session has ended, at most so long."""
        for _ in range(round(seconds / TICK_S)):
            if self.phases[-1] is not Phase.RELEASING:
                return
            self.tick(**changes)

    def details(self, kind: EventKind) -> list[dict[str, Any]]:
        said = [e.said for e in self.effects if isinstance(e, Emit)]
        return [encode_fields(each) for each in said if each.KIND is kind]

    @property
    def alarms(self) -> list[str]:
        return [effect.code for effect in self.effects if isinstance(effect, RaiseAlarm)]


def test_the_first_order_begins_the_release_and_decides_why() -> None:
    ending = Ending()
    assert ending.phases == [Phase.RELEASING]
    assert ending.effects == [
        emitted(EventKind.RELEASE_ORDERED, {"kind": "release", "reason": "operator stop (A)"})
    ]
    assert (ending.end.reason.outcome, ending.end.ordered) == (Outcome.STOPPED, True)


def test_a_stronger_order_is_recorded_and_begins_nothing_and_a_weaker_one_only_alarms() -> None:
    ending = Ending()
    stronger = ending.take(ending.end.release(FAST, "over force", 501.0, alarm="over_force"))
    assert stronger.phase is None
    assert ending.details(EventKind.RELEASE_ORDERED)[1:] == [
        {"kind": "release_fast", "reason": "over force"}
    ]
    assert ending.end.reason.text == "operator stop (A)"
    weaker = ending.end.release(RELEASE, "too late", 502.0, alarm="answer_missing")
    assert (weaker.effects, weaker.phase) == ([RaiseAlarm("answer_missing")], None)
    assert ending.end.release(RELEASE, "too late", 502.0).effects == []


def test_a_symptom_is_replaced_by_its_cause_and_a_reason_is_not() -> None:
    for vague, text in ((True, "patient switch pressed"), (False, "no answer")):
        ending = Ending(FAST, "no answer", vague=vague)
        ending.end.reason.found("patient_switch_pressed")
        assert ending.end.reason.text == text


@pytest.mark.parametrize(
    ("reason", "phase", "outcome"),
    [
        (StopCause.TREATMENT_OVER, Phase.COMPLETED, Outcome.COMPLETED),
        ("operator stop (A)", Phase.STOPPED, Outcome.STOPPED),
    ],
)
def test_a_release_that_is_seen_armed_is_disarmed_and_ends_with_the_unit_idle(
    reason: str, phase: Phase, outcome: str
) -> None:
    ending = Ending(reason=reason)
    ending.tick(**MOVING)
    assert ending.tick(**ARMED).effects == [
        emitted(EventKind.RELEASE_OBSERVED, {"unit_state": 2, "force_dn": 90}),
        Disarm(),
    ]
    assert (ending.phases, ending.end.seen) == ([Phase.RELEASING], True)
    assert ending.end.command().kind is CommandKind.OBSERVE
    step = ending.tick(unit_state=UnitState.IDLE, force_n=1.0)
    assert (step.effects, step.phase) == ([emitted(EventKind.UNIT_DISARMED, {})], phase)
    assert ending.end.reason.outcome == outcome


def test_a_unit_that_latches_itself_behind_the_release_was_not_disarmed() -> None:
    ending = Ending()
    ending.tick(**MOVING)
    ending.tick(**ARMED)
    step = ending.tick(unit_state=UnitState.SAFE_LATCHED, force_n=1.0)
    assert (step.effects, step.phase) == ([], Phase.STOPPED)


@pytest.mark.parametrize("state", [UnitState.IDLE, UnitState.SAFE_LATCHED, UnitState.FAULT])
def test_a_free_cord_on_a_unit_that_has_ended_is_the_end(state: UnitState) -> None:
    ending = Ending()
    ending.tick(**MOVING)
    step = ending.tick(unit_state=state, force_n=2.0)
    assert step.phase is Phase.STOPPED
    assert step.effects == [
        emitted(EventKind.RELEASE_OBSERVED, {"unit_state": int(state), "force_dn": 20})
    ]


def test_a_unit_that_stays_armed_ends_uncertain_and_was_seen_free() -> None:
    ending = Ending()
    ending.tick(**MOVING)
    ending.seconds(9.0, **ARMED)
    assert ending.phases == [Phase.RELEASING, Phase.STOPPED]
    (uncertain,) = ending.details(EventKind.OUTCOME_UNCERTAIN)
    assert uncertain["what"] == "disarm"
    assert uncertain["message"].startswith("the unit did not show that it was disarmed")
    assert ending.end.seen


def test_a_normal_release_that_is_too_slow_becomes_a_fast_one_with_an_alarm() -> None:
    ending = Ending()
    ending.seconds(13.2, **MOVING)
    assert [d["kind"] for d in ending.details(EventKind.RELEASE_ORDERED)] == [
        "release",
        "release_fast",
    ]
    assert ending.details(EventKind.RELEASE_ORDERED)[1]["reason"] == "normal release too slow"
    assert ending.alarms == ["release_slow"]
    assert ending.end.command().kind is FAST


@pytest.mark.parametrize(("force_n", "shown"), [(60.0, "60 N"), (None, "not known")])
def test_force_that_stays_on_cuts_the_power_and_asks_a_person(
    force_n: float | None, shown: str
) -> None:
    ending = Ending(FAST)
    ending.seconds(8.2, unit_state=UnitState.RELEASING, force_n=force_n, second_force_n=force_n)
    assert ending.phases == [Phase.RELEASING]
    assert ending.details(EventKind.RELEASE_ORDERED)[1:] == [
        {"kind": "cut_power", "reason": "release not seen"}
    ]
    assert ending.alarms == ["release_not_seen"]
    (asked,) = [effect for effect in ending.effects if isinstance(effect, Ask)]
    assert asked.question is Question.RELEASE_NOT_SEEN
    assert f"the force is {shown}." in asked.text


def test_before_any_reading_the_force_that_is_asked_about_is_not_known() -> None:
    ending = Ending(FAST)
    ending.end.last_reading = None
    for _ in range(162):
        ending.now_s += TICK_S
        ending.number += 1
        ending.take(ending.end.follow(reading(sample_number=ending.number, **MOVING), ending.now_s))
    (asked,) = [effect for effect in ending.effects if isinstance(effect, Ask)]
    assert "the force is not known." in asked.text


def test_a_silent_unit_is_given_up_as_a_lost_link() -> None:
    ending = Ending(FAST)
    ending.seconds(9.0, silent=True)
    assert ending.phases[-1] is Phase.FAULTED
    assert ending.now_s == pytest.approx(508.05, abs=0.06)
    assert ending.end.reason.outcome == Outcome.LINK_LOST
    assert ending.end.reason.text == "release not seen after: operator stop (A)"
    assert ending.details(EventKind.RELEASE_NOT_OBSERVED) == [{"force_dn": None}]
    assert ending.alarms[-1] == "release_not_seen"


def test_a_unit_that_answers_and_never_lets_go_is_given_up_after_10_min() -> None:
    ending = Ending(FAST)
    ending.seconds(601.0, **MOVING)
    assert ending.phases == [Phase.RELEASING, Phase.FAULTED]
    assert ending.now_s == pytest.approx(500.0 + 600.05, abs=0.06)
    assert ending.end.reason.outcome == Outcome.STOPPED


def test_a_lost_link_is_a_fast_release_that_nobody_saw() -> None:
    ending = Ending()
    ending.tick(**MOVING)
    step = ending.take(ending.end.lose_link("the port vanished", ending.now_s))
    assert step.phase is Phase.FAULTED
    assert step.effects == [
        emitted(EventKind.RELEASE_ORDERED, {"kind": "release_fast", "reason": "the port vanished"}),
        emitted(EventKind.RELEASE_NOT_OBSERVED, {"force_dn": 600}),
        RaiseAlarm("link_lost"),
    ]
    assert (ending.end.reason.outcome, ending.end.reason.text) == (
        Outcome.LINK_LOST,
        "the port vanished",
    )


def test_a_link_that_is_lost_behind_a_release_that_was_seen_takes_nothing_back() -> None:
    ending = Ending()
    ending.tick(**MOVING)
    ending.tick(**ARMED)
    step = ending.end.lose_link("the port vanished", ending.now_s)
    assert (step.effects, step.phase) == ([], Phase.STOPPED)
    assert ending.end.reason.outcome == Outcome.STOPPED


def test_only_a_yes_to_a_release_under_way_and_unseen_is_a_person_s_word() -> None:
    not_ordered = SessionEnd(prescription())
    assert not_ordered.take_word("A. Person", accepted=True) == EndStep()
    ending = Ending(FAST)
    assert ending.end.take_word("A. Person", accepted=False) == EndStep()
    ending.tick(**MOVING)
    seen = Ending()
    seen.tick(**MOVING)
    seen.tick(**ARMED)
    assert seen.end.take_word("A. Person", accepted=True) == EndStep()
    step = ending.end.take_word("A. Person", accepted=True)
    assert step.phase is Phase.FAULTED
    assert step.effects == [
        emitted(EventKind.RELEASE_NOT_OBSERVED, {"force_dn": 600}),
        RaiseAlarm("release_not_seen"),
    ]
    assert ending.end.reason.outcome == Outcome.STOPPED
    assert ending.end.reason.text == (
        "release not seen after: operator stop (A); A. Person says that the patient is free"
    )


def test_a_transition_that_the_table_does_not_know_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TRANSITIONS, Phase.ARMED, frozenset({Phase.FAULTED}))
    bench = Bench()
    with pytest.raises(IllegalTransition, match="armed cannot become taking_up_slack"):
        bench.give(ReadingTaken(reading()))
    assert bench.machine.phase is Phase.ARMED


def test_a_reason_is_a_cause_unless_it_is_said_to_be_a_symptom() -> None:
    end = SessionEnd(prescription())
    end.release(FAST, "no answer", 500.0)
    end.reason.found("patient_switch_pressed")
    assert end.reason.text == "no answer"


def test_a_release_that_was_seen_in_no_kept_reading_is_not_recorded_as_one() -> None:
    end = SessionEnd(prescription())
    end.release(FAST, "over force", 500.0)
    end.follow(reading(sample_number=1, **MOVING), 500.25)
    free = reading(sample_number=2, unit_state=UnitState.IDLE, force_n=1.0)
    assert end.follow(free, 500.5) == EndStep(effects=[], phase=Phase.STOPPED)
