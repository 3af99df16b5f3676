"""What a person may ask for while a session runs: the one typed path into the core.

A terminal, a script and a console all make these values; the loop takes them from the operator
port each tick and gives them to the session machine. ``by`` says who asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class AdjustedForce(Enum):
    """Which of the two ordered forces is changed."""

    HOLD = "hold"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Hold the force and stop the treatment clock."""

    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Go on with the treatment."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustForce:
    """Change the hold or the rest force by ``change_n`` newtons, negative is less."""

    by: str
    change_n: float
    reason: str = ""
    force: AdjustedForce = AdjustedForce.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """Somebody looked after the patient."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Words for the record."""

    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEarly:
    """End the treatment with a normal release."""

    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlarms:
    """Somebody has taken note of every alarm that is shown."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseSound:
    """Silence the tones for two minutes; what they are for stays in sight."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Let the patient go, whatever the session is doing: the one order that is never refused.

    ``fast`` asks for the unit's fixed fast rate instead of the ordered one.
    """

    by: str
    fast: bool = False


TreatmentRequest = Pause | Resume | AdjustForce | CheckIn | Remark | EndEarly
"""Requests that the session machine handles."""
AlarmRequest = AcknowledgeAlarms | PauseSound
SessionRequest = TreatmentRequest | AlarmRequest


def request_name(request: SessionRequest) -> str:
    """The word for a request in records and messages, for instance ``end_early``."""
    return {
        Pause: "pause",
        Resume: "resume",
        AdjustForce: "adjust_force",
        CheckIn: "check_in",
        Remark: "remark",
        EndEarly: "end_early",
        AcknowledgeAlarms: "acknowledge_alarms",
        PauseSound: "pause_sound",
    }[type(request)]
