"""The exchanges of the last seconds."""

from __future__ import annotations

from typing import Final

from controller.safety.limits import SafetyLimits
from controller.safety.windows import Recent, Since, exceeds
from controller.telemetry import HostHealth

LINK_WINDOW_S: Final = 10.0


class LinkMemory:
    """Counts exchanges of the last 10 s that were missed, slow or answered for another request."""

    def __init__(self, limits: SafetyLimits) -> None:
        self._limits = limits
        self._now_s = self._tick_s = 0.0
        self._sent = self.sent_before_reading = self._missed_in_a_row = 0
        self._surplus = 0
        self._mismatches = 0
        self.missed, self.missed_pairs = Recent(LINK_WINDOW_S), Recent(LINK_WINDOW_S)
        self.slow, self.mixed_up = Recent(LINK_WINDOW_S), Recent(LINK_WINDOW_S)
        self.troubled = Since()

    def take(self, health: HostHealth, now_s: float, *, missed: bool) -> None:
        """Remember one exchange."""
        self._now_s, self._tick_s = now_s, health.tick_s
        self._sent += 1
        self._missed_in_a_row = self._missed_in_a_row + 1 if missed else 0
        if missed:
            self.missed.add(now_s)
        if self._missed_in_a_row == 2:
            self.missed_pairs.add(now_s)
        if exceeds(health.exchange_s, self._limits.slow_share_of_tick * health.tick_s):
            self.slow.add(now_s)
        for _ in range(health.mismatches - self._mismatches):
            self.mixed_up.add(now_s)
        self._mismatches = health.mismatches
        often = exceeds(self.share(self.missed), self._limits.missed_share)
        in_pairs = self.missed_pairs.count(now_s) > self._limits.missed_pairs
        self.troubled.update(now_s, often or in_pairs)

    def accepted(self, steps: int) -> None:
        """Note a reading, with the number of commands that were sent since the previous one.

        ``steps``: the number that the unit has accepted since. A unit that reads first shows a
        command one reading later, so that a command not accepted yet may still come with the next
        one; if it accepted none, because of lost requests, all earlier ones may.
        """
        self.sent_before_reading = self._sent + self._surplus
        self._surplus = max(0, self._sent - steps) if steps else self.sent_before_reading
        self._sent = 0

    def share(self, happened: Recent) -> float:
        """Returns the share of the window's exchanges in which it happened."""
        return happened.count(self._now_s) * self._tick_s / LINK_WINDOW_S
