"""How far the last fall leaves open when the treatment ended.

Where a treatment ends within a ramp down, and its panel releases at the rate of that ramp, the
force is one straight fall. That it may be one shows in what stands before it: a hold as long as the
other holds, or a whole rise, behind which the treatment has ramps down of the same rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from records.course.phases import LIKE_RATE, ObservedKind, ObservedPhase
from records.course.pieces import tolerance_dn

SHORTER_MS: Final = 1000
"""Two holds of one length are told apart by at most so much."""


def open_end_ms(phases: Sequence[ObservedPhase]) -> int:
    """How much longer than told the treatment may have lasted; 0 where its end is seen."""
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


def _ramps_down(
    phases: Sequence[ObservedPhase],
) -> Iterator[tuple[ObservedPhase, ObservedPhase]]:
    """Each ramp down with the phase before it."""
    for lead, ramp in pairwise(phases):
        if ramp.kind is ObservedKind.RAMP_DOWN:
            yield lead, ramp


def _alike(last: ObservedPhase, other: ObservedPhase) -> bool:
    """Whether ``last`` ended at the force of ``other``, after the same time where it was level."""
    near = abs(last.end_dn - other.end_dn) <= tolerance_dn(other.end_dn)
    rises = last.kind is ObservedKind.RAMP_UP
    whole = rises or last.duration_ms >= other.duration_ms - SHORTER_MS
    return last.kind is other.kind and near and whole


def _fall_rate(fall: ObservedPhase) -> float:
    return (fall.start_dn - fall.end_dn) * 1000 / max(1, fall.duration_ms)
