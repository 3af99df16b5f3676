"""The course of force of an order, as the shapes of a picture made on the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from controller.order.force_profile import ForceProfile
from controller.order.force_unit import ForceUnit
from controller.order.planner import TreatmentPlan
from workstation.console.force_plot import Tick

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 110, 940, 30, 244
HEADROOM: Final = 1.15
LEAST_TOP_N: Final = 20.0
MOST_TICKS: Final = 8
TICKS_MIN: Final = (1, 2, 5, 10, 15, 20, 30)
LINE: Final = 22.0
"""Labels of two forces nearer than this would overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlot:
    """The drawing in its own units; ``most`` is None where the hold force is the largest."""

    said: str
    course: str
    times: Sequence[Tick]
    forces: Sequence[Tick]
    most: Tick | None

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, RIGHT, TOP, BOTTOM


def order_plot(plan: TreatmentPlan, forces: ForceUnit) -> OrderPlot:
    """Returns ordered force over the minutes of traction, with the largest that is allowed."""
    order, end_s = plan.order, plan.profile.end_s
    scale = _Scale(end_s, max(order.force_limit_n, LEAST_TOP_N) * HEADROOM)
    hold, most = forces.in_unit(order.hold_force_n), forces.in_unit(order.force_limit_n)
    limited = order.force_limit_n > order.hold_force_n
    levels = (order.hold_force_n, 0.0, order.rest_force_n)
    return OrderPlot(
        said=f"Ordered force: hold {hold}, at most {most}; {end_s / 60:g} min of traction",
        course=scale.course(plan.profile),
        times=[*scale.minutes()],
        forces=[*scale.levels([(each, forces.in_unit(each)) for each in levels])],
        most=Tick(at=scale.y(order.force_limit_n), text=f"at most {most}") if limited else None,
    )


class _Scale:
    """From seconds and newtons to the units of the drawing."""

    def __init__(self, end_s: float, top_n: float) -> None:
        self._end_s, self._top_n = end_s, top_n

    def x(self, at_s: float) -> float:
        return round(LEFT + at_s / self._end_s * (RIGHT - LEFT), 1)

    def y(self, force_n: float) -> float:
        return round(BOTTOM - force_n / self._top_n * (BOTTOM - TOP), 1)

    def course(self, profile: ForceProfile) -> str:
        """Returns the points of the line, from the free cord to the free cord."""
        first = profile.segments[0]
        moments = [(0.0, 0.0), (first.start_s, first.start_force_n)]
        moments += [(each.end_s, each.end_force_n) for each in profile.segments]
        moments.append((profile.end_s, 0.0))
        return " ".join(
            dict.fromkeys(f"{self.x(at_s)},{self.y(force_n)}" for at_s, force_n in moments)
        )

    def minutes(self) -> Iterator[Tick]:
        end_min = self._end_s / 60
        step = next((each for each in TICKS_MIN if end_min / each <= MOST_TICKS), TICKS_MIN[-1])
        for minute in range(0, int(end_min) + 1, step):
            yield Tick(at=self.x(minute * 60), text=f"{minute}")

    def levels(self, forces: Iterable[tuple[float, str]]) -> Iterator[Tick]:
        """Returns the first ones first; one too near to another has a line without a text."""
        written: list[float] = []
        for force_n, text in forces:
            at = self.y(force_n)
            free = all(abs(at - other) >= LINE for other in written)
            written += [at] if free else []
            yield Tick(at=at, text=text if free else "")
