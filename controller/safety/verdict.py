"""The supervisor's result: an ordered action and the findings behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from controller.telemetry import CommandKind


class Action(IntEnum):
    """Ordered: the highest wins and latches. The classes are those of hazards.md#reactions."""

    ALLOW = 0
    HOLD = 1
    RELEASE = 2
    RELEASE_FAST = 3
    CUT_POWER = 4


RELEASE_STRENGTH: dict[CommandKind, Action] = {
    CommandKind.RELEASE: Action.RELEASE,
    CommandKind.RELEASE_FAST: Action.RELEASE_FAST,
    CommandKind.CUT_POWER: Action.CUT_POWER,
}
"""The commands that release, and the strength of each."""
RELEASE_COMMANDS = {action: kind for kind, action in RELEASE_STRENGTH.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One hazard seen: its row, measured value and limit, and what clears it."""

    hazard: int
    code: str
    action: Action
    measured: float
    limit: float
    unit: str
    clears: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedFinding:
    """A finding that is no longer present, with the times at which it was seen first and last.

    Seconds of the host's monotonic clock. Its ordered action stays in force.
    """

    hazard: int
    code: str
    first_seen_s: float
    last_seen_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``action`` is latched from HOLD upwards; ``findings`` are those that begin in this tick."""

    action: Action
    findings: tuple[Finding, ...] = ()
    ended: tuple[EndedFinding, ...] = ()
