"""Sans-io: where the answer of an instrument that sends text ends. A profile chooses one of two.

None of them reads a value: an answer that is whole can still be an overload or another unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class AnswerEnd(Protocol):
    """Tells a whole answer from half of one."""

    def length(self, data: bytes) -> int | None:
        """Bytes of the first whole answer in ``data``; None as long as there is none."""

    def expected(self) -> str:
        """Returns what a whole answer is, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEnd:
    """The answer ends with its first terminator, for instance CR LF."""

    terminator: bytes

    def length(self, data: bytes) -> int | None:
        """Up to the terminator and with it."""
        at = data.find(self.terminator)
        return None if at < 0 else at + len(self.terminator)

    def expected(self) -> str:
        """Returns the terminator as Python writes it."""
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
