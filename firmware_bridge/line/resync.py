"""A pause for a unit that lost the frame boundary.

A slave without a timer for 3.5 characters takes one stray byte for the start of a request and stays
shifted by it as long as it is polled. Only a silence longer than its own timeout for an incomplete
request lets it start again.
"""

from __future__ import annotations

from itertools import cycle
from typing import Final

from controller.errors import ReplyTimeout

FAILURES: Final = 3
"""This many failed exchanges in a row are no isolated loss."""
PAUSES_S: Final = (0.6, 1.2)
"""A libmodbus server discards an incomplete request after 0.5 s: 0.45 s worked, 0.3 s did not."""


class Resync:
    """Counts failures in a row and keeps the line silent after every third one."""

    def __init__(self) -> None:
        self._failures = 0
        self._pauses_s = cycle(PAUSES_S)
        self.silent_until_s = 0.0

    def failed(self, now_s: float) -> bool:
        """Count a failed exchange; True if a pause begins."""
        self._failures += 1
        if self._failures < FAILURES:
            return False
        self._failures = 0
        self.silent_until_s = now_s + next(self._pauses_s)
        return True

    def good(self) -> None:
        """Note a successful exchange: the next pause is short again."""
        if self._failures or self.silent_until_s:
            self._failures, self.silent_until_s = 0, 0.0
            self._pauses_s = cycle(PAUSES_S)

    def check(self, now_s: float) -> None:
        """Raise ReplyTimeout while the line is kept silent."""
        left_s = self.silent_until_s - now_s
        if left_s > 0:
            raise ReplyTimeout(
                f"nothing was sent: after {FAILURES} failed exchanges in a row the line is kept "
                f"silent for {left_s * 1000:.0f} ms more, so that a unit which lost its place "
                "finds it again"
            )
