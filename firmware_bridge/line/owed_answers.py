"""Answers that were waited for in vain and may still come.

Behind the late window they are looked for no longer, yet they may come: a gateway holds everything
back for a while and then passes it on. Where one of them would look like the answer of the next
request, that request listens to its deadline, and two answers are none.
"""

from __future__ import annotations

from typing import Final

from firmware_bridge.line.answers import ExpectedAnswer

OWED_LIMIT_S: Final = 1.0
"""How late an answer can be: the time-out with which commissioning measures lateness."""


class OwedAnswers:
    """In the order of their requests, because a line keeps it."""

    def __init__(self) -> None:
        self._owed: list[tuple[ExpectedAnswer, float]] = []
        self._begun = b""

    def owe(self, answer: ExpectedAnswer, begun: bytes, timed_out_s: float) -> None:
        """``answer`` did not come in time; ``begun`` is what came of it."""
        self._forget_before(timed_out_s)
        self._owed.append((answer, timed_out_s + OWED_LIMIT_S))
        self._begun = begun

    def drained(self, data: bytes) -> None:
        """Take ``data``, which came when nobody had asked; it may be what is owed."""
        if not self._owed:
            return
        together = self._begun + data
        rest = self.take(together)
        if rest == together and not self._may_begin(together):
            rest = self.take(data)
        self._begun = rest

    def any_at(self, sent_at_s: float) -> bool:
        """Returns True when one may still come after a request of that moment."""
        self._forget_before(sent_at_s)
        return bool(self._owed)

    def _forget_before(self, at_s: float) -> None:
        self._owed = [item for item in self._owed if item[1] >= at_s]

    def may_be(self, data: bytes) -> bool:
        """Returns True when one that is owed would be taken for the answer in ``data``."""
        return any(_fits(answer, data) for answer, _ in self._owed)

    def is_followed(self, data: bytes) -> bool:
        """Returns True when something stands after the first answer in ``data``."""
        return self.may_be(data[:-1])

    def _may_begin(self, data: bytes) -> bool:
        """Returns True when ``data`` may be the beginning of one that is owed."""
        return any(answer.find(data) is None for answer, _ in self._owed)

    def take(self, data: bytes) -> bytes:
        """Owe the answers that ``data`` begins with no more; returns what stands after them."""
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
    """Length of the first answer in ``data``, which has one."""
    return next(size for size in range(1, len(data) + 1) if _fits(answer, data[:size]))
