"""Latching, the highest action, the hold that runs out, findings that end and come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.safety.checks import CHECKS
from controller.safety.limits import SafetyLimits
from controller.safety.situation import Stage
from controller.safety.verdict import Action
from controller.telemetry import UnitStatus
from tests.unit.controller.safety.bench import CERVICAL_LIMITS, SWITCH, TICK_S, Bench, codes
from tests.unit.controller.safety.causes import CAUSES


@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_each_cause_is_found_acted_on_and_latched(cause: str) -> None:
    code, action = CAUSES[cause].code, CAUSES[cause].action
    bench = Bench()
    bench.tick()
    verdict = bench.tick(**CAUSES[cause].tick)
    assert code in codes(verdict)
    assert verdict.action is action
    later = bench.tick()
    assert later.action is action
    assert code not in codes(later)


STAGES = {check.code: check.stages for check in CHECKS}


@pytest.mark.parametrize("first", sorted(CAUSES))
def test_of_two_causes_in_any_order_the_higher_action_stays(first: str) -> None:
    for second in sorted(CAUSES):
        bench = Bench()
        bench.tick()
        actions = [bench.tick(**CAUSES[cause].tick).action for cause in (first, second)]
        assert actions[0] is CAUSES[first].action
        judged = actions[0] < Action.RELEASE or Stage.RELEASING in STAGES[second]
        higher = max(CAUSES[first].action, CAUSES[second].action)
        assert actions[1] is (higher if judged else actions[0]), second
        assert bench.tick().action is bench.supervisor.latched >= actions[1]


def test_the_actions_are_ordered_as_the_reaction_classes_are() -> None:
    names = ["ALLOW", "HOLD", "RELEASE", "RELEASE_FAST", "CUT_POWER"]
    assert [action.name for action in Action] == names
    assert [action.value for action in Action] == [0, 1, 2, 3, 4]


def test_a_warning_does_not_latch_and_is_told_once_while_it_lasts() -> None:
    bench = Bench()
    assert codes(bench.tick(host={"lateness_s": 0.2})) == ["loop_slow"]
    assert codes(*bench.ticks(10, host={"lateness_s": 0.2})) == []
    assert bench.supervisor.latched is Action.ALLOW


def test_a_finding_that_ends_and_comes_back_is_told_again_with_its_times() -> None:
    bench = Bench()
    bench.tick(host={"lateness_s": 0.2})
    first_s = bench.now_s
    bench.ticks(3, host={"lateness_s": 0.2})
    last_s = bench.now_s
    quiet = bench.ticks(20)
    assert [len(verdict.ended) for verdict in quiet] == [0] * 19 + [1]
    (ended,) = quiet[-1].ended
    assert (ended.code, ended.hazard) == ("loop_slow", 28)
    assert (ended.first_seen_s, ended.last_seen_s) == (first_s, last_s)
    assert codes(bench.tick(host={"lateness_s": 0.2})) == ["loop_slow"]


def test_a_finding_that_flickers_is_one_finding() -> None:
    bench = Bench()
    verdicts = [bench.tick(host={"lateness_s": 0.2 * (n % 19 == 0)}) for n in range(80)]
    assert codes(*verdicts) == ["loop_slow"]
    assert not any(verdict.ended for verdict in verdicts)


def test_a_stop_that_ends_is_told_and_stays_ordered() -> None:
    bench = Bench()
    bench.tick(status=SWITCH | UnitStatus.PATIENT_SWITCH_PRESSED)
    ended = [end.code for verdict in bench.ticks(25) for end in verdict.ended]
    assert ended == ["patient_switch_pressed"]
    assert bench.supervisor.latched is Action.RELEASE_FAST


def test_a_hold_runs_out_after_two_seconds() -> None:
    bench = Bench()
    assert bench.tick(host={"journal_age_s": 6.0}).action is Action.HOLD
    actions = [verdict.action for verdict in bench.ticks(40)]
    assert actions[:39] == [Action.HOLD] * 39
    assert actions[39] is Action.RELEASE
    assert bench.supervisor.latched is Action.RELEASE


def test_a_hold_that_became_a_release_is_still_raised_by_a_higher_cause() -> None:
    bench = Bench()
    bench.tick(host={"journal_age_s": 6.0})
    bench.ticks(40)
    assert bench.tick(status=UnitStatus.WATCHDOG_ARMED).action is Action.RELEASE_FAST


def test_a_release_does_not_become_another_one_with_time() -> None:
    bench = Bench()
    bench.tick(host={"journal_age_s": 6.0}, status=UnitStatus.WATCHDOG_ARMED)
    assert {verdict.action for verdict in bench.ticks(60)} == {Action.RELEASE_FAST}


@given(st.floats(), st.floats())
def test_limits_only_narrow(first: float, second: float) -> None:
    narrowed = SafetyLimits().narrowed(force_n=first).narrowed(force_n=second)
    assert narrowed.force_n <= SafetyLimits().narrowed(force_n=first).force_n
    assert narrowed.force_n <= SafetyLimits().force_n


def test_the_smaller_of_two_limits_counts() -> None:
    limits = (
        SafetyLimits().narrowed(force_n=300.0, rise_n=20.0).narrowed(force_n=102.0, rise_n=99.0)
    )
    assert (limits.force_n, limits.rise_n, limits.pull_mm) == (102.0, 20.0, 150.0)


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown safety limits: .'forse_n'."):
        SafetyLimits().narrowed(forse_n=1.0)


@pytest.mark.parametrize(("ceiling_n", "trip_n"), [(0.0, 10.0), (100.0, 110.0), (400.0, 440.0)])
def test_trip_force(ceiling_n: float, trip_n: float) -> None:
    assert SafetyLimits().trip_force_n(ceiling_n) == trip_n


def test_the_hard_limits_are_those_of_the_hazard_table() -> None:
    """Every number once more, by hand, from devices.md C.2, D, E.3 and F."""
    limits = SafetyLimits()
    assert {name: getattr(limits, name) for name in limits.__slots__} == {
        "force_n": 981, "rate_up_n_per_s": 50, "rate_n_per_s": 100,
        "track_n": 10, "track_share": 0.1, "above_s": 2.5, "below_s": 3, "winding_mm": 0.3,
        "free_n": 20, "slow_release_n": 10, "slow_release_share": 0.05, "slow_release_s": 2,
        "fast_release_s": 4, "still_on_s": 3, "creep_per_s": 0.004, "softest_n_per_mm": 2.5,
        "watchdog_s": 0.5, "session_s": 7500, "dwell_s": 6300,
        "over_force_n": 10, "over_force_share": 0.1, "over_force_s": 0.15,
        "rise_n": 40, "tension_loss_n": 20, "tension_loss_share": 0.3, "tension_loss_floor_n": 5,
        "cord_n_per_mm": 20, "disagree_n": 10, "disagree_share": 0.1, "disagree_s": 0.3,
        "zero_shift_n": 5, "capacity_n": 3276.7, "negative_n": 20, "sign_fall_n": 3, "sign_mm": 3,
        "stuck_moving_s": 1, "stuck_s": 3, "stuck_mm": 0.5,
        "slip_mm_per_s": 1, "slack_mm": 20, "slack_mm_per_s": 3, "slack_fast_s": 0.2,
        "pull_mm": 150, "pull_warn_share": 0.8, "swing_n": 5, "swing_share": 0.05, "swings": 2,
        "set_point_n": 2, "silence_s": 0.3, "stale_s": 0.25, "missed_share": 0.05,
        "missed_pairs": 1, "troubled_s": 10, "slow_answers_share": 0.01, "slow_share_of_tick": 0.6,
        "mismatches": 2, "late_warn_s": 0.15, "late_s": 0.3, "clock_step_s": 2, "suspended_s": 1,
        "console_warn_s": 5, "console_s": 60, "journal_s": 5, "hold_s": 2,
    }  # fmt: skip
    assert CERVICAL_LIMITS.hold_s / TICK_S == 40


def test_every_check_has_a_cause_or_a_story_of_its_own() -> None:
    """What one tick cannot cause is told in the files of the checks."""
    need_time = {
        "over_force", "channels_disagree", "force_stuck", "force_oscillating", "harness_slipping",
        "cord_slack", "slack_wound_fast", "sign_wrong", "readings_missed",
        "readings_missed_in_pairs", "link_unreliable", "answers_slow", "set_point_foreign",
        "force_above_order", "force_below_order", "session_over_time", "dwell_over_time",
        "release_rising", "release_slow", "fast_release_rising", "fast_release_late",
        "force_still_on", "force_back_on",
    }  # fmt: skip
    covered = {cause.code for cause in CAUSES.values()}
    assert {check.code for check in CHECKS} == covered | need_time
    assert not covered & need_time
