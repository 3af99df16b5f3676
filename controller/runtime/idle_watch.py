"""A unit between two sessions: read once a tick and shown; given no order except a release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from controller.errors import LinkError, LinkLost
from controller.ports import Clock, TractionUnit
from controller.runtime.ticker import Ticker
from controller.runtime.tokenless import TokenlessRelease
from controller.session.free_cord import FreeCord
from controller.session.release import RELEASE_LIMIT_S
from controller.snapshot import Doing, Snapshot, of_reading
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitState

SILENCE_LIMIT_S: Final = 2.0
"""Without a reading for this time the connection is renewed."""
IDLE: Final = "idle"
LOOKING: Final = "looking whether the cord is free"
NO_READING: Final = "the unit does not answer"
DRIVEN: Final = "another program drives the unit"
NOT_FREE: Final = "no treatment is open here and the cord is not free: look at the patient"

_DRIVEN = frozenset({UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING, UnitState.RELEASING})
_OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)


class IdleWatch:
    """One for each connection."""

    def __init__(self, unit: TractionUnit, clock: Clock, show: Callable[[Snapshot], None]) -> None:
        self._unit = unit
        self._clock = clock
        self._show = show
        self._ticker = Ticker(clock, unit.tick_s)
        self._tokenless = TokenlessRelease(unit)
        self._cord = FreeCord()
        self._heard_at_s = clock.now_s()
        self._releases_until_s = self._heard_at_s
        self._missed = 0
        self._round_trip_s: float | None = None
        self._reading: Telemetry | None = None
        self._number = 0
        self.is_free = False
        """True if the latest reading is fresh, no host drives the unit, and nothing pulls."""

    def stop(self) -> None:
        """Release whatever pulls, whoever drives it; does nothing if the cord is seen free."""
        self._releases_until_s = self._clock.now_s() + RELEASE_LIMIT_S
        self._release()

    def look(self) -> None:
        """Wait for the tick, read, show; raises LinkError if the connection is of no use."""
        lateness_s = self._ticker.wait()
        is_first = self._reading is None  # a single reading is never fresh
        self._reading = self._read()
        driven = self._reading is not None and self._reading.unit_state in _DRIVEN
        slack = self._cord.sees(self._reading, self._clock.now_s())
        self.is_free = slack and not driven
        self._release()
        self._tell(lateness_s, self._message(driven=driven, is_first=is_first))

    def _read(self) -> Telemetry | None:
        asked_at_s = self._clock.now_s()
        try:
            reading = self._unit.exchange(_OBSERVE)
        except LinkError as error:
            self._missed += 1
            silent_s = self._clock.now_s() - self._heard_at_s
            if isinstance(error, LinkLost) or silent_s > SILENCE_LIMIT_S:
                raise
            return None
        self._heard_at_s = self._clock.now_s()
        self._round_trip_s = self._heard_at_s - asked_at_s
        return reading

    def _release(self) -> None:
        now_s = self._clock.now_s()
        if now_s < self._releases_until_s and not self.is_free:
            self._tokenless.order(now_s)

    def _tell(self, lateness_s: float, message: str) -> None:
        self._number += 1
        now_s, reading = self._clock.now_s(), self._reading
        shown = Snapshot(
            number=self._number,
            utc_ms=self._clock.utc_ms(),
            doing=Doing.IDLE,
            phase=IDLE,
            lateness_s=lateness_s,
            round_trip_s=self._round_trip_s,
            missed=self._missed,
            message=message,
            reading_age_s=None if reading is None else now_s - reading.taken_at_s,
            **of_reading(reading),
        )
        self._show(shown)

    def _message(self, *, driven: bool, is_first: bool) -> str:
        if self._reading is None:
            return NO_READING
        if driven:
            return DRIVEN
        if self.is_free:
            return ""
        return LOOKING if is_first else NOT_FREE
