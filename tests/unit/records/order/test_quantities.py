"""Numbers with units, against pint as a second source."""

from __future__ import annotations

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import PrescriptionInvalid
from records.order.quantities import force_n, mass_kg, rate_n_per_s, time_s

UNITS: pint.UnitRegistry[float] = pint.UnitRegistry()
IN_PINT = {
    "N": "newton",
    "lbf": "pound_force",
    "kgf": "kilogram_force",
    "s": "second",
    "min": "minute",
    "kg": "kilogram",
    "lb": "pound",
}
numbers = st.decimals(min_value=0, max_value=2000, places=2)


def by_pint(number: object, unit: str, target: str) -> float:
    """The exact value; ours may differ by its rounding only."""
    return float(UNITS.Quantity(float(str(number)), IN_PINT[unit]).to(target).magnitude)


@given(number=numbers, unit=st.sampled_from(["N", "lbf", "kgf"]))
def test_forces_are_those_of_pint(number: object, unit: str) -> None:
    found = force_n("hold_force", f"{number} {unit}", None)
    assert found == pytest.approx(by_pint(number, unit, "newton"), abs=0.05001)


@given(number=numbers, unit=st.sampled_from(["s", "min"]))
def test_times_are_those_of_pint(number: object, unit: str) -> None:
    assert time_s("hold_time", f"{number}{unit}") == pytest.approx(
        by_pint(number, unit, "second"), abs=0.00051
    )


@given(number=numbers, unit=st.sampled_from(["kg", "lb"]))
def test_masses_are_those_of_pint(number: object, unit: str) -> None:
    assert mass_kg("body_mass", f"{number} {unit}") == pytest.approx(
        by_pint(number, unit, "kilogram"), abs=0.05001
    )


@given(number=numbers, unit=st.sampled_from(["N", "lbf", "kgf"]))
def test_rates_are_forces_per_second(number: object, unit: str) -> None:
    assert rate_n_per_s("ramp_up", f"{number} {unit}/s") == force_n("f", f"{number} {unit}", None)


def test_body_weight_is_the_weight_of_the_mass() -> None:
    weight = (UNITS.Quantity(75, "kilogram") * UNITS.Quantity(1, "standard_gravity")).to("newton")
    assert force_n("hold_force", "40 % body weight", 75.0) == round(0.4 * weight.magnitude, 1)
    assert force_n("hold_force", "40% body weight", 75.0) == 294.2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("23", "the unit is missing"),
        ("", "is not a number with a unit"),
        ("N", "is not a number with a unit"),
        ("-5 N", "is not a number with a unit"),
        ("1e3 N", "not known"),
        ("23 lb", "'lb' is not known"),
        ("23 n", "'n' is not known"),
        ("nan N", "is not a number"),
        ("40 % body weight", "add body_mass"),
    ],
)
def test_what_is_not_a_force_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        force_n("hold_force", text, None)
    assert words in refused.value.message
    assert f'hold_force="{text}"' in refused.value.message
