"""Finds where a level really begins and ends: friction bends a ramp and displaces its corners.

The line through a whole ramp shows well that there was one, and poorly its first second: where
friction turns, the cord's force leads or lags. So the boundary where a ramp leaves a level is
searched from the middle of the ramp towards the level: where the force first enters the level's own
noise, extended by the remaining distance. Where a ramp reaches a level, a breath or an overshoot
enters that noise too early; there a line and a level after its end are fitted, and the corner is
the least-squares result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from records.course.phases import MOVING, ObservedKind, ObservedPhase
from records.course.pieces import TOLERANCE_DN, tolerance_dn
from records.course.pretension import SLOW_DN_PER_S, bent_lines
from records.course.readings import Readings, Whole

LEVEL_MS: Final = 8000
"""The level is that of two breaths beside the corner."""
CORNER_MS: Final = 500
FARTHEST_MS: Final = 3000
CARRIED_MOST_MS: Final = 1000
LEAST_NOISE_DN: Final = 15
NOISE_SHARE: Final = 0.9
"""The noise of a level is twice the band of nine tenths of its readings."""
REACHED_MS: Final = 5000
"""How much of the level after a ramp is fitted: more than a breath."""
RAMP_MOST_MS: Final = 12000
LEAST_READINGS: Final = 4
ANSWER_MS: Final = 125
"""How much later than its panel a table leaves its level: drive and cell (plant.md#equations)."""
BENT_MOST: Final = 1.5
"""The last noise of a ramp takes at most so much longer than its mean rate predicts."""
FAR: Final = 3
"""The path through the last noise is extrapolated from three times to once its width."""


def with_corners(
    readings: Readings, smoothed_dn: Whole, phases: Sequence[ObservedPhase]
) -> list[ObservedPhase]:
    """Returns the same phases with better boundaries between levels and ramps."""
    found = list(phases)
    for at in range(1, len(found)):
        before, behind = found[at - 1], found[at]
        if (before.kind in MOVING) == (behind.kind in MOVING) or before.end_ms != behind.start_ms:
            continue
        if before.kind is ObservedKind.PRETENSION and _rate(behind) <= SLOW_DN_PER_S:
            continue
        if behind.kind in MOVING:
            corner_ms = _left_ms(readings, smoothed_dn, before, behind)
        else:
            corner_ms = _reached_ms(readings, smoothed_dn, before, behind)
        if before.start_ms < corner_ms < behind.end_ms:
            found[at - 1] = replace(before, end_ms=corner_ms)
            found[at] = replace(behind, start_ms=corner_ms)
    return found


def _rate(ramp: ObservedPhase) -> float:
    return (ramp.end_dn - ramp.start_dn) * 1000 / max(1, ramp.duration_ms)


def _reached_ms(
    readings: Readings, smoothed_dn: Whole, ramp: ObservedPhase, level: ObservedPhase
) -> int:
    """Returns where ``ramp`` ends; the old boundary where there are too few readings beside it."""
    from_ms = max((ramp.start_ms + ramp.end_ms) // 2, ramp.end_ms - RAMP_MOST_MS)
    to_ms = min(level.end_ms, ramp.end_ms + REACHED_MS)
    first, end = np.searchsorted(readings.times_ms, (from_ms, to_ms))
    ahead_ms = to_ms - readings.times_ms[first:end][::-1]
    near_ms = min(FARTHEST_MS, round(TOLERANCE_DN * 1000 / max(1.0, abs(_rate(ramp)))))
    near = np.abs(ahead_ms - (to_ms - ramp.end_ms)) <= max(CORNER_MS, near_ms)
    near[:LEAST_READINGS] = near[len(near) - LEAST_READINGS :] = False
    bends = np.flatnonzero(near)
    if not len(bends):
        return ramp.end_ms
    _, _, left = bent_lines(ahead_ms, smoothed_dn[first:end][::-1], bends)
    return int(to_ms - ahead_ms[bends[int(np.argmin(left))]])


def _left_ms(
    readings: Readings, smoothed_dn: Whole, level: ObservedPhase, ramp: ObservedPhase
) -> int:
    """Returns where ``ramp`` begins; the old boundary where the readings show no better one."""
    was_ms = level.end_ms
    level_dn, noise_dn = _level(readings, smoothed_dn, level, was_ms)
    away_dn, times_ms = _walk(readings, smoothed_dn, ramp, was_ms)
    away_dn = np.abs(away_dn - level_dn)
    near, far = np.flatnonzero(away_dn <= noise_dn), np.flatnonzero(away_dn <= FAR * noise_dn)
    if not len(near):
        return was_ms
    near_ms, far_ms = int(times_ms[near[0]]), int(times_ms[far[0]])
    carried_ms = min(
        CARRIED_MOST_MS,
        abs(near_ms - far_ms) // (FAR - 1),
        round(BENT_MOST * noise_dn * 1000 / max(1.0, abs(_rate(ramp)))),
    )
    return near_ms - carried_ms - ANSWER_MS


def _level(
    readings: Readings, smoothed_dn: Whole, level: ObservedPhase, corner_ms: int
) -> tuple[int, int]:
    """Returns middle force and noise of the level before its corner, 0.1 N."""
    low = max(level.start_ms, corner_ms - LEVEL_MS)
    high = min(level.end_ms, corner_ms - CORNER_MS)
    first, end = np.searchsorted(readings.times_ms, (low, high))
    forces = np.sort(smoothed_dn[first:end])
    if not len(forces):
        middle_dn = (level.start_dn + level.end_dn) // 2
        return middle_dn, LEAST_NOISE_DN
    middle_dn = int(forces[len(forces) // 2])
    away = np.sort(np.abs(forces - middle_dn))
    noise_dn = 2 * int(away[int(NOISE_SHARE * (len(away) - 1))])
    return middle_dn, min(max(noise_dn, LEAST_NOISE_DN), round(tolerance_dn(middle_dn)))


def _walk(
    readings: Readings, smoothed_dn: Whole, ramp: ObservedPhase, corner_ms: int
) -> tuple[Whole, Whole]:
    """Returns forces and times from the middle of the ramp back to just before the corner."""
    middle_ms = (ramp.start_ms + ramp.end_ms) // 2
    first = int(np.searchsorted(readings.times_ms, corner_ms - FARTHEST_MS))
    end = int(np.searchsorted(readings.times_ms, middle_ms, side="right"))
    return smoothed_dn[first:end][::-1], readings.times_ms[first:end][::-1]
