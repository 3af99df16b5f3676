"""Falls that no treatment makes: to under 20 N within a second.

A fall counts when the readings, without coughs, go from the previous force to under 20 N in at most
one second and stay there for a moment, and when the treatment does not fall like that itself: none
of its own rests and steps goes as low as fast, and it is not the ordered end. The texts say what
was seen. The force does not show whether a patient, a hand or a fault caused it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from records.course.phases import ObservedKind, ObservedPhase
from records.course.pieces import tolerance_dn
from records.course.readings import Readings

LOW_DN: Final = 200
LEAST_FALL_DN: Final = 150
"""A smaller fall was no more than a pretension."""
PULLS_DN: Final = 300
WITHIN_MS: Final = 1000
STAYS_MS: Final = 700
"""A cough is over by then."""
BAND_DN: Final = 100
BAND_SHARE: Final = 0.10
BEFORE_MS: Final = 4000
TAUT_DN: Final = 100
OWN_FALLS: Final = 2
"""A treatment that falls so low so fast does it in each of its cycles: at least twice."""
OWN_RATE_SHARE: Final = 1.5
SHORT_FALL_DN: Final = 300
SHORT_RATE_SHARE: Final = 3.0
"""While friction holds the body a ramp loosens only the cord, which is several times as stiff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuddenRelease:
    """From ``from_dn`` to ``to_dn`` (0.1 N) in ``within_ms``, seen at ``at_ms``."""

    at_ms: int
    from_dn: int
    to_dn: int
    within_ms: int

    @property
    def rate_dn_per_s(self) -> float:
        """Returns the rate, 0.1 N/s."""
        return (self.from_dn - self.to_dn) * 1000 / max(1, self.within_ms)


def sudden_releases(
    readings: Readings, phases: Sequence[ObservedPhase], *, ordered_end_ms: int | None
) -> tuple[SuddenRelease, ...]:
    """Returns those that are neither the treatment's own nor its ordered end.

    ``ordered_end_ms``: from this moment on a fall to a cord that stays free is the ordered end.
    """
    falls = _falls(Readings(times_ms=readings.times_ms, forces_dn=readings.smoothed_dn()))
    levels = [_level_behind(fall, readings, phases) for fall in falls]
    rested = [fall for fall, level_dn in zip(falls, levels, strict=True) if level_dn is not None]
    return tuple(
        fall
        for fall, level_dn in zip(falls, levels, strict=True)
        if not _is_own(fall, level_dn, rested, phases)
        and not _is_ordered_end(fall, readings, ordered_end_ms)
    )


def _falls(readings: Readings) -> list[SuddenRelease]:
    times, forces = readings.times_ms, readings.forces_dn
    crossings = np.flatnonzero((forces[:-1] >= LOW_DN) & (forces[1:] < LOW_DN)) + 1
    found: list[SuddenRelease] = []
    for at in crossings.tolist():
        fall = _fall_at(readings, at)
        if fall is not None and not (found and times[at] - found[-1].at_ms < WITHIN_MS):
            found.append(fall)
    return found


def _fall_at(readings: Readings, at: int) -> SuddenRelease | None:
    """Returns the fall that crosses 20 N at reading ``at``, if it is one from the force before."""
    times, forces = readings.times_ms, readings.forces_dn
    at_ms = int(times[at])
    stays = forces[at : int(np.searchsorted(times, at_ms + STAYS_MS, side="right"))]
    first = int(np.searchsorted(times, at_ms - WITHIN_MS))
    before = forces[int(np.searchsorted(times, at_ms - BEFORE_MS)) : first + 1]
    if not len(before) or (stays >= LOW_DN).any():
        return None
    level_dn = int(np.sort(before)[len(before) // 2])
    high = np.flatnonzero(forces[first:at] >= level_dn - tolerance_dn(level_dn))
    if not len(high):
        return None
    last_high = first + int(high[-1])
    end = int(np.searchsorted(times, times[last_high] + WITHIN_MS, side="right"))
    to_dn = int(forces[at:end].min())
    if forces[last_high] - to_dn < LEAST_FALL_DN:
        return None
    return SuddenRelease(
        at_ms=at_ms,
        from_dn=int(forces[last_high]),
        to_dn=to_dn,
        within_ms=int(times[at + int(forces[at:end].argmin())] - times[last_high]),
    )


def _is_own(
    fall: SuddenRelease,
    level_dn: int | None,
    rested: Sequence[SuddenRelease],
    phases: Sequence[ObservedPhase],
) -> bool:
    """Returns whether it is a rest or a step: as fast a fall elsewhere, and a taut cord.

    ``level_dn`` is the force after the fall, ``rested`` are all falls into rests and steps. Where
    the cord becomes loose the treatment must have done just that at least twice.
    """
    if level_dn is not None and level_dn >= TAUT_DN:
        short = fall.from_dn - fall.to_dn <= SHORT_FALL_DN
        share = SHORT_RATE_SHARE if short else OWN_RATE_SHARE
        return fall.rate_dn_per_s <= share * _other_rate_dn_per_s(fall, phases)
    alike = [
        other
        for other in rested
        if fall.rate_dn_per_s <= OWN_RATE_SHARE * other.rate_dn_per_s
        and abs(fall.from_dn - other.from_dn) <= max(BAND_DN, BAND_SHARE * other.from_dn)
    ]
    return len(alike) >= OWN_FALLS


def _level_behind(
    fall: SuddenRelease, readings: Readings, phases: Sequence[ObservedPhase]
) -> int | None:
    """Returns the middle force of the rest or step after the fall; None where there is none."""
    for phase, behind in pairwise(phases):
        within = phase.start_ms - WITHIN_MS <= fall.at_ms <= behind.end_ms
        falls = phase.kind is ObservedKind.RAMP_DOWN
        if within and falls and behind.kind in (ObservedKind.REST, ObservedKind.STEP):
            first, end = np.searchsorted(readings.times_ms, (behind.start_ms, behind.end_ms))
            forces = np.sort(readings.forces_dn[first:end])
            return int(forces[len(forces) // 2]) if len(forces) else None
    return None


def _other_rate_dn_per_s(fall: SuddenRelease, phases: Sequence[ObservedPhase]) -> float:
    """Returns the rate of the fastest of the treatment's other falls, 0.1 N/s."""
    rates = [
        (phase.start_dn - phase.end_dn) * 1000 / max(1, phase.duration_ms)
        for phase in phases
        if phase.kind is ObservedKind.RAMP_DOWN
        and not phase.start_ms - WITHIN_MS <= fall.at_ms <= phase.end_ms + WITHIN_MS
    ]
    return max(rates, default=0.0)


def _is_ordered_end(fall: SuddenRelease, readings: Readings, ordered_end_ms: int | None) -> bool:
    if ordered_end_ms is None or fall.at_ms < ordered_end_ms:
        return False
    behind = readings.forces_dn[readings.times_ms > fall.at_ms + WITHIN_MS]
    return not (behind >= PULLS_DN).any()
