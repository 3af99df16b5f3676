"""Finds where a slow first ramp leaves the pretension, where a breath is larger than its bend.

The cutting into pieces needs a bend of 5 N; a ramp of 1 N/s after a pretension of some seconds has
less, and a regulator with friction moves it in steps. So the readings from the end of the take-up
to where the force is clearly above a pretension are fitted once more, by a level and a line that
begins at its end. They meet at the least-squares result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from records.course.pieces import TICK_MS, Piece, Real
from records.course.readings import Readings, Whole
from records.course.stretches import Stretch, Way

PRETENSION_MOST_DN: Final = 500.0
PRETENSION_SHARE: Final = 0.5
"""A first level of at most 50 N (session-rules.md#ranges) and half of what the treatment reaches
may be a pretension."""
TAUT_DN: Final = 50
"""The slack has been taken up above this force."""
TAKEN_UP_MS: Final = 1500
TAKEN_UP_DN: Final = 15
"""The take-up is over where the force rises by less than 1.5 N in 1.5 s."""
FASTER: Final = 2.0
LEAST_LEVEL_MS: Final = 3000
LEAST_RAMP_MS: Final = 1000
SLOW_DN_PER_S: Final = 25.0
"""A faster ramp shows its corner without this."""


def with_pretension_apart(readings: Readings, found: Sequence[Stretch]) -> list[Stretch]:
    """Returns the same course; a slow first ramp begins where the level before it ends."""
    first = next((at for at, each in enumerate(found) if each.way is Way.UP), None)
    if first is None:
        return list(found)
    highest_dn = max(max(each.start_dn, each.end_dn) for each in found)
    most_dn = min(PRETENSION_MOST_DN, PRETENSION_SHARE * highest_dn)
    level_apart, ramp_apart = found[first + 1 : first + 2], found[first + 2 : first + 3]
    apart = [each.way for each in (*level_apart, *ramp_apart)] == [Way.LEVEL, Way.UP]
    apart = apart and level_apart[0].level_dn <= most_dn
    ramp = ramp_apart[0] if apart else found[first]
    if apart and _rate(ramp) > SLOW_DN_PER_S:
        return list(found)
    level = _level(readings, found[first].start_ms, ramp, most_dn)
    if level is None or ramp.end_dn <= most_dn:
        return list(found)
    return [
        *found[:first],
        *_parts(found[first], level, ramp),
        *found[first + (3 if apart else 1) :],
    ]


def _rate(each: Stretch) -> float:
    return (each.end_dn - each.start_dn) / each.duration_s if each.duration_s else float("inf")


def _parts(rise: Stretch, level: Piece, ramp: Stretch) -> tuple[Stretch, ...]:
    """Returns take-up, level, ramp."""
    return (
        _stretch(Way.UP, rise.start_ms, rise.start_dn, level.start_ms, level.start_dn),
        Stretch(way=Way.LEVEL, pieces=(level,)),
        _stretch(Way.UP, level.end_ms, level.end_dn, ramp.end_ms, ramp.end_dn),
    )


def _stretch(way: Way, start_ms: int, start_dn: float, end_ms: int, end_dn: float) -> Stretch:
    piece = Piece(start_ms=start_ms, end_ms=end_ms, start_dn=start_dn, end_dn=end_dn)
    return Stretch(way=way, pieces=(piece,))


def _level(readings: Readings, start_ms: int, ramp: Stretch, most_dn: float) -> Piece | None:
    """Returns the pretension between the take-up and ``ramp``; None where there is none."""
    first, end = np.searchsorted(readings.times_ms, (start_ms, ramp.end_ms))
    near = readings.between(int(first), int(end))
    forces = near.smoothed_dn()
    taken_up = _taken_up(near, forces)
    if taken_up is None:
        return None
    high = np.flatnonzero(forces[taken_up:] > most_dn)
    end = taken_up + int(high[0]) if len(high) else len(forces)
    level = _bend(near.times_ms[taken_up:end], forces[taken_up:end])
    return level if level is not None and _is_left(level, start_ms, ramp) else None


def _is_left(level: Piece, start_ms: int, ramp: Stretch) -> bool:
    """Returns whether the take-up was faster than the ramp: else it is one rise without a level."""
    ramp_s, taken_up_s = (ramp.end_ms - level.end_ms) / 1000, (level.start_ms - start_ms) / 1000
    return level.start_dn * ramp_s >= FASTER * (ramp.end_dn - level.end_dn) * taken_up_s


def _taken_up(readings: Readings, forces: Whole) -> int | None:
    """Returns the number of the reading at which the take-up is over."""
    ahead = TAKEN_UP_MS // readings.interval_ms
    if len(forces) <= ahead:
        return None
    rises = forces[ahead:] - forces[: len(forces) - ahead]
    over = np.flatnonzero((forces[: len(rises)] >= TAUT_DN) & (rises < TAKEN_UP_DN))
    return int(over[0]) if len(over) else None


def _bend(times: Whole, forces: Whole) -> Piece | None:
    """Returns the level up to the bend with the least squares.

    None where nothing is left of it.
    """
    if not len(times):
        return None
    inside = (times >= times[0] + LEAST_LEVEL_MS) & (times <= times[-1] - LEAST_RAMP_MS)
    bends = np.flatnonzero(inside)
    if not len(bends):
        return None
    level, slope, left = bent_lines(times, forces, bends)
    best = int(np.argmin(left))
    if slope[best] <= 0 or level[best] < TAUT_DN:
        return None
    return Piece(
        start_ms=int(times[0]),
        end_ms=int(times[bends[best]]),
        start_dn=float(level[best]),
        end_dn=float(level[best]),
    )


def bent_lines(times: Whole, forces: Whole, bends: Whole) -> tuple[Real, Real, Real]:
    """Returns level, following slope (0.1 N a tick) and residual squares, for each of ``bends``.

    The squares are those above the minimum of any line: only their differences count.
    """
    ticks = (times - times[0]) // TICK_MS
    tails = [_tail(column)[bends] for column in (ticks, ticks**2, forces, ticks * forces)]
    t, tt, y, ty = tails
    at, behind, count = ticks[bends], len(times) - bends, len(times)
    x = (t - behind * at).astype(np.float64)
    xx = (tt - 2 * at * t + behind * at**2).astype(np.float64)
    xy = (ty - at * y).astype(np.float64)
    total = float(forces.sum())
    spread = xx - x * x / count
    shared = xy - x * total / count
    slope = shared / np.where(spread > 0, spread, 1.0)
    left = np.where(spread > 0, -slope * shared, np.inf)
    return (total - slope * x) / count, slope, left


def _tail(column: Whole) -> Whole:
    """Returns sums from each number to the end."""
    return np.cumsum(column[::-1])[::-1]
