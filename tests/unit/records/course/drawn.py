"""Courses of force that are drawn by hand: straight lines, noise, breath, coughs, gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from records.course.readings import Readings

Knot = tuple[float, float]


def readings(
    knots: Sequence[Knot],
    *,
    rate_hz: float = 10.0,
    noise_n: float = 0.3,
    breath_n: float = 0.0,
    coughs_s: Sequence[float] = (),
    missing_s: Sequence[tuple[float, float]] = (),
) -> Readings:
    """Readings of the lines through ``knots`` (seconds, newtons); the same call, the same noise.

    A cough pulls 40 N for 0.3 s. Nothing is read within each of ``missing_s``.
    """
    source = np.random.default_rng(7)
    times_s = np.arange(round(knots[-1][0] * rate_hz)) / rate_hz
    at_s, at_n = zip(*knots, strict=True)
    forces_n = np.interp(times_s, at_s, at_n)
    pulled = forces_n > 5.0
    forces_n = forces_n + pulled * breath_n * np.sin(2 * np.pi * times_s / 4.0)
    for cough_s in coughs_s:
        forces_n += 40.0 * ((times_s >= cough_s) & (times_s < cough_s + 0.3))
    forces_n += source.normal(0.0, noise_n, len(times_s))
    seen = np.ones(len(times_s), dtype=np.bool_)
    for start_s, end_s in missing_s:
        seen &= (times_s <= start_s) | (times_s >= end_s)
    return Readings(
        times_ms=np.round(times_s[seen] * 1000).astype(np.int64),
        forces_dn=np.round(forces_n[seen] * 10).astype(np.int64),
    )


STATIC: tuple[Knot, ...] = (
    (0.0, 0.0),
    (5.0, 0.0),
    (7.0, 15.0),
    (17.0, 15.0),
    (25.5, 100.0),
    (325.5, 100.0),
    (330.5, 0.0),
    (340.0, 0.0),
)
"""Pretension of 10 s, a ramp of 10 N/s, a hold of 300 s, a release of 20 N/s."""


def intermittent(cycles: int, *, rest_n: float = 50.0, down_s: float = 2.5) -> list[Knot]:
    """Holds of 30 s and rests of 10 s, both with their ramps, from 20 s on; then the release."""
    knots: list[Knot] = [(0.0, 0.0), (8.0, 0.0), (9.5, 15.0), (20.0, 15.0)]
    for cycle in range(cycles):
        start_s = 20.0 + 40.0 * cycle
        ramp_s = 5.0
        knots += [(start_s + ramp_s, 100.0), (start_s + 30.0, 100.0)]
        knots += [(start_s + 30.0 + down_s, rest_n), (start_s + 40.0, rest_n)]
    end_s = knots[-1][0]
    return [*knots[:-1], (end_s, rest_n), (end_s + 3.0, 0.0), (end_s + 10.0, 0.0)]
