"""A check: a function for a row of the hazard table that returns what exceeds which limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.safety.limits import SafetyLimits
from controller.safety.situation import Situation, SupervisedStage
from controller.safety.verdict import Action, Finding
from controller.safety.windows import TOLERANCE

ACKNOWLEDGE = "; operator acknowledges; a new session starts at slack take-up"

Exceeded = tuple[float, float] | None
"""(measured, limit) if the hazard is present, else None."""
Measure = Callable[[Situation, SafetyLimits], Exceeded]

PULLING = frozenset({SupervisedStage.PULLING})
RELEASING = frozenset({SupervisedStage.RELEASING})
UNTIL_FREE = PULLING | RELEASING
ALWAYS = UNTIL_FREE | {SupervisedStage.FREE}


@dataclass(frozen=True, slots=True)
class Check:
    """One hazard: its row, the code of its finding (the function's name) and the ordered action.

    ``stages`` are the stages of the session in which it is looked for. ``needs`` names the parts of
    ``Telemetry`` that it depends on; of several names joined by "|" one is enough. Forces are not
    among them: a missing force has checks of its own.
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
        """Returns the finding for a measured value that exceeds its limit."""
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
    """Turn a function into a check; only a warning (R5, ``Action.ALLOW``) clears by itself."""
    until = clears + ("" if action is Action.ALLOW else ACKNOWLEDGE)

    def as_check(measure: Measure) -> Check:
        return Check(row, measure.__name__, action, unit, until, stages, measure, needs)

    return as_check


def above(measured: float | None, limit: float) -> Exceeded:
    """Exceeded if the value is known and above the limit; NaN exceeds every limit."""
    # Same as ``exceeds``, inlined because most checks of every tick end here.
    return None if measured is None or measured <= limit + TOLERANCE else (measured, limit)


def known(measured: float | None, limit: float | None) -> Exceeded:
    """Returns measured value and limit, for a hazard that something else has determined.

    None if either is unknown.
    """
    return None if measured is None or limit is None else (measured, limit)


def seen(there: bool) -> Exceeded:
    """Returns a state that is either present or not, as (1, 0)."""
    return (1.0, 0.0) if there else None
