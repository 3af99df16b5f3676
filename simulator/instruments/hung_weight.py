"""A weight that a person hangs on the cell of an instrument and lifts off, as in a weight test."""

from __future__ import annotations

from typing import Final

MOVED_S: Final = 0.2
"""Time in which a hand hangs a weight or lifts it off."""


class HungWeight:
    """The force of one known weight, which hangs free at first.

    ``hang`` and ``lift`` may be called from another thread than the readings: they only set the
    target, and the force moves there from one reading to the next.
    """

    def __init__(self, weight_n: float) -> None:
        self._weight_n = weight_n
        self._wanted_n = self._force_n = 0.0
        self._read_at_s: float | None = None

    def hang(self) -> None:
        """Hang the weight; no effect if it hangs."""
        self._wanted_n = self._weight_n

    def lift(self) -> None:
        """Lift the weight off; no effect if it is off."""
        self._wanted_n = 0.0

    def force_at(self, now_s: float) -> float:
        """Returns the force in newtons at a monotonic second."""
        passed_s = 0.0 if self._read_at_s is None else now_s - self._read_at_s
        most_n = self._weight_n * passed_s / MOVED_S
        self._force_n += min(max(self._wanted_n - self._force_n, -most_n), most_n)
        self._read_at_s = now_s
        return self._force_n
