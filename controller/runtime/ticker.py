"""Absolute deadlines on the monotonic clock."""

from __future__ import annotations

from controller.ports import Clock


class Ticker:
    """Waits for the next tick of a fixed grid and measures how late it came; seconds."""

    def __init__(self, clock: Clock, tick_s: float) -> None:
        self._clock = clock
        self.tick_s = tick_s
        self._due_s = clock.now_s()
        self._excused = True

    @property
    def due_s(self) -> float:
        """Time at which the next tick is due."""
        return self._due_s

    def wait(self) -> float:
        """Wait for the tick; returns its lateness. Missed ticks are skipped, never caught up."""
        self._clock.sleep_until(self._due_s)
        late_s = self._clock.now_s() - self._due_s
        skipped = int(late_s / self.tick_s)
        self._due_s += (skipped + 1) * self.tick_s
        excused, self._excused = self._excused, False
        return 0.0 if excused else late_s

    def excuse(self) -> None:
        """Let the present tick overrun: a release was sent in it as a second exchange."""
        self._excused = True
