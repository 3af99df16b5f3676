"""Slack take-up and pretension: each limit one step before it and at it."""

from __future__ import annotations

import pytest

from controller.order.phases import Phase
from controller.order.planner import SLACK_LIMIT_S
from controller.session.approach import ANSWER_LIMIT_S, FAILED_APPROACH, Approach, ApproachStep
from controller.telemetry import Telemetry
from tests.unit.controller.builders import prescription, reading

SLACK, PRETENSION = Phase.TAKING_UP_SLACK, Phase.PRETENSIONING
TAUT = reading(force_n=5.0)


def taut_for(approach: Approach, readings: list[Telemetry | None]) -> ApproachStep:
    """The step of the last reading of a slack take-up."""
    return [approach.step(one, 1.0, SLACK) for one in readings][-1]


def test_three_readings_in_a_row_of_5_n_are_a_taut_cord() -> None:
    approach = Approach(prescription())
    assert taut_for(approach, [TAUT, TAUT]) is ApproachStep.GOES_ON
    assert taut_for(approach, [TAUT]) is ApproachStep.PRETENSION


@pytest.mark.parametrize("between", [reading(force_n=4.9), reading(force_n=None)])
def test_a_slack_reading_or_one_without_a_force_starts_the_count_again(between: Telemetry) -> None:
    approach = Approach(prescription())
    assert taut_for(approach, [TAUT, TAUT, between, TAUT, TAUT]) is ApproachStep.GOES_ON
    assert taut_for(approach, [TAUT]) is ApproachStep.PRETENSION


def test_a_missed_reading_neither_counts_nor_starts_again() -> None:
    approach = Approach(prescription())
    assert taut_for(approach, [TAUT, TAUT, None]) is ApproachStep.GOES_ON
    assert taut_for(approach, [TAUT]) is ApproachStep.PRETENSION


def test_slack_may_take_30_s_and_not_longer() -> None:
    approach = Approach(prescription())
    assert approach.step(None, SLACK_LIMIT_S, SLACK) is ApproachStep.GOES_ON
    assert approach.step(None, SLACK_LIMIT_S + 0.05, SLACK) is ApproachStep.STAYS_SLACK


@pytest.mark.parametrize(
    ("force_n", "time_s", "step"),
    [
        (0.0, 0.0, ApproachStep.TREAT),
        (15.0, 0.0, ApproachStep.PRETENSION),
        (0.0, 10.0, ApproachStep.PRETENSION),
    ],
)
def test_an_order_without_pretension_goes_straight_to_the_treatment(
    force_n: float, time_s: float, step: ApproachStep
) -> None:
    approach = Approach(prescription(pretension_force_n=force_n, pretension_s=time_s))
    assert taut_for(approach, [TAUT] * 3) is step


def test_a_confirmed_pretension_lasts_its_ordered_time() -> None:
    approach = Approach(prescription(pretension_s=10.0))
    approach.accepted = True
    assert approach.step(TAUT, 9.95, PRETENSION) is ApproachStep.GOES_ON
    assert approach.step(TAUT, 10.0, PRETENSION) is ApproachStep.TREAT


def test_ticks_that_do_not_add_up_in_binary_do_not_cost_the_pretension_a_tick() -> None:
    approach = Approach(prescription(pretension_s=10.0))
    approach.accepted = True
    in_phase_s = 0.0
    for _ in range(100):
        in_phase_s += 0.1
    assert in_phase_s < 10.0
    assert approach.step(TAUT, in_phase_s, PRETENSION) is ApproachStep.TREAT


def test_a_pretension_that_nobody_confirms_waits_60_s() -> None:
    approach = Approach(prescription(pretension_s=10.0))
    assert approach.step(TAUT, ANSWER_LIMIT_S, PRETENSION) is ApproachStep.GOES_ON
    assert approach.step(TAUT, ANSWER_LIMIT_S + 0.05, PRETENSION) is ApproachStep.UNANSWERED


def test_the_limits_are_those_of_the_design() -> None:
    assert (SLACK_LIMIT_S, ANSWER_LIMIT_S) == (30.0, 60.0)
    assert FAILED_APPROACH == {
        ApproachStep.STAYS_SLACK: ("slack not taken up in 30 s", "slack_not_taken_up"),
        ApproachStep.UNANSWERED: ("pretension not confirmed in 60 s", "answer_missing"),
    }
