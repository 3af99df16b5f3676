"""How a session ends where nothing is wrong, where its phases lead, and answers that come late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.events import EventKind
from controller.order.phases import Phase
from controller.questions import Question
from controller.requests import CheckIn, EndEarly, Pause, Resume, Stop
from controller.safety.verdict import Action
from controller.session.inputs_and_effects import (
    ArmingFailed,
    LinkGone,
    QuestionAnswered,
    ReadingTaken,
    StopRequested,
    Tell,
)
from controller.telemetry import CommandKind, UnitState
from tests.support.typed import now
from tests.unit.controller.builders import reading
from tests.unit.controller.session.machine_bench import (
    NO,
    REACH,
    STATIC,
    TICK_S,
    WHO,
    YES,
    Bench,
    verdict,
)


def unanswered_resume(bench: Bench) -> None:
    bench.into_pause().seconds(70.0)
    bench.ask(Resume(by=WHO))
    bench.seconds(60.1)


ENDS: dict[str, tuple[Callable[[Bench], object], list[str]]] = {
    "slack not taken up in 30 s": (lambda b: b.tick(603, force_n=1.0), ["slack_not_taken_up"]),
    "pretension not confirmed in 60 s": (
        lambda b: b.into_pretension().tick(1202, force_n=15.0),
        ["answer_missing"],
    ),
    f"pretension refused by {WHO}": (
        lambda b: b.into_pretension().give(QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, NO)),
        [],
    ),
    "treatment time reached": (lambda b: b.into_treatment().seconds(60.0), []),
    f"ended early by {WHO}": (lambda b: b.into_hold().ask(EndEarly(by=WHO)), []),
    f"operator stop ({WHO})": (lambda b: b.into_hold().give(StopRequested(Stop(by=WHO))), []),
    "resume not confirmed in 60 s": (unanswered_resume, ["pause_regressed", "answer_missing"]),
    "pause longer than 5 min at the pretension": (
        lambda b: b.into_pause().seconds(366.0),
        ["pause_regressed", "pause_over"],
    ),
}


@pytest.mark.parametrize("reason", ENDS)
def test_what_is_no_hazard_ends_in_a_normal_release(reason: str) -> None:
    end, alarms = ENDS[reason]
    bench = Bench(treatment_s=60.0)
    end(bench)
    assert bench.machine.phase is Phase.RELEASING
    assert bench.emitted(EventKind.RELEASE_ORDERED) == [{"kind": "release", "reason": reason}]
    assert [alarm for alarm in bench.alarms() if alarm != "check_in_due"] == alarms
    assert bench.machine.ending.reason == reason


def test_a_failed_arming_is_a_fast_release_whose_cause_may_still_be_found() -> None:
    bench = Bench()
    bench.give(ArmingFailed("no answer"))
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE_FAST
    assert bench.machine.ending.reason == "no answer"
    bench.give(verdict(Action.RELEASE_FAST, "patient_switch_pressed"))
    assert bench.machine.ending.reason == "patient switch pressed"


def test_each_phase_names_the_force_that_it_leads_to() -> None:
    bench = Bench(treatment_s=60.0).into_treatment()
    bench.seconds(5.0)
    bench.ask(Pause(by=WHO))
    bench.seconds(1.0)
    bench.ask(Resume(by=WHO))
    bench.seconds(60.0)
    changes = [
        (e["to"], e["target_dn"], e["stage"]) for e in bench.emitted(EventKind.PHASE_CHANGED)
    ]
    assert changes == [
        ("taking_up_slack", 0, "preparation"),
        ("pretensioning", 150, "preparation"),
        ("ramping_up", 1020, "treatment"),
        ("paused", 650, "treatment"),
        ("ramping_up", 1020, "treatment"),
        ("holding", 1020, "treatment"),
        ("releasing", 0, "preparation"),
    ]


def test_slack_is_taken_up_at_2_n_per_s_and_everything_else_at_the_unit_s_rates() -> None:
    rates = {}
    for phase in (
        Phase.ARMED,
        Phase.TAKING_UP_SLACK,
        Phase.PRETENSIONING,
        Phase.RAMPING_UP,
        Phase.HOLDING,
        Phase.PAUSED,
    ):
        bench = REACH[phase]()
        rates[phase] = bench.machine.command(bench.now_s).rate_n_per_s
    assert rates == {
        Phase.ARMED: 2.0,
        Phase.TAKING_UP_SLACK: 2.0,
        Phase.PRETENSIONING: 0.0,
        Phase.RAMPING_UP: 0.0,
        Phase.HOLDING: 0.0,
        Phase.PAUSED: 0.0,
    }


def test_a_small_order_is_not_exceeded_while_slack_is_taken_up() -> None:
    bench = Bench(hold_force_n=10.0, **STATIC, pretension_force_n=0.0, pretension_s=0.0)
    assert bench.target_n == 10.0


def test_no_reading_keeps_what_was_read_last() -> None:
    bench = Bench().into_release()
    bench.tick(1, unit_state=UnitState.RELEASING, force_n=33.0)
    bench.now_s += TICK_S
    bench.give(ReadingTaken(None))
    bench.give(LinkGone("port vanished"))
    assert bench.emitted(EventKind.RELEASE_NOT_OBSERVED) == [{"force_dn": 330}]


def test_a_check_in_is_due_in_a_pause_and_not_in_a_release() -> None:
    bench = Bench().into_pause()
    bench.seconds(290.0)
    assert "check_in_due" in bench.alarms()
    ends = Bench().into_treatment()
    ends.seconds(299.0)
    ends.give(StopRequested(Stop(by=WHO)))
    ends.tick(60, unit_state=UnitState.RELEASING, force_n=60.0)
    assert ends.alarms() == []


def test_a_hold_that_was_ordered_ends_with_the_verdict_that_ends_it() -> None:
    bench = Bench().into_hold()
    bench.give(verdict(Action.HOLD))
    assert bench.machine.command(bench.now_s).kind is CommandKind.HOLD
    bench.give(verdict(Action.ALLOW))
    assert bench.machine.command(bench.now_s).kind is CommandKind.FOLLOW


def test_an_answer_to_a_question_that_was_not_asked_changes_nothing() -> None:
    for question in (
        Question.RESUME_RAISES_FORCE,
        Question.RELEASE_NOT_SEEN,
        Question.END_ACKNOWLEDGED,
    ):
        bench = Bench().into_hold()
        assert bench.give(QuestionAnswered(question, YES)) == []
        assert bench.machine.phase is Phase.HOLDING


def test_a_question_about_a_resume_waits_60_s_and_not_longer() -> None:
    bench = Bench().into_pause()
    bench.seconds(70.0)
    asked_s = bench.now_s
    bench.ask(Resume(by=WHO))
    bench.now_s = asked_s + 60.0
    bench.give(ReadingTaken(reading(sample_number=1)))
    assert now(bench.machine.phase) is Phase.PAUSED
    bench.now_s = asked_s + 60.05
    bench.give(ReadingTaken(reading(sample_number=2)))
    assert now(bench.machine.phase) is Phase.RELEASING


def test_a_resume_is_refused_on_its_way_back_too() -> None:
    bench = Bench().into_pause()
    bench.seconds(70.0)
    bench.ask(Resume(by=WHO))
    bench.give(QuestionAnswered(Question.RESUME_RAISES_FORCE, YES))
    bench.tick()
    refused = Tell("resume refused: the treatment is on its way back already")
    assert refused in bench.ask(Resume(by=WHO))


def test_an_answer_that_comes_when_the_pause_is_over_resumes_nothing() -> None:
    bench = Bench().into_pause()
    bench.seconds(70.0)
    bench.ask(Resume(by=WHO))
    bench.give(StopRequested(Stop(by=WHO)))
    assert bench.give(QuestionAnswered(Question.RESUME_RAISES_FORCE, YES)) == []
    assert bench.machine.phase is Phase.RELEASING
    assert bench.emitted(EventKind.RESUMED) == []


def test_holds_are_numbered_as_they_begin_and_keep_their_number_until_the_next() -> None:
    bench = Bench(hold_s=20.0, rest_s=20.0).into_treatment()
    numbers: list[tuple[Phase, int]] = []
    for _ in range(1300):
        bench.tick(force_n=50.0)
        now = (bench.machine.phase, bench.machine.hold_number)
        numbers += [now] if not numbers or numbers[-1] != now else []
    assert numbers == [
        (Phase.RAMPING_UP, 0),
        (Phase.HOLDING, 1),
        (Phase.RAMPING_DOWN, 1),
        (Phase.RESTING, 1),
        (Phase.RAMPING_UP, 1),
        (Phase.HOLDING, 2),
        (Phase.RAMPING_DOWN, 2),
        (Phase.RESTING, 2),
    ]


def test_the_pretension_is_ordered_while_it_lasts() -> None:
    bench = Bench().into_pretension()
    assert bench.target_n == 15.0
    bench.tick(20, force_n=15.0)
    assert bench.target_n == 15.0


def test_a_force_is_ordered_in_tenths_of_a_newton() -> None:
    bench = Bench().into_treatment()
    started_s = bench.now_s
    forces = [bench.machine.command(started_s + at_s).force_n for at_s in (0.1234, 1.2345)]
    assert forces == [16.2, 27.3]


def test_a_check_in_puts_the_reminder_off() -> None:
    bench = Bench().into_treatment()
    bench.seconds(290.0)
    bench.ask(CheckIn(by=WHO))
    bench.seconds(299.0)
    assert bench.alarms() == []
    bench.seconds(2.0)
    assert bench.alarms() == ["check_in_due"]


def test_a_stop_stays_the_reason_whatever_is_found_behind_it() -> None:
    bench = Bench().into_release()
    bench.give(verdict(Action.RELEASE_FAST, "patient_switch_pressed"))
    assert bench.machine.ending.reason == f"operator stop ({WHO})"
