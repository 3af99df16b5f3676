"""Two guards against answers of another request: the sequence's echo and the unit's uptime.

RTU frames carry no transaction number, gateways may cache, and a late answer is as well-formed as
a right one (reference map, section 0.5).
"""

from __future__ import annotations

from collections import deque
from typing import Final

from controller.errors import StaleAnswer

UPTIME_WINDOW_S: Final = 10.0
UPTIME_LAG_LIMIT_S: Final = 0.150
UPTIME_MODULUS_S: Final = 2**32 / 1000
"""The unit counts milliseconds in 32 bits (0x110): after 49.7 days it begins at 0 again."""
OVERFLOW_TOLERANCE_S: Final = 60.0
"""How well the uptime must fit the host's clock to be an overflow and not a restart."""
SEQUENCE_MODULUS: Final = 0xFFFF


def next_sequence(sequence: int) -> int:
    """The sequence behind this one; 0 does not exist, 65535 is followed by 1."""
    return sequence % SEQUENCE_MODULUS + 1


class UptimeGuard:
    """Refuses a reading whose uptime lags the host's clock or goes back."""

    def __init__(self) -> None:
        self._offsets: deque[tuple[float, float]] = deque()
        self._last_uptime_s = -1.0
        self._last_sent_at_s = 0.0

    def check(self, sent_at_s: float, uptime_s: float) -> None:
        """Accept and remember one reading's uptime; raises StaleAnswer and remembers nothing."""
        total_s = self._without_overflow(sent_at_s, uptime_s)
        if total_s < self._last_uptime_s:
            raise StaleAnswer(
                f"the unit's uptime went back from {self._last_uptime_s:.3f} s to "
                f"{total_s:.3f} s; the reading was refused"
            )
        offset_s = sent_at_s - total_s
        while self._offsets and self._offsets[0][0] < sent_at_s - UPTIME_WINDOW_S:
            self._offsets.popleft()
        if self._offsets and offset_s - self._offsets[0][1] > UPTIME_LAG_LIMIT_S:
            lag_ms = (offset_s - self._offsets[0][1]) * 1000
            raise StaleAnswer(
                f"the unit's uptime lags by {lag_ms:.0f} ms (limit "
                f"{UPTIME_LAG_LIMIT_S * 1000:.0f} ms): an old answer; the reading was refused"
            )
        self._remember(sent_at_s, offset_s)
        self._last_uptime_s, self._last_sent_at_s = total_s, sent_at_s

    def _without_overflow(self, sent_at_s: float, uptime_s: float) -> float:
        """Uptime that goes on behind 49.7 days; a restarted unit's stays small and so goes back."""
        if self._last_uptime_s < 0:
            return uptime_s
        total_s = uptime_s + self._last_uptime_s // UPTIME_MODULUS_S * UPTIME_MODULUS_S
        expected_s = self._last_uptime_s + sent_at_s - self._last_sent_at_s
        overflowed = abs(total_s + UPTIME_MODULUS_S - expected_s) < OVERFLOW_TOLERANCE_S
        return total_s + UPTIME_MODULUS_S if overflowed else total_s

    def _remember(self, sent_at_s: float, offset_s: float) -> None:
        """Keep offsets ascending, so that the smallest of the window is always the first."""
        while self._offsets and self._offsets[-1][1] >= offset_s:
            self._offsets.pop()
        self._offsets.append((sent_at_s, offset_s))


class SequenceEcho:
    """The unit's order, found once per arming: it writes first or it reads first."""

    def __init__(self) -> None:
        self._lag: int | None = None

    def learn(self, first: tuple[int, int], second: tuple[int, int]) -> bool:
        """Take (sent, echoed) of two commands in a row; True when they settle the order."""
        lags = {sent - echoed for sent, echoed in (first, second)}
        if lags in ({0}, {1}):
            self._lag = lags.pop()
            return True
        return False

    def check(self, sent: int, previous: int, echoed: int) -> None:
        """Accept only the echo of the learned order; raises StaleAnswer."""
        expected = previous if self._lag else sent
        if echoed != expected:
            raise StaleAnswer(
                f"sequence {echoed} was echoed, {expected} is right: the answer of another "
                "request; it was refused"
            )
