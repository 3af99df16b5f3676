"""The reminder to check on the patient: traction is supervised (hazards.md, row 52)."""

from __future__ import annotations

from typing import Final

CHECK_IN_EVERY_S: Final = 300.0


class CheckInReminder:
    """Starts with the treatment; seconds of any axis."""

    def __init__(self) -> None:
        self._last_s: float | None = None

    def looked_after(self, now_s: float) -> None:
        """Note that somebody was with the patient."""
        self._last_s = now_s

    def left_s(self, now_s: float) -> float | None:
        """Returns the time until the next check-in; None before the treatment."""
        if self._last_s is None:
            return None
        return max(0.0, self._last_s + CHECK_IN_EVERY_S - now_s)

    def due(self, now_s: float) -> bool:
        """Returns True once for each check-in that becomes due; never before the treatment."""
        if self._last_s is None or now_s - self._last_s < CHECK_IN_EVERY_S:
            return False
        self._last_s = now_s
        return True
