"""Numbers with units, against pint as a second source."""

from __future__ import annotations

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import Bounds, PrescriptionInvalid
from records.order.quantities import force_n, mass_kg, rate_n_per_s, scale_of, time_s

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
FORCES = {"N": "N", "lbf": "lbf", "kgf": "kgf", "lb": "lbf", "kg": "kgf"}
"""How a force may be written, and whose force it is: a mass stands for its weight."""
numbers = st.decimals(min_value=0, max_value=2000, places=2)


def by_pint(number: object, unit: str, target: str) -> float:
    """The exact value; ours may differ by its rounding only."""
    return float(UNITS.Quantity(float(str(number)), IN_PINT[unit]).to(target).magnitude)


@given(number=numbers, unit=st.sampled_from([*FORCES]))
def test_forces_are_those_of_pint(number: object, unit: str) -> None:
    found = force_n("hold_force", f"{number} {unit}", None)
    assert found == pytest.approx(by_pint(number, FORCES[unit], "newton"), abs=0.05001)


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


@given(number=numbers, unit=st.sampled_from([*FORCES]))
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
        ("1e3 N", "not known, 'e3 N'"),
        ("23 lbs", """not known, 'lbs'; write "23 lb\""""),
        ("23 n", """not known, 'n'; write "23 N\""""),
        ("11,5 lbf", 'has a comma; write "11.5 lbf" (a point, no comma)'),
        ("1,500 N", "a comma may mean two things; write 1500 or 1.500"),
        ("23 stone", 'write "23 N" or "23 lbf" or "23 kgf"'),
        ("40 percent", 'write "40 % body weight"'),
        ("nan N", "is not a number"),
        ("40 % body weight", "add body_mass"),
    ],
)
def test_what_is_not_a_force_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        force_n("hold_force", text, None)
    assert words in refused.value.message
    assert f'hold_force="{text}"' in refused.value.message


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("15 minutes", "15 min"),
        ("15 Min", "15 min"),
        ("15m", "15 min"),
        ("60 seconds", "60 s"),
        ("60sec.", "60 s"),
        ("1,5 mins", "1.5 min"),
    ],
)
def test_the_likely_repair_of_a_time_is_shown_and_read(text: str, written: str) -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        time_s("hold_time", text)
    assert f'write "{written}"' in refused.value.message
    assert time_s("hold_time", written) > 0.0


@pytest.mark.parametrize(
    ("text", "written"),
    [("10 lbs/s", "10 lb/s"), ("10 N per second", "10 N/s"), ("2,5 kg/sec", "2.5 kg/s")],
)
def test_the_likely_repair_of_a_rate_is_shown_and_read(text: str, written: str) -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        rate_n_per_s("ramp_up", text)
    assert f'write "{written}"' in refused.value.message
    assert rate_n_per_s("ramp_up", written) > 0.0


@given(number=numbers, unit=st.sampled_from(["N", "lbf", "kgf", "lb", "kg"]))
def test_bounds_in_the_written_unit_are_never_wider(number: object, unit: str) -> None:
    high_n = float(str(number)) + 10.0
    scale = scale_of(f"1 {unit}", "N", None)
    low, high = scale.shown(Bounds(low=10.0, high=high_n, unit="N", whose="test")).split()[::2]
    assert force_n("f", f"{low} {unit}", None) >= 10.0
    assert force_n("f", f"{high} {unit}", None) <= round(high_n, 1) + 0.05
