"""How far the last fall leaves open when the treatment ended.

Where a treatment ends within a ramp down, and its panel releases at the rate of that ramp, the
force is one straight fall. That it may be one shows in what precedes it: a hold as long as the
other holds, or a whole rise, after which the treatment has ramps down of the same rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from records.course.phases import LIKE_RATE, TREATING, ObservedKind, ObservedPhase
from records.course.pieces import TOLERANCE_DN, TOLERANCE_SHARE, tolerance_dn
from records.course.readings import Readings, Whole

SEEN_MS: Final = 1100
"""The force must have left the ramp for so long: two ramps differ by less."""
SHORTER_MS: Final = 1000
"""Two holds of one length differ by at most so much."""


def open_end_ms(phases: Sequence[ObservedPhase]) -> int:
    """Returns how much longer the treatment may have lasted; 0 where its end is seen."""
    numbers = [at for at, each in enumerate(phases) if each.kind is ObservedKind.RELEASE]
    if not numbers or numbers[-1] == 0:
        return 0
    release, before = phases[numbers[-1]], phases[numbers[-1] - 1]
    ramps = [
        ramp
        for lead, ramp in _ramps_down(phases)
        if _alike(before, lead) and _fall_rate(ramp) <= LIKE_RATE * _fall_rate(release)
    ]
    return min(release.duration_ms, max((ramp.duration_ms for ramp in ramps), default=0))


def with_last_rest_apart(
    readings: Readings, smoothed_dn: Whole, phases: Sequence[ObservedPhase]
) -> list[ObservedPhase]:
    """Returns the same phases; a last fall that follows an earlier ramp beyond its end was a ramp.

    A treatment repeats itself: while the force does what it did after the last hold, or turn, like
    the one before the fall, the treatment may continue. Where it leaves that course after the
    ramp's end, the release begins.
    """
    found = list(phases)
    at = max((n for n, each in enumerate(found) if each.kind is ObservedKind.RELEASE), default=0)
    if at == 0:
        return found
    release, before = found[at], found[at - 1]
    models = [
        (ramp, behind)
        for lead, ramp, behind in zip(found, found[1:], found[2:at], strict=False)
        if ramp.kind is ObservedKind.RAMP_DOWN and _alike(before, lead) and behind.kind in TREATING
    ]
    if models:
        ramp, behind = models[-1]
        found[at : at + 1] = _split(readings, smoothed_dn, release, ramp, behind)
    return found


def _split(
    readings: Readings,
    smoothed_dn: Whole,
    release: ObservedPhase,
    ramp: ObservedPhase,
    behind: ObservedPhase,
) -> list[ObservedPhase]:
    """Returns ramp, what followed it, and release; only the release without a visible rest."""
    left = _left_at(readings, smoothed_dn, release, ramp, behind)
    if left is None:
        return [release]
    left_ms, model_dn, force_dn = left
    rate = (force_dn - release.end_dn) / max(1, release.end_ms - left_ms)
    begins_ms = left_ms - round((model_dn - force_dn) / rate) if rate > 0 else left_ms
    ends_ms = release.start_ms + ramp.duration_ms
    if not ends_ms + SEEN_MS < begins_ms < release.end_ms:
        return [release]
    return [
        replace(ramp, start_ms=release.start_ms, end_ms=ends_ms, start_dn=release.start_dn),
        replace(behind, start_ms=ends_ms, end_ms=begins_ms, end_dn=model_dn),
        replace(release, start_ms=begins_ms, start_dn=model_dn),
    ]


def _left_at(
    readings: Readings,
    smoothed_dn: Whole,
    release: ObservedPhase,
    ramp: ObservedPhase,
    behind: ObservedPhase,
) -> tuple[int, int, int] | None:
    """Returns when the fall left the earlier ramp, the force then, and its kind; or None.

    Both are aligned where they begin to fall.
    """
    times = readings.times_ms
    first, end = np.searchsorted(times, (release.start_ms, release.end_ms))
    at_ms = times[first:end] - release.start_ms + ramp.start_ms
    at_ms = at_ms[at_ms < behind.end_ms]
    if not len(at_ms):
        return None
    model_dn = np.interp(at_ms, times, smoothed_dn)
    forces_dn = smoothed_dn[first : first + len(at_ms)]
    allowed_dn = np.maximum(TOLERANCE_DN, TOLERANCE_SHARE * np.abs(model_dn))
    left = np.flatnonzero(forces_dn < model_dn - allowed_dn)
    if not len(left):
        return None
    number = int(left[0])
    return int(times[first + number]), int(model_dn[number]), int(forces_dn[number])


def _ramps_down(
    phases: Sequence[ObservedPhase],
) -> Iterator[tuple[ObservedPhase, ObservedPhase]]:
    """Returns each ramp down with the phase before it."""
    for lead, ramp in pairwise(phases):
        if ramp.kind is ObservedKind.RAMP_DOWN:
            yield lead, ramp


def _alike(last: ObservedPhase, other: ObservedPhase) -> bool:
    """Returns whether ``last`` ended at the force of ``other``, after the same time where level."""
    near = abs(last.end_dn - other.end_dn) <= tolerance_dn(other.end_dn)
    rises = last.kind is ObservedKind.RAMP_UP
    whole = rises or last.duration_ms >= other.duration_ms - SHORTER_MS
    return last.kind is other.kind and near and whole


def _fall_rate(fall: ObservedPhase) -> float:
    return (fall.start_dn - fall.end_dn) * 1000 / max(1, fall.duration_ms)
