"""The unit that leads, against pint as a second source."""

from __future__ import annotations

import pint
import pytest

from controller.order.force_unit import ForceUnit

UNITS: pint.UnitRegistry[float] = pint.UnitRegistry()
IN_PINT = {ForceUnit.POUND: "pound_force", ForceUnit.KILOGRAM: "kilogram_force"}


@pytest.mark.parametrize("unit", IN_PINT)
def test_the_clinic_s_unit_leads_and_newtons_stand_beside_it(unit: ForceUnit) -> None:
    for force_n in (0.0, 102.3, 981.0, -3.2):
        value = UNITS.Quantity(force_n, "newton").to(IN_PINT[unit]).magnitude
        assert unit.with_other(force_n) == f"{value:.1f} {unit.value} ({force_n:.1f} N)"


def test_beside_newtons_stand_pounds() -> None:
    assert ForceUnit.NEWTON.with_other(102.3) == "102.3 N (23.0 lbf)"
    assert ForceUnit.NEWTON.with_other(9.9, 6) == "   9.9 N (  2.2 lbf)"
