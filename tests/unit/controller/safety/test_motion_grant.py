"""The gate behind the regulator of units whose force loop is ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.safety.limits import SafetyLimits
from controller.safety.motion_grant import inward_step_mm
from controller.safety.verdict import Action

LIMITS = SafetyLimits()
SOUND: dict[str, Any] = {
    "force_n": 80.0,
    "age_s": 0.05,
    "granted_force_n": 100.0,
    "latched": Action.ALLOW,
    "tick_s": 0.05,
}


@pytest.mark.parametrize(
    ("changes", "step_mm"),
    [
        ({}, 1.0),
        ({"tick_s": 0.02}, 0.4),
        ({"tick_s": 0.1}, 2.0),
        ({"tick_s": 0.2}, 2.0),
        ({"force_n": 5.0}, 1.0),
        ({"force_n": 4.9}, 0.1),
        ({"force_n": -3.0}, 0.1),
        ({"force_n": 4.9, "tick_s": 2.0}, 2.0),
        ({"force_n": 109.9}, 1.0),
        ({"force_n": 110.0}, 1.0),
        ({"force_n": 110.1}, 0.0),
        ({"granted_force_n": 0.0, "force_n": 10.0}, 1.0),
        ({"granted_force_n": 0.0, "force_n": 10.1}, 0.0),
        ({"age_s": 0.250}, 1.0),
        ({"age_s": 0.251}, 0.0),
        ({"force_n": None}, 0.0),
        ({"latched": Action.HOLD}, 0.0),
        ({"latched": Action.RELEASE}, 0.0),
        ({"latched": Action.CUT_POWER}, 0.0),
    ],
)
def test_the_largest_step_inwards_follows_force_age_and_verdict(
    changes: dict[str, Any], step_mm: float
) -> None:
    assert inward_step_mm(LIMITS, **(SOUND | changes)) == pytest.approx(step_mm, abs=1e-12)


@given(
    st.floats(-500, 1500),
    st.floats(0, 2),
    st.floats(0, 981),
    st.sampled_from(Action),
    st.floats(0.01, 1),
)
def test_no_grant_is_ever_above_2_mm_or_outwards(
    force_n: float, age_s: float, granted_n: float, latched: Action, tick_s: float
) -> None:
    step_mm = inward_step_mm(
        LIMITS,
        force_n=force_n,
        age_s=age_s,
        granted_force_n=granted_n,
        latched=latched,
        tick_s=tick_s,
    )
    assert 0.0 <= step_mm <= min(2.0, 20.0 * tick_s)
    if latched >= Action.HOLD or age_s > 0.25 or force_n > granted_n + max(10, 0.1 * granted_n):
        assert step_mm == 0.0


@pytest.mark.parametrize("tick_s", [0.0, -0.05, float("nan")])
def test_a_tick_that_is_no_positive_time_grants_nothing(tick_s: float) -> None:
    assert inward_step_mm(LIMITS, **(SOUND | {"tick_s": tick_s})) == 0.0
