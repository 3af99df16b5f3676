"""The release of a session: it can only become stronger, and is followed until it is seen."""

from __future__ import annotations

from enum import Enum
from typing import Final

from controller.order.prescription import Prescription
from controller.session.free_cord import FREE_FORCE_N, FreeCord, largest_force_n
from controller.telemetry import CommandKind, Telemetry, UnitState

RELEASE_LIMIT_S: Final = 8.0
"""500 ms of watchdog and 6 s of release, with reserve (session-rules.md#lost-link)."""
STILL_ON_S: Final = 3.0
"""Row 23: time for a unit that has ended its session to show a free cord."""
GIVE_UP_S: Final = 600.0
"""How long a unit that answers and does not come down is followed, if nobody acknowledges."""
NEARLY_FREE_N: Final = 15.0
"""A release ends here (reference map, B.10); a unit may begin another one at each order."""

_STRENGTH = {CommandKind.RELEASE: 1, CommandKind.RELEASE_FAST: 2, CommandKind.CUT_POWER: 3}
ENDED_STATES = frozenset({UnitState.SAFE_LATCHED, UnitState.FAULT})
"""States in which a unit has ended its session and follows no order with a token."""
_FREE_STATES = frozenset({UnitState.ARMED, UnitState.IDLE, *ENDED_STATES})


class ReleaseStep(Enum):
    """The result of a tick of the release."""

    GOES_ON = "goes_on"
    SEEN_ARMED = "seen_armed"
    SEEN_FREE = "seen_free"
    TOO_SLOW = "too_slow"
    STILL_ON = "still_on"
    IDLE = "idle"
    LATCHED = "latched"
    NOT_DISARMED = "not_disarmed"
    SILENT = "silent"
    GIVEN_UP = "given_up"


class Release:
    """One per session; seconds of any axis."""

    def __init__(self, order: Prescription) -> None:
        self._order = order
        self._cord = FreeCord()
        self._kind: CommandKind | None = None
        self._started_s = self._deadline_s = self._answered_s = 0.0
        self._ended_since_s: float | None = None
        self._told_still_on = self._look_next = False
        self._seen = False

    @property
    def ordered(self) -> bool:
        """True from the first release order on."""
        return self._kind is not None

    @property
    def seen(self) -> bool:
        """True once a free cord was seen."""
        return self._seen

    def demand(self, kind: CommandKind, now_s: float) -> bool:
        """Order a release; False if one that is at least as strong is in progress."""
        if self._kind is None:
            self._started_s = self._answered_s = now_s
        elif _STRENGTH[kind] <= _STRENGTH[self._kind]:
            return False
        self._kind = kind
        self._deadline_s = now_s + self._time_s(kind)
        return True

    def command(self, last: Telemetry | None) -> CommandKind:
        """Returns the next command: the release, or a plain read.

        From the latched states on, and once the release was seen, the unit is only read. At 15 N or
        less it is read once before the order is repeated, because a unit may begin a new release at
        each order and so never show that the last one ended.
        """
        assert self._kind is not None, "a release was ordered"
        latched = last is not None and last.unit_state in ENDED_STATES
        return CommandKind.OBSERVE if latched or self._seen or self._look_next else self._kind

    def follow(self, reading: Telemetry | None, now_s: float) -> ReleaseStep:
        """Do one tick of the release."""
        if reading is not None:
            self._answered_s = now_s
        is_free = self._cord.sees(reading, now_s)
        force_n = None if reading is None else largest_force_n(reading)
        low = force_n is not None and force_n <= NEARLY_FREE_N
        self._look_next = low and not self._look_next
        if self._seen:
            return self._await_idle(reading, now_s, is_free=is_free)
        if reading is not None and is_free and reading.unit_state in _FREE_STATES:
            self._seen = True
            self._deadline_s = now_s + RELEASE_LIMIT_S
            armed = reading.unit_state is UnitState.ARMED
            return ReleaseStep.SEEN_ARMED if armed else ReleaseStep.SEEN_FREE
        return self._not_seen(reading, now_s)

    def _not_seen(self, reading: Telemetry | None, now_s: float) -> ReleaseStep:
        overdue = now_s > self._deadline_s
        if overdue and self._kind is CommandKind.RELEASE:
            return ReleaseStep.TOO_SLOW
        if overdue and now_s - self._answered_s > RELEASE_LIMIT_S:
            return ReleaseStep.SILENT
        if now_s - self._started_s > GIVE_UP_S:
            return ReleaseStep.GIVEN_UP
        if not self._told_still_on and (overdue or self._ended_for_s(reading, now_s) > STILL_ON_S):
            self._told_still_on = True
            return ReleaseStep.STILL_ON
        return ReleaseStep.GOES_ON

    def _ended_for_s(self, reading: Telemetry | None, now_s: float) -> float:
        """Returns how long the unit has been in a state in which it follows no order any more."""
        if reading is not None and reading.unit_state not in ENDED_STATES:
            self._ended_since_s = None
        elif reading is not None and self._ended_since_s is None:
            self._ended_since_s = now_s
        return 0.0 if self._ended_since_s is None else now_s - self._ended_since_s

    def _await_idle(self, reading: Telemetry | None, now_s: float, *, is_free: bool) -> ReleaseStep:
        if reading is not None and reading.unit_state is UnitState.IDLE:
            return ReleaseStep.IDLE
        if reading is not None and reading.unit_state in ENDED_STATES:
            return ReleaseStep.LATCHED
        force_n = None if reading is None else largest_force_n(reading)
        if not is_free and force_n is not None and force_n > FREE_FORCE_N:
            self._seen = False
            return ReleaseStep.GOES_ON
        return ReleaseStep.NOT_DISARMED if now_s > self._deadline_s else ReleaseStep.GOES_ON

    def _time_s(self, kind: CommandKind) -> float:
        if kind is not CommandKind.RELEASE:
            return RELEASE_LIMIT_S
        return RELEASE_LIMIT_S + self._order.force_limit_n / self._order.ramp_down_n_per_s
