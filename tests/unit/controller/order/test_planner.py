"""The planner: every mode, the steps around the treatment, and planning again in the middle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.errors import PrescriptionInvalid
from controller.order.force_profile import ForceProfile
from controller.order.phases import Phase, Stage
from controller.order.planner import OrderedForces, level_n, plan, replan
from controller.order.prescription import Mode, Prescription, Region
from tests.support.force_profiles import peak_force_n
from tests.unit.controller.builders import prescription

STATIC: dict[str, Any] = {"mode": Mode.STATIC, "rest_force_n": 0.0, "hold_s": 0.0, "rest_s": 0.0}


def rows(profile: ForceProfile) -> list[tuple[Phase, float, float]]:
    return [(s.phase, s.end_s, round(s.end_force_n, 3)) for s in profile.segments]


def test_intermittent_cycle_has_its_ramps_inside_hold_and_rest() -> None:
    assert rows(plan(prescription()).profile)[:5] == [
        (Phase.RAMPING_UP, 8.7, 102.0),
        (Phase.HOLDING, 60.0, 102.0),
        (Phase.RAMPING_DOWN, 62.55, 51.0),
        (Phase.RESTING, 80.0, 51.0),
        (Phase.RAMPING_UP, 85.1, 102.0),
    ]


def test_treatment_ends_where_the_cycle_then_stands() -> None:
    profile = plan(prescription(treatment_s=81.0)).profile
    assert profile.end_s == 81.0
    assert profile.segments[-1].phase is Phase.RAMPING_UP
    assert profile.target_n(81.0) == pytest.approx(61.0)


def test_static_treatment_is_one_ramp_and_one_hold() -> None:
    assert rows(plan(prescription(**STATIC, treatment_s=600.0)).profile) == [
        (Phase.RAMPING_UP, 8.7, 102.0),
        (Phase.HOLDING, 600.0, 102.0),
    ]


def test_cyclic_treatment_ramps_all_the_time_between_two_forces() -> None:
    cyclic = prescription(mode=Mode.CYCLIC, hold_s=20.0, rest_s=10.0, treatment_s=70.0)
    profile = plan(cyclic).profile
    assert rows(profile) == [
        (Phase.RAMPING_UP, 20.0, 102.0),
        (Phase.RAMPING_DOWN, 30.0, 51.0),
        (Phase.RAMPING_UP, 50.0, 102.0),
        (Phase.RAMPING_DOWN, 60.0, 51.0),
        (Phase.RAMPING_UP, 70.0, 76.5),
    ]
    assert profile.target_n(40.0) == 76.5


def test_static_steps_divide_the_way_to_the_hold_force_evenly() -> None:
    order = prescription(
        **STATIC, treatment_s=60.0, progressive_steps=2, regressive_steps=1, step_s=30.0
    )
    profile = plan(order).profile
    dwell = [
        (s.stage, s.end_s, s.end_force_n) for s in profile.segments if s.phase is Phase.HOLDING
    ]
    assert dwell == [
        (Stage.PROGRESSIVE, 30.0, 44.0),
        (Stage.PROGRESSIVE, 60.0, 73.0),
        (Stage.TREATMENT, 120.0, 102.0),
        (Stage.REGRESSIVE, 150.0, 58.5),
    ]
    assert order.traction_s == profile.end_s


@pytest.mark.parametrize("mode", [Mode.INTERMITTENT, Mode.CYCLIC])
def test_other_steps_hold_and_rest_at_half_of_the_step(mode: Mode) -> None:
    order = prescription(mode=mode, progressive_steps=2, regressive_steps=2, treatment_s=160.0)
    profile = plan(order).profile
    levels = {s.part: (s.stage, s.end_force_n) for s in profile.segments}
    assert list(levels.values()) == [
        (Stage.PROGRESSIVE, 44.0),
        (Stage.PROGRESSIVE, 22.0),
        (Stage.PROGRESSIVE, 73.0),
        (Stage.PROGRESSIVE, 36.5),
        (Stage.TREATMENT, 102.0),
        (Stage.TREATMENT, 51.0),
        (Stage.TREATMENT, 102.0),
        (Stage.TREATMENT, 51.0),
        (Stage.REGRESSIVE, 73.0),
        (Stage.REGRESSIVE, 36.5),
        (Stage.REGRESSIVE, 44.0),
        (Stage.REGRESSIVE, 22.0),
    ]
    assert profile.end_s == order.traction_s == 160.0 + 4 * 80.0
    phases = {s.phase for s in profile.segments}
    assert (Phase.HOLDING in phases) is (mode is Mode.INTERMITTENT)


def test_session_times_name_each_stage_and_the_release() -> None:
    times = plan(prescription(progressive_steps=1, regressive_steps=2)).times
    assert (times.progressive_s, times.treatment_s, times.regressive_s) == (80.0, 900.0, 160.0)
    assert times.traction_s == 1140.0
    assert times.release_s == pytest.approx(22.0 / 20.0)
    assert times.total_s == pytest.approx(10.0 + 1140.0 + 1.1)


def test_first_ramp_from_a_low_pretension_must_fit_into_the_hold() -> None:
    with pytest.raises(PrescriptionInvalid, match="hold_time"):
        plan(prescription(rest_force_n=90.0, hold_s=8.0, rest_s=8.0, pretension_force_n=10.0))


def test_a_step_s_ramp_must_fit_into_the_step() -> None:
    with pytest.raises(PrescriptionInvalid, match="step_time=1 s"):
        plan(prescription(**STATIC, progressive_steps=1, step_s=1.0))


def test_without_pretension_the_first_ramp_starts_at_the_taut_cord() -> None:
    profile = plan(prescription(pretension_force_n=0.0, pretension_s=0.0)).profile
    assert profile.target_n(0.0) == 10.0


def test_a_lower_hold_force_in_the_middle_of_a_hold_ramps_down_and_stays() -> None:
    order = prescription()
    profile = replan(order, OrderedForces(hold_n=97.0, rest_n=51.0), at_ms=30_000, force_n=102.0)
    assert rows(profile)[:4] == [
        (Phase.RAMPING_DOWN, 30.25, 97.0),
        (Phase.HOLDING, 60.0, 97.0),
        (Phase.RAMPING_DOWN, 62.3, 51.0),
        (Phase.RESTING, 80.0, 51.0),
    ]
    assert profile.segments[0].part == profile.segments[1].part == 0


def test_a_change_shortly_before_the_end_of_a_part_is_cut_there_and_goes_on() -> None:
    order = prescription()
    profile = replan(order, OrderedForces(hold_n=110.0, rest_n=51.0), at_ms=59_500, force_n=102.0)
    assert rows(profile)[:2] == [
        (Phase.RAMPING_UP, 60.0, 107.0),
        (Phase.RAMPING_DOWN, 62.8, 51.0),
    ]


def test_the_level_at_a_time_is_that_of_its_part() -> None:
    forces = OrderedForces(hold_n=90.0, rest_n=40.0)
    assert [level_n(prescription(), forces, ms) for ms in (0, 59_999, 60_000, 80_000)] == [
        90.0,
        90.0,
        40.0,
        90.0,
    ]


def test_no_step_exceeds_a_hold_force_that_was_lowered_below_the_pretension() -> None:
    order = prescription(hold_force_n=40.0, rest_force_n=0.0, regressive_steps=2, treatment_s=80.0)
    profile = replan(order, OrderedForces(hold_n=14.6, rest_n=0.0), at_ms=8_138, force_n=14.9)
    assert peak_force_n(profile) == 14.9
    assert max(s.end_force_n for s in profile.segments) == 14.6


@st.composite
def orders(draw: st.DrawFn) -> Prescription:
    mode = draw(st.sampled_from(Mode))
    hold_n = draw(st.integers(400, 2000)) / 10
    up = draw(st.integers(20, 200)) / 10
    static = mode is Mode.STATIC
    steps = (draw(st.integers(0, 9)), draw(st.integers(0, 9)))
    try:
        order = Prescription(
            region=Region.CERVICAL,
            mode=mode,
            hold_force_n=hold_n,
            rest_force_n=0.0 if static else draw(st.integers(0, int(hold_n * 9 - 100))) / 10,
            hold_s=0.0 if static else draw(st.integers(5000, 99_000)) / 1000,
            rest_s=0.0 if static else draw(st.integers(5000, 99_000)) / 1000,
            treatment_s=draw(st.integers(60_000, 1_800_000)) / 1000,
            ramp_up_n_per_s=up,
            ramp_down_n_per_s=draw(st.integers(20, int(20 * up))) / 10,
            progressive_steps=steps[0],
            regressive_steps=steps[1],
            step_s=draw(st.integers(1000, 60_000)) / 1000 if static and any(steps) else 0.0,
        )
        plan(order)
    except PrescriptionInvalid:
        assume(False)
    return order


def assert_ramp_limited(profile: ForceProfile, order: Prescription) -> None:
    for segment in profile.segments:
        change_n = segment.end_force_n - segment.start_force_n
        rate = order.ramp_up_n_per_s if change_n > 0 else order.ramp_down_n_per_s
        assert abs(change_n) <= rate * segment.duration_s + 1e-6


@given(orders(), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=10))
def test_a_planned_profile_keeps_force_rate_time_and_order(
    order: Prescription, shares: list[float]
) -> None:
    profile = plan(order).profile
    for share in shares:
        assert profile.target_n(share * profile.end_s) <= order.hold_force_n + 1e-9
    assert round(profile.end_s * 1000) == round(order.traction_s * 1000)
    assert_ramp_limited(profile, order)
    for segment in profile.segments:
        assert segment.end_s == round(segment.end_s * 1000) / 1000
    stages = [s.stage for s in profile.segments]
    assert stages == sorted(stages)


@given(orders(), st.data())
def test_planning_again_is_continuous_ramp_limited_and_ends_at_the_same_time(
    order: Prescription, data: st.DataObject
) -> None:
    before = plan(order).profile
    at_ms = data.draw(st.integers(0, round(before.end_s * 1000) - 1))
    hold_n = data.draw(st.integers(100, 2000)) / 10
    rest_n = data.draw(st.integers(0, 1800)) / 10
    forces = OrderedForces(hold_n=hold_n, rest_n=rest_n)
    now_n = before.target_n(at_ms / 1000)
    after = replan(order, forces, at_ms=at_ms, force_n=now_n)
    assert after.target_n(at_ms / 1000) == now_n
    assert after.end_s == before.end_s
    assert peak_force_n(after) <= max(now_n, hold_n, rest_n) + 1e-9
    assert_ramp_limited(after, order)


@given(orders(), st.data())
def test_planning_again_with_the_same_forces_changes_nothing(
    order: Prescription, data: st.DataObject
) -> None:
    before = plan(order).profile
    at_ms = data.draw(st.integers(0, round(before.end_s * 1000) - 1))
    forces = OrderedForces(hold_n=order.hold_force_n, rest_n=order.rest_force_n)
    after = replan(order, forces, at_ms=at_ms, force_n=before.target_n(at_ms / 1000))
    for elapsed_s in np.linspace(at_ms / 1000, before.end_s, 200):
        # A ramp's rounding up to a whole millisecond is done again: at most one ms of the ramp.
        assert after.target_n(elapsed_s) == pytest.approx(before.target_n(elapsed_s), abs=0.06)
