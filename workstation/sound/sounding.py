"""Selects the sound that is due now: from the alarms of all units, at most one burst.

Time is an argument. Source of the behaviour: alarm-sounds.md#what-sounds-when,
session-rules.md#alarms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from controller.alarms import SOUND_PAUSE_S, TONE_EVERY_S, Priority, RaisedAlarm
from controller.snapshot import Snapshot
from workstation.sound.bursts import END, OF_PRIORITY, Burst

SHORTEST_SILENCE_S: Final = 2.5
"""Shortest time between two bursts of one kind, whatever is raised: alarm-sounds.md#bursts."""
END_OF_SESSION: Final = "treatment_done"
"""The alarm that sounds as the end tone."""
STOP_AND_LINK: Final = frozenset(
    {
        "emergency_stop_open",
        "patient_switch_pressed",
        "patient_switch_absent",
        "unit_stopped",
        "link_silent",
        "link_lost",
    }
)
"""Alarms of high priority that fall to medium once the release was seen: what they required has
been done, and they stay until a person has looked.
"""

Raising = tuple[str, str, int]
"""Unit, code and the number of the raising: a code that is raised again is another raising."""


def pressing(alarm: RaisedAlarm, *, released: bool) -> Priority:
    """Returns the urgency of an alarm, once the release may have been seen."""
    if released and alarm.code in STOP_AND_LINK:
        return min(alarm.priority, Priority.MEDIUM)
    return alarm.priority


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAlarms:
    """The alarms of one unit, or of the workstation itself, and the pause of their sound."""

    unit: str
    alarms: tuple[RaisedAlarm, ...]
    released: bool = False
    """True once the release of this unit was seen."""
    paused_until_utc_ms: int = 0

    @classmethod
    def of(
        cls, unit: str, snapshot: Snapshot, *, released: bool, more: tuple[RaisedAlarm, ...] = ()
    ) -> UnitAlarms:
        """Returns the last alarms of a unit's process, with ``more`` that its parent raises."""
        paused_ms = round(snapshot.sound_paused_s * 1000)
        return cls(
            unit=unit,
            alarms=(*snapshot.alarms, *more),
            released=released,
            paused_until_utc_ms=snapshot.utc_ms + paused_ms if paused_ms else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """The present sound, and how often it starts."""

    burst: Burst
    every_s: float
    priority: Priority
    raisings: frozenset[Raising]
    """The alarms that it represents."""
    present: frozenset[Raising]
    """Those and all less urgent ones that are not paused."""

    @property
    def rank(self) -> tuple[Priority, bool]:
        """Returns a rank: a higher one cuts off a lower one; the end is the lowest of all."""
        return self.priority, self.burst is not END


def what_sounds(units: Sequence[UnitAlarms], utc_ms: int) -> Sounding | None:
    """Returns the most urgent alarm that is not paused, with all others of its priority."""
    heard = [(raising, priority) for unit in units for raising, priority in _heard(unit, utc_ms)]
    alarms = [one for one in heard if one[0][1] != END_OF_SESSION]
    chosen = alarms or heard
    if not chosen:
        return None
    top = max(priority for _, priority in chosen)
    return Sounding(
        burst=OF_PRIORITY[top] if alarms else END,
        every_s=TONE_EVERY_S[top],
        priority=top,
        raisings=frozenset(raising for raising, priority in chosen if priority is top),
        present=frozenset(raising for raising, _ in heard),
    )


def _heard(unit: UnitAlarms, utc_ms: int) -> Iterator[tuple[Raising, Priority]]:
    """Returns the alarms of a unit whose sound is not paused."""
    if utc_ms < unit.paused_until_utc_ms and not _ends_the_pause(unit):
        return
    for one in unit.alarms:
        yield (unit.unit, one.code, one.number), pressing(one, released=unit.released)


def _ends_the_pause(unit: UnitAlarms) -> bool:
    """Returns True when an alarm of high priority was raised after the pause began."""
    paused_at_utc_ms = unit.paused_until_utc_ms - round(SOUND_PAUSE_S * 1000)
    return any(
        one.priority is Priority.HIGH and one.utc_ms > paused_at_utc_ms for one in unit.alarms
    )


class Sounder:
    """Remembers what has sounded, so that each burst starts when it is due.

    ``now_s`` is on any monotonic axis. The wall clock is used only for pauses, which are given in
    it; setting the clock moves no burst.
    """

    def __init__(self) -> None:
        self._last: Sounding | None = None
        self._last_at_s = -math.inf

    def due(self, units: Sequence[UnitAlarms], now_s: float, utc_ms: int) -> Burst | None:
        """Returns the burst that starts now; called many times a second."""
        sounding = what_sounds(units, utc_ms)
        if sounding is None:
            return None
        if now_s < self._due_at_s(sounding) - 1e-6:
            return None
        self._last, self._last_at_s = sounding, now_s
        return sounding.burst

    def _due_at_s(self, sounding: Sounding) -> float:
        """Returns when: a new alarm sounds at once, but cuts off no burst of the same meaning."""
        last = self._last
        if last is None or sounding.rank > last.rank:
            return -math.inf
        regular_s = self._last_at_s + sounding.every_s
        if sounding.raisings <= last.present:
            return regular_s
        return min(regular_s, self._last_at_s + last.burst.length_s + SHORTEST_SILENCE_S)
