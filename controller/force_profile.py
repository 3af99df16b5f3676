"""ForceProfile: the ordered force over the treatment, piecewise linear and continuous."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from controller.phases import Phase, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A straight piece of the profile; seconds on the treatment clock, newtons."""

    phase: Phase
    stage: Stage
    start_s: float
    duration_s: float
    start_force_n: float
    end_force_n: float

    @property
    def end_s(self) -> float:
        """End of the segment on the treatment clock, seconds."""
        return self.start_s + self.duration_s

    def force_n(self, elapsed_s: float) -> float:
        """Force at ``elapsed_s``, held at the ends outside the segment; newtons."""
        if elapsed_s >= self.end_s:
            return self.end_force_n
        share = max(0.0, elapsed_s - self.start_s) / self.duration_s
        return self.start_force_n + share * (self.end_force_n - self.start_force_n)


@dataclass(frozen=True, slots=True)
class ForceProfile:
    """Segments without a gap in time or a jump in force; second 0 is the first ramp's start.

    Raises ValueError when the segments are empty, leave a gap or jump: a planner's defect.
    """

    segments: tuple[Segment, ...]
    _starts_s: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("a force profile needs at least one segment")
        for before, after in zip(self.segments, self.segments[1:], strict=False):
            if abs(after.start_s - before.end_s) > 1e-6:
                raise ValueError(f"gap in the force profile at {before.end_s:g} s")
            if abs(after.start_force_n - before.end_force_n) > 1e-6:
                raise ValueError(f"jump in the force profile at {before.end_s:g} s")
        object.__setattr__(self, "_starts_s", tuple(s.start_s for s in self.segments))

    @property
    def duration_s(self) -> float:
        """Length of the treatment, seconds."""
        return self.segments[-1].end_s

    @property
    def peak_force_n(self) -> float:
        """Largest ordered force, newtons."""
        return max(max(s.start_force_n, s.end_force_n) for s in self.segments)

    def segment_at(self, elapsed_s: float) -> Segment:
        """The segment that holds ``elapsed_s``; a boundary belongs to the later segment."""
        return self.segments[max(0, bisect_right(self._starts_s, elapsed_s) - 1)]

    def target_n(self, elapsed_s: float) -> float:
        """Ordered force at one time on the treatment clock, newtons."""
        return self.segment_at(elapsed_s).force_n(elapsed_s)

    def targets_n(self, elapsed_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Ordered force at an array of times (shape kept), newtons."""
        times = [self.segments[0].start_s, *(s.end_s for s in self.segments)]
        forces = [self.segments[0].start_force_n, *(s.end_force_n for s in self.segments)]
        return np.interp(elapsed_s, times, forces)

    def boundaries_s(self) -> tuple[float, ...]:
        """End of every segment, seconds."""
        return tuple(s.end_s for s in self.segments)
