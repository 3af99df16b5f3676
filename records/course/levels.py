"""Judges each stretch by the others of the same treatment: level or turn, level or slow ramp.

A treatment repeats itself. A level that recurs is a level however short it is, a short halt that
occurs once is not; and what moves like the other ramps of its direction is a ramp, even where it
moves by less than a breath does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from records.course.pieces import Piece, tolerance_dn
from records.course.stretches import EXCURSION_S, TURNS, Stretch, Way

HALT_S: Final = 3.0
TURN_S: Final = 4.0
"""A level that occurs once and is shorter is not one: friction stops a ramp, or its turn, so long.
"""
KNOWN_S: Final = 1.0
"""So short is a halt even where the treatment has such a level elsewhere."""
FLAT_SHARE: Final = 0.25
"""A piece with so much less of the following slope is a level before it."""
LEAST_MOVE_DN: Final = 20.0
LIKE_RATE: Final = 2.0
"""Similar ramps differ in rate by at most this factor."""
LEAST_ALIKE: Final = 2
NEAR: Final = 200
"""Stretches before and after that are compared: more than a treatment has, so that the work grows
with the length of a course and not with its square.
"""


def settled(found: Sequence[Stretch]) -> list[Stretch]:
    """Returns the same course; short halts belong to neighbouring ramps, slow ramps are ramps."""
    first = next((at for at, each in enumerate(found) if each.way is Way.UP), len(found))
    head, rest = list(found[:first]), list(found[first:])
    for step in (_flat_turns, _overshoots, _ramps_like_others, _halts):
        rest = step(rest)
    return head + _joined(rest)


def _comes_again(found: Sequence[Stretch], at: int) -> bool:
    """Returns whether the treatment goes from one level to one like ``at`` another time as well."""
    lead = _level_before(found, at)
    first = max(0, at - NEAR)
    return any(
        each.way is Way.LEVEL
        and other != at
        and _alike(each, found[at])
        and _both_alike(_level_before(found, other), lead)
        for other, each in enumerate(found[first : at + NEAR], start=first)
    )


def _level_before(found: Sequence[Stretch], at: int) -> Stretch | None:
    near = reversed(found[max(0, at - NEAR) : at])
    levels = (each for each in near if each.way is Way.LEVEL)
    return next((each for each in levels if each.duration_s >= HALT_S), None)


def _both_alike(one: Stretch | None, other: Stretch | None) -> bool:
    return one is other if one is None or other is None else _alike(one, other)


def _alike(one: Stretch, other: Stretch) -> bool:
    return abs(one.level_dn - other.level_dn) <= tolerance_dn(other.level_dn)


def _flat_turns(found: list[Stretch]) -> list[Stretch]:
    """Finds a level before a turn: a fall after a rise that hardly falls at first."""
    kept: list[Stretch] = []
    for each in found:
        turns = bool(kept) and each.way in TURNS and kept[-1].way is TURNS[each.way]
        if turns and len(each.pieces) > 1 and _is_flat(each.pieces[0], each.pieces[1]):
            kept.append(Stretch(way=Way.LEVEL, pieces=each.pieces[:1]))
            kept.append(Stretch(way=each.way, pieces=each.pieces[1:]))
        else:
            kept.append(each)
    return kept


def _is_flat(piece: Piece, behind: Piece) -> bool:
    gentle = abs(piece.slope_dn_per_s) < FLAT_SHARE * abs(behind.slope_dn_per_s)
    return gentle and abs(piece.change_dn) < tolerance_dn(piece.start_dn)


def _overshoots(found: list[Stretch]) -> list[Stretch]:
    """Adds a short way back to a level that the treatment has elsewhere to that level."""
    kept: list[Stretch] = []
    for at, each in enumerate(found):
        if len(kept) > 1 and _overshoots_into(kept[-2:], each) and _comes_again(found, at):
            kept[-1] = Stretch(way=Way.LEVEL, pieces=kept[-1].pieces + each.pieces)
        else:
            kept.append(each)
    return kept


def _overshoots_into(ways: Sequence[Stretch], level: Stretch) -> bool:
    ramp, back = ways
    turns = ramp.way in TURNS and back.way is TURNS[ramp.way]
    low, high = sorted((ramp.start_dn, ramp.end_dn))
    inside = low < level.level_dn < high
    return turns and level.way is Way.LEVEL and inside and back.duration_s <= EXCURSION_S


def _ramps_like_others(found: list[Stretch]) -> list[Stretch]:
    """Makes a level a ramp if it moves as fast as other ramps of its direction where they begin."""
    rates = {way: _rates(found, way) for way in TURNS}
    judged = found[:1]
    for before, each in pairwise(found):
        like = _is_like(before, each, rates[_way(each)])
        judged.append(Stretch(way=_way(each), pieces=each.pieces) if like else each)
    return judged


def _way(each: Stretch) -> Way:
    return Way.UP if each.end_dn > each.start_dn else Way.DOWN


def _rates(found: Sequence[Stretch], way: Way) -> list[float]:
    """Returns the rates of the ramps of this direction that begin at a turn, sorted."""
    return sorted(
        abs(_move_dn(ramp)) / ramp.duration_s
        for lead, ramp in pairwise(found)
        if ramp.way is way and lead.way is TURNS[way] and ramp.duration_s > 0
    )


def _is_like(before: Stretch, each: Stretch, rates: Sequence[float]) -> bool:
    move_dn = abs(_move_dn(each))
    if each.way is not Way.LEVEL or move_dn < LEAST_MOVE_DN or before.way is not TURNS[_way(each)]:
        return False
    rate = move_dn / each.duration_s if each.duration_s else 0.0
    alike = bisect_right(rates, rate * LIKE_RATE) - bisect_left(rates, rate / LIKE_RATE)
    return alike >= LEAST_ALIKE


def _move_dn(each: Stretch) -> float:
    return each.end_dn - each.start_dn


def _halts(found: list[Stretch]) -> list[Stretch]:
    """Give the halves of a halt to the ramps on both sides of it."""
    judged = list(found)
    for at in range(1, len(found) - 1):
        before, halt, behind = judged[at - 1], found[at], found[at + 1]
        ramps = before.way in TURNS and behind.way in TURNS
        if halt.way is Way.LEVEL and ramps and _is_halt(found, at):
            judged[at] = Stretch(way=before.way, pieces=_half(halt, first=True))
            judged[at + 1] = Stretch(
                way=behind.way, pieces=_half(halt, first=False) + behind.pieces
            )
    return judged


def _is_halt(found: Sequence[Stretch], at: int) -> bool:
    before, behind = found[at - 1].way, found[at + 1].way
    pretension = at == 1 and behind is Way.UP
    longest_s = HALT_S if before is behind else TURN_S
    known = _comes_again(found, at) and not _turns_there(found, at)
    halts_s = KNOWN_S if known else longest_s
    return found[at].duration_s < halts_s and not pretension


def _turns_there(found: Sequence[Stretch], at: int) -> bool:
    """Returns whether the treatment turns at this force, the same way, without a level as well."""
    first = max(0, at - NEAR)
    ways = found[at - 1].way, found[at + 1].way
    turns = [
        before
        for before, behind in pairwise(found[first : at + NEAR])
        if (before.way, behind.way) == ways
        and abs(before.end_dn - found[at].level_dn) <= tolerance_dn(before.end_dn)
    ]
    return ways[0] is not ways[1] and len(turns) >= LEAST_ALIKE


def _half(halt: Stretch, *, first: bool) -> tuple[Piece, ...]:
    middle_ms, middle_dn = (halt.start_ms + halt.end_ms) // 2, halt.level_dn
    start = (halt.start_ms, halt.start_dn) if first else (middle_ms, middle_dn)
    end = (middle_ms, middle_dn) if first else (halt.end_ms, halt.end_dn)
    return (Piece(start_ms=start[0], end_ms=end[0], start_dn=start[1], end_dn=end[1]),)


def _joined(found: Sequence[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    for each in found:
        if kept and kept[-1].way is each.way and each.way is not Way.UNSEEN:
            kept[-1] = Stretch(way=each.way, pieces=kept[-1].pieces + each.pieces)
        else:
            kept.append(each)
    return kept
