"""The cell of an instrument: the force on it, its noise, and its faults."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

NOISE_N: Final = 0.05
STANDARD_GRAVITY: Final = 9.80665

ForceAt = Callable[[float], float]
"""Newtons on the cord at a monotonic second; traction is positive."""


class HangingCell:
    """Reads newtons. Each fault affects the readings after it."""

    def __init__(self, force_at: ForceAt, *, seed: int = 1, noise_n: float = NOISE_N) -> None:
        self._force_at = force_at
        self._gauss = random.Random(seed).gauss
        self._noise_n = noise_n
        self._last_n = 0.0
        self._count = 0
        self.overloaded = self.underloaded = self.opened = False
        self.inverted = self.frozen = False

    def force_n(self, now_s: float) -> float:
        """Returns the reading at ``now_s``, noise included."""
        if not self.frozen:
            noise_n = self._gauss(0.0, self._noise_n) if self._noise_n else 0.0
            sign = -1.0 if self.inverted else 1.0
            self._last_n = sign * self._force_at(now_s) + noise_n
            self._count += 1 + round(abs(noise_n) * 100)
        return self._last_n

    def kilograms(self, now_s: float) -> float:
        """Returns the same in kilograms, as a scale shows it."""
        return self.force_n(now_s) / STANDARD_GRAVITY

    @property
    def count(self) -> int:
        """Returns the converter's own count at the latest reading."""
        return self._count
