"""Cuts a course of force into straight pieces: bottom-up, then the knots by least squares.

Bottom-up: short blocks are merged with their neighbours while the line through both departs from
the readings by little more than two lines do. A knot needs a minimum cost: a departure of the
tolerance, ``max(5 N, 6 %)``, for ``KNOT_S``. Noise, breath and drift stay below that; a ramp of 2
N/s does not. All merges of a round are done at once, so the work grows with the number of readings
and not with its square.

Sums are integers and everything derived from them is computed element by element, so that every
computer finds the same knots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from records.course.readings import Readings, Whole

Real = NDArray[np.float64]

TICK_MS: Final = 10
"""Times are fitted in units of 10 ms: the squares of a whole day fit 63 bits."""
TOLERANCE_DN: Final = 50.0
TOLERANCE_SHARE: Final = 0.06
KNOT_S: Final = 1.0
BLOCK_MS: Final = 300
THRESHOLDS: Final = (1 / 256, 1 / 64, 1 / 16, 1 / 4, 1.0)
"""Shares of a knot's cost, in rising order: the most certain merges come first."""
REFINEMENTS: Final = 4
TRIMMED_SHARE: Final = 0.15
TRIMMED_MOST_MS: Final = 1000
LEAST_BEND_DN_PER_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A straight piece between two knots; forces of its line in 0.1 N at both ends."""

    start_ms: int
    end_ms: int
    start_dn: float
    end_dn: float

    @property
    def duration_s(self) -> float:
        """Returns the length, seconds."""
        return (self.end_ms - self.start_ms) / 1000

    @property
    def change_dn(self) -> float:
        """Returns the rise over the whole piece, 0.1 N; negative for a fall."""
        return self.end_dn - self.start_dn

    @property
    def slope_dn_per_s(self) -> float:
        """Returns the rise per second, 0.1 N/s."""
        return self.change_dn / self.duration_s if self.end_ms > self.start_ms else 0.0


def tolerance_dn(force_dn: float) -> float:
    """Returns the effect of noise, breath and friction at this force: max(5 N, 6 %), in 0.1 N."""
    return max(TOLERANCE_DN, TOLERANCE_SHARE * abs(force_dn))


class Sums:
    """Running sums of the readings: the least-squares line of any stretch in constant time."""

    def __init__(self, times_ms: Whole, forces_dn: Whole) -> None:
        self.ticks = (times_ms - times_ms[0]) // TICK_MS
        self.forces_dn = forces_dn
        columns = (self.ticks, forces_dn, self.ticks**2, self.ticks * forces_dn, forces_dn**2)
        self._running = [np.concatenate(([0], np.cumsum(c))) for c in columns]

    def lines(self, first: Whole, end: Whole) -> tuple[Real, Real, Real]:
        """Returns slopes (0.1 N a tick), forces at ``first``, residual squares; [first, end)."""
        count = end - first
        t, y, tt, ty, yy = (run[end] - run[first] for run in self._running)
        zero = self.ticks[first]
        tt = tt - 2 * zero * t + count * zero**2
        ty = ty - zero * y
        t = t - count * zero
        spread = tt - t.astype(np.float64) ** 2 / count
        shared = ty - t.astype(np.float64) * y / count
        total = yy - y.astype(np.float64) ** 2 / count
        slope = np.where(spread > 0, shared / np.where(spread > 0, spread, 1.0), 0.0)
        left = np.maximum(0.0, total - slope * shared)
        return slope, (y - slope * t) / count, left

    def means(self, first: Whole, end: Whole) -> Real:
        """Returns the mean forces of [first, end)."""
        run = self._running[1]
        return np.asarray((run[end] - run[first]) / (end - first), dtype=np.float64)


def straight_pieces(readings: Readings) -> list[Piece]:
    """Returns the pieces of one run of readings without a long gap; none for fewer than four."""
    if len(readings.times_ms) < 4:
        return []
    smoothed = readings.smoothed_dn()
    sums = Sums(readings.times_ms, smoothed)
    starts = _merged(sums, _blocks(readings), readings.interval_ms / 1000)
    return _refined(readings, sums, starts)


def _blocks(readings: Readings) -> Whole:
    """Returns the numbers of the first readings of the blocks, and of the end."""
    each = max(2, BLOCK_MS // readings.interval_ms)
    count = len(readings.times_ms)
    starts = np.arange(0, count - each + 1, each, dtype=np.int64)
    return np.append(starts, count)


def _merged(sums: Sums, starts: Whole, interval_s: float) -> Whole:
    """Merge neighbours until every remaining knot is worth its cost."""
    for share in THRESHOLDS:
        while len(starts) > 2:
            cheap = _cheap(sums, starts, share, interval_s)
            if not cheap.any():
                break
            starts = np.delete(starts, np.flatnonzero(cheap) + 1)
    return starts


def _cheap(sums: Sums, starts: Whole, share: float, interval_s: float) -> NDArray[np.bool_]:
    """Returns the pairs to merge now: below the cost, and cheaper than the pairs beside them."""
    _, _, own = sums.lines(starts[:-1], starts[1:])
    _, _, both = sums.lines(starts[:-2], starts[2:])
    cost = (both - own[:-1] - own[1:]) * interval_s
    force = np.abs(sums.means(starts[:-2], starts[2:]))
    price = np.maximum(TOLERANCE_DN, TOLERANCE_SHARE * force) ** 2 * KNOT_S
    before = np.concatenate(([np.inf], cost[:-1]))
    behind = np.concatenate((cost[1:], [np.inf]))
    return np.asarray((cost < share * price) & (cost < before) & (cost <= behind), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class _Lines:
    """A line for each piece: slope in 0.1 N a tick, force at ``first_ms``."""

    slope: Real
    at_first: Real
    first_ms: Real

    def force_dn(self, at_ms: Real) -> Real:
        """Returns the forces of the lines, each at one time."""
        return self.at_first + self.slope * (at_ms - self.first_ms) / TICK_MS


def _refined(readings: Readings, sums: Sums, starts: Whole) -> list[Piece]:
    """Move every inner knot to where the lines of its two neighbours meet, a few times over."""
    times_ms = readings.times_ms
    knots = times_ms[np.minimum(starts, len(times_ms) - 1)].astype(np.float64)
    lines = _inner_lines(times_ms, sums, knots)
    for _ in range(REFINEMENTS):
        knots = _crossings(knots, lines)
        lines = _inner_lines(times_ms, sums, knots)
    start_dn, end_dn = lines.force_dn(knots[:-1]), lines.force_dn(knots[1:])
    return [
        Piece(
            start_ms=round(knots[at]),
            end_ms=round(knots[at + 1]),
            start_dn=float(start_dn[at]),
            end_dn=float(end_dn[at]),
        )
        for at in range(len(knots) - 1)
        if round(knots[at + 1]) > round(knots[at])
    ]


def _inner_lines(times_ms: Whole, sums: Sums, knots: Real) -> _Lines:
    """Returns each piece's line without the ends, which its neighbours' bends affect."""
    trim = np.minimum(TRIMMED_SHARE * np.diff(knots), TRIMMED_MOST_MS)
    return _lines(times_ms, sums, knots[:-1] + trim, knots[1:] - trim)


def _lines(times_ms: Whole, sums: Sums, from_ms: Real, to_ms: Real) -> _Lines:
    """Returns the lines through the readings of these times, or through two of them without any."""
    first = np.minimum(np.searchsorted(times_ms, from_ms), len(times_ms) - 2)
    end = np.searchsorted(times_ms, to_ms, side="right")
    first = np.where(end - first < 2, np.maximum(0, first - 1), first)
    end = np.maximum(end, first + 2)
    slope, at_first, _ = sums.lines(first, end)
    return _Lines(slope, at_first, times_ms[first].astype(np.float64))


def _crossings(knots: Real, lines: _Lines) -> Real:
    """Returns each inner knot where its two lines meet, but never beyond the middle of a piece."""
    inner = knots[1:-1]
    bend = lines.slope[:-1] - lines.slope[1:]
    clear = np.abs(bend) * 1000 / TICK_MS > LEAST_BEND_DN_PER_S
    apart = lines.force_dn(knots[:-1])[1:] - lines.force_dn(knots[1:])[:-1]
    meet = inner + apart / np.where(clear, bend, 1.0) * TICK_MS
    middle = (knots[:-1] + knots[1:]) / 2
    moved = np.where(clear & (meet > middle[:-1]) & (meet < middle[1:]), meet, inner)
    return np.concatenate((knots[:1], moved, knots[-1:]))
