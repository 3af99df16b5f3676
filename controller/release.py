"""The release of a session: it can only become stronger, and it is followed until it was seen."""

from __future__ import annotations

from enum import Enum
from typing import Final

from controller.ports import CommandKind
from controller.prescription import Prescription
from controller.telemetry import Telemetry, UnitState

RELEASE_LIMIT_S: Final = 8.0
"""500 ms of watchdog and 6 s of release, with reserve (session.md 3.2)."""
FREE_FORCE_N: Final = 20.0
"""Force at or below which a unit may be disarmed and acknowledged (reference map, B.10)."""

_STRENGTH = {CommandKind.RELEASE: 1, CommandKind.RELEASE_FAST: 2, CommandKind.CUT_POWER: 3}
_LATCHED_STATES = frozenset({UnitState.SAFE_LATCHED, UnitState.FAULT})
_FREE_STATES = frozenset({UnitState.ARMED, UnitState.IDLE, *_LATCHED_STATES})


class ReleaseStep(Enum):
    """What a tick of the release brought."""

    GOES_ON = "goes_on"
    SEEN_ARMED = "seen_armed"
    SEEN_FREE = "seen_free"
    TOO_SLOW = "too_slow"
    IDLE = "idle"
    LATCHED = "latched"
    LOST = "lost"


class Release:
    """One per session; seconds of any axis."""

    def __init__(self, order: Prescription) -> None:
        self._order = order
        self._kind: CommandKind | None = None
        self._deadline_s = 0.0
        self._seen = False

    @property
    def ordered(self) -> bool:
        """True from the first release order on."""
        return self._kind is not None

    def demand(self, kind: CommandKind, now_s: float) -> bool:
        """Order a release; False when one that is at least as strong is under way."""
        if self._kind is not None and _STRENGTH[kind] <= _STRENGTH[self._kind]:
            return False
        self._kind = kind
        self._deadline_s = now_s + self._time_s(kind)
        return True

    def command(self, last: Telemetry | None) -> CommandKind:
        """From the latched states on, and once the release was seen, the unit is only read."""
        assert self._kind is not None, "a release was ordered"
        latched = last is not None and last.unit_state in _LATCHED_STATES
        return CommandKind.OBSERVE if latched or self._seen else self._kind

    def follow(self, reading: Telemetry | None, now_s: float) -> ReleaseStep:
        """One tick of the release."""
        if self._seen:
            return self._await_idle(reading, now_s)
        if reading is not None and _is_released(reading):
            self._seen = True
            self._deadline_s = now_s + RELEASE_LIMIT_S
            armed = reading.unit_state is UnitState.ARMED
            return ReleaseStep.SEEN_ARMED if armed else ReleaseStep.SEEN_FREE
        if now_s <= self._deadline_s:
            return ReleaseStep.GOES_ON
        normal = self._kind is CommandKind.RELEASE
        return ReleaseStep.TOO_SLOW if normal else ReleaseStep.LOST

    def _await_idle(self, reading: Telemetry | None, now_s: float) -> ReleaseStep:
        if reading is not None and reading.unit_state is UnitState.IDLE:
            return ReleaseStep.IDLE
        if reading is not None and reading.unit_state in _LATCHED_STATES:
            return ReleaseStep.LATCHED
        return ReleaseStep.LOST if now_s > self._deadline_s else ReleaseStep.GOES_ON

    def _time_s(self, kind: CommandKind) -> float:
        if kind is not CommandKind.RELEASE:
            return RELEASE_LIMIT_S
        return RELEASE_LIMIT_S + self._order.force_limit_n / self._order.ramp_down_n_per_s


def _is_released(reading: Telemetry) -> bool:
    free = reading.force_n is not None and abs(reading.force_n) <= FREE_FORCE_N
    return free and reading.unit_state in _FREE_STATES
