"""Which sound is due now: the alarms of all units in, at most one burst out; time is an argument.

Source of the behaviour: alarm-sounds.md#what-sounds-when, session-rules.md#alarms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from controller.alarms import SOUND_PAUSE_S, TONE_EVERY_S, Priority
from workstation.sound.bursts import END, OF_PRIORITY, Burst

SHORTEST_SILENCE_S: Final = 2.5
"""Between two bursts of one kind, whatever is raised: alarm-sounds.md#bursts."""
END_OF_SESSION: Final = "treatment_done"
"""The alarm that has the tone of the end."""
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
"""Alarms of high priority that fall to medium once the release was seen: what they called for has
happened, and they stay until a person has looked."""

Raising = tuple[str, str, int]
"""Unit, code and the number of the raising: a code raised anew is another raising."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveAlarm:
    """One alarm that waits for an acknowledgement."""

    code: str
    priority: Priority
    raised_at_s: float
    number: int = 1

    def priority_now(self, *, released: bool) -> Priority:
        """How much it presses, once the release may have been seen."""
        if released and self.code in STOP_AND_LINK:
            return min(self.priority, Priority.MEDIUM)
        return self.priority


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAlarms:
    """The alarms of one unit, or of the workstation itself, and the pause of their sound."""

    unit: str
    alarms: tuple[ActiveAlarm, ...]
    released: bool = False
    """True once the release of this unit was seen."""
    paused_until_s: float = -math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """What sounds: the burst, how often it starts, and the alarms that it stands for."""

    burst: Burst
    every_s: float
    priority: Priority
    raisings: frozenset[Raising]

    @property
    def rank(self) -> tuple[Priority, bool]:
        """A sound with a higher one cuts off a lower one; the end is the lowest of all."""
        return self.priority, self.burst is not END


def what_sounds(units: Sequence[UnitAlarms], now_s: float) -> Sounding | None:
    """The most pressing alarm that is not paused, with all others of its priority."""
    heard = [(raising, priority) for unit in units for raising, priority in _heard(unit, now_s)]
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
    )


def _heard(unit: UnitAlarms, now_s: float) -> Iterator[tuple[Raising, Priority]]:
    """The alarms of a unit whose sound is not paused."""
    if now_s < unit.paused_until_s and not _ends_the_pause(unit):
        return
    for one in unit.alarms:
        yield (unit.unit, one.code, one.number), one.priority_now(released=unit.released)


def _ends_the_pause(unit: UnitAlarms) -> bool:
    """True when an alarm was raised as a high one after the pause began."""
    paused_at_s = unit.paused_until_s - SOUND_PAUSE_S
    return any(
        one.priority is Priority.HIGH and one.raised_at_s > paused_at_s for one in unit.alarms
    )


class Sounder:
    """Remembers what has sounded, so that each burst starts when it is due; seconds, any axis."""

    def __init__(self) -> None:
        self._last: Sounding | None = None
        self._last_at_s = -math.inf
        self._answered: frozenset[Raising] = frozenset()

    def due(self, units: Sequence[UnitAlarms], now_s: float) -> Burst | None:
        """The burst that starts now; asked many times a second."""
        sounding = what_sounds(units, now_s)
        if sounding is None:
            self._last, self._answered = None, frozenset()
            return None
        if now_s < self._due_at_s(sounding) - 1e-6:
            return None
        self._answered = sounding.raisings
        self._last, self._last_at_s = sounding, now_s
        return sounding.burst

    def _due_at_s(self, sounding: Sounding) -> float:
        """A new alarm is heard at once, but cuts off no burst that says as much."""
        last = self._last
        if last is None or sounding.rank > last.rank:
            return -math.inf
        regular_s = self._last_at_s + sounding.every_s
        if sounding.raisings <= self._answered or sounding.rank < last.rank:
            return regular_s
        return min(regular_s, self._last_at_s + last.burst.length_s + SHORTEST_SILENCE_S)
