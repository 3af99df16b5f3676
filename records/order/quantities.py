"""Numbers with their unit, as people write them: "23 lbf", "40 % body weight", "15 min".

A number without a unit is refused: it would be taken for whatever the reader expects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from controller.errors import PrescriptionInvalid
from controller.order.prescription import NEWTONS_PER_KGF, NEWTONS_PER_LBF

KILOGRAMS_PER_POUND = 0.45359237
FORCE_UNITS = {"N": 1.0, "lbf": NEWTONS_PER_LBF, "kgf": NEWTONS_PER_KGF}
TIME_UNITS = {"s": 1.0, "min": 60.0}
MASS_UNITS = {"kg": 1.0, "lb": KILOGRAMS_PER_POUND}
RATE_UNITS = {f"{unit}/s": factor for unit, factor in FORCE_UNITS.items()}
SHOWN_CHARACTERS = 40
"""How much of a text that is no quantity a message repeats."""
BODY_WEIGHT = "% body weight"

_QUANTITY = re.compile(r"\s*(?P<number>\d{1,9}(?:\.\d{1,9})?)(?!\d)\s*(?P<unit>\S.*?)?\s*")


def force_n(key: str, text: str, body_mass_kg: float | None) -> float:
    """Force in newtons, rounded to the 0.1 N of wire and record; raises PrescriptionInvalid."""
    number, unit = _split(key, text, [*FORCE_UNITS, BODY_WEIGHT])
    if unit != BODY_WEIGHT:
        return round(number * FORCE_UNITS[unit], 1)
    if body_mass_kg is None:
        raise PrescriptionInvalid(
            f'{key}="{text}" needs the body mass: add body_mass = "75 kg" or give the force in '
            "N, lbf or kgf"
        )
    return round(number / 100 * body_mass_kg * NEWTONS_PER_KGF, 1)


def rate_n_per_s(key: str, text: str) -> float:
    """Rate in newtons per second, rounded to 0.1 N/s; raises PrescriptionInvalid."""
    return round(_converted(key, text, RATE_UNITS), 1)


def time_s(key: str, text: str) -> float:
    """Time in seconds, rounded to 1 ms; raises PrescriptionInvalid."""
    return round(_converted(key, text, TIME_UNITS), 3)


def mass_kg(key: str, text: str) -> float:
    """Mass in kilograms, rounded to 0.1 kg; raises PrescriptionInvalid."""
    return round(_converted(key, text, MASS_UNITS), 1)


def weight_kg(key: str, text: str) -> float:
    """A test weight in kilograms, rounded to 1 g; raises PrescriptionInvalid."""
    return round(_converted(key, text, MASS_UNITS), 3)


def _converted(key: str, text: str, units: Mapping[str, float]) -> float:
    number, unit = _split(key, text, list(units))
    return number * units[unit]


def _split(key: str, text: str, units: list[str]) -> tuple[float, str]:
    found = _QUANTITY.fullmatch(text)
    accepted = ", ".join(units)
    if found is None:
        shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
        raise PrescriptionInvalid(
            f'{key}="{shown}" is not a number with a unit; write for instance "20 {units[0]}" '
            f"({accepted}), with at most nine digits"
        )
    unit = " ".join((found["unit"] or "").replace("%", "% ").split())
    if unit not in units:
        what = f"the unit {unit!r} is not known" if unit else "the unit is missing"
        raise PrescriptionInvalid(f'{key}="{text}": {what}; write one of {accepted}')
    return float(found["number"]), unit
