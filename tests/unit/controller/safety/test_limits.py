"""The limits of a session: those of the hazard table, which can only become narrower."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.safety.limits import SafetyLimits


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
def test_the_trip_is_above_the_ceiling_by_the_larger_of_10_n_and_10_percent(
    ceiling_n: float, trip_n: float
) -> None:
    assert SafetyLimits().trip_force_n(ceiling_n) == trip_n


def test_the_hard_limits_are_those_of_the_hazard_table() -> None:
    """Every number once more, by hand, from the pages that limits.py names."""
    limits = SafetyLimits()
    assert {name: getattr(limits, name) for name in limits.__slots__} == {
        "force_n": 981,
        "rate_up_n_per_s": 50,
        "rate_n_per_s": 100,
        "track_n": 10,
        "track_share": 0.1,
        "above_s": 2.5,
        "below_s": 3,
        "winding_mm": 0.3,
        "free_n": 20,
        "slow_release_n": 10,
        "slow_release_share": 0.05,
        "slow_release_s": 2,
        "fast_release_s": 4,
        "still_on_s": 3,
        "creep_per_s": 0.004,
        "softest_n_per_mm": 2.5,
        "watchdog_s": 0.5,
        "session_s": 7500,
        "dwell_s": 6300,
        "over_force_n": 10,
        "over_force_share": 0.1,
        "over_force_s": 0.15,
        "rise_n": 40,
        "tension_loss_n": 20,
        "tension_loss_share": 0.3,
        "tension_loss_floor_n": 5,
        "cord_n_per_mm": 20,
        "disagree_n": 10,
        "disagree_share": 0.1,
        "disagree_s": 0.3,
        "zero_shift_n": 5,
        "capacity_n": 3276.7,
        "negative_n": 20,
        "sign_fall_n": 3,
        "sign_mm": 3,
        "stuck_moving_s": 1,
        "stuck_s": 3,
        "stuck_mm": 0.5,
        "stuck_order_n": 5,
        "slip_mm_per_s": 1,
        "slack_mm": 20,
        "slack_mm_per_s": 3,
        "slack_fast_s": 0.2,
        "pull_mm": 150,
        "pull_warn_share": 0.8,
        "swing_n": 5,
        "swing_share": 0.05,
        "swings": 2,
        "set_point_n": 2,
        "silence_s": 0.3,
        "stale_s": 0.25,
        "missed_share": 0.05,
        "missed_pairs": 1,
        "troubled_s": 10,
        "slow_answers_share": 0.01,
        "slow_share_of_tick": 0.6,
        "mismatches": 2,
        "late_warn_s": 0.15,
        "late_s": 0.3,
        "clock_step_s": 2,
        "suspended_s": 1,
        "console_warn_s": 5,
        "console_s": 60,
        "station_warn_s": 5,
        "station_s": 60,
        "journal_s": 5,
        "hold_s": 2,
    }
