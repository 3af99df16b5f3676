"""Each request that was followed is told with what it changed."""

from __future__ import annotations

import pytest

from controller.questions import Question
from controller.requests import (
    AdjustedForce,
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    Remark,
    Resume,
    Stop,
    TreatmentRequest,
)
from controller.safety.verdict import Action
from controller.session.inputs_and_effects import (
    Effect,
    QuestionAnswered,
    StopRequested,
    Tell,
    VerdictGiven,
)
from tests.unit.controller.session.machine_bench import WHO, YES, Bench, verdict


def told(effects: list[Effect]) -> list[str]:
    return [effect.text for effect in effects if isinstance(effect, Tell)]


FOLLOWED: list[tuple[TreatmentRequest, str]] = [
    (
        AdjustForce(by=WHO, change_n=-5.0),
        f"hold 102.0 N -> 97.0 N, by {WHO}",
    ),
    (
        AdjustForce(by=WHO, change_n=-60.0),
        f"hold 102.0 N -> 42.0 N, rest 40.0 N -> 32.0 N, by {WHO}",
    ),
    (
        AdjustForce(by=WHO, change_n=-2.0, force=AdjustedForce.REST),
        f"rest 40.0 N -> 38.0 N, by {WHO}",
    ),
    (Pause(by=WHO), f"paused at 102.0 N, the treatment clock is stopped, by {WHO}"),
    (CheckIn(by="B. Example"), "recorded: B. Example checked on the patient"),
    (Remark(by=WHO, text="asleep"), f"recorded, by {WHO}: asleep"),
    (EndEarly(by=WHO, reason="numb"), f"release ordered: ended early by {WHO}: numb"),
]


@pytest.mark.parametrize(("request_", "words"), FOLLOWED)
def test_a_request_that_is_followed_is_told_with_its_effect(
    request_: TreatmentRequest, words: str
) -> None:
    bench = Bench(rest_force_n=40.0).into_hold()
    assert told(bench.ask(request_)) == [words]


def test_a_resume_is_told_when_the_force_is_on_its_way_not_when_it_is_asked_for() -> None:
    bench = Bench().into_pause()
    bench.seconds(70.0)
    assert told(bench.ask(Resume(by=WHO))) == []
    answered = QuestionAnswered(Question.RESUME_RAISES_FORCE, YES)
    (words,) = told(bench.give(answered))
    assert words.startswith("resumed: ")
    assert words.endswith(f"-> 102.0 N, then the treatment goes on, by {WHO}")


def test_a_stop_is_told_each_time() -> None:
    bench = Bench().into_hold()
    for fast in (False, True):
        effects = bench.give(StopRequested(Stop(by=WHO, fast=fast)))
        assert told(effects) == [f"release ordered: operator stop ({WHO})"]


@pytest.mark.parametrize("end", [StopRequested(Stop(by=WHO)), verdict(Action.RELEASE)])
def test_the_treatment_clock_ends_with_the_treatment(end: StopRequested | VerdictGiven) -> None:
    bench = Bench().into_hold()
    bench.give(end)
    treated_s = bench.machine.treatment_elapsed_s(bench.now_s)
    since_s = bench.course.since_start_s
    assert since_s is not None
    bench.seconds(3.0)
    assert bench.machine.treatment_elapsed_s(bench.now_s) == treated_s > 0.0
    assert bench.course.since_start_s == pytest.approx(since_s + 3.0)


def test_a_stop_in_a_pause_keeps_the_time_of_the_pause() -> None:
    bench = Bench().into_pause()
    treated_s = bench.machine.treatment_elapsed_s(bench.now_s)
    bench.seconds(10.0)
    bench.give(StopRequested(Stop(by=WHO)))
    bench.seconds(1.0)
    assert bench.machine.treatment_elapsed_s(bench.now_s) == treated_s


def test_holds_are_counted_against_those_that_the_order_plans() -> None:
    bench = Bench().into_hold()
    assert (bench.course.hold_number, bench.course.hold_count) == (1, 12)
