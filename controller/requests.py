"""What a person may ask for while a session runs: the one typed path into the core.

A terminal, a script and a console all make these values; the loop takes them from the operator
port each tick and gives them to the session machine. ``by`` says who asked.

No request can be made with words that a record or a screen could not show: each raises
RequestRefused naming the field (``controller.words``), where it is made.
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
    """Go on with the treatment."""

    by: str

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustForce:
    """Change the hold or the rest force by ``change_n`` newtons, negative is less."""

    by: str
    change_n: float
    reason: str = ""
    force: AdjustedForce = AdjustedForce.HOLD

    def __post_init__(self) -> None:
        if not math.isfinite(self.change_n):
            raise RequestRefused(f"change_n={self.change_n} is no force; say how many newtons")
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
    """Words for the record."""

    by: str
    text: str

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)
        check_text("text", self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """Be responsible for the patient from now on, in place of whoever was until now."""

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
    """An alarm as somebody saw it: its code, and the number of its raising."""

    code: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlarms:
    """Somebody has taken note of the alarms that were on the screen.

    One that was raised after it, also the same code once more, stays.
    """

    by: str
    alarms: tuple[AlarmOnScreen, ...]

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseSound:
    """Silence the tones for two minutes; what they are for stays in sight."""

    by: str

    def __post_init__(self) -> None:
        check_text("by", self.by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Let the patient go, whatever the session is doing: the one order that is never refused.

    ``fast`` asks for the unit's fixed fast rate instead of the ordered one.
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
    """A request with the id that whoever asks has made for it: the same id is the same request."""

    id: str
    request: SessionRequest

    def __post_init__(self) -> None:
        check_text("id", self.id, ID_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettled:
    """What became of a request: followed, with what it changed, or refused, with the reason."""

    followed: bool
    text: str


def request_name(request: SessionRequest) -> str:
    """Returns the word for a request in records and messages, for instance ``end_early``."""
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
