"""Simulated units and who they say they are."""

from __future__ import annotations

from controller.order.prescription import Region
from simulator.units import SIMULATED_UNITS, unit_now


def test_units_of_one_kind_are_told_apart_by_their_number() -> None:
    first, second = (unit_now("lumbar_split", number=number) for number in (1, 2))
    assert (second.serial_number, second.unit_id) == (first.serial_number + 1, first.unit_id + 1)
    assert first.unit_id == SIMULATED_UNITS[Region.LUMBAR].unit_id
    assert first.model == second.model == "SIM Lumbar 1"
