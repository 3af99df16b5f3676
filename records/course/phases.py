"""Names the stretches: pretension, ramp, hold, step, rest, release."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, takewhile
from typing import Final

from records.course.pieces import Piece, tolerance_dn
from records.course.stretches import Stretch, Way

FREE_DN: Final = 200.0
"""A cord with less than 20 N on it counts as free where the course begins and ends."""
PRETENSION_MOST_DN: Final = 500.0
PRETENSION_MOST_S: Final = 70.0
PRETENSION_SHARE: Final = 0.5
"""A first level of at most 50 N for at most a minute (session-rules.md#ranges), followed by a rise
to at least twice its force, is a pretension and not yet treatment."""
WIGGLE_DN: Final = 150.0
"""A take-up overshoots by so much at most before the pretension."""
SLIPPED_DN: Final = 60.0
"""A step of the treatment is larger."""
LEAST_LEVEL_S: Final = 2.0
HALT_S: Final = 6.0
"""Friction may hold the last newtons of a release for so long."""
NEAR: Final = 100
"""Earlier levels that one is compared with: more than a treatment has."""
WHOLE_SHARE: Final = 0.9
"""A rise to less than this share of what the treatment reaches was cut short."""
CUT_RISE: Final = [Way.LEVEL, Way.UP, Way.DOWN]
SPLIT_RATE: Final = 0.6
"""A fall that becomes so much steeper on its way was first a ramp and then the release."""
FLAT_SHARE: Final = 0.25
LEAST_FLAT_S: Final = 1.0
"""Friction bends a release after a rise less, or for less long."""
LIKE_RATE: Final = 1.3
"""Ramps of one treatment have one rate; a fall that differs by this factor is not one of them."""


class ObservedKind(StrEnum):
    """The movement of the force in a phase."""

    FREE = "cord free"
    PRETENSION = "pretension"
    RAMP_UP = "ramp up"
    HOLD = "hold"
    STEP = "step"
    REST = "rest"
    RAMP_DOWN = "ramp down"
    RELEASE = "release"
    UNSEEN = "not seen"


HELD = frozenset({ObservedKind.HOLD, ObservedKind.STEP})
MOVES = {
    Way.UP: ObservedKind.RAMP_UP,
    Way.DOWN: ObservedKind.RAMP_DOWN,
    Way.UNSEEN: ObservedKind.UNSEEN,
}
MOVING = frozenset({ObservedKind.RAMP_UP, ObservedKind.RAMP_DOWN, ObservedKind.RELEASE})
TREATING = HELD | {ObservedKind.RAMP_UP, ObservedKind.RAMP_DOWN, ObservedKind.REST}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPhase:
    """A phase as the force shows it; milliseconds, 0.1 N of its line at both ends."""

    kind: ObservedKind
    start_ms: int
    end_ms: int
    start_dn: int
    end_dn: int

    @property
    def duration_ms(self) -> int:
        """Returns the length of the phase."""
        return self.end_ms - self.start_ms


Named = tuple[Stretch, ObservedKind]


def named(found: Sequence[Stretch]) -> list[ObservedPhase]:
    """Returns the phases of one run; a course that never pulled is one free cord."""
    found = _with_pretension_apart(found)
    first = _first_pull(found)
    if first is None:
        return [_phase(ObservedKind.FREE, found)] if found else []
    end = _release(found)
    free = [_phase(ObservedKind.FREE, found[:first])] if first else []
    return free + _treated(found, first, end) + _released(found, end)


def _with_pretension_apart(found: Sequence[Stretch]) -> Sequence[Stretch]:
    """Cut the first rise where it becomes steep: a short pretension may still rise a little."""
    first = _first_pull(found)
    if first is None or found[first].way is not Way.UP:
        return found
    pieces = found[first].pieces
    for at in range(1, len(pieces) - 1):
        gentle, steep = pieces[at], pieces[at + 1]
        low = gentle.end_dn <= min(PRETENSION_MOST_DN, PRETENSION_SHARE * found[first].end_dn)
        bends = gentle.slope_dn_per_s < SPLIT_RATE * steep.slope_dn_per_s
        if low and bends and gentle.duration_s >= LEAST_LEVEL_S:
            parts = (
                Stretch(way=Way.UP, pieces=pieces[:at]),
                Stretch(way=Way.LEVEL, pieces=(gentle,)),
                Stretch(way=Way.UP, pieces=pieces[at + 1 :]),
            )
            return [*found[:first], *parts, *found[first + 1 :]]
    return found


def _first_pull(found: Sequence[Stretch]) -> int | None:
    """Returns the first stretch that is not a free cord.

    None where 20 N were never reached: no pull.
    """
    if all(max(each.start_dn, each.end_dn) < FREE_DN for each in found):
        return None
    for at, each in enumerate(found):
        if each.way is Way.UP or (each.way is Way.LEVEL and each.level_dn >= FREE_DN):
            return at
    return None


def _release(found: Sequence[Stretch]) -> int:
    """Returns the number of the last fall if it ends with a free cord, else the stretch count."""
    last = len(found)
    while True:
        behind = last
        while behind and _is_free(found[behind - 1]):
            behind -= 1
        fall = found[behind - 1] if behind else None
        halts_s = (found[last].start_ms - fall.end_ms) / 1000 if fall and last < len(found) else 0.0
        if fall is None or not _falls_free(fall) or halts_s > HALT_S:
            return last
        last = behind - 1


def _is_free(each: Stretch) -> bool:
    return each.way is Way.LEVEL and each.level_dn < FREE_DN


def _falls_free(each: Stretch) -> bool:
    return each.way is Way.DOWN and each.end_dn < FREE_DN


def _treated(found: Sequence[Stretch], first: int, end: int) -> list[ObservedPhase]:
    """Returns the phases between the free cords: slack and pretension, then the treatment."""
    begins = _pretension_end(found, first, end)
    phases: list[ObservedPhase] = []
    if begins > first:
        phases.append(_phase(ObservedKind.RAMP_UP, found[first : first + 1]))
        phases.append(_phase(ObservedKind.PRETENSION, found[first + 1 : begins]))
    kinds = _kinds(found, begins, end)
    phases += [_phase(kind, [each]) for kind, each in zip(kinds, found[begins:end], strict=True)]
    return phases


def _pretension_end(found: Sequence[Stretch], first: int, end: int) -> int:
    """Returns the stretch that leaves the pretension; ``first`` where there is none.

    The first level counts, and before it a take-up that overshoots.
    """
    highest_dn = max(max(each.start_dn, each.end_dn) for each in found)
    most_dn = min(PRETENSION_MOST_DN, PRETENSION_SHARE * highest_dn)
    at = first + 1
    while at < end and found[at].way is not Way.LEVEL and _wiggles(found[at], most_dn):
        at += 1
    if at < end and found[at].way is Way.LEVEL and found[at].level_dn <= most_dn:
        at += 1
        while _is_same_level(found[at - 1 : at + 2], most_dn) and at + 2 < end:
            at += 2
    low = at > first + 1 and at < end and found[at].way is Way.UP and found[first].end_dn <= most_dn
    short = low and (found[at].start_ms - found[first].end_ms) / 1000 <= PRETENSION_MOST_S
    return at if short else first


def _is_same_level(three: Sequence[Stretch], most_dn: float) -> bool:
    """Returns whether level, small move and level are one pretension that friction let slip."""
    if [each.way is Way.LEVEL for each in three] != [True, False, True]:
        return False
    level, move, behind = three
    slipped_dn = abs(behind.level_dn - level.level_dn)
    return _wiggles(move, most_dn) and slipped_dn < SLIPPED_DN and behind.level_dn <= most_dn


def _wiggles(each: Stretch, most_dn: float) -> bool:
    return (
        each.way is not Way.UNSEEN
        and abs(each.end_dn - each.start_dn) <= WIGGLE_DN
        and max(each.start_dn, each.end_dn) <= most_dn
    )


def _kinds(found: Sequence[Stretch], begins: int, end: int) -> list[ObservedKind]:
    """Returns the kinds of the stretches ``begins`` to ``end`` - 1, in order."""
    kinds: list[ObservedKind] = []
    levels: deque[Named] = deque(maxlen=NEAR)
    for at in range(begins, end):
        each = found[at]
        if each.way is Way.LEVEL:
            kinds.append(_level_kind(found, at, levels, last=at + 1 >= end))
            levels.append((each, kinds[-1]))
        else:
            kinds.append(MOVES[each.way])
    return kinds


def _level_kind(
    found: Sequence[Stretch], at: int, levels: Sequence[Named], *, last: bool
) -> ObservedKind:
    """Returns the kind of level ``at``; ``levels`` are those of the treatment before it."""
    before = _way_in(found, at) or Way.UP
    behind = _way_beside(found, at, 1) or Way.DOWN
    if before is Way.UP:
        return ObservedKind.HOLD if behind is Way.DOWN else ObservedKind.STEP
    if behind is Way.UP:
        return ObservedKind.REST
    rests = _rests_between_falls(found[at], levels, last=last)
    return ObservedKind.REST if rests else ObservedKind.STEP


def _rests_between_falls(level: Stretch, levels: Sequence[Named], *, last: bool) -> bool:
    """Returns whether a level between two falls is a rest nevertheless.

    It is what the earlier level is that is most like it in force and length; the last one, which
    the end of the treatment cut, is a rest when a hold is before it.
    """
    if all(kind is not ObservedKind.REST for _, kind in levels):
        return False
    if last:
        return levels[-1][1] is not ObservedKind.REST
    nearest = min(levels, key=lambda each: _unlike(each[0], level))
    return nearest[1] is ObservedKind.REST


def _unlike(one: Stretch, other: Stretch) -> float:
    """Returns how different two levels are: tolerances of force, at most two, and length shares."""
    apart = abs(one.level_dn - other.level_dn) / tolerance_dn(other.level_dn)
    longer_s, shorter_s = sorted((one.duration_s, other.duration_s), reverse=True)
    return min(2.0, apart) + 2 * (longer_s - shorter_s) / max(shorter_s, LEAST_LEVEL_S)


def _way_in(found: Sequence[Stretch], at: int) -> Way | None:
    """Returns how the force reached level ``at``; a rise that was cut short does not count."""
    way = _way_beside(found, at, -1)
    if way is not Way.DOWN or at < 3 or [each.way for each in found[at - 3 : at]] != CUT_RISE:
        return way
    level, rise = found[at - 3], found[at - 2]
    earlier = found[max(0, at - 3 - NEAR) : at - 3]
    usual_dn = max((each.end_dn for each in earlier if each.way is Way.UP), default=0.0)
    cut = rise.end_dn - rise.start_dn < WHOLE_SHARE * (usual_dn - rise.start_dn)
    higher = 2 * (found[at].level_dn - level.level_dn) >= tolerance_dn(level.level_dn)
    return Way.UP if cut and higher else way


def _way_beside(found: Sequence[Stretch], at: int, step: int) -> Way | None:
    """Returns how the force reached a level (``step`` -1) or left it (1); None at the ends.

    After a gap the levels on both sides tell; the same level continues.
    """
    level_dn = found[at].level_dn
    beside = at + step
    while 0 <= beside < len(found):
        other = found[beside]
        if other.way in (Way.UP, Way.DOWN):
            return other.way
        rise_dn = (other.level_dn - level_dn) * step
        if other.way is Way.LEVEL and abs(rise_dn) >= tolerance_dn(level_dn):
            return Way.UP if rise_dn > 0 else Way.DOWN
        beside += step
    return None


def _released(found: Sequence[Stretch], end: int) -> list[ObservedPhase]:
    if end == len(found):
        return []
    phases = _last_fall(found[end], found[:end])
    if end + 1 < len(found):
        phases.append(_phase(ObservedKind.FREE, found[end + 1 :]))
    return phases


def _last_fall(fall: Stretch, treated: Sequence[Stretch]) -> list[ObservedPhase]:
    """Returns the release; where it becomes permanently steeper, a ramp precedes it.

    A rise between the two was the beginning of the next ramp.
    """
    first, behind_it = fall.pieces[0], fall.pieces[1:]
    turned = tuple(takewhile(lambda piece: piece.change_dn >= 0, behind_it))
    rest = behind_it[len(turned) :]
    if rest:
        behind = Piece(
            start_ms=rest[0].start_ms,
            end_ms=rest[-1].end_ms,
            start_dn=rest[0].start_dn,
            end_dn=rest[-1].end_dn,
        )
        jumps = behind.start_ms == behind.end_ms
        gentle = jumps or first.slope_dn_per_s > SPLIT_RATE * behind.slope_dn_per_s
        ramp = _falls_like(first, treated) or _turns_flat(first, behind, treated)
        if gentle and ramp and _stays_taut(first, treated):
            parts = (
                (ObservedKind.RAMP_DOWN, Stretch(way=Way.DOWN, pieces=(first,))),
                (ObservedKind.RAMP_UP, Stretch(way=Way.UP, pieces=turned)),
                (ObservedKind.RELEASE, Stretch(way=Way.DOWN, pieces=rest)),
            )
            return [_phase(kind, [part]) for kind, part in parts if part.pieces]
    return [_phase(ObservedKind.RELEASE, [fall])]


def _turns_flat(piece: Piece, behind: Piece, treated: Sequence[Stretch]) -> bool:
    """Returns whether a treatment that turns after its rises has just done so once more."""
    flat = piece.slope_dn_per_s > FLAT_SHARE * behind.slope_dn_per_s
    ways = [each.way for each in treated]
    turns = (Way.UP, Way.DOWN) in pairwise(ways) and ways[-1] is Way.UP
    return flat and turns and piece.duration_s >= LEAST_FLAT_S


def _stays_taut(piece: Piece, treated: Sequence[Stretch]) -> bool:
    """Returns whether the force stays above the end of the treatment's own similar ramps."""
    lowest_dn = min((each.end_dn for each in _like(piece, treated)), default=FREE_DN)
    return piece.end_dn >= lowest_dn - 2 * tolerance_dn(lowest_dn)


def _falls_like(piece: Piece, treated: Sequence[Stretch]) -> bool:
    """Returns whether the treatment has a ramp down of about this rate.

    Friction alone bends a release.
    """
    return -piece.change_dn >= tolerance_dn(piece.start_dn) and bool(_like(piece, treated))


def _like(piece: Piece, treated: Sequence[Stretch]) -> list[Stretch]:
    """Returns ramps down of about the rate of ``piece``."""
    slope = piece.slope_dn_per_s
    return [
        each
        for each in treated
        if each.way is Way.DOWN
        and each.duration_s > 0
        and slope * LIKE_RATE
        <= (each.end_dn - each.start_dn) / each.duration_s
        <= slope / LIKE_RATE
    ]


def _phase(kind: ObservedKind, found: Sequence[Stretch]) -> ObservedPhase:
    return ObservedPhase(
        kind=kind,
        start_ms=found[0].start_ms,
        end_ms=found[-1].end_ms,
        start_dn=round(found[0].start_dn),
        end_dn=round(found[-1].end_dn),
    )
