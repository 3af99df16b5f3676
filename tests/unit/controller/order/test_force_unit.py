"""The unit that leads, against pint as a second source."""

from __future__ import annotations

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("unit", ForceUnit)
def test_a_force_that_rounds_to_nothing_has_no_sign(unit: ForceUnit) -> None:
    assert "-" not in unit.with_other(-0.04)
    assert unit.in_unit(-0.04, 6) == f"   0.0 {unit.value}"
    assert not unit.in_sentence("zero -0.01 N").startswith("zero -0.0 ")


def test_a_value_of_a_note_is_led_by_the_clinic_s_unit() -> None:
    said = "102.3 N (23.0 lbf) for 60 s / -3.2 N (-0.7 lbf); 0.57 s to 15 N"
    shown = "23.0 lbf (102.3 N) for 60 s / -0.7 lbf (-3.2 N); 0.57 s to 15 N"
    assert ForceUnit.POUND.in_value(said) == shown
    assert ForceUnit.KILOGRAM.in_value("mean 102.3 N (23.0 lbf)") == "mean 10.4 kgf (102.3 N)"
    assert ForceUnit.NEWTON.in_value(said) == said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("force 102.3 N, limit 15 N", "force 23.0 lbf (102.3 N), limit 3.4 lbf (15 N)"),
        ("hold 102.3 N -> 97.3 N, by A", "hold 23.0 lbf (102.3 N) -> 21.9 lbf (97.3 N), by A"),
        ("maximum_force=150 N of the order", "maximum_force=33.7 lbf (150 N) of the order"),
        ("hold force - 10 N);", "hold force - 2.2 lbf (10 N));"),
        ("it reads -3.2 N.", "it reads -0.7 lbf (-3.2 N)."),
        ("ramp_up is 40 N/s", "ramp_up is 9.0 lbf/s (40 N/s)"),
        ("is outside 10 to 200 N (lumbar)", "is outside 2.3 to 44.9 lbf (10 to 200 N) (lumbar)"),
        ("(at most 50 N)", "(at most 11.2 lbf (50 N))"),
    ],
)
def test_each_force_of_a_sentence_is_led_by_the_clinic_s_unit(said: str, shown: str) -> None:
    assert ForceUnit.POUND.in_sentence(said) == shown
    assert ForceUnit.POUND.in_sentence(shown) == shown
    assert ForceUnit.NEWTON.in_sentence(said) == said


@pytest.mark.parametrize(
    "said",
    [
        'hold_force="20 N" is no force',
        'hold_force="25 lbf" (111.2 N) is outside 2.3 to 22.4 lbf (10 to 100 N; cervical)',
        "mean hold 102.3 N (23.0 lbf)",
        "reason 'the cramp came at 60 N' is too short",
        "the patients' words='less than 60 N, it\\'s \"enough\"' are kept",
        "12 Nm, C5 N, 1e5 N, 10-20 N, serial A-5 N, 5 kg, 8 s, N",
    ],
)
def test_what_is_no_force_in_newtons_alone_stays_as_it_is(said: str) -> None:
    assert ForceUnit.POUND.in_sentence(said) == said


@given(low=st.integers(1, 9000), width=st.integers(100, 9000), unit=st.sampled_from([*IN_PINT]))
def test_a_range_is_never_shown_wider_than_it_is(low: int, width: int, unit: ForceUnit) -> None:
    low_n, high_n = low / 10, (low + width) / 10
    shown = unit.in_sentence(f"{low_n:g} to {high_n:g} N")
    words = shown.partition(f" {unit.value}")[0]
    at_least, at_most = (
        UNITS.Quantity(float(word), IN_PINT[unit]).to("newton").magnitude
        for word in words.split(" to ")
    )
    assert low_n - 1e-6 <= at_least <= at_most <= high_n + 1e-6
