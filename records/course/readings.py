"""Readings of a force and the gaps between them: whole milliseconds, tenths of a newton."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

LONGEST_INTERVAL_MS: Final = 300
"""Readings further apart have a gap between them (session-rules.md#numbers-of-the-record)."""
SMOOTHED_MS: Final = 1500
"""A running median over this time removes what lasts up to half of it: a cough moves for 0.3 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """No reading between two readings; forces on either side in 0.1 N."""

    start_ms: int
    end_ms: int
    before_dn: int
    after_dn: int

    @property
    def duration_ms(self) -> int:
        """Returns the time from the reading before to the reading after it."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Valid readings in order of time; every time is later than the one before it.

    Raises ValueError for arrays of different lengths and for times that do not increase: the caller
    leaves out repeated readings.
    """

    times_ms: Whole
    forces_dn: Whole

    def __post_init__(self) -> None:
        if len(self.times_ms) != len(self.forces_dn):
            raise ValueError(f"{len(self.times_ms)} times and {len(self.forces_dn)} forces")
        if (np.diff(self.times_ms) <= 0).any():
            at = int(np.flatnonzero(np.diff(self.times_ms) <= 0)[0])
            raise ValueError(f"reading {at + 1} is not later than the one before it")

    @property
    def interval_ms(self) -> int:
        """Returns the usual distance of two readings: the upper median of the distances."""
        return max(1, int(np.median(np.diff(self.times_ms)))) if len(self.times_ms) > 1 else 1

    def gaps(self, longer_than_ms: int = LONGEST_INTERVAL_MS) -> tuple[Gap, ...]:
        """Returns where two readings are further apart than ``longer_than_ms``."""
        found = np.flatnonzero(np.diff(self.times_ms) > longer_than_ms)
        return tuple(
            Gap(
                start_ms=int(self.times_ms[at]),
                end_ms=int(self.times_ms[at + 1]),
                before_dn=int(self.forces_dn[at]),
                after_dn=int(self.forces_dn[at + 1]),
            )
            for at in found
        )

    def smoothed_dn(self) -> Whole:
        """Returns the running median over 1.5 s; a rise, a fall and their corners stay."""
        half = SMOOTHED_MS // (2 * self.interval_ms)
        if half == 0 or len(self.forces_dn) == 0:
            return self.forces_dn
        padded = np.pad(self.forces_dn, half, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
        return np.sort(windows, axis=1)[:, half]

    def between(self, start: int, end: int) -> Readings:
        """Returns the readings number ``start`` to ``end`` - 1."""
        return Readings(times_ms=self.times_ms[start:end], forces_dn=self.forces_dn[start:end])
