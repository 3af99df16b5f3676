"""The force-time curve at the resolution of a plot: per bin the lowest and the highest force."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controller.order.phases import Phase
from records.evidence.valid_samples import valid_samples
from records.store.canonical import SampleArray

BINS = 600
ONE_PLOT_MS = 20 * 60_000
"""Longest treatment whose curve can be read in one plot of a page's width."""
PART_MS = 15 * 60_000


@dataclass(frozen=True, slots=True)
class PlotData:
    """Lists of equal length: bin times in ms, target, lowest and highest actual force in 0.1 N."""

    times_ms: list[int]
    target_dn: list[int]
    lowest_dn: list[int]
    highest_dn: list[int]


def plot_data(samples: SampleArray) -> PlotData:
    """Decimate the valid samples of a session; empty lists when there are none."""
    used = samples[valid_samples(samples)]
    if not len(used):
        return PlotData([], [], [], [])
    times = used["taken_at_ms"].astype(np.int64)
    width = max(1, -(-(int(times[-1]) - int(times[0]) + 1) // BINS))
    bin_numbers = (times - times[0]) // width
    starts = np.flatnonzero(np.diff(bin_numbers, prepend=-1))
    forces = used["force_1_dn"].astype(np.int64)
    target = np.where(used["phase"] == int(Phase.RELEASING), 0, used["target_dn"])
    return PlotData(
        times_ms=times[starts].tolist(),
        target_dn=target[starts].astype(np.int64).tolist(),
        lowest_dn=np.minimum.reduceat(forces, starts).tolist(),
        highest_dn=np.maximum.reduceat(forces, starts).tolist(),
    )


def plot_parts(samples: SampleArray) -> list[PlotData]:
    """Returns parts of ``PART_MS`` of a curve too long for one plot, each with its own bins."""
    used = samples[valid_samples(samples)]
    if not len(used):
        return []
    times = used["taken_at_ms"].astype(np.int64)
    if times[-1] - times[0] <= ONE_PLOT_MS:
        return []
    numbers = (times - times[0]) // PART_MS
    parts = [used[numbers == number] for number in range(int(numbers[-1]) + 1)]
    return [plot_data(part) for part in parts if len(part)]
