"""The acceptance figures of acceptance-limits.md, taken from the truth at the cord."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from controller.order.force_profile import ForceProfile
from tests.campaigns.truth import Series, Truth
from tests.support.force_profiles import peak_force_n

SETTLING_S = 5.0
RAMP_WINDOW_S = 1.0
RELEASED_N = 15.0
PHASE_S = 0.5
TREATMENT_S = 2.0
DWELLS = ("holding", "resting")
REVERSED_S = {"device": 0.1, "host": 0.35}
RELEASE_S = {"cervical": 2.0, "lumbar": 4.0}
PULL_MM = {"cervical": 80.0, "lumbar": 150.0}
PULL_MARGIN_MM = 3.0
"""The rule counts from the pretension's reading on, and the release takes some way to begin."""
RAMPS = ("ramping_up", "ramping_down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One phase: seconds of the truth's clock, and the force ordered in it."""

    start_s: float
    end_s: float
    phase: str
    target_n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One session. Newtons, seconds, shares of 1; None if the session never came that far."""

    ending: str
    steady_share: float | None
    overshoot_n: float | None
    ramp_ratio: float | None
    peak_n: float
    peak_spine_n: float
    trip_n: float
    stroke_mm: float
    pull_mm: float | None
    pressed: bool
    stop_reversed_s: float | None
    stop_to_15_n_s: float | None
    wound_in_after_release_mm: float | None
    phase_off_s: float | None
    treatment_off_s: float | None


def spans_of(phases: list[tuple[float, str, float]]) -> list[Span]:
    """Phases with their ends, from (start, name, force) in order."""
    return [
        Span(start_s=start, end_s=after[0], phase=name, target_n=target_n)
        for (start, name, target_n), after in pairwise(phases)
    ]


def take_figures(
    truth: Truth,
    spans: list[Span],
    *,
    ordered: ForceProfile,
    ramp_up_n_per_s: float,
    ending: str,
    release_arrives_s: float | None = None,
) -> Figures:
    """Judge one session.

    Tracking is judged until the patient moves, everything else throughout. ``release_arrives_s`` is
    when the release reached the drive, if that is much later than the decision.
    """
    hold_n = peak_force_n(ordered)
    still_until_s = np.inf if truth.moved_at_s is None else truth.moved_at_s
    quiet = [span for span in spans if span.end_s <= still_until_s]
    reversed_s, released_s = _after_stop(truth)
    return Figures(
        ending=ending,
        steady_share=_steady_share(truth, quiet),
        overshoot_n=_overshoot_n(truth, quiet, hold_n),
        ramp_ratio=_ramp_ratio(truth, quiet, ramp_up_n_per_s),
        peak_n=float(truth.cord_n.max()),
        peak_spine_n=float(truth.spine_n.max()),
        trip_n=hold_n + max(10.0, 0.1 * hold_n),
        stroke_mm=float(truth.position_mm.max()),
        pull_mm=_pull_mm(truth, spans),
        pressed=truth.pressed_at_s is not None,
        stop_reversed_s=reversed_s,
        stop_to_15_n_s=released_s,
        wound_in_after_release_mm=_wound_in_mm(truth, spans, release_arrives_s),
        phase_off_s=_phase_off_s(spans, ordered),
        treatment_off_s=_treatment_off_s(spans, ordered),
    )


def _within(truth: Truth, start_s: float, end_s: float) -> slice:
    first, last = np.searchsorted(truth.time_s, (start_s, end_s))
    return slice(int(first), int(last))


def _phase_off_s(spans: list[Span], ordered: ForceProfile) -> float | None:
    """The largest deviation from its ordered length of a phase that was not cut short."""
    phases = [span for span in spans if span.phase in (*DWELLS, *RAMPS)]
    whole = phases if _ran_to_its_end(spans, ordered) else phases[:-1]
    return max(
        (
            abs(span.end_s - span.start_s - segment.duration_s)
            for span, segment in zip(whole, ordered.segments, strict=False)
        ),
        default=None,
    )


def _treatment_off_s(spans: list[Span], ordered: ForceProfile) -> float | None:
    """Deviation from its ordered length of a treatment that was not cut short."""
    if not _ran_to_its_end(spans, ordered):
        return None
    phases = [span for span in spans if span.phase in (*DWELLS, *RAMPS)]
    return abs(phases[-1].end_s - phases[0].start_s - ordered.end_s)


def _ran_to_its_end(spans: list[Span], ordered: ForceProfile) -> bool:
    phases = [span for span in spans if span.phase in (*DWELLS, *RAMPS)]
    first_s, last_s = (phases[0].start_s, phases[-1].end_s) if phases else (0.0, 0.0)
    return last_s - first_s > ordered.end_s - 5.0


def _steady_share(truth: Truth, spans: list[Span]) -> float | None:
    """Share of the dwells, from 5 s after the ramp, within 5 N (to 200 N) or 5 % of the order."""
    inside = total = 0
    for span in spans:
        if span.phase in DWELLS:
            forces = truth.cord_n[_within(truth, span.start_s + SETTLING_S, span.end_s)]
            allowed_n = 5.0 if span.target_n <= 200.0 else 0.05 * span.target_n
            inside += int((np.abs(forces - span.target_n) <= allowed_n).sum())
            total += len(forces)
    return inside / total if total else None


def _overshoot_n(truth: Truth, spans: list[Span], hold_n: float) -> float | None:
    peaks = [
        float(forces.max()) - hold_n
        for span in spans
        if span.phase == "holding"
        and len(forces := truth.cord_n[_within(truth, span.start_s, span.end_s)])
    ]
    return max(peaks, default=None)


def _ramp_ratio(truth: Truth, spans: list[Span], ramp_up_n_per_s: float) -> float | None:
    """Steepest rise over a window of 1 s in the ramps up, as a multiple of the ordered rate."""
    steepest = [
        float(rise.max()) / RAMP_WINDOW_S / ramp_up_n_per_s
        for span in spans
        if span.phase == "ramping_up" and len(rise := _rises(truth, span))
    ]
    return max(steepest, default=None)


def _rises(truth: Truth, span: Span) -> Series:
    """Rises over 1 s whose window ends within the ramp."""
    cycles = round(RAMP_WINDOW_S / truth.cycle_s)
    ramp = _within(truth, span.start_s, span.end_s)
    if ramp.start < cycles:
        return np.empty(0)
    return truth.cord_n[ramp] - truth.cord_n[ramp.start - cycles : ramp.stop - cycles]


def _pull_mm(truth: Truth, spans: list[Span]) -> float | None:
    """Cord wound in since the first ramp."""
    ramps = [span for span in spans if span.phase in RAMPS]
    if not ramps:
        return None
    treated_mm = truth.position_mm[_within(truth, ramps[0].start_s, np.inf)]
    return float(treated_mm.max() - treated_mm[0])


def _after_stop(truth: Truth) -> tuple[float | None, float | None]:
    """Time from the press until the winch pays out, and until 15 N."""
    if truth.pressed_at_s is None:
        return None, None
    after = _within(truth, truth.pressed_at_s, np.inf)
    time_s = truth.time_s[after] - truth.pressed_at_s
    reversed_at = _first(truth.speed_mm_per_s[after] < 0.0)
    released_at = _first(truth.cord_n[after] <= RELEASED_N)
    return (
        None if reversed_at is None else float(time_s[reversed_at]),
        None if released_at is None else float(time_s[released_at]),
    )


def _wound_in_mm(truth: Truth, spans: list[Span], release_arrives_s: float | None) -> float | None:
    """Cord wound in again after the release, counted from the first cord paid out."""
    treated = [span for span in spans if span.phase in (*DWELLS, *RAMPS)]
    if not treated:
        return None
    after = _within(truth, release_arrives_s or treated[-1].end_s, np.inf)
    reversed_at = _first(truth.speed_mm_per_s[after] < 0.0)
    if reversed_at is None:
        return None
    path_mm = truth.position_mm[after][reversed_at:]
    return float((path_mm - np.minimum.accumulate(path_mm)).max())


def _first(condition: NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(condition)
    return int(found[0]) if len(found) else None


def failures(
    figures: Figures, *, region: str, loop: str, nominal: bool, moved: bool
) -> Iterator[str]:
    """Describe the figures that this session misses of those required of it.

    The stop figures and the ceiling are required of every session; steadiness, overshoot and ramps
    only of the nominal patient on the sliding carriage and the split table.
    """
    ending = figures.ending
    stopped = not ending.startswith("completed")
    if figures.peak_n > figures.trip_n and not (moved and stopped):
        yield f"{figures.peak_n:.1f} N is above {figures.trip_n:.1f} N and no movement explains it"
    if figures.pressed:
        yield from _stop_failures(figures, region, loop)
    if (figures.wound_in_after_release_mm or 0.0) > 0.0:
        yield f"{figures.wound_in_after_release_mm:.4f} mm wound in once the release arrived"
    if (figures.pull_mm or 0.0) > PULL_MM[region] + PULL_MARGIN_MM and "stroke" not in ending:
        yield f"{figures.pull_mm:.0f} mm of cord wound in, and the ending does not say so"
    if (figures.phase_off_s or 0.0) > PHASE_S:
        yield f"a phase was {figures.phase_off_s:.2f} s off its order (limit {PHASE_S:g} s)"
    if (figures.treatment_off_s or 0.0) > TREATMENT_S:
        yield f"the treatment was {figures.treatment_off_s:.2f} s off (limit {TREATMENT_S:g} s)"
    if nominal:
        yield from _nominal_failures(figures)


def _stop_failures(figures: Figures, region: str, loop: str) -> Iterator[str]:
    for measured_s, limit_s, what in (
        (figures.stop_reversed_s, REVERSED_S[loop], "until the winch paid out"),
        (figures.stop_to_15_n_s, RELEASE_S[region], "to 15 N"),
    ):
        if measured_s is None:
            yield f"the patient pressed; {what}: never seen"
        elif measured_s > limit_s + 1e-9:
            yield f"the patient pressed; {what}: {measured_s:.3f} s (limit {limit_s:g} s)"


def _nominal_failures(figures: Figures) -> Iterator[str]:
    hold_n = figures.trip_n - max(10.0, figures.trip_n / 11.0)
    overshoot_n = max(5.0, 0.05 * hold_n)
    if figures.steady_share is None or figures.steady_share < 0.995:
        yield f"steady in {figures.steady_share} of the dwells (limit 0.995)"
    if figures.overshoot_n is None or figures.overshoot_n > overshoot_n:
        yield f"overshoot {figures.overshoot_n} N (limit {overshoot_n:.1f} N)"
    if figures.ramp_ratio is None or figures.ramp_ratio > 1.5:
        yield f"ramp at {figures.ramp_ratio} of the ordered rate (limit 1.5)"
