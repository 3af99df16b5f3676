"""The supervisor: judges every tick, latches what it ordered and can only narrow what is wanted."""

from __future__ import annotations

from collections import deque

from controller.safety.checks import CHECKS, Situation
from controller.safety.limits import SafetyLimits
from controller.safety.verdict import Action, Finding, Verdict
from controller.telemetry import HostHealth, Telemetry

ORDERED_FALL_MARGIN = 3.0
"""At a reversal the force first moves at cord stiffness, up to 3 x the ordered rate (E.3 a)."""
ORDER_WINDOW_S = 0.5
"""How far back an ordered fall explains a measured one: motor, cell and device ramp lag."""


class Supervisor:
    """One per session, from the first reading after arming. Time is an argument, seconds.

    ``ceiling_n`` of a judgement is the highest force now ordered (0x206 of the reference map).
    """

    def __init__(self, limits: SafetyLimits, first: Telemetry, now_s: float) -> None:
        self._limits = limits
        self._reading = first
        self._accepted_at_s = now_s
        self._sample_changed_at_s = now_s
        self._over_force_since_s: float | None = None
        self._hold_since_s: float | None = None
        self._latched = Action.ALLOW
        self._reported: set[str] = set()
        self._forces: deque[tuple[float, float]] = deque()
        self._orders: deque[tuple[float, float]] = deque()

    @property
    def latched(self) -> Action:
        """The highest action ordered so far; from HOLD upwards nothing lowers it."""
        return self._latched

    def judge(
        self,
        reading: Telemetry | None,
        *,
        wanted_force_n: float,
        ceiling_n: float,
        health: HostHealth,
        now_s: float,
    ) -> Verdict:
        """Judge one tick; ``reading`` None means that no reading was accepted in it."""
        self._remember(reading, wanted_force_n, ceiling_n, now_s)
        situation = self._situation(wanted_force_n, ceiling_n, health, now_s)
        found = [f for check in CHECKS if (f := check(situation, self._limits))]
        for finding in found:
            self._latched = max(self._latched, finding.action)
        self._let_hold_expire(now_s)
        return Verdict(
            action=self._latched,
            granted_force_n=min(wanted_force_n, self._limits.force_n),
            findings=self._new_ones(found),
        )

    def _remember(
        self, reading: Telemetry | None, wanted_n: float, ceiling_n: float, now_s: float
    ) -> None:
        self._orders.append((now_s, wanted_n))
        while self._orders[0][0] < now_s - ORDER_WINDOW_S:
            self._orders.popleft()
        if reading is None:
            return
        if reading.sample_number != self._reading.sample_number:
            self._sample_changed_at_s = now_s
        self._accepted_at_s = now_s
        self._reading = reading
        if reading.force_n is not None:
            self._remember_force(reading.force_n, ceiling_n, now_s)

    def _remember_force(self, force_n: float, ceiling_n: float, now_s: float) -> None:
        self._forces.append((now_s, force_n))
        while self._forces[0][0] < now_s - self._limits.tension_loss_window_s - 1e-6:
            self._forces.popleft()
        if force_n <= self._limits.trip_force_n(ceiling_n):
            self._over_force_since_s = None
        elif self._over_force_since_s is None:
            self._over_force_since_s = now_s

    def _situation(
        self, wanted_n: float, ceiling_n: float, health: HostHealth, now_s: float
    ) -> Situation:
        since_s = self._over_force_since_s
        highest_n = max((force for _, force in self._forces), default=0.0)
        last_n = self._forces[-1][1] if self._forces else 0.0
        ordered_fall_n = max(force for _, force in self._orders) - wanted_n
        return Situation(
            reading=self._reading,
            silence_s=_elapsed_s(self._accepted_at_s, now_s),
            sample_unchanged_s=_elapsed_s(self._sample_changed_at_s, self._accepted_at_s),
            over_force_s=0.0 if since_s is None else _elapsed_s(since_s, now_s),
            unordered_fall_n=highest_n - last_n - ORDERED_FALL_MARGIN * ordered_fall_n,
            fallen_from_n=highest_n,
            wanted_force_n=wanted_n,
            ceiling_n=ceiling_n,
            health=health,
        )

    def _let_hold_expire(self, now_s: float) -> None:
        if self._latched is not Action.HOLD:
            return
        if self._hold_since_s is None:
            self._hold_since_s = now_s
        elif _elapsed_s(self._hold_since_s, now_s) >= self._limits.hold_s:
            self._latched = Action.RELEASE

    def _new_ones(self, found: list[Finding]) -> tuple[Finding, ...]:
        new = tuple(f for f in found if f.code not in self._reported)
        self._reported.update(f.code for f in new)
        return new


def _elapsed_s(since_s: float, now_s: float) -> float:
    """Difference in whole microseconds: ticks are binary fractions, limits are decimal ones."""
    return round(now_s - since_s, 6)
