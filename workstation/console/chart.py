"""The last minute of a unit's force, with its events: received live, or read from a journal.

Times are wall-clock times in milliseconds.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from controller.events import EventKind
from controller.order.phases import Phase
from controller.safety.limits import SafetyLimits
from controller.snapshot import Snapshot
from records.evidence.last_minute import LastMinute

CHART_S: Final = 60.0
POINTS_PER_S: Final = 20
MOST_MARKS: Final = 100
STEP_BACK_MS: Final = SafetyLimits().clock_step_s * 1000
"""A clock set back by so much (hazard row 29): earlier points then have times in the future."""
TOLERANCE: Final = {"n": SafetyLimits().track_n, "share": SafetyLimits().track_share}
"""The band around the ordered force: the larger of newtons and share (safety.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcePoint:
    """A moment: force and ordered force in newtons, None where unknown."""

    utc_ms: int
    force_n: float | None
    target_n: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartMark:
    """An event; ``kind`` is request, pause or alarm."""

    utc_ms: int
    kind: str
    text: str


class UnitChart:
    """One per unit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: deque[ForcePoint] = deque(maxlen=int(CHART_S * POINTS_PER_S))
        self._marks: deque[ChartMark] = deque(maxlen=MOST_MARKS)
        self._marked = 0
        self._number = -1
        self._phase = ""
        self._alarms: frozenset[tuple[str, int]] = frozenset()

    @property
    def marked(self) -> int:
        """Returns how many marks there were: a page that knows fewer asks for them again."""
        return self._marked

    @property
    def points(self) -> list[ForcePoint]:
        """Oldest first."""
        with self._lock:
            return [*self._points]

    @property
    def marks(self) -> list[ChartMark]:
        """Returns the events since the oldest point."""
        with self._lock:
            first_ms = self._points[0].utc_ms if self._points else 0
            since = [each for each in self._marks if each.utc_ms >= first_ms]
        return sorted(since, key=lambda each: each.utc_ms)

    def keep(self, shown: Snapshot) -> None:
        """Add a moment, once."""
        if shown.number == self._number:
            return
        self._number = shown.number
        point = ForcePoint(utc_ms=shown.utc_ms, force_n=shown.force_n, target_n=shown.target_n)
        with self._lock:
            if self._points and self._points[-1].utc_ms - shown.utc_ms > STEP_BACK_MS:
                self._points.clear()
                self._marks.clear()
            self._points.append(point)
        self._mark_changes(shown)

    def mark(self, utc_ms: int, kind: str, text: str) -> None:
        """Add an event."""
        with self._lock:
            self._marks.append(ChartMark(utc_ms=utc_ms, kind=kind, text=text))
            self._marked += 1

    def begin_with(self, recorded: LastMinute) -> None:
        """Put what a journal holds before what was received live."""
        with self._lock:
            heard, marks = [*self._points], [*self._marks]
            first_ms = heard[0].utc_ms if heard else math.inf
            before = [each for each in recorded.forces if each.utc_ms < first_ms]
            self._points.clear()
            self._points.extend(
                ForcePoint(utc_ms=each.utc_ms, force_n=each.force_n, target_n=each.target_n)
                for each in before
            )
            self._points.extend(heard)
            earlier = [each for each in recorded_marks(recorded) if each.utc_ms < first_ms]
            self._marks.clear()
            self._marks.extend([*earlier, *marks])
            self._marked += len(earlier)

    def _mark_changes(self, shown: Snapshot) -> None:
        paused, was_paused = shown.phase == Phase.PAUSED.label, self._phase == Phase.PAUSED.label
        if self._phase and paused != was_paused:
            self.mark(shown.utc_ms, "pause", "paused" if paused else "resumed")
        self._phase = shown.phase
        raised = {(each.code, each.number): each for each in shown.alarms}
        for key, alarm in raised.items():
            if key not in self._alarms:
                self.mark(alarm.utc_ms, "alarm", alarm.text)
        self._alarms = frozenset(raised)


_MARKED: Final = {
    EventKind.PAUSED: ("pause", "paused"),
    EventKind.RESUMED: ("pause", "resumed"),
    EventKind.FORCE_ADJUSTED: ("request", "force changed"),
    EventKind.CHECK_IN_RECORDED: ("request", "check-in"),
    EventKind.OPERATOR_ACTED: ("request", "end or stop"),
    EventKind.ALARM_RAISED: ("alarm", "alarm"),
}


def recorded_marks(recorded: LastMinute) -> Iterable[ChartMark]:
    """Returns the marks of events."""
    for event in recorded.events:
        if event.kind in _MARKED:
            kind, text = _MARKED[EventKind(event.kind)]
            yield ChartMark(utc_ms=event.utc_ms, kind=kind, text=text)
