"""One force channel: cell, amplifier and converter with their noise, and their failures.

Source: plant.md#equations (60 ms in the plant, noise 0.3 N, steps of 0.1 N); faults: hazards.md.
"""

from __future__ import annotations

import random
from typing import Final

NOISE_TENTHS: Final = 3.0
SATURATED_TENTHS: Final = 32000
"""The upper rail: above the capacity of every cell, within the register."""
OPEN_CIRCUIT_TENTHS: Final = -3000


class LoadCell:
    """Reads tenths of a newton. Every fault affects the readings after it."""

    __slots__ = (
        "_drift_tenths",
        "_drift_tenths_per_s",
        "_gain",
        "_gauss",
        "_healthy",
        "_last",
        "_saturated",
        "_stuck",
        "frozen",
        "opened",
    )

    def __init__(self, random: random.Random) -> None:
        self._gauss = random.gauss
        self._gain = 1.0
        self._drift_tenths = self._drift_tenths_per_s = 0.0
        self._stuck = self._saturated = False
        self._healthy = True
        self._last = 0
        self.opened = False
        self.frozen = False

    def read(self, force_n: float, period_s: float) -> int:
        """Returns the reading in 0.1 N, ``period_s`` after the previous one."""
        if self._healthy:
            self._last = round(force_n * 10.0 + self._gauss(0.0, NOISE_TENTHS))
            return self._last
        if self.opened:
            return OPEN_CIRCUIT_TENTHS
        if self._saturated:
            return SATURATED_TENTHS
        noise = self._gauss(0.0, NOISE_TENTHS)
        self._drift_tenths += self._drift_tenths_per_s * period_s
        if not self._stuck:
            self._last = round(force_n * 10.0 * self._gain + self._drift_tenths + noise)
        return self._last

    def freeze_counter(self) -> None:
        """Stop the converter's task: no new sample, its number stays and its age grows."""
        self.frozen = True

    def stick(self) -> None:
        """Latch the converter up: new samples, all with the last value."""
        self._healthy, self._stuck = False, True

    def gain(self, factor: float) -> None:
        """Make the channel read ``factor`` times the truth."""
        self._healthy, self._gain = False, factor

    def invert(self) -> None:
        """Swap the leads: tension reads as a push."""
        self.gain(-1.0)

    def saturate(self) -> None:
        """Put the amplifier at its upper rail, whatever the force is."""
        self._healthy, self._saturated = False, True

    def drift(self, n_per_min: float) -> None:
        """Drift the zero by ``n_per_min`` newtons per minute."""
        self._healthy, self._drift_tenths_per_s = False, n_per_min * 10.0 / 60.0

    def open(self) -> None:
        """Disconnect the cable: the converter runs to its lower rail."""
        self._healthy, self.opened = False, True


class SecondCell(LoadCell):
    """The independent channel, which can also vanish without notice."""

    __slots__ = ("vanished",)

    def __init__(self, random: random.Random) -> None:
        super().__init__(random)
        self.vanished = False

    def vanish(self) -> None:
        """Make the channel read 0x8000 and invalid; no fault bit shows why."""
        self.vanished = True
