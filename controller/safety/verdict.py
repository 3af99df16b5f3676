"""What the supervisor says: an ordered action, the granted force and the findings behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Action(IntEnum):
    """Ordered: the highest wins and latches. The reaction classes are those of devices.md D."""

    ALLOW = 0
    HOLD = 1
    RELEASE = 2
    RELEASE_FAST = 3
    CUT_POWER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One hazard seen: its row, what was measured against which limit, and what clears it."""

    hazard: int
    code: str
    action: Action
    measured: float
    limit: float
    unit: str
    clears: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``action`` is latched from HOLD upwards; ``findings`` are those of this tick that are new."""

    action: Action
    granted_force_n: float
    findings: tuple[Finding, ...] = ()
