"""The interface between a line and a talker's answers, independent of the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(slots=True)
class Reply:
    """The content of a complete answer, a Modbus exception, or the reason for refusing it."""

    content: bytes = b""
    exception_code: int | None = None
    refusal: str = ""


class Guard(Enum):
    """How an answer shows which request it belongs to; the caller checks it."""

    NONE = "nothing"
    DATED = "the unit's own time, so that an answer is old by a known time at most"
    NUMBERED = "the number of the request"


class ExpectedAnswer(Protocol):
    """The one right answer to the next request."""

    def find(self, data: bytes) -> Reply | None:
        """Look for the answer at the start of the received bytes; None if more have to arrive."""

    def expected(self) -> str:
        """Returns a description of the right answer, with its length."""

    def came(self, data: bytes) -> str:
        """Returns a description of ``data`` in the same terms."""
