"""The supervisor: judges every tick, latches what it ordered and can only narrow what is wanted."""

from __future__ import annotations

from controller.safety.checks import CHECKS
from controller.safety.limits import SafetyLimits
from controller.safety.situation import Situation
from controller.safety.verdict import Action, Finding, Verdict
from controller.safety.windows import Since
from controller.telemetry import HostHealth, Telemetry


class Supervisor:
    """One per session, from the first reading after arming. Time is an argument, seconds."""

    def __init__(self, limits: SafetyLimits, first: Telemetry, now_s: float) -> None:
        self._limits = limits
        self._situation = Situation(limits, first, now_s)
        self._latched = Action.ALLOW
        self._held = Since()
        self._reported: set[str] = set()

    @property
    def latched(self) -> Action:
        """The highest action ordered so far; from HOLD upwards nothing lowers it."""
        return self._latched

    def granted_n(self, wanted_force_n: float) -> float:
        """What of a wanted force may be sent, newtons; nothing once a release was ordered."""
        if self._latched >= Action.RELEASE:
            return 0.0
        return min(wanted_force_n, self._limits.force_n)

    def judge(
        self,
        reading: Telemetry | None,
        *,
        wanted_force_n: float,
        ceiling_n: float,
        following: bool,
        taking_up_slack: bool,
        health: HostHealth,
        now_s: float,
    ) -> Verdict:
        """Judge one tick; ``reading`` None means that no reading was accepted in it.

        ``wanted_force_n`` is what the core wants before it was narrowed, ``ceiling_n`` the highest
        force now ordered (0x206), ``following`` False while the unit holds instead.
        """
        self._situation.take(
            reading,
            wanted_force_n=wanted_force_n,
            ceiling_n=ceiling_n,
            following=following,
            taking_up_slack=taking_up_slack,
            health=health,
            now_s=now_s,
        )
        found = self._search()
        self._latched = max([self._latched, *(finding.action for finding in found)])
        self._let_hold_expire(now_s)
        return Verdict(
            action=self._latched,
            granted_force_n=self.granted_n(wanted_force_n),
            findings=self._new_ones(found),
        )

    def _search(self) -> list[Finding]:
        """What all checks find. Nearly always nothing: a finding is made of an exceeded limit."""
        now, limits = self._situation, self._limits
        return [
            check.finding(*exceeded)
            for check in CHECKS
            if (exceeded := check.measure(now, limits)) is not None
        ]

    def _let_hold_expire(self, now_s: float) -> None:
        self._held.update(now_s, self._latched is Action.HOLD)
        if self._held.lasting_s(now_s) >= self._limits.hold_s:
            self._latched = Action.RELEASE

    def _new_ones(self, found: list[Finding]) -> tuple[Finding, ...]:
        new = tuple(f for f in found if f.code not in self._reported)
        self._reported.update(f.code for f in new)
        return new
