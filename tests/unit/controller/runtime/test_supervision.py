"""The limits of a session: narrowed by region, then by the unit, then by the order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.order.planner import plan
from controller.order.prescription import Mode, Prescription, Region
from controller.ports import UnitCapabilities
from controller.runtime import supervision
from controller.runtime.supervision import session_limits
from controller.safety.limits import SafetyLimits
from firmware_bridge.connect import connect_serial
from simulator.line.direct_line import DirectClock, DirectLine
from simulator.units import simulated_firmware
from tests.unit.controller.builders import CERVICAL

LUMBAR = Prescription(
    region=Region.LUMBAR,
    mode=Mode.STATIC,
    hold_force_n=400.0,
    treatment_s=600.0,
    ramp_up_n_per_s=30.0,
    ramp_down_n_per_s=60.0,
    maximum_force_n=450.0,
)


class _Nobody:
    def act(self, unit: object) -> None:
        del unit


def _simulated_unit() -> UnitCapabilities:
    """What the simulated lumbar unit says of itself."""
    clock = DirectClock()
    now_s = clock.now_s()
    firmware = simulated_firmware("lumbar_split", _Nobody(), seed=1, powered_on_at_s=now_s)
    return connect_serial(DirectLine(firmware, clock, baudrate=38400), clock, 38400).capabilities


UNIT = _simulated_unit()


def test_the_regions_differ_in_rise_and_pull() -> None:
    cervical, lumbar = session_limits(plan(CERVICAL), UNIT), session_limits(plan(LUMBAR), UNIT)
    assert (cervical.rise_n, cervical.pull_mm) == (20.0, 80.0)
    assert (lumbar.rise_n, lumbar.pull_mm) == (40.0, 150.0)
    assert cervical.console_s == lumbar.console_s == 15.0


def test_order_and_unit_narrow_force_rate_and_capacity() -> None:
    limits = session_limits(plan(LUMBAR), UNIT)
    assert (limits.force_n, limits.rate_up_n_per_s, limits.capacity_n) == (450.0, 30.0, 1500.0)
    weak = replace(UNIT, rated_force_n=300.0, max_rate_up_n_per_s=8.0, cell_capacity_n=500.0)
    limits = session_limits(plan(LUMBAR), weak)
    assert (limits.force_n, limits.rate_up_n_per_s, limits.capacity_n) == (300.0, 8.0, 500.0)


@given(st.floats(1, 1e5), st.floats(1, 1e5), st.floats(1, 1e5))
def test_nothing_a_unit_says_widens_a_hard_limit(rated: float, rate: float, cell: float) -> None:
    unit = replace(UNIT, rated_force_n=rated, max_rate_up_n_per_s=rate, cell_capacity_n=cell)
    hard = SafetyLimits()
    limits = session_limits(plan(LUMBAR), unit)
    assert all(getattr(limits, name) <= getattr(hard, name) for name in hard.__slots__)


def test_a_session_may_take_its_planned_time_and_15_min_of_pauses() -> None:
    # Pretension 10 s, treatment 900 s, release of 102 N at 20 N/s in 5.1 s, pauses 900 s.
    assert session_limits(plan(CERVICAL), UNIT).session_s == pytest.approx(10 + 900 + 5.1 + 900)
    # Pretension 10 s, treatment 600 s, release of 400 N at 60 N/s in 6.67 s, pauses 900 s.
    assert session_limits(plan(LUMBAR), UNIT).session_s == pytest.approx(1516.667, abs=0.001)


def test_one_force_may_be_kept_for_the_longest_hold_and_5_min_of_pauses() -> None:
    # 600 s less the ramp from 15 N to 400 N at 30 N/s (12.834 s, rounded up to a millisecond).
    assert session_limits(plan(LUMBAR), UNIT).dwell_s == pytest.approx(587.166 + 300)
    # 99 s less the ramp from 51 N to 102 N at 10 N/s.
    long_hold = replace(CERVICAL, hold_s=99.0)
    assert session_limits(plan(long_hold), UNIT).dwell_s == pytest.approx(93.9 + 300)


def test_a_force_may_at_least_be_kept_while_the_pretension_waits_for_its_answer() -> None:
    # The longest hold is 54.9 s, the answer to the pretension may take 60 s.
    assert session_limits(plan(CERVICAL), UNIT).dwell_s == 60 + 300


def test_the_rate_limit_is_the_faster_of_the_two_ordered_rates() -> None:
    assert session_limits(plan(CERVICAL), UNIT).rate_n_per_s == 20.0
    slow_down = replace(CERVICAL, ramp_down_n_per_s=5.0)
    assert session_limits(plan(slow_down), UNIT).rate_n_per_s == 10.0


def test_the_unit_s_watchdog_is_supervised_as_it_is_armed() -> None:
    limits = session_limits(plan(CERVICAL), UNIT)
    assert limits.watchdog_s == 0.5


def test_the_time_of_a_fast_release_is_the_region_s() -> None:
    cervical, lumbar = session_limits(plan(CERVICAL), UNIT), session_limits(plan(LUMBAR), UNIT)
    assert (cervical.fast_release_s, lumbar.fast_release_s) == (2.0, 4.0)


def test_a_ramp_keeps_no_force_however_long_it_takes() -> None:
    # From 15 N to 400 N at 5 N/s: 77 s. Of 90 s of hold 13 s are left, then 50 s and 60 s.
    slow = replace(
        LUMBAR,
        mode=Mode.INTERMITTENT,
        rest_force_n=200.0,
        hold_s=90.0,
        rest_s=30.0,
        ramp_up_n_per_s=5.0,
        ramp_down_n_per_s=10.0,
    )
    planned = plan(slow)
    assert max(segment.duration_s for segment in planned.profile.segments) == pytest.approx(77.0)
    assert session_limits(planned, UNIT).dwell_s == 60 + 300


@pytest.mark.parametrize("region", list(Region))
def test_no_number_of_a_region_is_wider_than_the_hard_limit(
    region: Region,
) -> None:
    hard = SafetyLimits()
    for name, value in supervision.REGION_NARROWING[region].items():
        assert value <= getattr(hard, name), name
