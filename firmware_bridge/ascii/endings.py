"""Sans-io: finds where the answer of an instrument that sends text ends; a profile chooses one way.

Values are not interpreted here: a complete answer can still be an overload or another unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class AnswerEnd(Protocol):
    """Finds the end of an answer in received bytes."""

    def length(self, data: bytes) -> int | None:
        """Returns the length of the first complete answer in ``data``; None if there is none."""

    def expected(self) -> str:
        """Returns a description of a complete answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEnd:
    """The answer ends at its first terminator, for instance CR LF."""

    terminator: bytes

    def length(self, data: bytes) -> int | None:
        """Returns the length up to and including the terminator."""
        at = data.find(self.terminator)
        return None if at < 0 else at + len(self.terminator)

    def expected(self) -> str:
        """Returns a description that shows the terminator as a Python literal."""
        return f"a line that ends with {self.terminator!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedLength:
    """The answer has a fixed number of characters and no terminator."""

    characters: int

    def length(self, data: bytes) -> int | None:
        """Returns the fixed length once that many bytes have arrived."""
        return None if len(data) < self.characters else self.characters

    def expected(self) -> str:
        """Returns a description that states the number of characters."""
        return f"{self.characters} characters"
