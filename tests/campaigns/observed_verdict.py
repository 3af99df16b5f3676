"""Judges what the analysis found in one session against the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from records.course.course import ObservedCourse, observe_course
from records.course.readings import Readings
from tests.campaigns.observed_population import ObservedCase
from tests.campaigns.observed_session import Observed
from tests.campaigns.observed_truth import TrueSession, true_session

BOUNDARY_S = 1.0
TRACTION_S = 2.0
HOLD_SHARE = 0.03
NOISE_N = 1.5
"""Five times the 0.3 N of the cell: the largest of thousands of readings is at their edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One session.

    Differences are found minus true: seconds, shares of 1, newtons. ``open_end_s`` is how much
    longer the treatment may have lasted, as the note says; ``hidden_end_s`` is how much of it
    really is one straight fall together with the release.
    """

    seed: int
    kind: str
    body: str
    cycles: int
    true_cycles: int
    boundaries: int
    boundaries_off: int
    panel_off: int
    worst_boundary_s: float
    traction_off_s: float
    open_end_s: float
    hidden_end_s: float
    hold_off_share: float
    peak_off_n: float
    peak_allowed_n: float
    sudden: int

    @property
    def faults(self) -> tuple[str, ...]:
        """Figures that miss the acceptance, except boundaries (judged over all sessions)."""
        hidden_s = min(self.open_end_s, self.hidden_end_s)
        found = {
            "cycles": self.cycles != self.true_cycles,
            "traction": not -hidden_s - TRACTION_S <= self.traction_off_s <= TRACTION_S,
            "hold": abs(self.hold_off_share) > HOLD_SHARE,
            "peak": abs(self.peak_off_n) > self.peak_allowed_n,
            "sudden": self.sudden > 0,
        }
        return tuple(name for name, missed in found.items() if missed)


def judge(case: ObservedCase, observed: Observed) -> Verdict:
    """Analyse the readings and compare them with the truth."""
    course = observe_course(
        Readings(times_ms=observed.times_ms, forces_dn=observed.forces_dn),
        ordered_traction_ms=round(case.panel.profile.end_s * 1000),
    )
    truth = true_session(case, observed)
    off = _distances(truth.boundaries_s, course)
    instrument = case.instrument
    drift_n = abs(instrument.drift_n_per_min) * float(observed.truth.time_s[-1]) / 60
    return Verdict(
        seed=case.seed,
        kind=case.kind,
        body=case.body.name,
        cycles=course.cycles,
        true_cycles=truth.cycles,
        boundaries=len(off),
        boundaries_off=int((off > BOUNDARY_S).sum()),
        panel_off=int((_distances(truth.panel_boundaries_s, course) > BOUNDARY_S).sum()),
        worst_boundary_s=float(off.max()),
        traction_off_s=course.traction_ms / 1000 - truth.traction_s,
        open_end_s=course.open_end_ms / 1000,
        hidden_end_s=truth.hidden_end_s,
        hold_off_share=_hold_off(course, truth),
        peak_off_n=(course.peak_force_dn or 0) / 10 - truth.peak_n,
        peak_allowed_n=instrument.division_n + NOISE_N + abs(instrument.zero_n) + drift_n,
        sudden=len(course.sudden_releases),
    )


def _distances(
    boundaries_s: tuple[float, ...], course: ObservedCourse
) -> np.typing.NDArray[np.float64]:
    """From each true boundary to the nearest one found, seconds."""
    found = np.array([phase.end_ms / 1000 for phase in course.phases])
    return np.array([np.abs(found - at_s).min() for at_s in boundaries_s])


def _hold_off(course: ObservedCourse, truth: TrueSession) -> float:
    if truth.hold_s == 0.0:
        return 0.0 if course.hold_time_ms == 0 else 1.0
    return course.hold_time_ms / 1000 / truth.hold_s - 1.0
