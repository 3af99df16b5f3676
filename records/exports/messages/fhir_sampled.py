"""The force curve as SampledData: equal steps of time, a step without a reading says so."""

from __future__ import annotations

from typing import Any

import numpy as np

from records.note.delivered_dose import valid_samples
from records.store.canonical import SampleArray

STEP_MS = 100
NO_READING = "E"
"""What SampledData writes for a value that could not be measured."""
UCUM = "http://unitsofmeasure.org"


def sampled_force(samples: SampleArray) -> dict[str, Any] | None:
    """Newest reading of each step of 100 ms, in tenths of a newton; None without any reading."""
    used = samples[valid_samples(samples)]
    if not len(used):
        return None
    times = used["taken_at_ms"].astype(np.int64)
    steps = (times - times[0]) // STEP_MS
    data: list[str] = [NO_READING] * (int(steps[-1]) + 1)
    for step, force_dn in zip(steps.tolist(), used["force_1_dn"].tolist(), strict=True):
        data[step] = str(force_dn)
    return {
        "origin": {"value": 0, "unit": "N", "system": UCUM, "code": "N"},
        "period": STEP_MS,
        "factor": 0.1,
        "dimensions": 1,
        "data": " ".join(data),
    }
