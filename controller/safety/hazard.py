"""What a check is: a function of a row of devices.md D that says what exceeds which limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.safety.limits import SafetyLimits
from controller.safety.situation import Situation
from controller.safety.verdict import Action, Finding
from controller.safety.windows import exceeds

ACKNOWLEDGE = "; operator acknowledges; a new session starts at slack take-up"

Exceeded = tuple[float, float] | None
"""(measured, limit) when the hazard is there, else None."""
Measure = Callable[[Situation, SafetyLimits], Exceeded]


@dataclass(frozen=True, slots=True)
class Check:
    """One hazard: its row, the code of its finding (the function's name) and what it orders."""

    row: int
    code: str
    action: Action
    unit: str
    clears: str
    measure: Measure

    def finding(self, measured: float, limit: float) -> Finding:
        """The finding of a measure that exceeds its limit."""
        return Finding(
            hazard=self.row,
            code=self.code,
            action=self.action,
            measured=measured,
            limit=limit,
            unit=self.unit,
            clears=self.clears,
        )


def hazard(row: int, action: Action, unit: str, clears: str) -> Callable[[Measure], Check]:
    """Make a check of a function; only a warning (R5, ``Action.ALLOW``) clears by itself."""
    until = clears + ("" if action is Action.ALLOW else ACKNOWLEDGE)

    def as_check(measure: Measure) -> Check:
        return Check(row, measure.__name__, action, unit, until, measure)

    return as_check


def above(measured: float | None, limit: float) -> Exceeded:
    """Exceeded when the value is known and above the limit."""
    return (measured, limit) if measured is not None and exceeds(measured, limit) else None


def seen(there: bool) -> Exceeded:
    """A state that is either there or not: 1 where 0 is right."""
    return (1.0, 0.0) if there else None
