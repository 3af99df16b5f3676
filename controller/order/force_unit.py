"""The clinic's unit of force: it is shown first, with newtons beside it."""

from __future__ import annotations

import math
import re
from enum import Enum

from controller.order.prescription import NEWTONS_PER_KGF, NEWTONS_PER_LBF
from controller.words import AS_WRITTEN


class ForceUnit(Enum):
    """A unit by its symbol. Wire and record are always in newtons."""

    NEWTON = "N"
    POUND = "lbf"
    KILOGRAM = "kgf"

    @property
    def newtons(self) -> float:
        """Returns one of this unit in newtons."""
        return _SIZES[self]

    @property
    def other(self) -> ForceUnit:
        """Returns the unit shown second: newtons, or pounds if this is newtons."""
        return ForceUnit.POUND if self is ForceUnit.NEWTON else ForceUnit.NEWTON

    def in_unit(self, force_n: float, width: int = 0) -> str:
        """Returns a force in this unit only, to 0.1 of it, as "23.0 lbf"."""
        return f"{force_n / _SIZES[self]:z{width}.1f} {self.value}"

    def with_other(self, force_n: float, width: int = 0) -> str:
        """Returns a force in this unit with the other one beside it."""
        other = self.other.in_unit(force_n, max(0, width - 1))
        return f"{self.in_unit(force_n, width)} ({other})"

    def in_sentence(self, sentence: str) -> str:
        """Returns a sentence of the core, whose forces are in newtons only, with this unit first.

        Each force, rate and range of forces keeps its newtons in brackets, as they were written.
        Nothing changes if this unit is newtons or another unit is already there.
        """
        if self is ForceUnit.NEWTON:
            return sentence
        return _FORCES.sub(self._led, sentence)

    def in_value(self, value: str) -> str:
        """Returns a note's value, whose forces have pounds beside them, with this unit first."""
        return _WITH_POUNDS.sub(lambda found: self.with_other(float(found[1])), value)

    def _led(self, found: re.Match[str]) -> str:
        """Returns a range rounded inwards, so that both ends may be ordered."""
        if found["high"] is None:
            return found[0]
        size, per = self.newtons, found["per"] or ""
        high = float(found["high"]) / size
        if found["low"] is None:
            return f"{high:z.1f} {self.value}{per} ({found[0]})"
        low = math.ceil(float(found["low"]) / size * 10) / 10
        high = math.floor(high * 10) / 10
        return f"{low:.1f} to {high:.1f} {self.value}{per} ({found[0]})"


_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_NEWTONS = rf"(?:(?P<low>{_NUMBER}) to )?(?P<high>{_NUMBER}) N(?P<per>/s)?"
_QUOTED = rf"{AS_WRITTEN}(?: \({_NUMBER} N\))?"
_LED_ALREADY = rf"(?:lbf|kgf)(?:/s)? \((?:{_NUMBER} to )?{_NUMBER} N|{_NUMBER} N \({_NUMBER} lbf\)"
_FORCES = re.compile(rf"{_QUOTED}|{_LED_ALREADY}|(?<![\w.+-]){_NEWTONS}(?![\w/])")
"""Forces as the core writes them: "102.3 N", "30 N/s", "10 to 200 N"; the exceptions come first."""
_WITH_POUNDS = re.compile(rf"({_NUMBER}) N \({_NUMBER} lbf\)")
_SIZES = {
    ForceUnit.NEWTON: 1.0,
    ForceUnit.POUND: NEWTONS_PER_LBF,
    ForceUnit.KILOGRAM: NEWTONS_PER_KGF,
}
