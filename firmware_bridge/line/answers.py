"""What a line needs to know of a talker's answer, without knowing its protocol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(slots=True)
class Reply:
    """The content of a whole answer, a Modbus exception, or why it is refused."""

    content: bytes = b""
    exception_code: int | None = None
    refusal: str = ""


class Guard(Enum):
    """What an answer says of the request that it belongs to, and the caller checks."""

    NONE = "nothing"
    DATED = "the unit's own time, so that an answer is old by a known time at most"
    NUMBERED = "the number of the request"


class ExpectedAnswer(Protocol):
    """The one right answer to a request that is about to leave."""

    def find(self, data: bytes) -> Reply | None:
        """Look for the answer at the beginning of what has come; None means: wait on."""

    def expected(self) -> str:
        """In words, with its length."""

    def came(self, data: bytes) -> str:
        """Returns what ``data`` is, in the same words."""
