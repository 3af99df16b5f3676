"""The session from the armed unit to the observed release: sans-io, one input, a few effects.

``handle`` takes what happened and the time; it answers with effects for the loop. What the unit
should do next is asked for with ``command``. Times are the host's monotonic seconds; the phase
logic compares whole milliseconds of the session's axis, so that an ordered 15 min is never 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from controller.errors import IllegalTransition
from controller.events import EventKind, JsonValue, Outcome
from controller.force_profile import ForceProfile, Segment
from controller.phases import FINAL_PHASES, TRANSITIONS, TREATING_PHASES, Phase, Stage
from controller.planner import SLACK_FOLLOW_N
from controller.ports import Answer, CommandKind, ForceCommand, Question
from controller.prescription import Prescription
from controller.safety.verdict import Action, Finding, Verdict
from controller.telemetry import Telemetry, UnitState

SLACK_RATE_N_PER_S = 2.0
SLACK_TAUT_N = 5.0
SLACK_TAUT_READINGS = 3
SLACK_LIMIT_S = 30.0
ANSWER_LIMIT_S = 60.0
"""An answer that is awaited while the unit is in motion; then release (session.md 1.5)."""
RELEASE_LIMIT_S = 8.0
"""500 ms of watchdog and 6 s of release, with reserve (session.md 3.2)."""
FREE_FORCE_N = 20.0
"""Force at or below which a unit may be disarmed and acknowledged (reference map, B.10)."""

_RELEASE_KINDS = {
    Action.RELEASE: CommandKind.RELEASE,
    Action.RELEASE_FAST: CommandKind.RELEASE_FAST,
    Action.CUT_POWER: CommandKind.CUT_POWER,
}
_STRENGTH = {kind: action for action, kind in _RELEASE_KINDS.items()}
_LATCHED_STATES = frozenset({UnitState.SAFE_LATCHED, UnitState.FAULT})


def session_ms(now_s: float, origin_s: float) -> int:
    """Whole milliseconds on the session's axis; the epsilon absorbs binary fractions of a tick."""
    return int((now_s - origin_s) * 1000 + 1e-3)


def decinewtons(force_n: float | None) -> int | None:
    """Force in tenths of a newton, the record's unit."""
    return None if force_n is None else round(force_n * 10)


@dataclass(frozen=True, slots=True)
class ReadingTaken:
    """The exchange of this tick; None when no reading was accepted."""

    reading: Telemetry | None


@dataclass(frozen=True, slots=True)
class VerdictGiven:
    """The supervisor's judgement of this tick."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """A person or a script answered."""

    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody at the workstation wants the session to end."""

    by: str


@dataclass(frozen=True, slots=True)
class LinkGone:
    """The port or the socket vanished: nothing can be sent any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnitDisarmed:
    """The unit was seen idle again: motor off, clutch open."""


MachineInput = (
    ReadingTaken | VerdictGiven | QuestionAnswered | StopRequested | LinkGone | UnitDisarmed
)


@dataclass(frozen=True, slots=True)
class Emit:
    """Append this event to the journal."""

    kind: EventKind
    detail: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Ask:
    """Put this question to the operator."""

    question: Question
    text: str


@dataclass(frozen=True, slots=True)
class Disarm:
    """Order service 6: the release was seen in state armed."""


Effect = Emit | Ask | Disarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the session ended and why; ``outcome`` is one of events.Outcome."""

    outcome: str
    reason: str
    reached_holding: bool


class SessionMachine:
    """One per session. It starts in ``armed`` and ends in a final phase."""

    def __init__(self, order: Prescription, profile: ForceProfile, *, origin_s: float) -> None:
        self._order = order
        self._profile = profile
        self._origin_s = origin_s
        self._segment = -1
        self._phase = Phase.ARMED
        self._entered_s = origin_s
        self._treatment_s: float | None = None
        self._taut_readings = 0
        self._pretension_accepted = False
        self._holds = 0
        self._release: CommandKind | None = None
        self._release_deadline_s = 0.0
        self._release_seen = False
        self._holding_position = False
        self._last_reading: Telemetry | None = None
        self._outcome, self._reason = Outcome.COMPLETED, "treatment time reached"

    @property
    def phase(self) -> Phase:
        """The present phase."""
        return self._phase

    @property
    def finished(self) -> bool:
        """True in a final phase: nothing more will be sent."""
        return self._phase in FINAL_PHASES

    @property
    def releasing(self) -> bool:
        """True from the first release order on."""
        return self._release is not None

    @property
    def ending(self) -> Ending:
        """How it ended; meaningful once ``finished``."""
        return Ending(outcome=self._outcome, reason=self._reason, reached_holding=self._holds > 0)

    @property
    def ceiling_n(self) -> float:
        """The highest force now ordered (0x206), newtons."""
        return self._order.hold_force_n

    def treatment_elapsed_s(self, now_s: float) -> float:
        """Seconds on the treatment clock; 0 before the treatment."""
        return 0.0 if self._treatment_s is None else now_s - self._treatment_s

    def command(self, leave_s: float) -> ForceCommand:
        """What the unit should get in the exchange that leaves at ``leave_s``."""
        if self._release is not None:
            return ForceCommand(kind=self._release_command())
        kind = CommandKind.HOLD if self._holding_position else CommandKind.FOLLOW
        return ForceCommand(
            kind=kind,
            force_n=round(self._target_n(leave_s), 1),
            rate_n_per_s=self._rate_n_per_s(),
            ceiling_n=self.ceiling_n,
        )

    def handle(self, happened: MachineInput, now_s: float) -> list[Effect]:
        """Take one input; raises IllegalTransition once the session has finished."""
        if self.finished:
            raise IllegalTransition(f"the session is {self._phase.label}; nothing follows")
        match happened:
            case ReadingTaken(reading):
                return self._on_reading(reading, now_s)
            case VerdictGiven(verdict):
                return self._on_verdict(verdict, now_s)
            case QuestionAnswered(question, answer):
                return self._on_answer(question, answer, now_s)
            case StopRequested(by):
                return self._on_stop(by, now_s)
            case LinkGone(reason):
                return self._lose_link(reason, now_s)
            case UnitDisarmed():
                return self._finish(now_s)
            case _:
                assert_never(happened)

    # --- what is wanted -----------------------------------------------------------------------

    def _target_n(self, leave_s: float) -> float:
        if self._treatment_s is not None:
            return self._profile.target_n(max(0.0, leave_s - self._treatment_s))
        if self._phase is Phase.PRETENSIONING:
            return self._order.pretension_force_n
        return min(SLACK_FOLLOW_N, self._order.hold_force_n)

    def _rate_n_per_s(self) -> float:
        slack = self._phase in (Phase.ARMED, Phase.TAKING_UP_SLACK)
        return SLACK_RATE_N_PER_S if slack else 0.0

    def _release_command(self) -> CommandKind:
        """From the latched states on, and once the release was seen, the unit is only read."""
        assert self._release is not None
        reading = self._last_reading
        latched = reading is not None and reading.unit_state in _LATCHED_STATES
        return CommandKind.OBSERVE if latched or self._release_seen else self._release

    # --- inputs -------------------------------------------------------------------------------

    def _on_reading(self, reading: Telemetry | None, now_s: float) -> list[Effect]:
        if reading is not None:
            self._last_reading = reading
        match self._phase:
            case Phase.ARMED:
                return self._enter(Phase.TAKING_UP_SLACK, now_s)
            case Phase.TAKING_UP_SLACK:
                return self._take_up_slack(reading, now_s)
            case Phase.PRETENSIONING:
                return self._pretension(now_s)
            case Phase.RELEASING:
                return self._follow_release(reading, now_s)
            case _:
                return self._treat(now_s)

    def _on_verdict(self, verdict: Verdict, now_s: float) -> list[Effect]:
        effects: list[Effect] = [e for f in verdict.findings for e in self._report(f)]
        self._holding_position = verdict.action is Action.HOLD
        if verdict.action >= Action.RELEASE:
            reason = _reason_of(verdict) if verdict.findings else "a hold ran out"
            effects += self._release_with(_RELEASE_KINDS[verdict.action], reason, now_s)
        return effects

    def _on_answer(self, question: Question, answer: Answer, now_s: float) -> list[Effect]:
        if question is Question.PRETENSION_LOOKS_RIGHT:
            if not answer.accepted:
                return self._release_with(
                    CommandKind.RELEASE, f"pretension refused by {answer.answered_by}", now_s
                )
            self._pretension_accepted = True
        return []

    def _on_stop(self, by: str, now_s: float) -> list[Effect]:
        acted = Emit(EventKind.OPERATOR_ACTED, {"action": "stop", "by": by})
        return [acted, *self._release_with(CommandKind.RELEASE, f"operator stop ({by})", now_s)]

    def _lose_link(self, reason: str, now_s: float) -> list[Effect]:
        last_n = self._last_reading.force_n if self._last_reading else None
        effects = self._release_with(CommandKind.RELEASE_FAST, reason, now_s)
        self._outcome, self._reason = Outcome.LINK_LOST, reason
        unseen = Emit(EventKind.RELEASE_NOT_OBSERVED, {"force_dn": decinewtons(last_n)})
        return [*effects, unseen, *self._enter(Phase.FAULTED, now_s)]

    # --- phases -------------------------------------------------------------------------------

    def _take_up_slack(self, reading: Telemetry | None, now_s: float) -> list[Effect]:
        if reading is not None:
            taut = reading.force_n is not None and reading.force_n >= SLACK_TAUT_N
            self._taut_readings = self._taut_readings + 1 if taut else 0
        if self._taut_readings >= SLACK_TAUT_READINGS:
            if self._order.pretension_force_n or self._order.pretension_s:
                return self._start_pretension(now_s)
            return self._start_treatment(now_s)
        if now_s - self._entered_s > SLACK_LIMIT_S:
            reason = f"slack not taken up in {SLACK_LIMIT_S:g} s"
            return self._release_with(CommandKind.RELEASE, reason, now_s)
        return []

    def _start_pretension(self, now_s: float) -> list[Effect]:
        ask = Ask(
            Question.PRETENSION_LOOKS_RIGHT,
            "Pretension is on. Do harness, position and line of pull look right?",
        )
        return [*self._enter(Phase.PRETENSIONING, now_s, self._order.pretension_force_n), ask]

    def _pretension(self, now_s: float) -> list[Effect]:
        waited_s = now_s - self._entered_s
        if self._pretension_accepted and waited_s >= self._order.pretension_s - 1e-6:
            return self._start_treatment(now_s)
        if not self._pretension_accepted and waited_s > ANSWER_LIMIT_S:
            reason = f"pretension not confirmed in {ANSWER_LIMIT_S:g} s"
            return self._release_with(CommandKind.RELEASE, reason, now_s)
        return []

    def _start_treatment(self, now_s: float) -> list[Effect]:
        self._treatment_s = now_s
        self._segment = 0
        return self._enter_segment(self._profile.segments[0], now_s)

    def _treat(self, now_s: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._segment_ended(now_s):
            self._segment += 1
            if self._segment == len(self._profile.segments):
                return effects + self._release_with(CommandKind.RELEASE, self._reason, now_s)
            effects += self._enter_segment(self._profile.segments[self._segment], now_s)
        return effects

    def _segment_ended(self, now_s: float) -> bool:
        """True at the first tick whose time is at or behind the end, in whole milliseconds."""
        assert self._treatment_s is not None
        start_ms = session_ms(self._treatment_s, self._origin_s)
        end_ms = round(self._profile.segments[self._segment].end_s * 1000)
        return session_ms(now_s, self._origin_s) - start_ms >= end_ms

    def _enter_segment(self, segment: Segment, now_s: float) -> list[Effect]:
        if segment.phase is Phase.HOLDING:
            self._holds += 1
        return self._enter(segment.phase, now_s, segment.end_force_n, segment.stage)

    def _release_with(self, kind: CommandKind, reason: str, now_s: float) -> list[Effect]:
        if self._release is not None and _STRENGTH[kind] <= _STRENGTH[self._release]:
            return []
        first = self._release is None
        self._release = kind
        self._release_deadline_s = now_s + self._release_time_s(kind)
        effects: list[Effect] = [
            Emit(EventKind.RELEASE_ORDERED, {"kind": kind.value, "reason": reason})
        ]
        if first:
            if reason != self._reason:
                self._outcome, self._reason = Outcome.STOPPED, reason
            effects += self._enter(Phase.RELEASING, now_s)
        return effects

    def _release_time_s(self, kind: CommandKind) -> float:
        if kind is not CommandKind.RELEASE:
            return RELEASE_LIMIT_S
        return RELEASE_LIMIT_S + self._order.force_limit_n / self._order.ramp_down_n_per_s

    def _follow_release(self, reading: Telemetry | None, now_s: float) -> list[Effect]:
        if self._release_seen:
            return self._await_idle(reading, now_s)
        if reading is not None and _is_released(reading):
            return self._see_release(reading, now_s)
        if now_s <= self._release_deadline_s:
            return []
        if self._release is CommandKind.RELEASE:
            return self._release_with(CommandKind.RELEASE_FAST, "normal release too slow", now_s)
        return self._give_up(now_s)

    def _see_release(self, reading: Telemetry, now_s: float) -> list[Effect]:
        self._release_seen = True
        self._release_deadline_s = now_s + RELEASE_LIMIT_S
        seen = Emit(
            EventKind.RELEASE_OBSERVED,
            {"unit_state": int(reading.unit_state), "force_dn": decinewtons(reading.force_n)},
        )
        if reading.unit_state is UnitState.ARMED:
            return [seen, Disarm()]
        return [seen, *self._finish(now_s)]

    def _await_idle(self, reading: Telemetry | None, now_s: float) -> list[Effect]:
        if reading is not None and reading.unit_state is UnitState.IDLE:
            return [Emit(EventKind.UNIT_DISARMED, {}), *self._finish(now_s)]
        if reading is not None and reading.unit_state in _LATCHED_STATES:
            return self._finish(now_s)
        return self._give_up(now_s) if now_s > self._release_deadline_s else []

    def _give_up(self, now_s: float) -> list[Effect]:
        force_n = self._last_reading.force_n if self._last_reading else None
        self._outcome, self._reason = Outcome.LINK_LOST, f"release not seen after: {self._reason}"
        unseen = Emit(EventKind.RELEASE_NOT_OBSERVED, {"force_dn": decinewtons(force_n)})
        return [unseen, *self._enter(Phase.FAULTED, now_s)]

    def _finish(self, now_s: float) -> list[Effect]:
        completed = self._outcome == Outcome.COMPLETED
        return self._enter(Phase.COMPLETED if completed else Phase.STOPPED, now_s)

    # --- records of what happened -------------------------------------------------------------

    def _enter(
        self, phase: Phase, now_s: float, target_n: float = 0.0, stage: Stage = Stage.PREPARATION
    ) -> list[Effect]:
        if phase not in TRANSITIONS[self._phase]:
            raise IllegalTransition(f"{self._phase.label} cannot become {phase.label}")
        before, self._phase, self._entered_s = self._phase, phase, now_s
        return [
            Emit(
                EventKind.PHASE_CHANGED,
                {
                    "from": before.label,
                    "to": phase.label,
                    "target_dn": decinewtons(target_n),
                    "stage": stage.name.lower(),
                },
            )
        ]

    def _report(self, finding: Finding) -> list[Effect]:
        force_dn = decinewtons(self._last_reading.force_n if self._last_reading else None)
        measured, limit, unit = _recorded(finding)
        acted = Emit(
            EventKind.SAFETY_ACTED,
            {
                "hazard": finding.hazard,
                "code": finding.code,
                "action": finding.action.name.lower(),
                "measured": measured,
                "limit": limit,
                "unit": unit,
                "clears": finding.clears,
                "force_dn": force_dn,
            },
        )
        if finding.code != "patient_switch_pressed":
            return [acted]
        hold_number = self._holds if self._phase in TREATING_PHASES else 0
        pressed = {"force_dn": force_dn, "hold_number": hold_number, "phase": self._phase.label}
        return [Emit(EventKind.PATIENT_STOP_PRESSED, dict(pressed)), acted]


def _is_released(reading: Telemetry) -> bool:
    free = reading.force_n is not None and abs(reading.force_n) <= FREE_FORCE_N
    return free and reading.unit_state in (UnitState.ARMED, UnitState.IDLE, *_LATCHED_STATES)


def _reason_of(verdict: Verdict) -> str:
    worst = max(verdict.findings, key=lambda finding: finding.action)
    return worst.code.replace("_", " ")


def _recorded(finding: Finding) -> tuple[int, int, str]:
    """Measured value and limit as integers of the record: ms, 0.1 N, 0.1 mm, or the count."""
    factor, unit = {
        "s": (1000, "ms"),
        "N": (10, "0.1 N"),
        "N below zero": (10, "0.1 N below zero"),
        "mm": (10, "0.1 mm"),
        "mm/s": (10, "0.1 mm/s"),
        "share of exchanges": (1000, "per mille of exchanges"),
    }.get(finding.unit, (1, finding.unit))
    return round(finding.measured * factor), round(finding.limit * factor), unit
