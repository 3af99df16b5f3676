"""The ordered treatment by itself: segments, ceiling, adjustments and pauses on its own clock."""

from __future__ import annotations

import pytest

from controller.errors import RequestRefused
from controller.order.phases import Phase, Stage
from controller.order.planner import plan
from controller.requests import AdjustedForce, AdjustForce
from controller.session.pause import PauseStep
from controller.session.treatment import CEILING_LAG_S, Treatment
from tests.unit.controller.builders import prescription
from tests.unit.controller.session.machine_bench import STATIC

START_MS = 20_000
"""The first ramp begins 20 s after the session."""


def treatment(**changes: object) -> Treatment:
    """102 N for 60 s, 51 N for 20 s, up with 10 N/s and down with 20 N/s, from 15 N on."""
    order = prescription(**changes)
    return Treatment(plan(order))


def started(**changes: object) -> Treatment:
    made = treatment(**changes)
    made.start(START_MS)
    return made


def at(elapsed_s: float) -> int:
    """Milliseconds of the session at so many seconds of an unpaused treatment."""
    return START_MS + round(elapsed_s * 1000)


def walk(made: Treatment, elapsed_s: float) -> list[Phase]:
    """The segments that are entered up to a time."""
    found = []
    while (segment := made.next_segment(at(elapsed_s))) is not None:
        found.append(segment.phase)
    return found


def less(change_n: float, force: AdjustedForce = AdjustedForce.HOLD) -> AdjustForce:
    return AdjustForce(by="A", change_n=change_n, reason="tried", force=force)


# --- time -------------------------------------------------------------------------------------


def test_before_the_first_ramp_there_is_no_time_of_treatment() -> None:
    made = treatment()
    assert not made.started
    assert made.elapsed_s(100.0) == 0.0
    assert made.since_start_s(100.0) is None


def test_the_first_ramp_starts_the_clock() -> None:
    made = treatment()
    segment = made.start(START_MS)
    assert (segment.phase, segment.stage) == (Phase.RAMPING_UP, Stage.TREATMENT)
    assert made.started
    assert made.elapsed_s(25.0) == 5.0
    assert made.since_start_s(25.0) == 5.0


def test_segments_follow_each_other_in_the_millisecond_in_which_they_end() -> None:
    made = started()
    assert made.next_segment(at(8.699)) is None
    held = made.next_segment(at(8.7))
    assert held is not None
    assert (held.phase, held.end_s) == (Phase.HOLDING, 60.0)
    assert made.segment is held
    assert made.next_segment(at(8.7)) is None


def test_segments_that_were_slept_through_are_entered_one_after_the_other() -> None:
    assert walk(started(), 62.55) == [Phase.HOLDING, Phase.RAMPING_DOWN, Phase.RESTING]


def test_a_treatment_is_over_at_the_end_of_its_last_segment_and_not_before() -> None:
    made = started(treatment_s=60.0)
    assert not made.over(at(60.0))
    assert walk(made, 60.0) == [Phase.HOLDING]
    assert not made.over(at(59.999))
    assert made.over(at(60.0))
    assert made.next_segment(at(61.0)) is None


def test_the_force_is_that_of_the_profile() -> None:
    made = started()
    forces = [made.target_n(20.0 + elapsed_s) for elapsed_s in (0.0, 5.0, 30.0, 61.0, 70.0)]
    assert forces == pytest.approx([15.0, 65.0, 102.0, 82.0, 51.0])


# --- the ceiling ------------------------------------------------------------------------------


def test_the_ceiling_is_the_highest_force_now_ordered() -> None:
    assert treatment().ceiling_n(0.0) == 102.0
    assert started().ceiling_n(90.0) == 102.0


def test_after_a_decrease_the_ceiling_follows_when_the_force_is_there() -> None:
    made = started()
    walk(made, 30.0)
    made.adjust(less(-22.0), at(30.0))
    # 22 N at 20 N/s take 1.1 s, motor and cell 2 s more.
    arrived_s = 50.0 + 22.0 / 20.0 + CEILING_LAG_S
    assert CEILING_LAG_S == 2.0
    assert made.ceiling_n(arrived_s - 0.001) == 102.0
    assert made.ceiling_n(arrived_s) == 80.0


def test_the_smallest_decrease_keeps_the_ceiling_for_a_while_as_well() -> None:
    made = started()
    walk(made, 30.0)
    made.adjust(less(-0.5), at(30.0))
    assert made.ceiling_n(51.0) == 102.0
    assert made.ceiling_n(53.0) == 101.5


@pytest.mark.parametrize(
    "request_", [less(5.0), less(-11.0, AdjustedForce.REST)], ids=["increase", "rest force"]
)
def test_another_change_does_not_take_the_ceiling_of_a_decrease_away(request_: AdjustForce) -> None:
    made = started(maximum_force_n=110.0)
    walk(made, 30.0)
    made.adjust(less(-22.0), at(30.0))
    made.adjust(request_, at(30.2))
    assert made.ceiling_n(53.0) == 102.0
    assert made.ceiling_n(53.2) < 90.0


def test_a_second_decrease_keeps_the_ceiling_that_is_still_in_force() -> None:
    made = started()
    walk(made, 30.0)
    made.adjust(less(-22.0), at(30.0))
    made.adjust(less(-5.0), at(30.5))
    assert made.ceiling_n(51.0) == 102.0
    assert made.ceiling_n(70.0) == 75.0


def test_an_increase_raises_the_ceiling_at_once() -> None:
    made = started(maximum_force_n=110.0)
    walk(made, 30.0)
    made.adjust(less(8.0), at(30.0))
    assert made.ceiling_n(50.0) == 110.0


def test_a_changed_rest_force_leaves_the_ceiling_alone() -> None:
    made = started()
    walk(made, 30.0)
    made.adjust(less(-11.0, AdjustedForce.REST), at(30.0))
    assert made.ceiling_n(50.0) == 102.0


# --- adjustments ------------------------------------------------------------------------------


def test_a_decrease_before_the_treatment_changes_where_it_will_lead() -> None:
    made = treatment()
    (change,) = made.adjust(less(-22.0), 5_000)
    assert (change.old_n, change.new_n) == (102.0, 80.0)
    assert made.segment.start_s == 0.0
    made.start(START_MS)
    assert made.target_n(20.0 + 30.0) == 80.0


def test_an_adjusted_treatment_goes_on_from_the_force_of_that_moment() -> None:
    made = started()
    made.adjust(less(-22.0), at(3.0))
    assert made.segment.phase is Phase.RAMPING_UP
    assert made.target_n(23.0) == 45.0
    assert made.target_n(24.0) == 55.0
    assert made.target_n(40.0) == 80.0


def test_increases_are_counted_from_the_last_increase_and_not_from_a_decrease() -> None:
    made = started(maximum_force_n=130.0)
    walk(made, 30.0)
    made.adjust(less(5.0), at(30.0))
    made.adjust(less(-5.0), at(31.9))
    with pytest.raises(RequestRefused, match=r"1\.9 s ago"):
        made.adjust(less(5.0), at(31.9))
    made.adjust(less(1.0), at(32.0))
    with pytest.raises(RequestRefused, match=r"1\.0 s ago"):
        made.adjust(less(1.0), at(33.0))
    assert made.target_n(20.0 + 40.0) == 103.0


def test_a_refused_adjustment_changes_nothing() -> None:
    made = started()
    walk(made, 30.0)
    with pytest.raises(RequestRefused):
        made.adjust(less(5.0), at(30.0))
    assert (made.target_n(60.0), made.ceiling_n(60.0)) == (102.0, 102.0)
    assert made.segment.phase is Phase.HOLDING


# --- pauses -----------------------------------------------------------------------------------


def test_a_pause_holds_the_force_of_its_moment_and_the_clock() -> None:
    made = started()
    made.pause(at(5.0))
    assert (made.target_n(45.0), made.elapsed_s(45.0)) == (65.0, 5.0)
    assert made.since_start_s(45.0) == 25.0
    assert not made.returning
    assert made.step_pause(at(64.99)) is PauseStep.GOES_ON
    assert made.step_pause(at(65.0)) is PauseStep.REGRESSES


def test_a_paused_treatment_goes_down_to_the_pretension_at_the_ordered_rate() -> None:
    made = started()
    made.pause(at(5.0))
    made.step_pause(at(65.0))
    assert made.target_n(20.0 + 66.0) == 45.0
    assert made.target_n(20.0 + 70.0) == 15.0


def test_without_a_pretension_it_goes_down_to_the_taut_cord() -> None:
    made = started(pretension_force_n=0.0, pretension_s=0.0)
    made.pause(at(5.0))
    made.step_pause(at(65.0))
    assert made.target_n(20.0 + 75.0) == 10.0


def test_a_short_pause_is_left_where_it_was_entered() -> None:
    made = started()
    made.pause(at(5.0))
    assert not made.resume_raises_force(at(35.0))
    assert made.leave_pause(at(35.0)) == 65.0
    assert made.returning
    assert made.step_pause(at(35.05)) is PauseStep.BACK
    segment = made.go_on(at(35.05))
    assert (segment.phase, made.returning) == (Phase.RAMPING_UP, False)
    assert made.elapsed_s(20.0 + 36.05) == pytest.approx(6.0)
    assert made.target_n(20.0 + 36.05) == pytest.approx(75.0)


def test_a_pause_that_went_down_leads_up_again_at_the_ordered_rate() -> None:
    made = started()
    made.pause(at(5.0))
    made.step_pause(at(65.0))
    assert made.resume_raises_force(at(70.0))
    assert made.leave_pause(at(70.0)) == 65.0
    assert made.target_n(20.0 + 71.0) == 25.0
    assert made.step_pause(at(74.9)) is PauseStep.GOES_ON
    assert made.step_pause(at(75.0)) is PauseStep.BACK


def test_a_force_that_was_raised_in_a_pause_is_asked_about_even_where_it_is_not_felt_yet() -> None:
    made = started(maximum_force_n=110.0)
    made.pause(at(5.0))
    made.adjust(less(5.0), at(6.0))
    assert made.resume_raises_force(at(7.0))


def test_a_rest_force_that_was_raised_in_a_pause_is_asked_about() -> None:
    made = started()
    made.pause(at(5.0))
    made.adjust(less(4.0, AdjustedForce.REST), at(6.0))
    assert made.resume_raises_force(at(7.0))


def test_a_decrease_in_a_pause_needs_no_question() -> None:
    made = started()
    walk(made, 30.0)
    made.pause(at(30.0))
    made.adjust(less(-22.0), at(31.0))
    assert made.target_n(20.0 + 33.0) == 80.0
    assert not made.resume_raises_force(at(33.0))
    assert made.leave_pause(at(33.0)) == 80.0


def test_a_decrease_in_a_pause_that_does_not_reach_the_held_force_leaves_it() -> None:
    made = started()
    made.pause(at(5.0))
    made.adjust(less(-22.0), at(6.0))
    assert made.target_n(20.0 + 10.0) == 65.0
    assert made.leave_pause(at(10.0)) == 65.0


def test_a_hold_force_lowered_in_the_pause_of_a_ramp_is_where_the_ramp_goes_on_to() -> None:
    made = started()
    made.pause(at(5.0))
    made.adjust(less(-52.0), at(6.0))
    assert made.target_n(20.0 + 10.0) == 50.0
    assert made.leave_pause(at(10.0)) == 50.0


def test_an_increase_in_the_pause_of_a_hold_leads_to_the_new_force_only_after_the_pause() -> None:
    made = started(maximum_force_n=110.0)
    walk(made, 30.0)
    made.pause(at(30.0))
    made.adjust(less(8.0), at(31.0))
    assert made.target_n(20.0 + 35.0) == 102.0
    assert made.leave_pause(at(35.0)) == 102.0
    made.step_pause(at(35.0))
    made.go_on(at(35.0))
    assert made.target_n(20.0 + 40.0) == 110.0


def test_a_rest_force_lowered_in_the_pause_of_a_rest_is_where_it_goes_on() -> None:
    made = started()
    walk(made, 70.0)
    made.pause(at(70.0))
    made.adjust(less(-11.0, AdjustedForce.REST), at(71.0))
    assert made.target_n(20.0 + 75.0) == 40.0
    assert made.leave_pause(at(75.0)) == 40.0


def test_a_rest_force_lowered_on_the_way_down_to_the_rest_does_not_hurry_it() -> None:
    made = started()
    walk(made, 61.0)
    made.pause(at(61.0))
    made.adjust(less(-11.0, AdjustedForce.REST), at(62.0))
    assert made.leave_pause(at(65.0)) == pytest.approx(82.0)
    made.go_on(at(65.0))
    assert made.target_n(20.0 + 66.0) == pytest.approx(62.0)
    assert made.target_n(20.0 + 70.0) == 40.0


def test_a_step_s_force_lowered_in_its_pause_is_where_it_goes_on() -> None:
    made = started(**STATIC, progressive_steps=1, step_s=30.0)
    walk(made, 20.0)
    assert (made.segment.phase, made.target_n(40.0)) == (Phase.HOLDING, 58.5)
    made.pause(at(20.0))
    made.adjust(less(-42.0), at(21.0))
    assert made.leave_pause(at(25.0)) == 37.5


def test_a_pause_in_the_middle_of_a_decrease_is_left_where_it_was_entered() -> None:
    made = started()
    walk(made, 30.0)
    made.adjust(less(-22.0), at(30.0))
    made.pause(at(30.5))
    assert made.leave_pause(at(35.0)) == pytest.approx(92.0)


def test_on_the_way_down_nobody_is_asked_about_a_force_that_is_lower_still() -> None:
    made = started()
    made.pause(at(5.0))
    made.step_pause(at(65.0))
    made.adjust(less(-72.0), at(66.0))
    assert made.target_n(20.0 + 66.0) == 45.0
    assert not made.resume_raises_force(at(66.0))
    assert made.resume_raises_force(at(67.5))


def test_nobody_is_asked_about_a_rounding_error_of_the_ramp() -> None:
    made = started(ramp_up_n_per_s=7.0, ramp_down_n_per_s=14.0)
    for tick in range(1, 160):
        paused_at = at(tick * 0.05)
        made.pause(paused_at)
        assert not made.resume_raises_force(paused_at), f"asked after {tick} ticks"
        made.leave_pause(paused_at)
        made.go_on(paused_at)


def test_a_treatment_that_goes_on_before_its_force_is_back_goes_on_from_where_it_is() -> None:
    made = started()
    made.pause(at(5.0))
    made.step_pause(at(65.0))
    made.leave_pause(at(70.0))
    made.go_on(at(71.0))
    assert made.target_n(20.0 + 71.0) == 25.0
    assert made.target_n(20.0 + 72.0) == 35.0


def test_a_second_pause_knows_nothing_of_what_was_changed_in_the_first() -> None:
    made = started(maximum_force_n=110.0)
    walk(made, 30.0)
    made.pause(at(30.0))
    made.adjust(less(8.0), at(31.0))
    made.leave_pause(at(32.0))
    made.step_pause(at(32.0))
    made.go_on(at(32.0))
    made.pause(at(40.0))
    assert made.target_n(20.0 + 41.0) == 110.0
    assert not made.resume_raises_force(at(41.0))


def test_the_treatment_takes_as_long_as_ordered_whatever_was_paused() -> None:
    made = started(**STATIC, treatment_s=60.0)
    made.pause(at(10.0))
    made.leave_pause(at(30.0))
    made.go_on(at(30.0))
    while made.next_segment(at(79.999)) is not None:
        pass
    assert not made.over(at(79.999))
    assert made.over(at(80.0))


def test_on_the_way_down_the_question_follows_the_force_of_the_very_moment() -> None:
    made = started()
    made.pause(at(5.0))
    made.step_pause(at(65.0))
    made.adjust(less(-72.0), at(66.0))
    # 65 N at 65 s, 20 N/s down: 30 N, the new hold force, at 66.75 s.
    assert not made.resume_raises_force(at(66.75))
    assert made.resume_raises_force(at(66.8))


@pytest.mark.parametrize("rate_down", [7.0, 14.0, 20.0])
def test_the_ceiling_of_a_pause_is_the_next_tenth_and_never_the_one_behind_it(
    rate_down: float,
) -> None:
    """A ramp's force is a tenth of a newton but for its rounding, and stays that tenth."""
    for tick in range(1, 60):
        made = started(ramp_down_n_per_s=rate_down)
        walk(made, 30.0)
        made.adjust(less(-60.0), at(30.0))
        made.pause(at(30.0 + 0.05 * tick))
        now_s = 20.0 + 80.0
        above_n = made.ceiling_n(now_s) - made.target_n(now_s)
        assert -1e-6 <= above_n < 0.1 - 1e-6
