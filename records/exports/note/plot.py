"""The force-time plot of a note: target, actual force as a band, stops; axes in N and lbf."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from controller.order.prescription import NEWTONS_PER_LBF
from records.exports.note.plot_data import PlotData
from records.exports.paper.page import (
    ALERT,
    CLINICIAN,
    DEVICE,
    GREY,
    LEFT,
    LIGHT,
    RIGHT,
    Bar,
    Curve,
    Page,
    text_width,
)

LABEL = 7.0
ABOVE, BELOW = 14.0, 26.0
"""Room for the units above the axes and for times and legend below them."""
AXIS_INSET = 30.0
STOP_GAP = 90.0
"""Stops nearer than this share one label, so that labels never overlap."""
LOWEST_TOP_N = 10.0


def plot_room(height: float) -> float:
    """All the room that a plot of this height takes."""
    return height + ABOVE + BELOW


def place_plot(
    page: Page, data: PlotData, stops_ms: Sequence[int], top: float, height: float
) -> None:
    """Place the plot below ``top``."""
    plot = _Plot(page, data, top - ABOVE, height)
    plot.force_axes()
    plot.time_axis()
    plot.actual()
    plot.target()
    plot.stops(sorted(stops_ms))
    plot.legend(stopped=bool(stops_ms))


class _Plot:
    """Forces in tenths of a newton, times in milliseconds of the session."""

    def __init__(self, page: Page, data: PlotData, top: float, height: float) -> None:
        self.page, self.data = page, data
        self.left, self.right = LEFT + AXIS_INSET, RIGHT - AXIS_INSET
        self.top, self.bottom = top, top - height
        self.start_ms = data.times_ms[0]
        self.end_ms = max(data.times_ms[-1], self.start_ms + 1)
        highest_dn = max(*data.highest_dn, *data.target_dn, 10 * LOWEST_TOP_N)
        self.step_n = round_step(highest_dn / 10, height / 24)
        self.top_n = self.step_n * -(-highest_dn / 10 // self.step_n)

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.start_ms) / (self.end_ms - self.start_ms)
        return self.left + share * (self.right - self.left)

    def y(self, force_n: float) -> float:
        return self.bottom + force_n / self.top_n * (self.top - self.bottom)

    def points(self, forces_dn: Sequence[int]) -> NDArray[np.float64]:
        """One row a point; a force below zero is drawn at zero."""
        times = np.asarray(self.data.times_ms, dtype=np.float64)
        forces_n = np.maximum(np.asarray(forces_dn, dtype=np.float64), 0) / 10
        span_ms, width = self.end_ms - self.start_ms, self.right - self.left
        xs = self.left + (times - self.start_ms) / span_ms * width
        ys = self.bottom + forces_n / self.top_n * (self.top - self.bottom)
        return np.column_stack([xs, ys])

    def force_axes(self) -> None:
        """Newtons on the left with the grid, pounds-force on the right with ticks of their own."""
        self.page.write_right(self.left - 4, self.top + 6, "N", LABEL, GREY)
        self.page.write(self.right + 4, self.top + 6, "lbf", LABEL, GREY)
        for force_n in _ticks(self.top_n, self.step_n):
            y = self.y(force_n)
            self.page.line(self.left, y, self.right, y, LIGHT, 0.4)
            self.page.write_right(self.left - 4, y - 2.5, f"{force_n:g}", LABEL, GREY)
        top_lbf = self.top_n / NEWTONS_PER_LBF
        step_lbf = round_step(top_lbf, (self.top - self.bottom) / 24)
        for force_lbf in _ticks(top_lbf, step_lbf):
            y = self.y(force_lbf * NEWTONS_PER_LBF)
            self.page.line(self.right, y, self.right + 3, y, GREY, 0.4)
            self.page.write(self.right + 5, y - 2.5, f"{force_lbf:g}", LABEL, GREY)

    def time_axis(self) -> None:
        span_min = (self.end_ms - self.start_ms) / 60_000
        self.page.line(self.left, self.bottom, self.right, self.bottom, GREY, 0.6)
        for minute in _ticks(span_min, round_step(span_min, 8)):
            x = self.x(self.start_ms + minute * 60_000)
            self.page.line(x, self.bottom, x, self.bottom - 3, GREY, 0.4)
            label = f"{minute:g}"
            self.page.write(x - text_width(label, LABEL) / 2, self.bottom - 11, label, LABEL, GREY)
        self.page.write_right(self.right, self.bottom - 22, "minutes from arming", LABEL, GREY)

    def actual(self) -> None:
        """From the least to the largest force of each bin: nothing is smoothed away."""
        upper, lower = self.points(self.data.highest_dn), self.points(self.data.lowest_dn)
        band = np.concatenate([upper, lower[::-1]])
        self.page.curves.append(Curve(xy=band, colour=DEVICE, width=0.6, filled=True))

    def target(self) -> None:
        xy = self.points(self.data.target_dn)
        self.page.curves.append(Curve(xy=xy, colour=CLINICIAN, width=0.7, dash=(3, 2)))

    def stops(self, stops_ms: Sequence[int]) -> None:
        for at_ms in stops_ms:
            x = self._stop_x(at_ms)
            self.page.line(x, self.bottom, x, self.top, ALERT, 1.0)
        for first, last in self._neighbours(stops_ms):
            number = "" if len(stops_ms) == 1 else f" {first + 1}"
            number += "" if first == last else f"-{last + 1}"
            self._stop_label(f"STOP{number}", stops_ms[first])

    def _stop_label(self, label: str, first_ms: int) -> None:
        """Above the plot's area, left of the first line or right of the last."""
        left = self._stop_x(first_ms)
        y = self.top + 2
        if left - text_width(label, LABEL, bold=True) < self.left + 2:
            self.page.write(max(left, self.left + 2), y, label, LABEL, ALERT, bold=True)
        else:
            self.page.write_right(left, y, label, LABEL, ALERT, bold=True)

    def _neighbours(self, stops_ms: Sequence[int]) -> list[tuple[int, int]]:
        groups: list[tuple[int, int]] = []
        for index, at_ms in enumerate(stops_ms):
            if groups and self._stop_x(at_ms) - self._stop_x(stops_ms[groups[-1][0]]) < STOP_GAP:
                groups[-1] = (groups[-1][0], index)
            else:
                groups.append((index, index))
        return groups

    def _stop_x(self, at_ms: int) -> float:
        return self.x(min(max(at_ms, self.start_ms), self.end_ms))

    def legend(self, *, stopped: bool) -> None:
        entries = [("actual force", DEVICE), ("target (dashed)", CLINICIAN)]
        entries += [("stop", ALERT)] if stopped else []
        x = self.left
        for text, colour in entries:
            y = self.bottom - 20
            self.page.bars.append(Bar(x=x, y=y, width=8, height=3, colour=colour))
            self.page.write(x + 11, self.bottom - 22, text, LABEL, GREY)
            x += 24 + text_width(text, LABEL)


def round_step(span: float, count: float) -> float:
    """A round step (1, 2 or 5 times a power of ten) that divides ``span`` into about ``count``."""
    wanted = span / max(1.0, count)
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(
        power * next(factor for factor in (1, 2, 5, 10) if wanted <= factor * power * 1.0001)
    )


def _ticks(top: float, step: float) -> list[float]:
    return [round(n * step, 6) for n in range(int(top / step + 1e-6) + 1)]
