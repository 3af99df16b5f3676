"""A pause holds the force, goes back to the pretension, finally releases (session-rules.md)."""

from __future__ import annotations

from enum import Enum
from typing import Final

from controller.session.treatment_clock import Glide

HOLD_LIMIT_S: Final = 60.0
"""Longest time for which the force is held."""
PRETENSION_LIMIT_S: Final = 300.0
"""Longest time at the pretension; then the patient is released."""


class PauseStep(Enum):
    """The result of a tick of the pause."""

    GOES_ON = "goes_on"
    REGRESSES = "regresses"
    OVER = "over"
    BACK = "back"


class TreatmentPause:
    """Seconds of the session's axis, newtons, newtons per second."""

    def __init__(
        self, *, since_s: float, held_n: float, base_n: float, up: float, down: float
    ) -> None:
        self.since_s = since_s
        self._base_n = base_n
        self._up, self._down = up, down
        self._glide = Glide(from_n=held_n, to_n=held_n, since_s=since_s, rate_n_per_s=down)
        self._regressing = False
        self._low_since_s: float | None = None
        self.returning = False

    def target_n(self, session_s: float) -> float:
        """Returns the force wanted in the pause, newtons."""
        return self._glide.at_n(session_s)

    def held_left_s(self, session_s: float) -> float | None:
        """Returns how long the force is still held.

        None once it goes back or the treatment continues.
        """
        if self._regressing or self.returning:
            return None
        return max(0.0, self.since_s + HOLD_LIMIT_S - session_s)

    def left_s(self, session_s: float) -> float | None:
        """Returns the time until the pause ends in a release; None once the treatment continues."""
        if self.returning:
            return None
        if self._low_since_s is not None:
            return max(0.0, self._low_since_s + PRETENSION_LIMIT_S - session_s)
        way_n = max(0.0, self._glide.at_n(session_s) - self._base_n)
        held_s = self.held_left_s(session_s) or 0.0
        return held_s + way_n / self._down + PRETENSION_LIMIT_S

    def lower(self, most_n: float, session_s: float) -> None:
        """Go down to ``most_n`` if the pause holds more or is moving to more."""
        if self._glide.to_n > most_n:
            self._head_for(most_n, session_s)

    def return_to(self, force_n: float, session_s: float) -> None:
        """Leave the pause by a ramp to the force at which the treatment continues."""
        self.returning = True
        self._head_for(force_n, session_s)

    def step(self, session_s: float) -> PauseStep:
        """Do one tick; OVER means release, BACK that the treatment may continue."""
        if self.returning:
            return PauseStep.BACK if self._glide.arrived(session_s) else PauseStep.GOES_ON
        if not self._regressing:
            return self._hold(session_s)
        if self._low_since_s is None and self._glide.arrived(session_s):
            self._low_since_s = session_s
        low_since_s = session_s if self._low_since_s is None else self._low_since_s
        over = session_s - low_since_s >= PRETENSION_LIMIT_S - 1e-6
        return PauseStep.OVER if over else PauseStep.GOES_ON

    def _hold(self, session_s: float) -> PauseStep:
        if session_s - self.since_s < HOLD_LIMIT_S - 1e-6:
            return PauseStep.GOES_ON
        self._regressing = True
        self.lower(self._base_n, session_s)
        return PauseStep.REGRESSES

    def _head_for(self, force_n: float, session_s: float) -> None:
        self._glide = self._glide.towards(force_n, session_s, up=self._up, down=self._down)
