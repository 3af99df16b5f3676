"""Memory of the last seconds, and comparisons that do not depend on binary fractions.

Ticks and readings are binary fractions, limits and the wire's steps are decimal ones.
"""

from __future__ import annotations

from collections import deque
from typing import Final

TOLERANCE_S: Final = 1e-6
TOLERANCE: Final = 1e-9


def exceeds(value: float, limit: float) -> bool:
    """True unless the value is at or below the limit, apart from rounding; NaN exceeds."""
    return not value <= limit + TOLERANCE


def elapsed_s(since_s: float, now_s: float) -> float:
    """Returns the difference of two times in whole microseconds."""
    return round(now_s - since_s, 6)


class Window:
    """The values of the last ``span_s``, and one older, so that a gap in them hides nothing."""

    __slots__ = ("_span_s", "_times", "_values")

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._times: deque[float] = deque()
        self._values: deque[float] = deque()

    def add(self, now_s: float, value: float) -> None:
        """Add the latest value and drop those older than the span."""
        times = self._times
        times.append(now_s)
        self._values.append(value)
        start_s = now_s - self._span_s + TOLERANCE_S
        while len(times) > 1 and times[1] <= start_s:
            times.popleft()
            self._values.popleft()

    def clear(self) -> None:
        """Start again."""
        self._times.clear()
        self._values.clear()

    @property
    def filled(self) -> bool:
        """True once the values cover the whole span."""
        if not self._times:
            return False
        return elapsed_s(self._times[0], self._times[-1]) >= self._span_s - TOLERANCE_S

    @property
    def change(self) -> float:
        """Returns the latest value less the oldest kept; 0 if there are none."""
        return self._values[-1] - self._values[0] if self._values else 0.0

    @property
    def slope(self) -> float | None:
        """Returns the change per second; None with fewer than two values."""
        passed_s = elapsed_s(self._times[0], self._times[-1]) if self._times else 0.0
        return self.change / passed_s if passed_s > 0.0 else None

    @property
    def rise(self) -> float:
        """Returns how far the latest value is above the smallest kept; 0 if there are none."""
        return self._values[-1] - min(self._values) if self._values else 0.0

    @property
    def fall(self) -> float:
        """Returns how far the latest value is below the largest kept; 0 if there are none."""
        return max(self._values) - self._values[-1] if self._values else 0.0

    @property
    def last(self) -> float | None:
        """The latest value; None if there are none."""
        return self._values[-1] if self._values else None

    @property
    def lowest(self) -> float | None:
        """The smallest value kept; None if there are none."""
        return min(self._values) if self._values else None

    @property
    def highest(self) -> float | None:
        """The largest value kept; None if there are none."""
        return max(self._values) if self._values else None


class Recent:
    """How often something happened in the last ``span_s``."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._times: deque[float] = deque()

    def add(self, now_s: float) -> None:
        """Count one occurrence now."""
        self._times.append(now_s)

    def count(self, now_s: float) -> int:
        """Returns the number of occurrences in the span that ends now, its start excluded."""
        while self._times and elapsed_s(self._times[0], now_s) >= self._span_s:
            self._times.popleft()
        return len(self._times)

    def clear(self) -> None:
        """Start counting again."""
        self._times.clear()


class Since:
    """How long a condition has been true without interruption."""

    def __init__(self) -> None:
        self._since_s: float | None = None

    def update(self, now_s: float, is_true: bool) -> None:
        """Update the condition."""
        if not is_true:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s

    def lasting_s(self, now_s: float) -> float:
        """Returns the seconds since it became true; 0 if it is not."""
        return 0.0 if self._since_s is None else elapsed_s(self._since_s, now_s)

    def lasts(self, now_s: float, limit_s: float) -> bool:
        """Returns True if it has been true for at least ``limit_s``.

        A duration of NaN counts as reached.
        """
        return self._since_s is not None and not elapsed_s(self._since_s, now_s) < limit_s
