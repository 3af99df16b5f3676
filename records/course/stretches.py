"""Joins pieces into stretches that rise, fall or stay; the effect of a cough is absorbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from records.course.pieces import Piece, tolerance_dn

LEAST_RATE_DN_PER_S: Final = 10.0
"""Half of the slowest ramp that is ordered (2 N/s, session-rules.md#ranges)."""
SLOW_CHANGE_DN: Final = 100.0
SLOW_CHANGE_SHARE: Final = 0.10
"""A smaller change stays in the band of a hold (session-rules.md#numbers-of-the-record)."""
EXCURSION_S: Final = 4.0
"""A cough and the regulator's reaction to it."""
OVERSHOOT_S: Final = 2.5
OVERSHOOT_SHARE: Final = 0.5
"""A ramp that comes back by a larger share was a turn, not an overshoot."""
INTERRUPTION_S: Final = 1.5
"""How long a ramp may stop or turn back and still be one ramp."""


class Way(IntEnum):
    """The direction of the force; ``UNSEEN``: a gap in which a phase can begin and end."""

    DOWN = -1
    LEVEL = 0
    UP = 1
    UNSEEN = 2


TURNS: Final = {Way.UP: Way.DOWN, Way.DOWN: Way.UP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Neighbouring pieces of the same direction; forces in 0.1 N."""

    way: Way
    pieces: tuple[Piece, ...]

    @property
    def start_ms(self) -> int:
        """Returns the first knot."""
        return self.pieces[0].start_ms

    @property
    def end_ms(self) -> int:
        """Returns the last knot."""
        return self.pieces[-1].end_ms

    @property
    def start_dn(self) -> float:
        """Returns the force at the first knot."""
        return self.pieces[0].start_dn

    @property
    def end_dn(self) -> float:
        """Returns the force at the last knot."""
        return self.pieces[-1].end_dn

    @property
    def duration_s(self) -> float:
        """Returns the length, seconds."""
        return (self.end_ms - self.start_ms) / 1000

    @property
    def level_dn(self) -> float:
        """Returns the mean force of the pieces, weighted by length."""
        if self.end_ms == self.start_ms:
            return (self.start_dn + self.end_dn) / 2
        weighted = sum((p.start_dn + p.end_dn) / 2 * (p.end_ms - p.start_ms) for p in self.pieces)
        return weighted / (self.end_ms - self.start_ms)


def stretches(pieces: Sequence[Piece]) -> list[Stretch]:
    """Returns the stretches of one run; two neighbours never have the same direction."""
    found = _grouped([_stretch(piece) for piece in _with_jumps(pieces)], _slow_way)
    found = _grouped([_judged(each) for each in found], _slow_way)
    return _swallowed(_grouped(_slow_ramps(found)))


def _stretch(piece: Piece) -> Stretch:
    moves = abs(piece.slope_dn_per_s) >= LEAST_RATE_DN_PER_S or piece.end_ms == piece.start_ms
    return Stretch(way=_way(piece.change_dn) if moves else Way.LEVEL, pieces=(piece,))


def _way(change_dn: float) -> Way:
    return Way.UP if change_dn > 0 else Way.DOWN


def _with_jumps(pieces: Sequence[Piece]) -> list[Piece]:
    """Inserts a jump where two lines differ by more than the tolerance."""
    found: list[Piece] = []
    for piece in pieces:
        if found and _jumps(found[-1], piece):
            found.append(
                Piece(
                    start_ms=piece.start_ms,
                    end_ms=piece.start_ms,
                    start_dn=found[-1].end_dn,
                    end_dn=piece.start_dn,
                )
            )
        found.append(piece)
    return found


def _jumps(before: Piece, behind: Piece) -> bool:
    """Returns whether it jumps; False where a piece takes the jump back: only the lines differ."""
    jump_dn = behind.start_dn - before.end_dn
    steep = [p for p in (before, behind) if abs(p.slope_dn_per_s) >= LEAST_RATE_DN_PER_S]
    taken_back = any(p.change_dn * jump_dn < 0 and abs(p.change_dn) >= abs(jump_dn) for p in steep)
    high_dn = max(abs(before.end_dn), abs(behind.start_dn))
    return abs(jump_dn) >= tolerance_dn(high_dn) and not taken_back


def _grouped(
    found: Sequence[Stretch], goes: Callable[[Stretch], Way] = lambda each: each.way
) -> list[Stretch]:
    """Joins neighbours of one direction, also by ``goes``."""
    grouped: list[Stretch] = []
    for each in found:
        last = grouped[-1] if grouped else None
        if last is not None and last.way is each.way and goes(last) is goes(each):
            grouped[-1] = Stretch(way=each.way, pieces=last.pieces + each.pieces)
        else:
            grouped.append(each)
    return grouped


def _judged(each: Stretch) -> Stretch:
    """Makes a move by less than the tolerance a level: the last newtons after a ramp."""
    change_dn = abs(each.end_dn - each.start_dn)
    least_dn = tolerance_dn(max(abs(each.start_dn), abs(each.end_dn)))
    return each if change_dn >= least_dn else Stretch(way=Way.LEVEL, pieces=each.pieces)


def _slow_ramps(found: Sequence[Stretch]) -> list[Stretch]:
    """Makes a level a slow ramp if it changes more than a hold may between two turns.

    The last one before the release, or the first one after the pretension, has one turn only: it is
    one where the treatment has others like it.
    """
    ways = [Way.LEVEL, *(_slow_way(each) for each in found), Way.LEVEL]
    turning = {
        at
        for at in range(1, len(ways) - 1)
        if ways[at] in TURNS and {ways[at - 1], ways[at + 1]} == {TURNS[ways[at]]}
    }
    like = {ways[at] for at in turning}
    judged = []
    for at, each in enumerate(found, start=1):
        one_turn = ways[at] in like and TURNS[ways[at]] in (ways[at - 1], ways[at + 1])
        ramp = _sags(each) and (at in turning or one_turn)
        judged.append(Stretch(way=ways[at], pieces=each.pieces) if ramp else each)
    return judged


def _sags(each: Stretch) -> bool:
    return each.way is Way.LEVEL and _slow_way(each) is not Way.LEVEL


def _slow_way(each: Stretch) -> Way:
    change_dn = each.end_dn - each.start_dn
    least_dn = max(SLOW_CHANGE_DN, SLOW_CHANGE_SHARE * max(abs(each.start_dn), abs(each.end_dn)))
    return _way(change_dn) if each.way is not Way.LEVEL or abs(change_dn) >= least_dn else Way.LEVEL


def _swallowed(found: Sequence[Stretch]) -> list[Stretch]:
    """Removes short excursions from a level and short halts of a ramp."""
    kept: list[Stretch] = []
    for each in found:
        kept.append(each)
        while _swallow(kept) or _overshot(kept):
            pass
    return kept


def _swallow(kept: list[Stretch]) -> bool:
    """Merge the newest stretch with an earlier one that it continues; returns True when it did."""
    newest = kept[-1]
    for back in range(2, min(6, len(kept)) + 1):
        earlier = kept[-back]
        between = kept[len(kept) - back + 1 : -1]
        if earlier.way is newest.way and _goes_on(earlier, newest, between):
            merged = tuple(p for each in kept[-back:] for p in each.pieces)
            kept[-back:] = [Stretch(way=newest.way, pieces=merged)]
            return True
    return False


def _overshot(kept: list[Stretch]) -> bool:
    """Begins a level at the end of a ramp that overshot and came part of the way back."""
    if len(kept) < 3 or kept[-1].way is not Way.LEVEL:
        return False
    back = kept[-2]
    halts = len(kept) > 3 and kept[-3].way is Way.LEVEL
    ramp = kept[-4] if halts else kept[-3]
    beyond = kept[-3:] if halts else kept[-2:]
    away_s = (back.end_ms - ramp.end_ms) / 1000
    came_back = abs(back.end_dn - back.start_dn) < OVERSHOOT_SHARE * abs(
        ramp.end_dn - ramp.start_dn
    )
    if ramp.way is not Way(-back.way) or away_s > OVERSHOOT_S or not came_back:
        return False
    merged = tuple(piece for each in beyond for piece in each.pieces)
    kept[len(kept) - len(beyond) :] = [Stretch(way=Way.LEVEL, pieces=merged)]
    return True


def _goes_on(earlier: Stretch, newest: Stretch, between: Sequence[Stretch]) -> bool:
    away_s = (newest.start_ms - earlier.end_ms) / 1000
    if newest.way is Way.LEVEL:
        near_dn = tolerance_dn(max(abs(earlier.end_dn), abs(newest.start_dn)))
        return away_s <= EXCURSION_S and abs(newest.start_dn - earlier.end_dn) < near_dn
    return away_s <= INTERRUPTION_S and bool(between)
