"""The inputs and effects of the session machine."""

from __future__ import annotations

import math
from dataclasses import dataclass

from controller.event_details.table import EventDetail
from controller.events import Outcome
from controller.questions import Answer, Question
from controller.requests import Stop, TreatmentRequest
from controller.safety.verdict import Verdict
from controller.telemetry import Telemetry


def session_ms(now_s: float, origin_s: float) -> int:
    """Returns whole milliseconds on the session's axis; the epsilon absorbs binary fractions."""
    return int((now_s - origin_s) * 1000 + 1e-3)


def decinewtons(force_n: float | None) -> int | None:
    """Returns a force in tenths of a newton, the record's unit; None for None and NaN."""
    return None if force_n is None or not math.isfinite(force_n) else round(force_n * 10)


# --- inputs -----------------------------------------------------------------------------------


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
    """A question was answered by a person or a script."""

    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True)
class Requested:
    """Somebody at the workstation requests something."""

    request: TreatmentRequest


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody at the workstation wants the session to end, whatever it is doing."""

    stop: Stop


@dataclass(frozen=True, slots=True)
class ArmingFailed:
    """The unit may be armed, but its behaviour is unknown: only a release may be sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkGone:
    """The port or the socket is gone: nothing can be sent any more."""

    reason: str


MachineInput = (
    ReadingTaken
    | VerdictGiven
    | QuestionAnswered
    | Requested
    | StopRequested
    | ArmingFailed
    | LinkGone
)


# --- effects ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Emit:
    """Append this event to the journal."""

    said: EventDetail


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the operator this question."""

    question: Question
    text: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Show the operator this text."""

    text: str


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Raise the alarm with this code."""

    code: str


@dataclass(frozen=True, slots=True)
class SettleAlarm:
    """End an alarm, because somebody did what it asked for."""

    code: str
    by: str


@dataclass(frozen=True, slots=True)
class Disarm:
    """Order service 6: the release was seen in state armed."""


Effect = Emit | Ask | Tell | RaiseAlarm | SettleAlarm | Disarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the session ended and why; ``reason`` may be the text of a StopCause.

    ``reached_holding`` is taken from the readings; ``release_seen`` is False also if nothing was
    armed.
    """

    outcome: Outcome
    reason: str
    reached_holding: bool = False
    release_seen: bool = False
