"""Judges each stretch by the others of the same treatment: level or turn, level or slow ramp.

A treatment repeats itself. A level that comes again is a level however short it is, a short halt
that comes once is none; and what moves like the other ramps of its way is a ramp, even where it
moves by less than a breath does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from records.course.pieces import Piece, tolerance_dn
from records.course.stretches import EXCURSION_S, TURNS, Stretch, Way

HALT_S: Final = 3.0
TURN_S: Final = 4.0
"""A level that comes once and is shorter is none: friction holds a ramp, or its turn, so long."""
KNOWN_S: Final = 1.0
"""So short is a halt also where the treatment has such a level elsewhere."""
FLAT_SHARE: Final = 0.25
"""A piece with so much less of the slope behind it is a level in front of it."""
LEAST_MOVE_DN: Final = 20.0
LIKE_RATE: Final = 2.0
"""A ramp like others is at most so much slower or faster."""
LEAST_ALIKE: Final = 2


def settled(found: Sequence[Stretch]) -> list[Stretch]:
    """The same course; short halts belong to the ramps beside them, slow ramps are ramps."""
    first = next((at for at, each in enumerate(found) if each.way is Way.UP), len(found))
    head, rest = list(found[:first]), list(found[first:])
    for step in (_flat_turns, _overshoots, _ramps_like_others, _halts):
        rest = step(rest)
    return head + _joined(rest)


def _comes_again(found: Sequence[Stretch], at: int) -> bool:
    """Whether the treatment goes from one level to one like ``at`` at another time as well."""
    lead = _level_before(found, at)
    return any(
        each.way is Way.LEVEL
        and other != at
        and _alike(each, found[at])
        and _both_alike(_level_before(found, other), lead)
        for other, each in enumerate(found)
    )


def _level_before(found: Sequence[Stretch], at: int) -> Stretch | None:
    levels = (each for each in reversed(found[:at]) if each.way is Way.LEVEL)
    return next((each for each in levels if each.duration_s >= HALT_S), None)


def _both_alike(one: Stretch | None, other: Stretch | None) -> bool:
    return one is other if one is None or other is None else _alike(one, other)


def _alike(one: Stretch, other: Stretch) -> bool:
    return abs(one.level_dn - other.level_dn) <= tolerance_dn(other.level_dn)


def _flat_turns(found: list[Stretch]) -> list[Stretch]:
    """A fall behind a rise that hardly falls at first turned over a level."""
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
    """A short way back to a level that the treatment has elsewhere belongs to that level."""
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
    """A level that moves as fast as other ramps of its way, where they begin, is one of them."""
    return [
        Stretch(way=_way(each), pieces=each.pieces) if _is_like(found, at) else each
        for at, each in enumerate(found)
    ]


def _way(each: Stretch) -> Way:
    return Way.UP if each.end_dn > each.start_dn else Way.DOWN


def _is_like(found: Sequence[Stretch], at: int) -> bool:
    each, before = found[at], found[at - 1] if at else None
    if each.way is not Way.LEVEL or before is None or abs(_move_dn(each)) < LEAST_MOVE_DN:
        return False
    rates = [
        abs(_move_dn(other)) / other.duration_s
        for lead, other in pairwise(found)
        if other.way is _way(each) and lead.way is TURNS[other.way] and other.duration_s > 0
    ]
    rate = abs(_move_dn(each)) / each.duration_s if each.duration_s else 0.0
    alike = [other for other in rates if other / LIKE_RATE <= rate <= other * LIKE_RATE]
    return before.way is TURNS[_way(each)] and len(alike) >= LEAST_ALIKE


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
    halts_s = KNOWN_S if _comes_again(found, at) else longest_s
    return found[at].duration_s < halts_s and not pretension


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
