"""Latching, the highest action, the hold that runs out, findings that end and come back."""

from __future__ import annotations

import pytest

from controller import telemetry
from controller.safety.checks import CHECKS
from controller.safety.limits import SafetyLimits
from controller.safety.situation import SupervisedStage
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import Action
from controller.telemetry import CommandKind, UnitState, UnitStatus
from tests.unit.controller.builders import health, reading
from tests.unit.controller.safety.bench import CERVICAL_LIMITS, SWITCH, Bench, codes
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
        judged = actions[0] < Action.RELEASE or SupervisedStage.RELEASING in STAGES[second]
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


def test_what_is_no_longer_looked_for_does_not_end() -> None:
    """Row 26 is judged while the unit pulls: a release says nothing about what it found."""
    bench = Bench()
    assert codes(bench.tick(unit_state=UnitState.SAFE_LATCHED)) == ["unit_stopped"]
    bench.tick(order={"kind": CommandKind.RELEASE})
    ended = [end.code for verdict in bench.ticks(25) for end in verdict.ended]
    assert "unit_stopped" not in ended


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


def test_every_check_has_a_cause_or_a_story_of_its_own() -> None:
    """What one tick cannot cause is told in the files of the checks."""
    need_time = {
        "over_force",
        "channels_disagree",
        "force_stuck",
        "force_oscillating",
        "harness_slipping",
        "cord_slack",
        "slack_wound_fast",
        "sign_wrong",
        "readings_missed",
        "readings_missed_in_pairs",
        "link_unreliable",
        "answers_slow",
        "set_point_foreign",
        "force_above_order",
        "force_below_order",
        "session_over_time",
        "dwell_over_time",
        "release_rising",
        "release_slow",
        "fast_release_rising",
        "fast_release_late",
        "force_still_on",
        "force_back_on",
    }
    covered = {cause.code for cause in CAUSES.values()}
    assert {check.code for check in CHECKS} == covered | need_time
    assert not covered & need_time


def test_a_unit_without_a_second_channel_misses_none() -> None:
    follow = telemetry.ForceCommand(kind=telemetry.CommandKind.FOLLOW, force_n=100.0)
    for said, missed in ((None, False), (False, False), (True, True)):
        word = {} if said is None else {"second_channel": said}
        one_channel = reading(second_force_n=None)
        supervisor = Supervisor(
            SafetyLimits(), one_channel, 100.0, release_rate_n_per_s=20.0, **word
        )
        supervisor.narrowed(follow)
        verdict = supervisor.judge(one_channel, sent=follow, health=health(), now_s=100.05)
        assert ("second_channel_lost" in codes(verdict)) is missed


def test_limits_and_pull_are_told_to_whoever_shows_them() -> None:
    bench = Bench(CERVICAL_LIMITS, extension_mm=40.0)
    assert bench.supervisor.limits == CERVICAL_LIMITS
    bench.tick(extension_mm=40.0)
    bench.tick(extension_mm=41.5)
    assert bench.supervisor.pull_mm == pytest.approx(1.5)
