"""Sans-io: where the answer of an instrument that sends text ends. A profile chooses one of three.

None of them reads a value: an answer that is whole can still be an overload or another unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol


class AnswerEnd(Protocol):
    """Tells a whole answer from half of one."""

    def length(self, data: bytes) -> int | None:
        """Bytes of the first whole answer in ``data``; None as long as there is none."""

    def expected(self) -> str:
        """What a whole answer is, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEnd:
    """The answer ends with its first terminator, for instance CR LF."""

    terminator: bytes

    def length(self, data: bytes) -> int | None:
        """Up to the terminator and with it."""
        at = data.find(self.terminator)
        return None if at < 0 else at + len(self.terminator)

    def expected(self) -> str:
        """The terminator as Python writes it."""
        return f"a line that ends with {self.terminator!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedLength:
    """The answer has always as many characters and no terminator."""

    characters: int

    def length(self, data: bytes) -> int | None:
        """As many as there have to be."""
        return None if len(data) < self.characters else self.characters

    def expected(self) -> str:
        """Their number."""
        return f"{self.characters} characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameGrammar:
    """The answer is what ``pattern`` matches from the first byte on.

    The pattern has to end with something that occurs nowhere before (a CR, an ETX): of ``-12.5`` a
    pattern of digits alone would take ``-1``.
    """

    pattern: re.Pattern[bytes]

    def length(self, data: bytes) -> int | None:
        """Up to the end of the match."""
        match = self.pattern.match(data)
        return match.end() if match and match.end() else None

    def expected(self) -> str:
        """The pattern itself."""
        return f"a frame like {self.pattern.pattern!r}"
