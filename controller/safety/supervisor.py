"""The supervisor: judges every tick, latches what it ordered and can only narrow the wish."""

from __future__ import annotations

from typing import Final

from controller.safety.checks import CHECKS
from controller.safety.limits import SafetyLimits
from controller.safety.situation import Situation, SupervisedStage
from controller.safety.verdict import (
    RELEASE_COMMANDS,
    RELEASE_STRENGTH,
    Action,
    EndedFinding,
    Finding,
    Verdict,
)
from controller.safety.windows import Since, elapsed_s
from controller.telemetry import CommandKind, ForceCommand, HostHealth, Telemetry

FINDING_GAP_S: Final = 1.0
"""A finding that was absent for this time has ended; if it returns it is reported again."""
CHECKS_BY_STAGE = {
    stage: tuple(check for check in CHECKS if stage in check.stages) for stage in SupervisedStage
}
_LOOKED_FOR = {stage: {check.code for check in checks} for stage, checks in CHECKS_BY_STAGE.items()}


class Supervisor:
    """One per session, from the arming until the patient was seen free. Time is in seconds.

    Besides the limits it gets only what the unit reported, what was sent to it, the host's own
    figures and: ``release_rate_n_per_s``, the release rate with which the unit was armed;
    ``second_channel``, whether the unit has one; ``force_shows_noise``, whether its forces are
    those of the converter or of a display that may stand still.
    """

    def __init__(
        self,
        limits: SafetyLimits,
        first: Telemetry,
        now_s: float,
        *,
        release_rate_n_per_s: float,
        second_channel: bool = False,
        force_shows_noise: bool = True,
    ) -> None:
        self._limits = limits
        self._situation = Situation(
            limits,
            first,
            now_s,
            release_rate_n_per_s=release_rate_n_per_s,
            second_channel=second_channel,
            force_shows_noise=force_shows_noise,
        )
        self._latched = Action.ALLOW
        self._held = Since()
        self._standing: dict[str, tuple[Finding, float, float]] = {}

    @property
    def latched(self) -> Action:
        """The highest action ordered so far; from HOLD upwards nothing lowers it."""
        return self._latched

    @property
    def stage(self) -> SupervisedStage:
        """The stage of the session, from what was sent and seen."""
        return self._situation.stage

    @property
    def limits(self) -> SafetyLimits:
        """The limits in force."""
        return self._limits

    @property
    def pull_mm(self) -> float | None:
        """Cord wound in since the slack was taken up; None if unknown."""
        return self._situation.pull_mm

    @property
    def force_is_on(self) -> bool:
        """True unless every existing channel shows at most 20 N."""
        return self._situation.force_is_on

    def narrowed(self, wish: ForceCommand) -> ForceCommand:
        """Returns the part of a wished command that may be sent.

        Force, ceiling and rate stay within the session's limits; a latched hold never follows a
        force again; a release that was ordered or sent stays one and never gets weaker. A wish
        beyond that is judged in the next tick, because it shows a defect.
        """
        situation = self._situation
        situation.wish, kind = wish, self._kind_for(wish.kind)
        if kind not in (CommandKind.FOLLOW, CommandKind.HOLD):
            return wish if wish == ForceCommand(kind=kind) else ForceCommand(kind=kind)
        limits = self._limits
        force_n = _within(wish.force_n, limits.force_n)
        rate_n_per_s = _within(wish.rate_n_per_s, limits.rate_n_per_s)
        ceiling_n = _within(wish.ceiling_n, limits.force_n) or limits.force_n
        granted = (kind, force_n, rate_n_per_s, ceiling_n)
        if granted == (wish.kind, wish.force_n, wish.rate_n_per_s, wish.ceiling_n):
            return wish
        return ForceCommand(
            kind=kind, force_n=force_n, rate_n_per_s=rate_n_per_s, ceiling_n=ceiling_n
        )

    def sent(self, command: ForceCommand, now_s: float) -> None:
        """Note a second command of this tick: a release that could not wait for the next one."""
        if command.kind in RELEASE_STRENGTH:
            situation = self._situation
            situation.orders.release(command.kind, now_s, situation.largest_force_n)

    def judge(
        self,
        reading: Telemetry | None,
        *,
        sent: ForceCommand,
        health: HostHealth,
        now_s: float,
    ) -> Verdict:
        """Judge one tick: the command of its exchange and the reading that came back.

        ``reading`` None means that no reading was accepted.
        """
        self._situation.take(reading, sent=sent, health=health, now_s=now_s)
        found = self._search()
        self._latched = max([self._latched, *(finding.action for finding in found)])
        self._let_hold_expire(now_s)
        ended = self._ended(found, now_s)
        return Verdict(action=self._latched, findings=self._begun(found, now_s), ended=ended)

    def _kind_for(self, wished: CommandKind) -> CommandKind:
        strongest = self._demanded_release()
        if strongest is None:
            holds = self._latched is Action.HOLD or wished is CommandKind.OBSERVE
            return CommandKind.HOLD if holds and wished not in RELEASE_STRENGTH else wished
        if wished is CommandKind.OBSERVE and self._situation.may_only_look:
            return wished
        return max(wished, strongest, key=lambda kind: RELEASE_STRENGTH.get(kind, Action.ALLOW))

    def _demanded_release(self) -> CommandKind | None:
        """Returns the strongest release that a verdict ordered or that was sent."""
        sent = self._situation.orders.released
        sent_action = Action.ALLOW if sent is None else RELEASE_STRENGTH[sent]
        return RELEASE_COMMANDS.get(max(self._latched, sent_action))

    def _search(self) -> list[Finding]:
        """Returns the findings of all checks; nearly always none."""
        now, limits = self._situation, self._limits
        return [
            check.finding(*exceeded)
            for check in CHECKS_BY_STAGE[now.stage]
            if (exceeded := check.measure(now, limits)) is not None
        ]

    def _let_hold_expire(self, now_s: float) -> None:
        self._held.update(now_s, self._latched is Action.HOLD)
        if self._held.lasts(now_s, self._limits.hold_s):
            self._latched = Action.RELEASE

    def _begun(self, found: list[Finding], now_s: float) -> tuple[Finding, ...]:
        """Returns the findings that are new, and remembers each with its times."""
        begun = tuple(finding for finding in found if finding.code not in self._standing)
        for finding in found:
            since_s = self._standing.get(finding.code, (finding, now_s, now_s))[1]
            self._standing[finding.code] = (finding, since_s, now_s)
        return begun

    def _ended(self, found: list[Finding], now_s: float) -> tuple[EndedFinding, ...]:
        """Returns the findings that were looked for and absent for a second."""
        if not self._standing:
            return ()
        still = {finding.code for finding in found}
        looked_for = _LOOKED_FOR[self._situation.stage] - still
        gone = [
            (finding, first_s, last_s)
            for code, (finding, first_s, last_s) in self._standing.items()
            if code in looked_for and elapsed_s(last_s, now_s) >= FINDING_GAP_S
        ]
        for finding, _, _ in gone:
            del self._standing[finding.code]
        return tuple(
            EndedFinding(
                hazard=finding.hazard, code=finding.code, first_seen_s=first_s, last_seen_s=last_s
            )
            for finding, first_s, last_s in gone
        )


def _within(wished: float, limit: float) -> float:
    """Returns the wish limited to between 0 and the limit; 0 for NaN."""
    return min(wished, limit) if wished >= 0.0 else 0.0
