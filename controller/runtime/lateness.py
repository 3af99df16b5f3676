"""The lateness of the control ticks, for setting up a workstation; never part of the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

STEP_S: Final = 0.000_01
PERCENTILES = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}


class Lateness:
    """A histogram in steps of 0.01 ms: one addition per tick, and small even after 8 hours."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._largest_s = 0.0

    def add(self, late_s: float) -> None:
        """Count one tick, seconds after it was due."""
        self._counts[int(late_s / STEP_S)] += 1
        self._largest_s = max(self._largest_s, late_s)

    def report(self) -> dict[str, float]:
        """Returns number of ticks, percentiles (upper end of the step) and maximum, in ms."""
        total = self._counts.total()
        shares = {name: self._below_ms(share * total) for name, share in PERCENTILES.items()}
        return {"ticks": total, **shares, "max_ms": round(self._largest_s * 1000, 1)}

    def _below_ms(self, wanted: float) -> float:
        counted = 0
        for step in sorted(self._counts):
            counted += self._counts[step]
            if counted >= wanted:
                return round((step + 1) * STEP_S * 1000, 2)
        return 0.0


def lateness_words(report: Mapping[str, float]) -> str:
    """Returns a report as one line of text."""
    return (
        f"{report['ticks']:.0f} ticks, late by p50 {report['p50_ms']:.2f} ms, "
        f"p99 {report['p99_ms']:.2f} ms, p99.9 {report['p999_ms']:.2f} ms, "
        f"at most {report['max_ms']:.1f} ms"
    )
