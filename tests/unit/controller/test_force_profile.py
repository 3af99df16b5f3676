"""Planner and profile: continuous, exact at the boundaries, the same for one time and an array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from controller.errors import PrescriptionInvalid
from controller.force_profile import ForceProfile, Segment
from controller.phases import Phase, Stage
from controller.planner import plan
from controller.prescription import Mode, Prescription, Region
from tests.unit.controller.builders import prescription


def test_intermittent_cycle_has_its_ramps_inside_hold_and_rest() -> None:
    first = plan(prescription()).segments[:5]
    assert [s.phase for s in first] == [
        Phase.RAMPING_UP,
        Phase.HOLDING,
        Phase.RAMPING_DOWN,
        Phase.RESTING,
        Phase.RAMPING_UP,
    ]
    assert [round(s.end_s, 6) for s in first] == [8.7, 60.0, 62.55, 80.0, 85.1]


def test_treatment_ends_where_the_cycle_then_stands() -> None:
    profile = plan(prescription(treatment_s=81.0))
    assert profile.duration_s == 81.0
    assert profile.segments[-1].phase is Phase.RAMPING_UP
    assert profile.target_n(81.0) == pytest.approx(61.0)


def test_static_treatment_is_one_ramp_and_one_hold() -> None:
    profile = plan(
        prescription(mode=Mode.STATIC, rest_force_n=0.0, hold_s=0.0, rest_s=0.0, treatment_s=600.0)
    )
    assert [s.phase for s in profile.segments] == [Phase.RAMPING_UP, Phase.HOLDING]
    assert profile.duration_s == 600.0


def test_first_ramp_from_a_low_pretension_must_fit_into_the_hold() -> None:
    with pytest.raises(PrescriptionInvalid, match="hold_time"):
        plan(prescription(rest_force_n=90.0, hold_s=8.0, rest_s=8.0, pretension_force_n=10.0))


def test_without_pretension_the_first_ramp_starts_at_the_taut_cord() -> None:
    profile = plan(prescription(pretension_force_n=0.0, pretension_s=0.0))
    assert profile.target_n(0.0) == 10.0


@st.composite
def orders(draw: st.DrawFn) -> Prescription:
    hold_n = draw(st.floats(40.0, 200.0))
    rest_n = draw(st.floats(0.0, min(0.9 * hold_n, hold_n - 10.0)))
    up = draw(st.floats(2.0, 20.0))
    down = draw(st.floats(2.0, 2 * up))
    hold_s, rest_s = draw(st.floats(5.0, 99.0)), draw(st.floats(5.0, 99.0))
    assume(max(hold_n - 15.0, hold_n - rest_n) / up < hold_s and (hold_n - rest_n) / down < rest_s)
    return Prescription(
        region=Region.CERVICAL,
        mode=Mode.INTERMITTENT,
        hold_force_n=hold_n,
        rest_force_n=rest_n,
        hold_s=hold_s,
        rest_s=rest_s,
        treatment_s=draw(st.floats(60.0, 1800.0)),
        ramp_up_n_per_s=up,
        ramp_down_n_per_s=down,
    )


@given(orders(), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=20))
def test_profile_laws(order: Prescription, shares: list[float]) -> None:
    profile = plan(order)
    times = np.sort(np.array(shares) * order.treatment_s)
    forces = profile.targets_n(times)
    assert profile.duration_s == pytest.approx(order.treatment_s)
    assert np.allclose(forces, [profile.target_n(float(t)) for t in times])
    assert forces.max() <= order.hold_force_n + 1e-9
    steepest = max(order.ramp_up_n_per_s, order.ramp_down_n_per_s)
    assert np.all(np.abs(np.diff(forces)) <= steepest * np.diff(times) + 1e-6)
    ends = profile.boundaries_s()
    assert [profile.target_n(t) for t in ends] == pytest.approx(
        [s.end_force_n for s in profile.segments], abs=1e-6
    )


def _segment(start_s: float, start_n: float, end_n: float) -> Segment:
    return Segment(
        phase=Phase.HOLDING,
        stage=Stage.TREATMENT,
        start_s=start_s,
        duration_s=1.0,
        start_force_n=start_n,
        end_force_n=end_n,
    )


def test_a_profile_with_a_gap_or_a_jump_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="gap"):
        ForceProfile((_segment(0.0, 1.0, 1.0), _segment(1.1, 1.0, 1.0)))
    with pytest.raises(ValueError, match="jump"):
        ForceProfile((_segment(0.0, 1.0, 1.0), _segment(1.0, 2.0, 1.0)))
    with pytest.raises(ValueError, match="at least one"):
        ForceProfile(())
