"""The diagnosis by the ratio of what a weight should pull and what was read."""

from __future__ import annotations

import pytest

from firmware_bridge.commissioning.weight import (
    GAIN_WRONG,
    SIGN_INVERTED,
    expected_force_n,
    factors_of,
    judge_weight,
    tolerance_n,
)

EXPECTED_N = expected_force_n(5.0)
CAPACITY_N = 1000.0


def diagnosis(measured_n: float, capacity_n: float = CAPACITY_N) -> str:
    verdict = judge_weight(EXPECTED_N, measured_n, capacity_n)
    assert not verdict.passed
    assert verdict.ratio == pytest.approx(measured_n / EXPECTED_N)
    return verdict.diagnosis


def test_five_kilograms_are_49_newtons_within_one() -> None:
    assert pytest.approx(49.03, abs=0.01) == EXPECTED_N
    for measured_n in (48.04, 49.0, 50.02):
        assert judge_weight(EXPECTED_N, measured_n, CAPACITY_N).passed
    for measured_n in (48.02, 50.04):
        assert not judge_weight(EXPECTED_N, measured_n, CAPACITY_N).passed


def test_a_heavier_weight_has_the_same_share_and_a_lighter_one_the_same_newton() -> None:
    assert tolerance_n(expected_force_n(20.0)) == pytest.approx(3.92, abs=0.01)
    assert tolerance_n(expected_force_n(4.5)) == 1.0


@pytest.mark.parametrize(
    ("measured_n", "words"),
    [
        (5.0, "shows kg where its profile reads N"),
        (480.9, "shows N where its profile reads kg"),
        (11.02, "shows lb where its profile reads N"),
        (218.1, "shows N where its profile reads lb"),
        (108.1, "shows lb where its profile reads kg"),
        (22.24, "shows kg where its profile reads lb"),
        (4.9, "the decimal point stands 1 too far left"),
        (490.3, "the decimal point stands 1 too far right"),
        (0.98, GAIN_WRONG),
        (60.0, GAIN_WRONG),
    ],
)
def test_the_ratio_tells_what_is_set_wrong(measured_n: float, words: str) -> None:
    assert words in diagnosis(measured_n)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (100.0, "2 too far right"),
        (1000.0, "3 too far right"),
        (0.01, "2 too far left"),
        (0.001, "3 too far left"),
    ],
)
def test_powers_of_ten_are_decimals(ratio: float, words: str) -> None:
    (found,) = factors_of(ratio)
    assert words in found


def test_what_two_factors_could_mean_is_said_with_the_nearer_one_first() -> None:
    """9.81 and 10 are 2 % apart: between them a reading of 49 N within 1 N cannot decide."""
    first, second = factors_of(9.90)
    assert ("kg" in first) != ("kg" in second)
    assert "kg" in factors_of(9.81)[0]
    assert "decimal" in factors_of(10.0)[0]


def test_a_push_is_the_sign_and_may_be_a_unit_besides() -> None:
    assert diagnosis(-49.0) == SIGN_INVERTED
    both = diagnosis(-5.0)
    assert both.startswith(SIGN_INVERTED)
    assert "shows kg" in both


def test_beyond_the_capacity_of_the_cell_the_words_are_swapped() -> None:
    assert "the words are swapped" in diagnosis(321_000.0)
    assert "the words are swapped" not in diagnosis(480.9)


@pytest.mark.parametrize("measured_n", [0.0, 0.3, -0.3])
def test_a_weight_that_is_not_seen_is_never_a_wrong_gain(measured_n: float) -> None:
    told = diagnosis(measured_n)
    assert "does not show" in told
    for cause in ("zero tracking", "compression only", "overload sent as 0"):
        assert cause in told
