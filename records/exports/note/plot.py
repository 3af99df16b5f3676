"""The force-time plot of a note: target, actual force as a band, stops.

Its left axis is in the note's unit of force, its right one in the secondary unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from reportlab.graphics.shapes import STATE_DEFAULTS, Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import HexColor

from controller.order.force_unit import ForceUnit
from records.exports.note.plot_data import PlotData
from records.exports.paper.blocks import (
    ALERT,
    CLINICIAN,
    DEVICE,
    GREY,
    LIGHT,
    WIDTH,
    Flowable,
)
from records.exports.paper.fonts import BOLD, PLAIN, text_width

LABEL = 7.0
PAUSE = "#E6E0C8"
"""Lighter than every line that is drawn over it."""
ABOVE, BELOW = 14.0, 26.0
"""Room for the units above the axes and for times and legend below them."""
AXIS_INSET = 30.0
STOP_GAP = 90.0
"""Stops nearer than this share one label, so that labels never overlap."""
LOWEST_TOP_N = 10.0
STATE_DEFAULTS["fontName"] = PLAIN  # otherwise every drawing names a font that is not embedded


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Shared by the plots of one note: the moment from which minutes count, the largest force.

    ``since_traction``: minutes count from the beginning of traction, else from the first sample.

    ``forces`` is the unit of the left axis and of the grid.

    ``observed``: nobody ordered a target, and a stop is a visible sudden release.
    """

    origin_ms: int
    highest_dn: int
    forces: ForceUnit = ForceUnit.NEWTON
    since_traction: bool = True
    observed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Events, in milliseconds of the session.

    Stops by their numbers (a single one is called ""), changes of an ordered force, pauses from
    beginning to end.
    """

    stops_ms: Mapping[str, int]
    changes_ms: Sequence[int] = ()
    pauses_ms: Sequence[tuple[int, int]] = ()


def scale_of(
    data: PlotData,
    began_ms: int | None,
    forces: ForceUnit = ForceUnit.NEWTON,
    *,
    observed: bool = False,
) -> Scale:
    """Returns the scale of a whole treatment and its parts.

    ``began_ms``: when traction began, None where it never did.
    """
    highest_dn = max(*data.highest_dn, *data.target_dn, round(10 * LOWEST_TOP_N))
    return Scale(
        origin_ms=data.times_ms[0] if began_ms is None else began_ms,
        highest_dn=highest_dn,
        forces=forces,
        since_traction=began_ms is not None,
        observed=observed,
    )


def plot(data: PlotData, scale: Scale, marks: Marks, height: float) -> Flowable:
    """Returns the plot as an element of a page."""
    made = _Plot(data, scale, height)
    made.pauses(marks.pauses_ms)
    made.force_axes()
    made.time_axis()
    made.actual()
    if not scale.observed:
        made.target()
    made.changes(marks.changes_ms)
    made.stops(marks.stops_ms)
    made.legend(marks)
    return made.drawing


class _Plot:
    """Forces in tenths of a newton, times in milliseconds of the session."""

    def __init__(self, data: PlotData, scale: Scale, height: float) -> None:
        self.data, self.scale = data, scale
        self.drawing = Drawing(WIDTH, height + ABOVE + BELOW)
        self.left, self.right = AXIS_INSET, WIDTH - AXIS_INSET
        self.bottom, self.top = BELOW, BELOW + height
        self.start_ms = data.times_ms[0]
        self.end_ms = max(data.times_ms[-1], self.start_ms + 1)
        step_n = self._step_n(scale.forces, scale.highest_dn / 10)
        self.top_n = step_n * -(-scale.highest_dn / 10 // step_n)

    @property
    def _axis(self) -> str:
        if self.scale.since_traction:
            return "minutes since traction began"
        return "minutes of the observation" if self.scale.observed else "minutes since arming"

    @property
    def _stop(self) -> str:
        return "sudden release" if self.scale.observed else "stop"

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.start_ms) / (self.end_ms - self.start_ms)
        return self.left + share * (self.right - self.left)

    def y(self, force_n: float) -> float:
        return self.bottom + force_n / self.top_n * (self.top - self.bottom)

    def points(self, forces_dn: Sequence[int]) -> NDArray[np.float64]:
        """Returns one row for each point; a force below zero is drawn at zero."""
        times = np.asarray(self.data.times_ms, dtype=np.float64)
        forces_n = np.maximum(np.asarray(forces_dn, dtype=np.float64), 0) / 10
        span_ms, width = self.end_ms - self.start_ms, self.right - self.left
        xs = self.left + (times - self.start_ms) / span_ms * width
        ys = self.bottom + forces_n / self.top_n * (self.top - self.bottom)
        return np.column_stack([xs, ys])

    def force_axes(self) -> None:
        """Draw the leading unit on the left with the grid, the other on the right with ticks."""
        leading, other = self.scale.forces, self.scale.forces.other
        self._write(self.left - 4, self.top + 6, leading.value, anchor="end")
        self._write(self.right + 4, self.top + 6, other.value)
        for label, y in self._levels(leading):
            self._line(self.left, y, self.right, y, LIGHT, 0.4)
            self._write(self.left - 4, y - 2.5, label, anchor="end")
        for label, y in self._levels(other):
            self._line(self.right, y, self.right + 3, y, GREY, 0.4)
            self._write(self.right + 5, y - 2.5, label)

    def _levels(self, unit: ForceUnit) -> Iterator[tuple[str, float]]:
        """Returns round forces of a unit and where they are drawn."""
        size = unit.newtons
        for force in _ticks(0, self.top_n / size, self._step_n(unit, self.top_n) / size):
            yield f"{force:g}", self.y(force * size)

    def _step_n(self, unit: ForceUnit, highest_n: float) -> float:
        """Returns a step that is round in a unit, for labels that do not touch."""
        return round_step(highest_n / unit.newtons, (self.top - self.bottom) / 24) * unit.newtons

    def time_axis(self) -> None:
        origin_ms = self.scale.origin_ms
        first_min, last_min = ((at - origin_ms) / 60_000 for at in (self.start_ms, self.end_ms))
        self._line(self.left, self.bottom, self.right, self.bottom, GREY, 0.6)
        for minute in _ticks(first_min, last_min, round_step(last_min - first_min, 8)):
            x = self.x(origin_ms + minute * 60_000)
            self._line(x, self.bottom, x, self.bottom - 3, GREY, 0.4)
            self._write(x, self.bottom - 11, f"{minute:g}", anchor="middle")
        self._write(self.right, self.bottom - 22, self._axis, anchor="end")

    def actual(self) -> None:
        """Draw from the lowest to the highest force of each bin: nothing is smoothed away."""
        upper, lower = self.points(self.data.highest_dn), self.points(self.data.lowest_dn)
        band = np.concatenate([upper, lower[::-1]])
        colour = HexColor(DEVICE)
        self.drawing.add(
            Polygon(_flat(band), fillColor=colour, strokeColor=colour, strokeWidth=0.6)
        )

    def target(self) -> None:
        xy = _flat(self.points(self.data.target_dn))
        colour = HexColor(CLINICIAN)
        self.drawing.add(PolyLine(xy, strokeColor=colour, strokeWidth=0.7, strokeDashArray=(3, 2)))

    def pauses(self, pauses_ms: Sequence[tuple[int, int]]) -> None:
        """Draw a band behind everything else, as wide as the pause was long."""
        for began_ms, ended_ms in pauses_ms:
            left, right = self._within(began_ms), self._within(ended_ms)
            if right > left:
                colour = HexColor(PAUSE)
                self.drawing.add(
                    Rect(
                        left,
                        self.bottom,
                        right - left,
                        self.top - self.bottom,
                        fillColor=colour,
                        strokeColor=None,
                    )
                )

    def changes(self, changes_ms: Sequence[int]) -> None:
        """Draw a triangle on the axis at each change of an ordered force."""
        for at_ms in changes_ms:
            if self.start_ms <= at_ms <= self.end_ms:
                x, y, colour = self.x(at_ms), self.bottom, HexColor(CLINICIAN)
                shape = [x - 3, y - 5, x + 3, y - 5, x, y]
                self.drawing.add(Polygon(shape, fillColor=colour, strokeColor=None))

    def _within(self, at_ms: int) -> float:
        return self.x(min(max(at_ms, self.start_ms), self.end_ms))

    def stops(self, stops_ms: Mapping[str, int]) -> None:
        """Draw a line for each; neighbours share a label."""
        for at_ms in stops_ms.values():
            x = self._within(at_ms)
            self._line(x, self.bottom, x, self.top, ALERT, 1.0)
        for group in self._neighbours(stops_ms):
            first, last = group[0], group[-1]
            numbers = first if first == last else f"{first}-{last}"
            self._stop_label(f"{self._stop.upper()} {numbers}".strip(), stops_ms[first])

    def _stop_label(self, label: str, first_ms: int) -> None:
        """Draw it above the plot's area, left of the first line or right of the last."""
        left = self._within(first_ms)
        y = self.top + 2
        if left - text_width(label, LABEL, bold=True) < self.left + 2:
            self._write(max(left, self.left + 2), y, label, ALERT, font=BOLD)
        else:
            self._write(left, y, label, ALERT, font=BOLD, anchor="end")

    def _neighbours(self, stops_ms: Mapping[str, int]) -> list[list[str]]:
        groups: list[list[str]] = []
        for number, at_ms in stops_ms.items():
            x = self._within(at_ms)
            if groups and x - self._within(stops_ms[groups[-1][0]]) < STOP_GAP:
                groups[-1].append(number)
            else:
                groups.append([number])
        return groups

    def legend(self, marks: Marks) -> None:
        entries = [("actual force", DEVICE)]
        entries += [] if self.scale.observed else [("target (dashed)", CLINICIAN)]
        entries += [(self._stop, ALERT)] if marks.stops_ms else []
        entries += [("force changed (triangle)", CLINICIAN)] if marks.changes_ms else []
        entries += [("pause", PAUSE)] if marks.pauses_ms else []
        x = self.left
        for text, colour in entries:
            y = self.bottom - 20
            self.drawing.add(Rect(x, y, 8, 3, fillColor=HexColor(colour), strokeColor=None))
            self._write(x + 11, self.bottom - 22, text)
            x += 24 + text_width(text, LABEL)

    def _write(
        self,
        x: float,
        y: float,
        text: str,
        colour: str = GREY,
        *,
        font: str = PLAIN,
        anchor: str = "start",
    ) -> None:
        looks = {"fontName": font, "fontSize": LABEL, "fillColor": HexColor(colour)}
        self.drawing.add(String(x, y, text, textAnchor=anchor, **looks))

    def _line(self, x0: float, y0: float, x1: float, y1: float, colour: str, width: float) -> None:
        self.drawing.add(Line(x0, y0, x1, y1, strokeColor=HexColor(colour), strokeWidth=width))


def round_step(span: float, count: float) -> float:
    """Returns a round step (1, 2 or 5 times a power of ten) for about ``count`` per ``span``."""
    wanted = span / max(1.0, count)
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(
        power * next(factor for factor in (1, 2, 5, 10) if wanted <= factor * power * 1.0001)
    )


def _ticks(first: float, last: float, step: float) -> Iterator[float]:
    """Returns the multiples of ``step`` from ``first`` to ``last``."""
    for number in range(int(np.ceil(first / step - 1e-6)), int(last / step + 1e-6) + 1):
        yield round(number * step, 6)


def _flat(points: NDArray[np.float64]) -> list[float]:
    return [round(each, 2) for each in points.ravel().tolist()]
