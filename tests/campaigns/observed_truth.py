"""The truth about a drawn session, from the plant's own force and the panel's course.

A boundary between a level and a ramp is the panel's. A turn between two ramps is where the lines of
the cord's own force meet: the cord follows its panel late, by the dead band of a regulator (1 N),
which at 1 N/s is two seconds at a turn, and no analysis of a force can know the panel. Each ramp is
therefore moved by how much later the force at the cord passed the middle of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controller.order.force_profile import Segment
from controller.order.phases import Phase, Stage
from tests.campaigns.observed_population import ObservedCase
from tests.campaigns.observed_session import Observed

LATEST_S = 4.0
BAND_N = 10.0
BAND_SHARE = 0.10
WHOLE_SHARE = 0.9
ONE_RATE = 1.3
"""Two ramps whose rates differ by less are one straight line to whoever sees the force alone."""
LEVEL = (0.0, 0.0)
RAMPS = (Phase.RAMPING_UP, Phase.RAMPING_DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSession:
    """Seconds and newtons; ``boundaries_s`` begins with the first ramp above the pretension.

    ``hidden_end_s`` is the length of a last ramp down that the release continues at its rate.
    """

    boundaries_s: tuple[float, ...]
    panel_boundaries_s: tuple[float, ...]
    cycles: int
    traction_s: float
    hidden_end_s: float
    hold_s: float
    mean_hold_n: float
    peak_n: float


def true_session(case: ObservedCase, observed: Observed) -> TrueSession:
    """The figures of one session."""
    holds = _in_holds(observed)
    cord = observed.truth.cord_n
    return TrueSession(
        boundaries_s=boundaries_s(observed),
        panel_boundaries_s=(
            observed.treats_from_s,
            *(observed.treats_from_s + s.end_s for s in observed.segments),
        ),
        cycles=_cycles(case, observed.segments),
        traction_s=observed.releases_from_s - observed.treats_from_s,
        hidden_end_s=_hidden_end_s(case, observed.segments[-1]),
        hold_s=float(holds.sum()) * observed.truth.cycle_s,
        mean_hold_n=float(cord[holds].mean()) if holds.any() else 0.0,
        peak_n=float(observed.cell_n.max()),
    )


def _hidden_end_s(case: ObservedCase, last: Segment) -> float:
    if last.phase is not Phase.RAMPING_DOWN:
        return 0.0
    rate = (last.start_force_n - last.end_force_n) / last.duration_s
    release_n_per_s = case.panel.order.ramp_down_n_per_s
    one_line = release_n_per_s / ONE_RATE <= rate <= release_n_per_s * ONE_RATE
    return last.duration_s if one_line else 0.0


def boundaries_s(observed: Observed) -> tuple[float, ...]:
    """The beginning of the first ramp, and every end of a segment."""
    moves = [_line(observed, segment) for segment in observed.segments]
    found = [observed.treats_from_s]
    for segment, this, after in zip(observed.segments, moves, [*moves[1:], LEVEL], strict=True):
        turned = this[0] * after[0] != 0.0
        late_s = _meeting_s(this, after) if turned else 0.0
        found.append(observed.treats_from_s + segment.end_s + late_s)
    return tuple(found)


def _line(observed: Observed, segment: Segment) -> tuple[float, float]:
    """Slope in N/s and delay in s; a dwell has neither."""
    slope = (segment.end_force_n - segment.start_force_n) / segment.duration_s
    if segment.phase not in RAMPS:
        return 0.0, 0.0
    middle_n = (segment.end_force_n + segment.start_force_n) / 2
    middle_s = observed.treats_from_s + (segment.start_s + segment.end_s) / 2
    first, last = np.searchsorted(
        observed.truth.time_s, (middle_s - segment.duration_s / 2, middle_s + LATEST_S)
    )
    cord = observed.truth.cord_n[first:last]
    passed = np.flatnonzero(cord >= middle_n if slope > 0 else cord <= middle_n)
    late_s = observed.truth.time_s[first + passed[0]] - middle_s if len(passed) else 0.0
    return slope, float(late_s)


def _meeting_s(this: tuple[float, float], after: tuple[float, float]) -> float:
    """How much later than ordered two neighbouring lines meet, each with its own delay."""
    bend = this[0] - after[0]
    if abs(bend) < 0.1:
        return (this[1] + after[1]) / 2
    return (this[0] * this[1] - after[0] * after[1]) / bend


def _cycles(case: ObservedCase, segments: tuple[Segment, ...]) -> int:
    """Highest forces between two lower ones; a rise cut before nine tenths does not count."""
    levels: dict[int, Segment] = {segment.part: segment for segment in segments}
    hold_n = case.panel.order.hold_force_n
    forces = [0.0]
    for segment in levels.values():
        rise_n = segment.end_force_n - forces[-1]
        whole_n = hold_n - forces[-1]
        cut = segment.stage is Stage.TREATMENT and 0.0 < rise_n < WHOLE_SHARE * whole_n
        forces += [] if cut else [segment.end_force_n]
    return sum(
        before_n < force_n > after_n
        for before_n, force_n, after_n in zip(forces, forces[1:], [*forces[2:], 0.0], strict=False)
    )


def _in_holds(observed: Observed) -> np.typing.NDArray[np.bool_]:
    """Count the cycles in a hold or step, within the larger of 10 N and 10 % of its force."""
    time_s, cord = observed.truth.time_s, observed.truth.cord_n
    inside = np.zeros(len(time_s), dtype=np.bool_)
    for segment in observed.segments:
        if segment.phase is Phase.HOLDING:
            first, last = np.searchsorted(
                time_s,
                (
                    observed.treats_from_s + segment.start_s,
                    observed.treats_from_s + segment.end_s,
                ),
            )
            band_n = max(BAND_N, BAND_SHARE * segment.end_force_n)
            inside[first:last] = np.abs(cord[first:last] - segment.end_force_n) <= band_n
    return inside
