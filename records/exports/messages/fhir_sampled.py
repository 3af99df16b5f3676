"""The force curve as SampledData: equal steps of time; a step without a reading is marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from records.evidence.valid_samples import valid_samples
from records.store.canonical import SampleArray

STEP_MS = 100
NO_READING = "E"
"""SampledData's sign for a value that could not be measured."""
UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledForce:
    """The curve as SampledData, and the session's milliseconds of its first and last value."""

    data: dict[str, Any]
    first_ms: int
    last_ms: int


def sampled_force(samples: SampleArray) -> SampledForce | None:
    """Returns the newest reading of each step of 100 ms, in 0.1 N; None without any reading."""
    used = samples[valid_samples(samples)]
    if not len(used):
        return None
    times = used["taken_at_ms"].astype(np.int64)
    steps = (times - times[0]) // STEP_MS
    values: list[str] = [NO_READING] * (int(steps[-1]) + 1)
    for step, force_dn in zip(steps.tolist(), used["force_1_dn"].tolist(), strict=True):
        values[step] = str(force_dn)
    data = {
        "origin": {"value": 0, "unit": "N", "system": UCUM, "code": "N"},
        "period": STEP_MS,
        "factor": 0.1,
        "dimensions": 1,
        "data": " ".join(values),
    }
    first_ms = int(times[0])
    return SampledForce(data=data, first_ms=first_ms, last_ms=first_ms + int(steps[-1]) * STEP_MS)
