"""What a person may request while a session runs: the only typed path into the core.

A terminal, a script and a console all make these values; the loop takes them from the operator port
in each tick and gives them to the session machine. ``by`` names the person.

No request can contain text that a record or a screen could not show: each raises RequestRefused
naming the field (``controller.words``) when it is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from controller.errors import RequestRefused
from controller.words import NAME_CHARACTERS, check_name, check_text


class AdjustedForce(Enum):
    """Which of the two ordered forces is changed."""

    HOLD = "hold"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Hold the force and stop the treatment clock."""

    by: str
    reason: str = ""

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)
        check_text("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Continue the treatment."""

    by: str

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustForce:
    """Change the hold or the rest force by ``change_n`` newtons; negative values lower it."""

    by: str
    change_n: float
    reason: str = ""
    force: AdjustedForce = AdjustedForce.HOLD

    def __post_init__(self) -> None:
        if not math.isfinite(self.change_n):
            raise RequestRefused(f"change_n={self.change_n} is not a force; give newtons")
        check_text("by", self.by, NAME_CHARACTERS)
        check_text("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """Somebody checked on the patient."""

    by: str

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A remark for the record."""

    by: str
    text: str

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)
        check_text("text", self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """Become responsible for the patient from now on, instead of the previous person."""

    by: str

    def __post_init__(self) -> None:
        check_name("by", self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEarly:
    """End the treatment with a normal release."""

    by: str
    reason: str = ""

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)
        check_text("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmOnScreen:
    """An alarm as somebody saw it: its code and the number under which it was raised."""

    code: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlarms:
    """Acknowledge the alarms that were on the screen.

    An alarm that was raised later, even with the same code, stays active.
    """

    by: str
    alarms: tuple[AlarmOnScreen, ...]

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseSound:
    """Silence the tones for two minutes; the alarms stay visible."""

    by: str

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Release the patient, in any state of the session: the one order that is never refused.

    ``fast`` requests the unit's fixed fast rate instead of the ordered one.
    """

    by: str
    fast: bool = False

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


TreatmentRequest = Pause | Resume | AdjustForce | CheckIn | Remark | EndEarly
"""Requests that the session machine handles."""
AlarmRequest = AcknowledgeAlarms | PauseSound
SessionRequest = TreatmentRequest | AlarmRequest | TakeOver

ID_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRequest:
    """A request with the id that its sender gave it: the same id is the same request."""

    id: str
    request: SessionRequest

    def __post_init__(self) -> None:
        check_text("id", self.id, ID_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettled:
    """The outcome of a request: followed, with what it changed, or refused, with the reason."""

    followed: bool
    text: str


def request_name(request: SessionRequest) -> str:
    """Returns the name of a request in records and messages, for instance ``end_early``."""
    return {
        Pause: "pause",
        Resume: "resume",
        AdjustForce: "adjust_force",
        CheckIn: "check_in",
        Remark: "remark",
        EndEarly: "end_early",
        AcknowledgeAlarms: "acknowledge_alarms",
        PauseSound: "pause_sound",
        TakeOver: "take_over",
    }[type(request)]
