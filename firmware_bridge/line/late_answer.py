"""An answer that was waited for in vain and may still come.

Behind the late window it is looked for no longer, yet it may come: a gateway holds one back for a
tenth of a second. Where it would look like the answer of the next request, that request listens to
its deadline, and two answers are none.
"""

from __future__ import annotations

from typing import Final

from firmware_bridge.line.answers import ExpectedAnswer

OWED_LIMIT_S: Final = 1.0
"""How late an answer can be: the time-out with which commissioning measures lateness."""


class LateAnswer:
    """At most one is owed: what was lost before it would have come before it."""

    def __init__(self) -> None:
        self._owed: ExpectedAnswer | None = None
        self._begun = b""
        self._until_s = 0.0

    def is_owed(self, answer: ExpectedAnswer, begun: bytes, timed_out_s: float) -> None:
        """``answer`` did not come in time; ``begun`` is what came of it."""
        self._owed, self._begun = answer, begun
        self._until_s = timed_out_s + OWED_LIMIT_S

    def drained(self, data: bytes) -> None:
        """Take ``data``, which came when nobody had asked; it may be the one that is owed."""
        if self._owed is None:
            return
        self._begun += data
        if self._fits(self._begun) or self._fits(data):
            self.came()

    def came(self) -> None:
        """Nothing is owed any more."""
        self._owed, self._begun = None, b""

    def is_owed_at(self, sent_at_s: float) -> bool:
        """True when one may still come behind a request of that moment."""
        if self._owed is not None and sent_at_s > self._until_s:
            self.came()
        return self._owed is not None

    def may_be(self, data: bytes) -> bool:
        """True when the one that is owed would be taken for the answer in ``data``."""
        return self._fits(data)

    def is_followed(self, data: bytes) -> bool:
        """True when something stands behind the first answer in ``data``."""
        return self._first_bytes(data) < len(data)

    def is_doubled(self, data: bytes) -> bool:
        """True when ``data`` is two whole answers and nothing else."""
        second = data[self._first_bytes(data) :]
        return self._fits(second) and self._first_bytes(second) == len(second)

    def _first_bytes(self, data: bytes) -> int:
        """Length of the first answer; that of ``data`` when there is none."""
        lengths = range(1, len(data) + 1)
        return next((size for size in lengths if self._fits(data[:size])), len(data))

    def _fits(self, data: bytes) -> bool:
        if self._owed is None or not data:
            return False
        reply = self._owed.find(data)
        return reply is not None and not reply.refusal
