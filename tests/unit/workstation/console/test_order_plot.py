"""The picture of an order: its line runs through the forces and times of the plan."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from controller.order.force_unit import ForceUnit
from controller.order.planner import TreatmentPlan, plan
from controller.order.prescription import Mode, Prescription, Region
from workstation.console.order_plot import BOTTOM, LEFT, RIGHT, OrderPlot, order_plot


def planned(**said: Any) -> TreatmentPlan:
    usual: dict[str, Any] = {
        "region": Region.CERVICAL,
        "mode": Mode.INTERMITTENT,
        "hold_force_n": 100.0,
        "rest_force_n": 50.0,
        "treatment_s": 600.0,
        "ramp_up_n_per_s": 10.0,
        "ramp_down_n_per_s": 20.0,
        "hold_s": 60.0,
        "rest_s": 20.0,
        "maximum_force_n": 150.0,
    }
    return plan(Prescription(**{**usual, **said}))


def points(plot: OrderPlot) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (each.split(",") for each in plot.course.split())]


def test_the_line_runs_from_the_free_cord_over_every_hold_to_the_free_cord() -> None:
    plot = order_plot(planned(), ForceUnit.NEWTON)
    line = points(plot)
    assert line[0] == (LEFT, BOTTOM)
    assert line[-1] == (RIGHT, BOTTOM)
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    hold = next(tick.at for tick in plot.forces if tick.text == "100.0 N")
    rest = next(tick.at for tick in plot.forces if tick.text == "50.0 N")
    assert min(y for _, y in line) == hold
    starts = [one for one, two in pairwise(line) if one[1] > two[1] == hold]
    assert len(starts) == 8, "600 s are seven whole cycles of 80 s and 40 s of an eighth"
    assert {y for _, y in line} >= {hold, rest}


def test_the_most_that_is_allowed_stands_above_the_hold_force() -> None:
    plot = order_plot(planned(), ForceUnit.POUND)
    assert plot.most is not None
    assert plot.most.text == "at most 33.7 lbf"
    assert plot.most.at < min(y for _, y in points(plot))
    assert order_plot(planned(maximum_force_n=None), ForceUnit.POUND).most is None


def test_minutes_and_forces_are_written_so_that_they_can_be_read() -> None:
    plot = order_plot(planned(treatment_s=99 * 60.0, rest_force_n=88.0), ForceUnit.NEWTON)
    assert [tick.text for tick in plot.times] == ["0", "15", "30", "45", "60", "75", "90"]
    texts = sorted((tick.at for tick in plot.forces if tick.text), reverse=True)
    gaps = [below - above for below, above in pairwise(texts)]
    assert min(gaps) >= 18, "text is 18 high"
    assert "100.0 N" in {tick.text for tick in plot.forces}, "of two the hold force has its text"
    assert "99 min of traction" in plot.said
