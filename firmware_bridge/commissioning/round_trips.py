"""Measures on the line how long answers take, including adapter and gateway."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from firmware_bridge.line.line import Capture, Direction

ENOUGH_TRIPS: Final = 1000
"""Fewer answers do not determine the slowest in a thousand (times.md)."""
LISTENED_S: Final = 1.0
"""The timeout with which lateness is measured; later answers count as lost (times.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TripTimes:
    """Seconds from the first byte of a request to the last byte of its answer, by percentiles.

    ``lost`` requests had no answer; ``trips`` is the number of the others. All times are 0 if there
    are none.
    """

    trips: int
    lost: int
    p50_s: float
    p95_s: float
    p99_s: float
    p999_s: float
    longest_s: float

    @property
    def slowest_answer_s(self) -> float | None:
        """Returns the time that all but one answer in a thousand kept; None if unknown.

        It is known from 1 000 answers on, if at most one in a thousand was lost.
        """
        few = self.trips < ENOUGH_TRIPS
        return None if few or self.lost * 1000 > self.trips else self.p999_s


class RoundTrips:
    """Listens to a line (it is a ``Capture``) and measures the time of each answer.

    ``passed_on``: another listener, which receives everything as well.
    """

    def __init__(self, passed_on: Capture | None = None) -> None:
        self._passed_on = passed_on
        self._sent_at_s: float | None = None
        self._heard_at_s: float | None = None
        self._trips_s: list[float] = []
        self._lost = 0

    def __call__(self, at_s: float, direction: Direction, data: bytes) -> None:
        """Take one chunk; ``at_s`` is in monotonic seconds."""
        if self._passed_on is not None:
            self._passed_on(at_s, direction, data)
        if direction is Direction.RECEIVED:
            self._heard_at_s = at_s
            return
        self._close()
        self._sent_at_s, self._heard_at_s = at_s, None

    @property
    def exchanges(self) -> int:
        """Number of finished requests."""
        return len(self._trips_s) + self._lost

    def forget(self) -> None:
        """Discard the measurement so far."""
        self._trips_s, self._lost = [], 0
        self._sent_at_s = self._heard_at_s = None

    def times(self) -> TripTimes:
        """Returns the times measured so far, including those of the latest exchange."""
        self._close()
        self._sent_at_s = self._heard_at_s = None
        ordered_s = sorted(self._trips_s)
        return TripTimes(
            trips=len(ordered_s),
            lost=self._lost,
            p50_s=percentile(ordered_s, 0.50),
            p95_s=percentile(ordered_s, 0.95),
            p99_s=percentile(ordered_s, 0.99),
            p999_s=percentile(ordered_s, 0.999),
            longest_s=ordered_s[-1] if ordered_s else 0.0,
        )

    def _close(self) -> None:
        """End the current exchange."""
        if self._sent_at_s is None:
            return
        if self._heard_at_s is None:
            self._lost += 1
        else:
            self._trips_s.append(self._heard_at_s - self._sent_at_s)


def percentile(ordered: list[float], share: float) -> float:
    """Returns the ``share`` percentile (nearest rank) of sorted values; 0 if there are none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]
