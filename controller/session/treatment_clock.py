"""The treatment clock, which stops in a pause, and forces that change at a rate.

The clock counts whole milliseconds of the session's axis, so that the record's arithmetic (phase
events minus pauses) gives exactly its time.
"""

from __future__ import annotations

from dataclasses import dataclass


class TreatmentClock:
    """Started at the first ramp; ``now_ms`` is always the session's axis."""

    def __init__(self, started_ms: int) -> None:
        self.started_ms = started_ms
        self._stood_ms = 0
        self._stopped_at_ms: int | None = None

    def elapsed_ms(self, now_ms: int) -> int:
        """Returns the milliseconds of treatment at ``now_ms``."""
        running_until_ms = now_ms if self._stopped_at_ms is None else self._stopped_at_ms
        return running_until_ms - self.started_ms - self._stood_ms

    def elapsed_s(self, session_s: float) -> float:
        """Returns the unrounded seconds of treatment at ``session_s`` on the session's axis; >= 0.

        A stopped clock returns the time at which it was stopped.
        """
        stopped = self._stopped_at_ms
        until_s = session_s if stopped is None else stopped / 1000
        return max(0.0, until_s - (self.started_ms + self._stood_ms) / 1000)

    def stop(self, now_ms: int) -> None:
        """Stop now; a clock that is already stopped keeps its time."""
        if self._stopped_at_ms is None:
            self._stopped_at_ms = now_ms

    def go_on(self, now_ms: int) -> None:
        """Run again; the time since ``stop`` never counts."""
        assert self._stopped_at_ms is not None, "only a stopped clock can go on"
        self._stood_ms += now_ms - self._stopped_at_ms
        self._stopped_at_ms = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glide:
    """A force moving to another at a rate; newtons, seconds of the session's axis."""

    from_n: float
    to_n: float
    since_s: float
    rate_n_per_s: float

    def at_n(self, session_s: float) -> float:
        """Returns the force at a time; the end force once it is reached."""
        way_n = self.rate_n_per_s * max(0.0, session_s - self.since_s)
        change_n = self.to_n - self.from_n
        if way_n >= abs(change_n):
            return self.to_n
        return self.from_n + (way_n if change_n > 0 else -way_n)

    def arrived(self, session_s: float) -> bool:
        """Returns True once the end force is reached."""
        return self.at_n(session_s) == self.to_n

    def towards(self, to_n: float, session_s: float, *, up: float, down: float) -> Glide:
        """Returns a glide from the present force to another; rates in newtons per second."""
        now_n = self.at_n(session_s)
        return Glide(
            from_n=now_n, to_n=to_n, since_s=session_s, rate_n_per_s=up if to_n > now_n else down
        )
