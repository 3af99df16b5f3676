"""The unit's release: three strengths, each followed by the next one if force stays on.

Source: reference map, B.5 (7 s) and B.10 (who may end where), plant.md#reference-results (pay-out).
The last two times are this unit's own: a fast release or an open clutch without effect must end
somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

RELEASED_N: Final = 15.0
RAMP_LIMIT_S: Final = 7.0
FAST_LIMIT_S: Final = 5.0
CUT_LIMIT_S: Final = 3.0
FAST_MM_PER_S: Final = 30.0
VERY_FAST_MM_PER_S: Final = 60.0
VERY_FAST_ABOVE_N: Final = 400.0


class Strength(IntEnum):
    """Set-point ramp, pay-out at full speed, motor off with the clutch open."""

    RAMP = 1
    FAST = 2
    CUT = 3


@dataclass(slots=True, kw_only=True)
class ReleaseUnderWay:
    """A release in progress, which can only become stronger; ``latching``: it ends in state 6."""

    strength: Strength
    latching: bool
    rate_n_per_s: float
    since_s: float
    hold_until_s: float
    pay_out_mm_per_s: float

    def strengthen(
        self, strength: Strength, *, latching: bool, rate_n_per_s: float, now_s: float
    ) -> None:
        """Adopt whatever is faster; nothing that is already faster is slowed (B.10)."""
        if strength > self.strength or (latching and not self.latching):
            self.since_s = now_s
        self.strength = max(self.strength, strength)
        self.latching |= latching
        self.rate_n_per_s = max(self.rate_n_per_s, rate_n_per_s)
        self.hold_until_s = min(self.hold_until_s, now_s)

    def overdue(self, now_s: float) -> bool:
        """True if force is still on after the time allowed for this strength."""
        limit_s = {Strength.RAMP: RAMP_LIMIT_S, Strength.FAST: FAST_LIMIT_S}.get(
            self.strength, CUT_LIMIT_S
        )
        # A ramp ordered by the host may be slow; only the unit's own has a time limit.
        ordered_ramp = self.strength is Strength.RAMP and not self.latching
        return not ordered_ramp and now_s - self.since_s >= limit_s


def pay_out_speed_mm_per_s(force_n: float, *, lumbar: bool) -> float:
    """Returns the speed of a fast release, mm/s outwards."""
    return VERY_FAST_MM_PER_S if lumbar or force_n > VERY_FAST_ABOVE_N else FAST_MM_PER_S
