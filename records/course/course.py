"""What the readings of a force show of a treatment: phases, cycles, times and forces.

Only times and forces are used. The numbers are those of session-rules.md#numbers-of-the-record,
with what was found instead of what was ordered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from records.course.corners import with_corners
from records.course.ending import open_end_ms, with_last_rest_apart
from records.course.levels import settled
from records.course.phases import (
    HELD,
    TREATING,
    WHOLE_SHARE,
    ObservedKind,
    ObservedPhase,
    named,
)
from records.course.pieces import Piece, straight_pieces
from records.course.pretension import with_pretension_apart
from records.course.readings import LONGEST_INTERVAL_MS, Gap, Readings, Whole
from records.course.stretches import Stretch, Way, stretches
from records.course.sudden import BAND_DN, SuddenRelease, sudden_releases

METHOD: Final = "force-course/3"
"""Name and version of the method; a change that may change a number is a new version."""
UNSEEN_MS: Final = 2000
"""In a longer gap a phase can begin and end; it has a phase of its own."""
END_EARLY_MS: Final = 5000
END_EARLY_SHARE: Final = 0.02
"""People read a panel's clock: an end by so much before the ordered time is the ordered end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCourse:
    """Times in ms on the axis of the readings, forces in 0.1 N.

    ``treatment_started_ms`` is the first ramp above the pretension, ``treatment_ended_ms`` where
    the release begins or the readings end; both None when nothing pulled. ``released``: the cord
    was seen free at the end. ``open_end_ms``: the part of the last fall that may still have been a
    ramp of the treatment; it is not counted. Gaps are left out of every sum.
    """

    method: str
    phases: tuple[ObservedPhase, ...]
    cycles: int
    treatment_started_ms: int | None
    treatment_ended_ms: int | None
    traction_ms: int
    open_end_ms: int
    hold_time_ms: int
    hold_samples: int
    held_ms: int
    mean_hold_force_dn: int | None
    peak_force_dn: int | None
    gaps: tuple[Gap, ...]
    sudden_releases: tuple[SuddenRelease, ...]
    released: bool

    @property
    def held(self) -> bool:
        """Returns whether a hold was seen."""
        return any(phase.kind in HELD for phase in self.phases)


def observe_course(readings: Readings, *, ordered_traction_ms: int | None = None) -> ObservedCourse:
    """Returns the course that the readings show.

    ``ordered_traction_ms`` has one use: a fall at the end of so much traction is the ordered end.
    Phases, times and forces do not depend on it.
    """
    phases = tuple(_phases(readings))
    gaps = readings.gaps()
    started_ms, ended_ms = _treatment(phases)
    holds = _hold_samples(readings, phases)
    forces = readings.forces_dn
    return ObservedCourse(
        method=METHOD,
        phases=phases,
        cycles=_cycles(phases),
        treatment_started_ms=started_ms,
        treatment_ended_ms=ended_ms,
        traction_ms=_without_gaps(started_ms, ended_ms, gaps),
        open_end_ms=open_end_ms(phases),
        hold_time_ms=_intervals_ms(readings, holds),
        hold_samples=len(holds),
        held_ms=sum(phase.duration_ms for phase in phases if phase.kind in HELD),
        mean_hold_force_dn=_mean_half_up(forces[holds]),
        peak_force_dn=int(forces.max()) if started_ms is not None else None,
        gaps=gaps,
        sudden_releases=sudden_releases(
            readings, phases, ordered_end_ms=_ordered_end(started_ms, ordered_traction_ms)
        ),
        released=bool(phases) and phases[-1].kind in (ObservedKind.FREE, ObservedKind.RELEASE),
    )


def _phases(readings: Readings) -> list[ObservedPhase]:
    found: list[Stretch] = []
    start = 0
    for gap in (*readings.gaps(UNSEEN_MS), None):
        end = len(readings.times_ms)
        if gap is not None:
            end = int(np.searchsorted(readings.times_ms, gap.start_ms, side="right"))
        found += stretches(straight_pieces(readings.between(start, end)))
        if gap is not None:
            found.append(_unseen(gap))
        start = end
    found = with_pretension_apart(readings, settled(found))
    smoothed_dn = readings.smoothed_dn()
    found_phases = with_corners(readings, smoothed_dn, named(found))
    return with_last_rest_apart(readings, smoothed_dn, found_phases)


def _unseen(gap: Gap) -> Stretch:
    piece = Piece(
        start_ms=gap.start_ms, end_ms=gap.end_ms, start_dn=gap.before_dn, end_dn=gap.after_dn
    )
    return Stretch(way=Way.UNSEEN, pieces=(piece,))


def _treatment(phases: Sequence[ObservedPhase]) -> tuple[int | None, int | None]:
    """Returns the start of the first phase of the treatment and the end of the last one."""
    treating = [phase for phase in phases if phase.kind in TREATING]
    if not treating:
        return None, None
    pretensioned = [phase.end_ms for phase in phases if phase.kind is ObservedKind.PRETENSION]
    started_ms = max(pretensioned, default=treating[0].start_ms)
    return started_ms, treating[-1].end_ms


def _ordered_end(started_ms: int | None, ordered_traction_ms: int | None) -> int | None:
    if started_ms is None or ordered_traction_ms is None:
        return None
    early_ms = max(END_EARLY_MS, round(END_EARLY_SHARE * ordered_traction_ms))
    return started_ms + ordered_traction_ms - early_ms


def _without_gaps(start_ms: int | None, end_ms: int | None, gaps: Sequence[Gap]) -> int:
    if start_ms is None or end_ms is None:
        return 0
    missing = sum(max(0, min(end_ms, g.end_ms) - max(start_ms, g.start_ms)) for g in gaps)
    return end_ms - start_ms - missing


def _hold_samples(readings: Readings, phases: Sequence[ObservedPhase]) -> Whole:
    """Returns the numbers of the hold and step readings in the band around the middle force."""
    found = []
    for phase in phases:
        if phase.kind in HELD:
            first = int(np.searchsorted(readings.times_ms, phase.start_ms))
            end = int(np.searchsorted(readings.times_ms, phase.end_ms))
            forces = readings.forces_dn[first:end]
            if len(forces):
                level_dn = int(np.sort(forces)[len(forces) // 2])
                away = np.abs(forces - level_dn)
                inside = (away <= BAND_DN) | (10 * away <= level_dn)
                found.append(first + np.flatnonzero(inside))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _intervals_ms(readings: Readings, samples: Whole) -> int:
    """Returns the sum of the intervals from each of these readings to the next, without gaps."""
    intervals = np.append(np.diff(readings.times_ms), 0)
    seen = np.where(intervals > LONGEST_INTERVAL_MS, 0, intervals)
    return int(seen[samples].sum())


def _mean_half_up(forces_dn: Whole) -> int | None:
    if not len(forces_dn):
        return None
    total, count = int(forces_dn.sum()), len(forces_dn)
    return (2 * total + count) // (2 * count)


def _cycles(phases: Sequence[ObservedPhase]) -> int:
    """Returns how often the force rose to a hold, or to a peak at the end of a whole rise."""
    seen = [phase for phase in phases if phase.kind is not ObservedKind.UNSEEN]
    holds = sum(
        phase.kind is ObservedKind.HOLD and before.kind is not ObservedKind.HOLD
        for before, phase in pairwise(seen)
    )
    return holds + len(_whole_peaks(seen)) + (bool(seen) and seen[0].kind is ObservedKind.HOLD)


def _whole_peaks(seen: Sequence[ObservedPhase]) -> list[ObservedPhase]:
    """Returns rises followed at once by a fall and not cut short by the end of the treatment."""
    falls = (ObservedKind.RAMP_DOWN, ObservedKind.RELEASE)
    rises = [phase for phase in seen if phase.kind is ObservedKind.RAMP_UP]
    turned_ms = {rise.start_ms for rise, behind in pairwise(seen) if behind.kind in falls}
    before = [*rises[1:2], *rises[:-1]]
    return [
        rise
        for rise, other in zip(rises, before, strict=False)
        if rise.start_ms in turned_ms and _is_whole(rise, other)
    ]


def _is_whole(rise: ObservedPhase, before: ObservedPhase) -> bool:
    """Returns whether it rose nine tenths of the way to the end of a neighbouring rise."""
    return rise.end_dn - rise.start_dn >= WHOLE_SHARE * (before.end_dn - rise.start_dn)
