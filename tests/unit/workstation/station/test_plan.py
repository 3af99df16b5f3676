"""What a station is told arrives whole, and one unit under two names is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from workstation.station.plan import MOST_UNITS, PlannedUnit, StationPlan, check_units

ONE = PlannedUnit(called="Table 1", port="/dev/ttyUSB0", unit_id="00" * 8)
TWO = PlannedUnit(called="Table 2", port="/dev/ttyUSB1", unit_id="")


def test_a_plan_is_handed_over_as_text() -> None:
    plan = StationPlan(
        data="/srv/\u00e4 b",
        units=(ONE, TWO),
        control=("python", "-m", "x"),
        console=("python", "-m", "y"),
        stop_port=8721,
        console_port=8720,
        stop_addresses=("desk.example",),
        certificate="/c.pem",
        time_zone="UTC",
        force_unit=ForceUnit.POUND,
    )
    assert StationPlan.of_text(plan.as_text()) == plan


def test_units_that_differ_are_taken() -> None:
    three = replace(TWO, called="Table 3", port="host:5020")
    assert check_units([ONE, TWO, three]) == (ONE, TWO, three)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (replace(TWO, port=ONE.port), "both at /dev/ttyUSB0"),
        (replace(TWO, unit_id=ONE.unit_id), f"both with the unit id {'00' * 8}"),
    ],
)
def test_one_unit_under_two_names_is_refused(second: PlannedUnit, words: str) -> None:
    with pytest.raises(RequestRefused, match=f"Table 1 and Table 2 are one unit .*{words}"):
        check_units([ONE, second])


def test_a_station_needs_a_unit_and_has_a_limit() -> None:
    with pytest.raises(RequestRefused, match="add one with `traction units add`"):
        check_units([])
    many = [replace(TWO, called=str(one), port=str(one)) for one in range(MOST_UNITS + 1)]
    with pytest.raises(RequestRefused, match="33 units are on file; a station drives 32"):
        check_units(many)
