"""The unit's own supervision while a session is armed, once per device cycle.

Source: rows 6, 7, 8, 9, 13, 15, 16, 17, 42 of hazards.md#limits-of-the-rows, plant.md#consequences.
"""

from __future__ import annotations

from typing import Final

from simulator.device.regulator import CORD_N_PER_MM, CYCLE_S, SLACK_FORCE_N
from simulator.map_v1 import EventCode

OVER_FORCE_CYCLES: Final = round(0.050 / CYCLE_S)
DISAGREE_CYCLES: Final = round(0.300 / CYCLE_S)
RATE_WINDOW: Final = round(0.5 / CYCLE_S)
DROP_WINDOW: Final = round(0.2 / CYCLE_S)
PAID_OUT_WINDOW: Final = round(0.3 / CYCLE_S)
STUCK_MOVING_CYCLES: Final = round(1.0 / CYCLE_S)
STUCK_CYCLES: Final = round(3.0 / CYCLE_S)
DISAGREE_N: Final = 10.0
DROP_N: Final = 20.0
SMALL_DROP_N: Final = 5.0
SMALL_DROP_SHARE: Final = 0.3
WOUND_WITHOUT_FORCE_MM: Final = 20.0
HISTORY: Final = 64


def trip_n(ceiling_n: float) -> float:
    """Returns the force that trips the unit: ceiling + max(10 N, 10 %) (reference map, B.4)."""
    return ceiling_n + max(10.0, 0.1 * ceiling_n)


class ForceGuards:
    """Histories of half a second and the checks on them. Newtons and millimetres."""

    __slots__ = (
        "_at",
        "_disagreeing",
        "_force",
        "_forces_seen",
        "_last_tenths",
        "_over",
        "_position",
        "_rise_margin_n",
        "_setpoint",
        "_unchanged",
        "_wound_from_mm",
        "disabled",
        "trip_force_n",
    )

    def __init__(self, rise_margin_n: float, ceiling_n: float) -> None:
        self._rise_margin_n = rise_margin_n
        self.trip_force_n = trip_n(ceiling_n)
        self.disabled = False
        self._force = [0.0] * HISTORY
        self._setpoint = [0.0] * HISTORY
        self._position = [0.0] * HISTORY
        self._at = 0
        self._forces_seen = 0
        self._over = self._disagreeing = self._unchanged = 0
        self._last_tenths: int | None = None
        self._wound_from_mm: float | None = None

    def check(
        self,
        *,
        force_n: float,
        second_n: float | None,
        setpoint_n: float,
        position_mm: float,
        speed_mm_per_s: float,
        following: bool,
    ) -> EventCode | None:
        """Returns the most urgent fault, or None. ``following`` is False during a release."""
        if self.disabled:
            return None
        self._remember(force_n, setpoint_n, position_mm)
        self._count(force_n, second_n)
        if self._over >= OVER_FORCE_CYCLES:
            return EventCode.OVER_FORCE
        if self._unchanged >= STUCK_MOVING_CYCLES and self._stuck(speed_mm_per_s):
            return EventCode.CELL_STUCK
        if following:
            found = self._check_following(force_n, setpoint_n, position_mm)
            if found is not None:
                return found
        disagree = second_n is not None and self._disagreeing >= DISAGREE_CYCLES
        return EventCode.CHANNELS_DISAGREE if disagree else None

    def _remember(self, force_n: float, setpoint_n: float, position_mm: float) -> None:
        self._at = (self._at + 1) % HISTORY
        if self._forces_seen < HISTORY:
            self._forces_seen += 1
        self._force[self._at] = force_n
        self._setpoint[self._at] = setpoint_n
        self._position[self._at] = position_mm

    def _count(self, force_n: float, second_n: float | None) -> None:
        """Count for how many consecutive cycles each of three conditions has been true."""
        tenths = round(force_n * 10)
        self._unchanged = self._unchanged + 1 if tenths == self._last_tenths else 0
        self._last_tenths = tenths
        largest_n = force_n
        if second_n is not None:
            if second_n > force_n:
                largest_n = second_n
            apart_n, share_n = abs(force_n - second_n), 0.1 * force_n
            apart = apart_n > (share_n if share_n > DISAGREE_N else DISAGREE_N)
            self._disagreeing = self._disagreeing + 1 if apart else 0
        self._over = self._over + 1 if largest_n > self.trip_force_n else 0

    def _stuck(self, speed_mm_per_s: float) -> bool:
        return abs(speed_mm_per_s) > 0.5 or self._unchanged >= STUCK_CYCLES

    def _check_following(
        self, force_n: float, setpoint_n: float, position_mm: float
    ) -> EventCode | None:
        before_n = self._force[self._at - DROP_WINDOW]
        if before_n - force_n > SMALL_DROP_N and self._cord_broke(before_n, force_n, position_mm):
            return EventCode.CORD_BREAK
        risen_n = force_n - self._force[self._at - RATE_WINDOW]
        if risen_n > self._rise_margin_n and self._rises_too_fast(risen_n, setpoint_n):
            return EventCode.OVER_RATE
        return EventCode.SLACK if self._winds_slack(force_n, position_mm) else None

    def _cord_broke(self, before_n: float, force_n: float, position_mm: float) -> bool:
        """True for a fall that the cord paid out in the last 0.3 s cannot explain (row 13)."""
        if self._forces_seen <= DROP_WINDOW:
            return False
        paid_out_mm = max(0.0, self._position[self._at - PAID_OUT_WINDOW] - position_mm)
        drop_n = before_n - force_n - CORD_N_PER_MM * paid_out_mm
        return drop_n > DROP_N or (drop_n > SMALL_DROP_N and drop_n > SMALL_DROP_SHARE * before_n)

    def _rises_too_fast(self, risen_n: float, setpoint_n: float) -> bool:
        """True for a rise above the margin that the set-point's rise does not explain."""
        if self._forces_seen <= RATE_WINDOW:
            return False
        ordered_n = max(0.0, setpoint_n - self._setpoint[self._at - RATE_WINDOW])
        return risen_n > ordered_n + self._rise_margin_n

    def _winds_slack(self, force_n: float, position_mm: float) -> bool:
        if force_n >= SLACK_FORCE_N or self._wound_from_mm is None:
            self._wound_from_mm = position_mm
        return position_mm - self._wound_from_mm > WOUND_WITHOUT_FORCE_MM
