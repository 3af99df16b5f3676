"""The force of a session as a curve of a given width: nothing between its points is smoothed away.

Each bin keeps its lowest and its highest reading. Where readings are missing the curve has a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from records.exports.note.plot_data import PlotData, plot_data
from records.store.canonical import SampleArray

GAP_MS: Final = 1000
"""Readings further apart than this, and than three bins, are not joined."""
Shown = tuple[int, int]
"""Milliseconds of the session, from and to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceCurve:
    """Pieces without a gap, each as bins; times in ms, forces in 0.1 N."""

    pieces: tuple[PlotData, ...]
    highest_dn: int

    @property
    def is_empty(self) -> bool:
        """True where no reading was recorded in what is shown."""
        return not self.pieces


def force_curve(samples: SampleArray, shown_ms: Shown) -> ForceCurve:
    """Returns the readings from the first to the last millisecond that is shown."""
    times = samples["taken_at_ms"]
    data = plot_data(samples[(times >= shown_ms[0]) & (times <= shown_ms[1])])
    if not data.times_ms:
        return ForceCurve(pieces=(), highest_dn=0)
    starts = _starts(np.asarray(data.times_ms))
    pieces = tuple(
        PlotData(data.times_ms[a:b], data.target_dn[a:b], data.lowest_dn[a:b], data.highest_dn[a:b])
        for a, b in zip(starts, [*starts[1:], len(data.times_ms)], strict=True)
    )
    return ForceCurve(pieces=pieces, highest_dn=max(*data.highest_dn, *data.target_dn))


def _starts(times: NDArray[np.int64]) -> list[int]:
    """Returns where pieces begin: after every step that is longer than a gap."""
    if len(times) < 2:
        return [0]
    steps = np.diff(times)
    gap = max(GAP_MS, 3 * int(np.median(steps)))
    return [0, *(np.flatnonzero(steps > gap) + 1).tolist()]
