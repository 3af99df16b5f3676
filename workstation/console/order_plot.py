"""The course of force that an order would give, as a picture made on the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup, escape

from controller.order.force_profile import ForceProfile
from controller.order.force_unit import ForceUnit
from controller.order.planner import TreatmentPlan

WIDTH: Final = 960.0
HEIGHT: Final = 300.0
LEFT: Final = 110.0
RIGHT: Final = 20.0
TOP: Final = 30.0
BOTTOM: Final = 56.0
HEADROOM: Final = 1.15
LEAST_TOP_N: Final = 20.0
MOST_TICKS: Final = 8
TICKS_MIN: Final = (1, 2, 5, 10, 15, 20, 30)


def order_plot(plan: TreatmentPlan, forces: ForceUnit) -> Markup:
    """An SVG: ordered force over the minutes of traction, with the most that is allowed."""
    order, profile = plan.order, plan.profile
    frame = _Frame(profile.end_s, max(order.force_limit_n, LEAST_TOP_N) * HEADROOM)
    hold, most = forces.in_unit(order.hold_force_n), forces.in_unit(order.force_limit_n)
    minutes = f"{plan.times.total_s / 60:.1f} min"
    said = (
        f"Ordered force: hold {hold}, at most {most}, {minutes} from the taut cord to the free one"
    )
    parts = [
        *_time_axis(frame),
        *_force_axis(
            frame,
            {order.hold_force_n: hold, order.rest_force_n: forces.in_unit(order.rest_force_n)},
        ),
        *_limit(frame, order.force_limit_n, f"at most {most}", order.hold_force_n),
        f'<polyline class="course" points="{_points(frame, profile)}"/>',
    ]
    return Markup(
        f'<svg class="plot" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(said)}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


class _Frame:
    """Seconds and newtons to places in the picture."""

    def __init__(self, end_s: float, top_n: float) -> None:
        self.end_s, self.top_n = end_s, top_n

    def x(self, at_s: float) -> float:
        return LEFT + at_s / self.end_s * (WIDTH - LEFT - RIGHT)

    def y(self, force_n: float) -> float:
        return HEIGHT - BOTTOM - force_n / self.top_n * (HEIGHT - TOP - BOTTOM)


def _points(frame: _Frame, profile: ForceProfile) -> str:
    first = profile.segments[0]
    moments = [(0.0, 0.0), (first.start_s, first.start_force_n)]
    moments += [(each.end_s, each.end_force_n) for each in profile.segments]
    moments.append((profile.end_s, 0.0))
    places = [f"{frame.x(at_s):.1f},{frame.y(force_n):.1f}" for at_s, force_n in moments]
    return " ".join(dict.fromkeys(places))


def _time_axis(frame: _Frame) -> Iterator[str]:
    base, end_min = HEIGHT - BOTTOM, frame.end_s / 60
    yield f'<line class="axis" x1="{LEFT:g}" y1="{base:g}" x2="{WIDTH - RIGHT:g}" y2="{base:g}"/>'
    step = next((each for each in TICKS_MIN if end_min / each <= MOST_TICKS), TICKS_MIN[-1])
    minute = 0
    while minute <= end_min:
        x = frame.x(minute * 60)
        yield f'<line class="axis" x1="{x:.1f}" y1="{base:g}" x2="{x:.1f}" y2="{base + 6:g}"/>'
        yield f'<text x="{x:.1f}" y="{base + 26:g}" text-anchor="middle">{minute}</text>'
        minute += step
    right, low = WIDTH - RIGHT, HEIGHT - 6
    yield f'<text x="{right:g}" y="{low:g}" text-anchor="end">minutes of traction</text>'


def _force_axis(frame: _Frame, levels: dict[float, str]) -> Iterator[str]:
    """A line at each ordered force; two that are near each other have one text."""
    base = HEIGHT - BOTTOM
    yield f'<line class="axis" x1="{LEFT:g}" y1="{TOP:g}" x2="{LEFT:g}" y2="{base:g}"/>'
    yield f'<text x="{LEFT - 8:g}" y="{base + 6:g}" text-anchor="end">0</text>'
    written = base
    for force_n, text in sorted(levels.items()):
        y = frame.y(force_n)
        yield _across("level", y)
        if written - y >= 22:
            yield f'<text x="{LEFT - 8:g}" y="{y + 6:.1f}" text-anchor="end">{text}</text>'
            written = y


def _limit(frame: _Frame, most_n: float, text: str, hold_n: float) -> Iterator[str]:
    if most_n <= hold_n:
        return
    y = frame.y(most_n)
    yield _across("most", y)
    yield f'<text x="{WIDTH - RIGHT:g}" y="{y - 8:.1f}" text-anchor="end">{text}</text>'


def _across(kind: str, y: float) -> str:
    right = WIDTH - RIGHT
    return f'<line class="{kind}" x1="{LEFT:g}" y1="{y:.1f}" x2="{right:g}" y2="{y:.1f}"/>'
