"""Two guards against answers of another request: the sequence's echo and the unit's uptime.

RTU frames have no transaction number, gateways may cache, and a late answer is as well-formed as a
right one (reference-map-v1.md#how-the-host-uses-it). A restarted unit at first looks like an old
answer; ``UptimeGuard`` explains what tells them apart.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from controller.errors import StaleAnswer

UPTIME_WINDOW_S: Final = 10.0
UPTIME_LAG_LIMIT_S: Final = 0.150
UPTIME_MODULUS_S: Final = 2**32 / 1000
"""The unit counts milliseconds in 32 bits (0x110), which overflow after 49.7 days."""
CRYSTAL_TOLERANCE: Final = 1e-3
"""Maximum relative drift of two clocks; the map assumes 300 ppm."""
SEQUENCE_MODULUS: Final = 0xFFFF


def next_sequence(sequence: int) -> int:
    """Returns the sequence after this one; 0 does not exist, 65535 is followed by 1."""
    return sequence % SEQUENCE_MODULUS + 1


class UptimeGuard:
    """Refuses a reading whose uptime lags behind the host's clock or goes back.

    ``suspects_restart``: the refused reading is the second in a row that indicates a restart: the
    unit was switched on after the last accepted reading was requested, and its uptime has advanced
    with the host's clock since. Without a restart, an answer that says so would have to be late by
    more than the unit's uptime at the last accepted reading. The boot counter, which no old answer
    contains, proves a restart; then ``start_anew`` takes the reading.
    """

    def __init__(self) -> None:
        self._offsets: deque[tuple[float, float]] = deque()
        self._last: tuple[float, float] | None = None
        self._young: tuple[float, float] | None = None
        self.suspects_restart = False

    def check(self, sent_at_s: float, uptime_s: float) -> None:
        """Accept and remember one reading's uptime; raises StaleAnswer otherwise.

        ``sent_at_s``: when its request was sent, on the host's monotonic clock. A refused reading
        leaves nothing but the suspicion of a restart.
        """
        if self._last is None:
            self._accept(sent_at_s, uptime_s)
            return
        last_sent_at_s, last_s = self._last
        silence_s = sent_at_s - last_sent_at_s
        total_s = _without_overflow(uptime_s, last_s, silence_s)
        self._forget_old_offsets(sent_at_s)
        if reason := self._what_is_wrong(sent_at_s, total_s, last_s):
            self._suspect(sent_at_s, uptime_s, silence_s)
            raise StaleAnswer(f"{reason}; the reading was refused")
        self._accept(sent_at_s, total_s)

    def start_anew(self, sent_at_s: float, uptime_s: float) -> None:
        """Take the reading that ``check`` has just refused as the first one after a restart."""
        self._offsets.clear()
        self._accept(sent_at_s, uptime_s)

    def _forget_old_offsets(self, sent_at_s: float) -> None:
        """Keep at least the latest offset, however long the unit has been silent."""
        while len(self._offsets) > 1 and self._offsets[0][0] < sent_at_s - UPTIME_WINDOW_S:
            self._offsets.popleft()

    def _what_is_wrong(self, sent_at_s: float, total_s: float, last_s: float) -> str:
        if total_s < last_s:
            return f"the unit's uptime went back from {last_s:.3f} s to {total_s:.3f} s"
        at_s, offset_s = self._offsets[0]
        lag_s = sent_at_s - total_s - offset_s
        limit_s = _tolerance_s(max(0.0, sent_at_s - at_s - UPTIME_WINDOW_S))
        if lag_s <= limit_s:
            return ""
        return (
            f"the unit's uptime lags by {lag_s * 1000:.0f} ms (limit {limit_s * 1000:.0f} ms): "
            "an old answer"
        )

    def _suspect(self, sent_at_s: float, uptime_s: float, silence_s: float) -> None:
        """Compare a refused reading with the previous refused one."""
        before, self._young = self._young, None
        self.suspects_restart = False
        if uptime_s > silence_s + _tolerance_s(silence_s):
            return
        self._young = sent_at_s, uptime_s
        if before is not None:
            elapsed_s, advance_s = sent_at_s - before[0], uptime_s - before[1]
            in_step = abs(advance_s - elapsed_s) <= _tolerance_s(elapsed_s)
            self.suspects_restart = in_step and advance_s > 0

    def _accept(self, sent_at_s: float, total_s: float) -> None:
        """Keep offsets ascending, so that the first one is the smallest of the window."""
        offset_s = sent_at_s - total_s
        while self._offsets and self._offsets[-1][1] >= offset_s:
            self._offsets.pop()
        self._offsets.append((sent_at_s, offset_s))
        self._last = sent_at_s, total_s
        self._young, self.suspects_restart = None, False


def _without_overflow(uptime_s: float, last_s: float, silence_s: float) -> float:
    """Returns an uptime that continues after 49.7 days; that of a restarted unit stays small.

    An overflow happens at a known time. A unit that restarts some seconds before or after it
    differs by these seconds and is not taken for one. An answer from before the overflow stays
    before it.
    """
    total_s = uptime_s + last_s // UPTIME_MODULUS_S * UPTIME_MODULUS_S
    ahead_s = total_s - (last_s + silence_s)
    if abs(ahead_s + UPTIME_MODULUS_S) <= _tolerance_s(silence_s):
        return total_s + UPTIME_MODULUS_S
    return total_s - UPTIME_MODULUS_S if ahead_s > UPTIME_MODULUS_S / 2 else total_s


def _tolerance_s(elapsed_s: float) -> float:
    """Returns the permitted difference of two clocks: an answer's travel time and two crystals."""
    return UPTIME_LAG_LIMIT_S + CRYSTAL_TOLERANCE * elapsed_s


class SequenceEcho:
    """Whether the unit writes or reads first in function 23, found once per arming."""

    def __init__(self) -> None:
        self._lag: int | None = None

    @property
    def is_known(self) -> bool:
        """True if the order is known."""
        return self._lag is not None

    @property
    def needs_previous(self) -> bool:
        """True if the unit reads first, so that it echoes the previously accepted sequence."""
        return self._lag == 1

    def learn(self, first: tuple[int, int], second: tuple[int, int]) -> bool:
        """Take (sent, echoed) of two consecutive commands; True if they determine the order."""
        lags = {sent - echoed for sent, echoed in (first, second)}
        if lags in ({0}, {1}):
            self._lag = lags.pop()
            return True
        return False

    def check(self, sent: int, previous: int, echoed: int) -> None:
        """Accept only the echo of the learned order; raises StaleAnswer."""
        expected = previous if self.needs_previous else sent
        if echoed != expected:
            raise StaleAnswer(
                f"sequence {echoed} was echoed, {expected} was expected: the answer to another "
                "request; it was refused"
            )
