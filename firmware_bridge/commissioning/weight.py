"""Judges the reading of a known weight and names the likely cause of a wrong one.

The weight is the difference from the reading without it, so a hook or a shackle does no harm. The
ratio of expected and measured force tells the error: unit conversions and powers of ten.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

STANDARD_GRAVITY: Final = 9.80665
POUND_N: Final = 4.4482216152605
POUND_KG: Final = 0.45359237
SMALLEST_WEIGHT_KG: Final = 4.5
"""With less, 1 N is too large a share to show a wrong gain; 10 lb is just above."""
TOLERANCE_N: Final = 1.0
"""5.00 kg must read 49.0 N within 1 N (commissioning.md)."""
TOLERANCE_SHARE: Final = 0.02
"""The relative tolerance, for heavier weights."""
NAMED_WITHIN: Final = 0.02
"""A ratio within this share of a factor gets its name; the weight is no more accurate."""

_FACTORS: Final[tuple[tuple[float, str], ...]] = (
    (STANDARD_GRAVITY, "the instrument shows N where its profile reads kg: set it to kg"),
    (1 / STANDARD_GRAVITY, "the instrument shows kg where its profile reads N: set it to N"),
    (POUND_N, "the instrument shows N where its profile reads lb: set it to lb"),
    (1 / POUND_N, "the instrument shows lb where its profile reads N: set it to N"),
    (1 / POUND_KG, "the instrument shows lb where its profile reads kg: set it to kg"),
    (POUND_KG, "the instrument shows kg where its profile reads lb: set it to lb"),
    *((10.0**places, f"the decimal point stands {places} too far right") for places in (1, 2, 3)),
    *((10.0**-places, f"the decimal point stands {places} too far left") for places in (1, 2, 3)),
)
_DECIMALS: Final = "; set the decimals on the instrument, or correct the profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightVerdict:
    """``passed``, or the problem and the remedy, with everything that the ratio could mean."""

    passed: bool
    ratio: float
    diagnosis: str


def expected_force_n(weight_kg: float) -> float:
    """Returns the force of a weight in newtons (standard gravity, true within 0.3 % everywhere)."""
    return weight_kg * STANDARD_GRAVITY


def tolerance_n(expected_n: float) -> float:
    """Returns the largest permitted error of the reading, in newtons."""
    return max(TOLERANCE_N, TOLERANCE_SHARE * expected_n)


def judge_weight(expected_n: float, measured_n: float, capacity_n: float) -> WeightVerdict:
    """Compare measured and expected force of a weight; ``capacity_n`` is the cell's capacity."""
    ratio = measured_n / expected_n
    if abs(measured_n - expected_n) <= tolerance_n(expected_n):
        return WeightVerdict(passed=True, ratio=ratio, diagnosis="")
    return WeightVerdict(
        passed=False, ratio=ratio, diagnosis=_diagnosis(expected_n, measured_n, capacity_n)
    )


def _diagnosis(expected_n: float, measured_n: float, capacity_n: float) -> str:
    if abs(measured_n) <= TOLERANCE_N / 2:
        return (
            "the weight does not show: check that it hangs on the cell and that the instrument "
            "follows it (zero tracking, peak hold, compression only, an overload sent as 0)"
        )
    means = factors_of(abs(measured_n) / expected_n)
    if abs(measured_n) > capacity_n:
        means = [
            f"{abs(measured_n):z.0f} N is beyond the cell's capacity of {capacity_n:z.0f} N: the "
            "words are swapped; set the word order on the instrument or correct the profile",
            *means,
        ]
    if measured_n < 0:
        return " and ".join([SIGN_INVERTED, *_only(means)])
    return " or ".join(means) or GAIN_WRONG


SIGN_INVERTED: Final = (
    "a pull reads as a push: invert the sign on the instrument, or swap the cell's signal wires"
)
GAIN_WRONG: Final = (
    "neither unit nor decimals explain it: another cell than it was calibrated with, a cell that "
    "is held by something beside the cord, or no calibration; have it calibrated"
)


def _only(means: list[str]) -> list[str]:
    return [" or ".join(means)] if means else []


def factors_of(ratio: float) -> list[str]:
    """Returns the possible meanings of a positive ratio, nearest first; empty for about 1."""
    if abs(ratio - 1.0) <= NAMED_WITHIN:
        return []
    near = sorted(
        (abs(math.log(ratio / factor)), text + (_DECIMALS if "decimal" in text else ""))
        for factor, text in _FACTORS
        if abs(math.log(ratio / factor)) <= math.log(1 + NAMED_WITHIN)
    )
    return [text for _, text in near]
