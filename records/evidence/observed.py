"""The course of an observed session, derived from its samples only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from records.course.course import ObservedCourse, observe_course
from records.course.readings import Readings
from records.evidence.valid_samples import valid_samples
from records.store.canonical import SampleArray


def course_of(samples: SampleArray, *, ordered_traction_ms: int | None) -> ObservedCourse:
    """Returns the course that the samples show; repeated readings are left out."""
    return observe_course(readings_of(samples), ordered_traction_ms=ordered_traction_ms)


def readings_of(samples: SampleArray) -> Readings:
    """Returns the valid samples, each later than all before it."""
    own = valid_samples(samples)
    times = samples["taken_at_ms"].astype(np.int64)[own]
    forces = samples["force_1_dn"].astype(np.int64)[own]
    later = _later_than_all_before(times)
    return Readings(times_ms=times[later], forces_dn=forces[later])


def shows_hold(times_ms: Sequence[int], forces_dn: Sequence[int]) -> bool:
    """Returns whether a hold, or the top of a cyclic treatment, was seen."""
    course = observe_course(
        Readings(
            times_ms=np.array(times_ms, dtype=np.int64),
            forces_dn=np.array(forces_dn, dtype=np.int64),
        )
    )
    return reached_hold(course)


def reached_hold(course: ObservedCourse) -> bool:
    """Returns whether a hold, or the top of a cyclic treatment, was reached."""
    return course.held or course.cycles > 0


def _later_than_all_before(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    newest = np.maximum.accumulate(times) if len(times) else times
    return np.concatenate(([True] * min(1, len(times)), times[1:] > newest[:-1])).astype(np.bool_)
