"""Where a level really begins and ends: a ramp that friction bends has its corners elsewhere.

The line through a whole ramp is a good witness that there was one, and a poor one of its first
second: where friction turns, the cord's force runs ahead or behind. So the boundary between a level
and a ramp is looked for from the middle of the ramp towards the level: where the force first comes
into the level's own noise, carried on by as much as it still had to go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from records.course.phases import MOVING, ObservedKind, ObservedPhase
from records.course.pieces import tolerance_dn
from records.course.pretension import SLOW_DN_PER_S
from records.course.readings import Readings, Whole

LEVEL_MS: Final = 8000
"""The level is that of two breaths beside the corner."""
CORNER_MS: Final = 500
FARTHEST_MS: Final = 3000
CARRIED_MOST_MS: Final = 1000
LEAST_NOISE_DN: Final = 15
NOISE_SHARE: Final = 0.9
"""The noise of a level is twice what nine tenths of its readings keep to."""
FAR: Final = 3
"""The way through the last noise is taken from the time between three times and once of it."""


def with_corners(
    readings: Readings, smoothed_dn: Whole, phases: Sequence[ObservedPhase]
) -> list[ObservedPhase]:
    """The same phases with better boundaries between levels and ramps."""
    found = list(phases)
    for at in range(1, len(found)):
        before, behind = found[at - 1], found[at]
        if (before.kind in MOVING) == (behind.kind in MOVING) or before.end_ms != behind.start_ms:
            continue
        if before.kind is ObservedKind.PRETENSION and _rate(behind) <= SLOW_DN_PER_S:
            continue
        level_leads = behind.kind in MOVING
        level, ramp = (before, behind) if level_leads else (behind, before)
        corner_ms = _corner_ms(readings, smoothed_dn, level, ramp, level_leads=level_leads)
        if before.start_ms < corner_ms < behind.end_ms:
            found[at - 1] = replace(before, end_ms=corner_ms)
            found[at] = replace(behind, start_ms=corner_ms)
    return found


def _rate(ramp: ObservedPhase) -> float:
    return (ramp.end_dn - ramp.start_dn) * 1000 / max(1, ramp.duration_ms)


def _corner_ms(
    readings: Readings,
    smoothed_dn: Whole,
    level: ObservedPhase,
    ramp: ObservedPhase,
    *,
    level_leads: bool,
) -> int:
    """Time of the corner; the boundary as it was where the readings do not show a better one."""
    was_ms = level.end_ms if level_leads else level.start_ms
    level_dn, noise_dn = _level(readings, smoothed_dn, level, was_ms, level_leads=level_leads)
    away_dn, times_ms = _walk(readings, smoothed_dn, ramp, was_ms, level_leads=level_leads)
    away_dn = np.abs(away_dn - level_dn)
    near, far = np.flatnonzero(away_dn <= noise_dn), np.flatnonzero(away_dn <= FAR * noise_dn)
    if not len(near):
        return was_ms
    near_ms, far_ms = int(times_ms[near[0]]), int(times_ms[far[0]])
    carried_ms = min(CARRIED_MOST_MS, abs(near_ms - far_ms) // (FAR - 1))
    return near_ms - carried_ms if level_leads else near_ms + carried_ms


def _level(
    readings: Readings,
    smoothed_dn: Whole,
    level: ObservedPhase,
    corner_ms: int,
    *,
    level_leads: bool,
) -> tuple[int, int]:
    """Middle force and noise of the level beside its corner, 0.1 N."""
    near_ms, far_ms = (-CORNER_MS, -LEVEL_MS) if level_leads else (CORNER_MS, LEVEL_MS)
    low = max(level.start_ms, min(corner_ms + near_ms, corner_ms + far_ms))
    high = min(level.end_ms, max(corner_ms + near_ms, corner_ms + far_ms))
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
    readings: Readings,
    smoothed_dn: Whole,
    ramp: ObservedPhase,
    corner_ms: int,
    *,
    level_leads: bool,
) -> tuple[Whole, Whole]:
    """Forces and times from the middle of the ramp to a little beyond the corner, in that order."""
    middle_ms = (ramp.start_ms + ramp.end_ms) // 2
    beyond_ms = corner_ms + (-FARTHEST_MS if level_leads else FARTHEST_MS)
    low, high = sorted((middle_ms, beyond_ms))
    first = int(np.searchsorted(readings.times_ms, low))
    end = int(np.searchsorted(readings.times_ms, high, side="right"))
    step = -1 if level_leads else 1
    return smoothed_dn[first:end][::step], readings.times_ms[first:end][::step]
