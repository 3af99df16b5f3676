"""The end of a session: from the first release order to completed, stopped or faulted.

Each call of the session machine returns what to emit and the next phase, if there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.event_details.ending import ReleaseOrdered
from controller.event_details.seen_of_unit import UnitDisarmed
from controller.events import Outcome
from controller.order.phases import Phase
from controller.order.prescription import Prescription
from controller.questions import Question
from controller.session import recorded_events
from controller.session.inputs_and_effects import Ask, Disarm, Effect, Emit, RaiseAlarm
from controller.session.outcome import EndReason
from controller.session.release import Release, ReleaseStep
from controller.telemetry import CommandKind, ForceCommand, Telemetry

_COMMANDS = {kind: ForceCommand(kind=kind) for kind in CommandKind}


@dataclass(slots=True, kw_only=True)
class EndStep:
    """Effects in order, and the phase that the session enters after them."""

    effects: list[Effect] = field(default_factory=list)
    phase: Phase | None = None


class SessionEnd:
    """One per session; seconds of the host's monotonic clock."""

    def __init__(self, order: Prescription) -> None:
        self._release = Release(order)
        self.last_reading: Telemetry | None = None
        self.reason = EndReason()

    @property
    def ordered(self) -> bool:
        """True from the first release order on."""
        return self._release.ordered

    @property
    def seen(self) -> bool:
        """True once a free cord was seen."""
        return self._release.seen

    def command(self) -> ForceCommand:
        """Returns the release, or a plain read if an order would change nothing."""
        return _COMMANDS[self._release.command(self.last_reading)]

    def release(
        self, kind: CommandKind, reason: str, now_s: float, *, alarm: str = "", vague: bool = False
    ) -> EndStep:
        """Order a release; no effect if one that is at least as strong is in progress.

        The first one decides reason and outcome. ``vague``: the reason is a symptom.
        """
        first = not self._release.ordered
        alarmed: list[Effect] = [RaiseAlarm(alarm)] if alarm else []
        if not self._release.demand(kind, now_s):
            return EndStep(effects=alarmed)
        ordered = Emit(ReleaseOrdered(kind=kind.value, reason=reason))
        if first:
            self.reason.release_begins(reason, vague=vague)
        phase = Phase.RELEASING if first else None
        return EndStep(effects=[ordered, *alarmed], phase=phase)

    def follow(self, reading: Telemetry | None, now_s: float) -> EndStep:
        """Do one tick of the release."""
        match self._release.follow(reading, now_s):
            case ReleaseStep.GOES_ON:
                return EndStep()
            case ReleaseStep.SEEN_ARMED:
                return EndStep(effects=[*self._observed(), Disarm()])
            case ReleaseStep.SEEN_FREE:
                return self._finished(*self._observed())
            case ReleaseStep.TOO_SLOW:
                reason = "normal release too slow"
                return self.release(CommandKind.RELEASE_FAST, reason, now_s, alarm="release_slow")
            case ReleaseStep.STILL_ON:
                return self._ask_about_force(now_s)
            case ReleaseStep.IDLE:
                return self._finished(Emit(UnitDisarmed()))
            case ReleaseStep.LATCHED:
                return self._finished()
            case ReleaseStep.NOT_DISARMED:
                message = "the unit did not show that it was disarmed; its watchdog ends it"
                return self._finished(recorded_events.disarming_uncertain(message))
            case ReleaseStep.SILENT:
                return self._unseen(Outcome.LINK_LOST)
            case ReleaseStep.GIVEN_UP:
                return self._unseen(Outcome.STOPPED)

    def lose_link(self, reason: str, now_s: float) -> EndStep:
        """End without a link, since nothing can be sent any more; a seen release stays seen."""
        if self._release.seen:
            return self._finished()
        ordered = self.release(CommandKind.RELEASE_FAST, reason, now_s).effects
        self.reason.link_gone(reason)
        unseen = recorded_events.release_not_observed(self.last_reading)
        return EndStep(effects=[*ordered, unseen, RaiseAlarm("link_lost")], phase=Phase.FAULTED)

    def take_word(self, answered_by: str, *, accepted: bool) -> EndStep:
        """Take a person's word that the patient is free; the record keeps that it was not seen."""
        if not accepted or not self._release.ordered or self._release.seen:
            return EndStep()
        return self._unseen(Outcome.STOPPED, f"; {answered_by} says that the patient is free")

    def _observed(self) -> list[Effect]:
        return (
            []
            if self.last_reading is None
            else [recorded_events.release_observed(self.last_reading)]
        )

    def _ask_about_force(self, now_s: float) -> EndStep:
        """Ask about the force of a unit that does not come down; the release continues."""
        force_n = None if self.last_reading is None else self.last_reading.force_n
        shown = "not known" if force_n is None else f"{force_n:z.0f} N"
        text = (
            f"The release was not seen: the force is {shown}. Look at the patient, open the "
            "clutch. Is the patient free?"
        )
        step = self.release(
            CommandKind.CUT_POWER, "release not seen", now_s, alarm="release_not_seen"
        )
        step.effects.append(Ask(Question.RELEASE_NOT_SEEN, text))
        return step

    def _unseen(self, outcome: Outcome, remark: str = "") -> EndStep:
        self.reason.unseen(outcome, remark)
        unseen = recorded_events.release_not_observed(self.last_reading)
        return EndStep(effects=[unseen, RaiseAlarm("release_not_seen")], phase=Phase.FAULTED)

    def _finished(self, *effects: Effect) -> EndStep:
        completed = self.reason.outcome is Outcome.COMPLETED
        return EndStep(effects=list(effects), phase=Phase.COMPLETED if completed else Phase.STOPPED)
