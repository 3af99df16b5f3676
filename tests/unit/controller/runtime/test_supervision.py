"""The limits of a session: narrowed by region, then by the unit, then by the order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from controller.ports import UnitCapabilities
from controller.prescription import Mode, Prescription, Region
from controller.runtime.supervision import session_limits
from controller.safety.limits import SafetyLimits
from firmware_bridge.connect import connect_serial
from simulator.direct_line import DirectClock, DirectLine
from tests.unit.controller.builders import CERVICAL
from workstation.compose import simulated_firmware

LUMBAR = Prescription(
    region=Region.LUMBAR, mode=Mode.STATIC, hold_force_n=400.0, treatment_s=600.0,
    ramp_up_n_per_s=30.0, ramp_down_n_per_s=60.0, maximum_force_n=450.0,
)  # fmt: skip


class _Nobody:
    def act(self, unit: object) -> None:
        del unit


def _simulated_unit() -> UnitCapabilities:
    """What the simulated lumbar unit says of itself."""
    clock = DirectClock()
    firmware = simulated_firmware("lumbar_split", _Nobody(), seed=1)
    return connect_serial(DirectLine(firmware, clock, baudrate=38400), clock, 38400).capabilities


UNIT = _simulated_unit()


def test_the_regions_differ_in_rise_and_pull() -> None:
    cervical, lumbar = session_limits(CERVICAL, UNIT), session_limits(LUMBAR, UNIT)
    assert (cervical.rise_n, cervical.pull_mm) == (20.0, 80.0)
    assert (lumbar.rise_n, lumbar.pull_mm) == (40.0, 150.0)
    assert cervical.console_s == lumbar.console_s == 15.0


def test_order_and_unit_narrow_force_rate_and_capacity() -> None:
    limits = session_limits(LUMBAR, UNIT)
    assert (limits.force_n, limits.rate_up_n_per_s, limits.capacity_n) == (450.0, 30.0, 1500.0)
    weak = replace(UNIT, rated_force_n=300.0, max_rate_up_n_per_s=8.0, cell_capacity_n=500.0)
    limits = session_limits(LUMBAR, weak)
    assert (limits.force_n, limits.rate_up_n_per_s, limits.capacity_n) == (300.0, 8.0, 500.0)


@given(st.floats(1, 1e5), st.floats(1, 1e5), st.floats(1, 1e5))
def test_nothing_a_unit_says_widens_a_hard_limit(rated: float, rate: float, cell: float) -> None:
    unit = replace(UNIT, rated_force_n=rated, max_rate_up_n_per_s=rate, cell_capacity_n=cell)
    hard = SafetyLimits()
    limits = session_limits(LUMBAR, unit)
    assert all(getattr(limits, name) <= getattr(hard, name) for name in hard.__slots__)
