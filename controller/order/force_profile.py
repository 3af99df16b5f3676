"""ForceProfile: the ordered force over the treatment, piecewise linear and continuous."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from controller.order.phases import Phase, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A straight piece of the profile; seconds on the treatment clock, newtons.

    ``part`` is the number of the ordered part (a hold, a rest, a step) that the segment belongs to:
    a ramp and the dwell after it share it, even if the force was adjusted in between.
    """

    phase: Phase
    stage: Stage
    part: int
    start_s: float
    end_s: float
    start_force_n: float
    end_force_n: float

    @property
    def duration_s(self) -> float:
        """Length of the segment, seconds."""
        return self.end_s - self.start_s

    def force_n(self, elapsed_s: float) -> float:
        """Returns the force at ``elapsed_s`` in newtons, constant outside the segment."""
        if elapsed_s >= self.end_s:
            return self.end_force_n
        share = max(0.0, elapsed_s - self.start_s) / self.duration_s
        return self.start_force_n + share * (self.end_force_n - self.start_force_n)


@dataclass(frozen=True, slots=True)
class ForceProfile:
    """Segments that join exactly in time and in force; second 0 is the start of the first ramp.

    A profile that was planned again in the middle of a treatment starts there, not at second 0.
    Raises ValueError if there are no segments, or a gap or a jump: a planner's defect.
    """

    segments: tuple[Segment, ...]
    _starts_s: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("a force profile needs at least one segment")
        for segment in self.segments:
            if segment.end_s <= segment.start_s:
                raise ValueError(f"a segment without duration at {segment.start_s:g} s")
        for before, after in zip(self.segments, self.segments[1:], strict=False):
            if after.start_s != before.end_s:
                raise ValueError(f"gap in the force profile at {before.end_s:g} s")
            if after.start_force_n != before.end_force_n:
                raise ValueError(f"jump in the force profile at {before.end_s:g} s")
        object.__setattr__(self, "_starts_s", tuple(s.start_s for s in self.segments))

    @property
    def end_s(self) -> float:
        """End of the treatment on the treatment clock, seconds."""
        return self.segments[-1].end_s

    def index_at(self, elapsed_s: float) -> int:
        """Returns the segment's index at ``elapsed_s``; a boundary belongs to the later one."""
        return max(0, bisect_right(self._starts_s, elapsed_s) - 1)

    def segment_at(self, elapsed_s: float) -> Segment:
        """Returns the segment at ``elapsed_s``; a boundary belongs to the later one."""
        return self.segments[self.index_at(elapsed_s)]

    def target_n(self, elapsed_s: float) -> float:
        """Returns the ordered force at a time on the treatment clock, newtons."""
        return self.segment_at(elapsed_s).force_n(elapsed_s)

    def stage_s(self, stage: Stage) -> float:
        """Returns the time that the profile spends in a stage, seconds."""
        return sum(s.duration_s for s in self.segments if s.stage is stage)
