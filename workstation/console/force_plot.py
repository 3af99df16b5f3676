"""A session's whole curve as SVG made by the server: it needs no script and can be printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from controller.order.force_unit import ForceUnit
from records.exports.note.plot import round_step
from records.exports.note.plot_data import PlotData
from workstation.history.force_curve import ForceCurve
from workstation.history.plot_range import PlotRange, time_text

WIDTH, HEIGHT = 1100, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 1020, 56, 340
LOWEST_TOP_N: Final = 10.0
LABEL_GAP: Final = 70.0
"""Stops nearer than this share one label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotMarks:
    """Moments in milliseconds of the session; pauses from beginning to end."""

    stops_ms: Sequence[int]
    pauses_ms: Sequence[tuple[int, int]]
    alarms_ms: Sequence[int]
    requests_ms: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line of an axis: where it is, and its label."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcePlot:
    """The shapes of the drawing, in its own units; lists of points are as SVG has them."""

    unit: str
    other: str
    forces: Sequence[Tick]
    others: Sequence[Tick]
    times: Sequence[Tick]
    actual: Sequence[str]
    target: Sequence[str]
    stops: Sequence[float]
    stop_labels: Sequence[Tick]
    pauses: Sequence[tuple[float, float]]
    alarms: Sequence[float]
    requests: Sequence[float]

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, RIGHT, TOP, BOTTOM


def force_plot(
    curve: ForceCurve,
    shown: PlotRange,
    marks: PlotMarks,
    *,
    origin_ms: int,
    unit: ForceUnit,
    ordered: bool,
) -> ForcePlot:
    """Returns the plot. Times count from ``origin_ms``; without ``ordered`` there is no target."""
    scale = _Scale(shown, max(curve.highest_dn / 10, LOWEST_TOP_N), unit)
    other = unit.other
    stops = [scale.x(at_ms) for at_ms in marks.stops_ms if scale.shows(at_ms)]
    return ForcePlot(
        unit=unit.value,
        other=other.value,
        forces=[*scale.force_ticks(unit)],
        others=[*scale.force_ticks(other)],
        times=[*scale.time_ticks(origin_ms)],
        actual=[scale.band(piece) for piece in curve.pieces],
        target=[scale.steps(piece) for piece in curve.pieces] if ordered else [],
        stops=stops,
        stop_labels=[*_labels(stops)],
        pauses=[
            (scale.within(began), scale.within(ended) - scale.within(began))
            for began, ended in marks.pauses_ms
            if scale.within(ended) > scale.within(began)
        ],
        alarms=[scale.x(at_ms) for at_ms in marks.alarms_ms if scale.shows(at_ms)],
        requests=[scale.x(at_ms) for at_ms in marks.requests_ms if scale.shows(at_ms)],
    )


class _Scale:
    """From milliseconds and newtons to the units of the drawing."""

    def __init__(self, shown: PlotRange, highest_n: float, unit: ForceUnit) -> None:
        self._shown = shown
        size = unit.newtons
        step = round_step(highest_n / size, 6)
        self._top_n = step * -(-highest_n / size // step) * size

    def shows(self, at_ms: int) -> bool:
        return self._shown.first_ms <= at_ms <= self._shown.last_ms

    def x(self, at_ms: float) -> float:
        span = max(1, self._shown.last_ms - self._shown.first_ms)
        return round(LEFT + (at_ms - self._shown.first_ms) / span * (RIGHT - LEFT), 1)

    def within(self, at_ms: int) -> float:
        return self.x(min(max(at_ms, self._shown.first_ms), self._shown.last_ms))

    def _y(self, force_n: float) -> float:
        return round(BOTTOM - force_n / self._top_n * (BOTTOM - TOP), 1)

    def force_ticks(self, unit: ForceUnit) -> Iterator[Tick]:
        size = unit.newtons
        step = round_step(self._top_n / size, 6)
        for number in range(int(self._top_n / size / step + 1e-6) + 1):
            yield Tick(at=self._y(number * step * size), text=f"{number * step:g}")

    def time_ticks(self, origin_ms: int) -> Iterator[Tick]:
        first_s, last_s = (
            (at - origin_ms) / 1000 for at in (self._shown.first_ms, self._shown.last_ms)
        )
        step_s = _time_step((last_s - first_s) / 9)
        for number in range(int(np.ceil(first_s / step_s)), int(np.floor(last_s / step_s)) + 1):
            at_ms = origin_ms + number * step_s * 1000
            yield Tick(at=self.x(at_ms), text=time_text(at_ms, origin_ms))

    def band(self, piece: PlotData) -> str:
        upper = self._points(piece.times_ms, piece.highest_dn)
        lower = self._points(piece.times_ms, piece.lowest_dn)
        return " ".join([*upper, *reversed(lower)])

    def steps(self, piece: PlotData) -> str:
        return " ".join(self._points(piece.times_ms, piece.target_dn))

    def _points(self, times_ms: Sequence[int], forces_dn: Sequence[int]) -> list[str]:
        """Returns the points of a line; a force below zero is drawn at zero."""
        return [
            f"{self.x(at)},{self._y(max(0, force) / 10)}"
            for at, force in zip(times_ms, forces_dn, strict=True)
        ]


def _time_step(wanted_s: float) -> int:
    """Returns a step in whole seconds, as on a clock."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    return next((step for step in steps if wanted_s <= step), steps[-1])


def _labels(stops: Sequence[float]) -> Iterator[Tick]:
    """Returns one label for those that are close together."""
    group: list[int] = []
    for number, at in enumerate(stops, 1):
        if group and at - stops[group[0] - 1] >= LABEL_GAP:
            yield _label(group, stops)
            group = []
        group.append(number)
    if group:
        yield _label(group, stops)


def _label(group: Sequence[int], stops: Sequence[float]) -> Tick:
    numbers = f"{group[0]}" if len(group) == 1 else f"{group[0]}-{group[-1]}"
    text = "STOP" if len(stops) == 1 else f"STOP {numbers}"
    return Tick(at=stops[group[0] - 1], text=text)
