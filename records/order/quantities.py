"""Numbers with their unit, as people write them: "23 lbf", "40 % body weight", "15 min".

A number without a unit is refused: a reader would take it for the unit that they expect. Refused
input is never corrected by the program; the message shows how it was probably meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from controller.errors import Bounds, PrescriptionInvalid
from controller.order.prescription import NEWTONS_PER_KGF, NEWTONS_PER_LBF

KILOGRAMS_PER_POUND = 0.45359237
FORCE_UNITS = {
    "N": 1.0,
    "lbf": NEWTONS_PER_LBF,
    "kgf": NEWTONS_PER_KGF,
    "lb": NEWTONS_PER_LBF,
    "kg": NEWTONS_PER_KGF,
}
"""A clinician who writes a force in pounds or kilograms means their weight."""
TIME_UNITS = {"s": 1.0, "min": 60.0}
MASS_UNITS = {"kg": 1.0, "lb": KILOGRAMS_PER_POUND}
RATE_UNITS = {f"{unit}/s": factor for unit, factor in FORCE_UNITS.items()}
SHOWN_CHARACTERS = 40
"""How many characters of an invalid quantity a message repeats."""
BODY_WEIGHT = "% body weight"

_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_QUANTITY = re.compile(rf"\s*(?P<number>{_NUMBER})(?!\d)\s*(?P<unit>\S.*?)?\s*")
_MEANT = re.compile(
    r"\s*(?P<whole>\d{1,9})(?:(?P<mark>[.,])(?P<part>\d{1,9}))?\s*(?P<unit>\D.*?)?\s*"
)
_THOUSANDS = 3
"""Digits after a comma that may be a thousands separator: the meaning is ambiguous."""
_WRITTEN_OTHERWISE = {
    "N": ("newton", "newtons"),
    "lb": ("lbs", "pound", "pounds", "lb.", "lbs.", "lbf."),
    "kg": ("kgs", "kilo", "kilos", "kilogram", "kilograms", "kp", "kilopond"),
    "s": ("sec", "secs", "second", "seconds", "sec.", "s."),
    "min": ("m", "mins", "minute", "minutes", "min.", "'"),
    BODY_WEIGHT: ("%", "%bw", "%bodyweight", "%ofbodyweight", "percent", "percentbodyweight"),
}
_PER_SECOND = ("/s", "/sec", "/second", "persecond", "persec")


@dataclass(frozen=True, slots=True)
class WrittenUnit:
    """The unit that a quantity was written in: ``size`` is its size in the program's own unit."""

    unit: str
    size: float

    def shown(self, low_high: Bounds) -> str:
        """Returns bounds in this unit, to 0.1 of it and never wider than they are."""
        low = math.ceil(low_high.low / self.size * 10 - 1e-9) / 10
        high = math.floor(low_high.high / self.size * 10 + 1e-9) / 10
        return f"{low:g} to {high:g} {self.unit}"


def force_n(key: str, text: str, body_mass_kg: float | None) -> float:
    """Returns force in newtons, rounded to the 0.1 N of wire and record.

    Raises PrescriptionInvalid.
    """
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
    """Returns rate in newtons per second, rounded to 0.1 N/s; raises PrescriptionInvalid."""
    return round(_converted(key, text, RATE_UNITS), 1)


def time_s(key: str, text: str) -> float:
    """Returns time in seconds, rounded to 1 ms; raises PrescriptionInvalid."""
    return round(_converted(key, text, TIME_UNITS), 3)


def mass_kg(key: str, text: str) -> float:
    """Returns mass in kilograms, rounded to 0.1 kg; raises PrescriptionInvalid."""
    return round(_converted(key, text, MASS_UNITS), 1)


def scale_of(text: str, own_unit: str, body_mass_kg: float | None) -> WrittenUnit:
    """Returns the unit that ``text`` is written in; ``own_unit`` is N, N/s, s or kg.

    Raises ValueError for a text that was refused.
    """
    found = _QUANTITY.fullmatch(text)
    unit = _unit_of(found) if found else ""
    if unit == BODY_WEIGHT and own_unit == "N" and body_mass_kg:
        return WrittenUnit(unit, body_mass_kg * NEWTONS_PER_KGF / 100)
    sizes = {"N": FORCE_UNITS, "N/s": RATE_UNITS, "s": TIME_UNITS, "kg": MASS_UNITS}[own_unit]
    if unit not in sizes:
        raise ValueError(f"{text!r} is not a quantity in {own_unit}")
    return WrittenUnit(unit, sizes[unit])


def weight_kg(key: str, text: str) -> float:
    """Returns a test weight in kilograms, rounded to 1 g; raises PrescriptionInvalid."""
    return round(_converted(key, text, MASS_UNITS), 3)


def _converted(key: str, text: str, units: Mapping[str, float]) -> float:
    number, unit = _split(key, text, list(units))
    return number * units[unit]


def _split(key: str, text: str, units: list[str]) -> tuple[float, str]:
    found = _QUANTITY.fullmatch(text)
    unit = _unit_of(found) if found else ""
    if found is not None and unit in units:
        return float(found["number"]), unit
    plain = " ".join(text.split())
    shown = plain if len(plain) <= SHOWN_CHARACTERS else f"{plain[:SHOWN_CHARACTERS]}..."
    raise PrescriptionInvalid(f'{key}="{shown}" {_fault(found, unit)}; {_repair(text, units)}')


def _unit_of(found: re.Match[str]) -> str:
    return " ".join((found["unit"] or "").replace("%", "% ").split())


def _fault(found: re.Match[str] | None, unit: str) -> str:
    if found is None:
        return "is not a number with a unit"
    if unit.startswith(","):
        return "has a comma"
    return f"has a unit that is not known, {unit!r}" if unit else "has no unit: the unit is missing"


def _repair(text: str, units: list[str]) -> str:
    """Returns how it was probably meant, else what can be written."""
    meant = _MEANT.fullmatch(text)
    accepted = ", ".join(units)
    if meant is None:
        return f'write for instance "20 {units[0]}" ({accepted}), with at most nine digits'
    if meant["mark"] == "," and len(meant["part"]) == _THOUSANDS:
        whole, part = meant["whole"], meant["part"]
        return (
            f"a comma may mean two things; write {whole}{part} or {whole}.{part}, with a unit "
            f"({accepted})"
        )
    number = meant["whole"] + (f".{meant['part']}" if meant["part"] else "")
    unit = _meant_unit(meant["unit"] or "", units)
    if unit is None:
        each = " or ".join(f'"{number} {one}"' for one in units)
        return f"write {each}"
    with_point = " (a point, no comma)" if meant["mark"] == "," else ""
    return f'write "{number} {unit}"{with_point}'


def _meant_unit(written: str, units: list[str]) -> str | None:
    """Returns the unit that another spelling means."""
    plain = "".join(written.lower().split())
    per_second = ""
    for ending in _PER_SECOND:
        if plain.endswith(ending):
            plain, per_second = plain.removesuffix(ending), "/s"
            break
    for unit in units:
        name = unit.removesuffix("/s") if per_second else unit
        known = (name.lower().replace(" ", ""), *_WRITTEN_OTHERWISE.get(name, ()))
        if unit == name + per_second and plain in known:
            return unit
    return None
