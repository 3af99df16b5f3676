"""When a patient counts as free: only fresh and valid measurements show it."""

from __future__ import annotations

from typing import Final

from controller.telemetry import FORCE_FAULTS, Telemetry

FREE_FORCE_N: Final = 20.0
"""Force at or below which a unit may be disarmed and acknowledged (reference map, B.10)."""
FRESH_S: Final = 0.250
"""A sample that is older, or whose number has not changed for longer, is stale (times.md)."""


class FreeCord:
    """Judges consecutive readings; seconds of the host's monotonic clock."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._changed_at_s: float | None = None

    def sees(self, reading: Telemetry | None, now_s: float) -> bool:
        """Returns True if this reading shows at most 20 N on every channel, in a fresh sample.

        The first reading is never fresh: it is unknown how long its number has been the same.
        """
        if reading is None:
            return False
        if self._number is not None and reading.sample_number != self._number:
            self._changed_at_s = now_s
        self._number = reading.sample_number
        return self._is_fresh(reading, now_s) and _is_slack(reading)

    def _is_fresh(self, reading: Telemetry, now_s: float) -> bool:
        changed_at_s = self._changed_at_s
        if changed_at_s is None:
            return False
        return reading.sample_age_s <= FRESH_S and now_s - changed_at_s <= FRESH_S


def largest_force_n(reading: Telemetry) -> float | None:
    """Returns the larger of the channels by magnitude; None without channel 1."""
    if reading.force_n is None:
        return None
    second_n = reading.second_force_n
    return max(abs(reading.force_n), 0.0 if second_n is None else abs(second_n))


def _is_slack(reading: Telemetry) -> bool:
    force_n = largest_force_n(reading)
    believable = not reading.faults.has(FORCE_FAULTS)
    return believable and force_n is not None and force_n <= FREE_FORCE_N
