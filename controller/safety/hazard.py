"""What a check is: a function of a row of the hazard table that says what exceeds which limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.safety.limits import SafetyLimits
from controller.safety.situation import Situation, SupervisedStage
from controller.safety.verdict import Action, Finding
from controller.safety.windows import TOLERANCE

ACKNOWLEDGE = "; operator acknowledges; a new session starts at slack take-up"

Exceeded = tuple[float, float] | None
"""(measured, limit) when the hazard is there, else None."""
Measure = Callable[[Situation, SafetyLimits], Exceeded]

PULLING = frozenset({SupervisedStage.PULLING})
RELEASING = frozenset({SupervisedStage.RELEASING})
UNTIL_FREE = PULLING | RELEASING
ALWAYS = UNTIL_FREE | {SupervisedStage.FREE}


@dataclass(frozen=True, slots=True)
class Check:
    """One hazard: its row, the code of its finding (the function's name) and what it orders.

    ``stages`` are those of the session in which it is looked for. ``needs`` names what of a
    ``Telemetry`` it rests on; of several names joined by "|" one is enough. Forces are not among
    them: a force that is missing has checks of its own.
    """

    row: int
    code: str
    action: Action
    unit: str
    clears: str
    stages: frozenset[SupervisedStage]
    measure: Measure
    needs: tuple[str, ...] = ()

    def finding(self, measured: float, limit: float) -> Finding:
        """Returns the finding of a measure that exceeds its limit."""
        return Finding(
            hazard=self.row,
            code=self.code,
            action=self.action,
            measured=measured,
            limit=limit,
            unit=self.unit,
            clears=self.clears,
        )


def hazard(
    row: int,
    action: Action,
    unit: str,
    clears: str,
    *,
    stages: frozenset[SupervisedStage] = UNTIL_FREE,
    needs: tuple[str, ...] = (),
) -> Callable[[Measure], Check]:
    """Make a check of a function; only a warning (R5, ``Action.ALLOW``) clears by itself."""
    until = clears + ("" if action is Action.ALLOW else ACKNOWLEDGE)

    def as_check(measure: Measure) -> Check:
        return Check(row, measure.__name__, action, unit, until, stages, measure, needs)

    return as_check


def above(measured: float | None, limit: float) -> Exceeded:
    """Exceeded when the value is known and not at or below the limit; NaN exceeds every limit."""
    # As ``exceeds`` says, which is not called here: most checks of every tick end in this line.
    return None if measured is None or measured <= limit + TOLERANCE else (measured, limit)


def known(measured: float | None, limit: float | None) -> Exceeded:
    """Returns what was measured and its limit, where something else says that it is exceeded.

    None while either is unknown.
    """
    return None if measured is None or limit is None else (measured, limit)


def seen(there: bool) -> Exceeded:
    """Returns a state that is either there or not: 1 where 0 is right."""
    return (1.0, 0.0) if there else None
