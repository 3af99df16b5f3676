"""Answers that did not come in time and may still come.

They can come even after the late window, when a gateway passes on what it has held back. If one
would look like the answer to the next request, that request listens until its deadline, and two
answers count as none.
"""

from __future__ import annotations

from typing import Final

from firmware_bridge.line.answers import ExpectedAnswer

OWED_LIMIT_S: Final = 1.0
"""How late an answer can be: the timeout with which commissioning measures lateness."""


class OwedAnswers:
    """Outstanding answers in the order of their requests, which a line preserves."""

    def __init__(self) -> None:
        self._owed: list[tuple[ExpectedAnswer, float]] = []
        self._begun = b""

    def owe(self, answer: ExpectedAnswer, begun: bytes, timed_out_s: float) -> None:
        """Note that ``answer`` did not come in time; ``begun`` is the part that did."""
        self._forget_before(timed_out_s)
        self._owed.append((answer, timed_out_s + OWED_LIMIT_S))
        self._begun = begun

    def drained(self, data: bytes) -> None:
        """Take ``data`` that came without a request; it may be an outstanding answer."""
        if not self._owed:
            return
        together = self._begun + data
        rest = self.take(together)
        if rest == together and not self._may_begin(together):
            rest = self.take(data)
        self._begun = rest

    def any_at(self, sent_at_s: float) -> bool:
        """Returns True if an outstanding answer may come after a request sent at that moment."""
        self._forget_before(sent_at_s)
        return bool(self._owed)

    def _forget_before(self, at_s: float) -> None:
        self._owed = [item for item in self._owed if item[1] >= at_s]

    def may_be(self, data: bytes) -> bool:
        """Returns True if an outstanding answer could be mistaken for the one in ``data``."""
        return any(_fits(answer, data) for answer, _ in self._owed)

    def is_followed(self, data: bytes) -> bool:
        """Returns True if bytes follow the first answer in ``data``."""
        return self.may_be(data[:-1])

    def _may_begin(self, data: bytes) -> bool:
        """Returns True if ``data`` may be the beginning of an outstanding answer."""
        return any(answer.find(data) is None for answer, _ in self._owed)

    def take(self, data: bytes) -> bytes:
        """Remove the outstanding answers at the start of ``data``; returns the bytes after them."""
        while data:
            for at, (answer, _) in enumerate(self._owed):
                if _fits(answer, data):
                    del self._owed[at]
                    data = data[_first_bytes(answer, data) :]
                    break
            else:
                break
        return data


def _fits(answer: ExpectedAnswer, data: bytes) -> bool:
    reply = answer.find(data) if data else None
    return reply is not None and not reply.refusal


def _first_bytes(answer: ExpectedAnswer, data: bytes) -> int:
    """Returns the length of the first answer in ``data``, which contains one."""
    return next(size for size in range(1, len(data) + 1) if _fits(answer, data[:size]))
