"""The host's own figures for the supervisor: lateness, slowness, age of the records."""

from __future__ import annotations

from controller.ports import NOBODY_WATCHES, Clock, Operator
from controller.runtime.recorder import Recorder
from controller.telemetry import HostHealth


class HostWatch:
    """One per session; the clocks are compared with each other from its creation on."""

    def __init__(self, clock: Clock, recorder: Recorder, operator: Operator, tick_s: float) -> None:
        self._clock = clock
        self._recorder = recorder
        self._operator = operator
        self._tick_s = tick_s
        self._boot_gap_s = clock.boot_s() - clock.now_s()
        self._wall_gap_s = clock.utc_ms() / 1000 - clock.now_s()
        self.mismatches = 0
        self.attendance = NOBODY_WATCHES

    def health(self, *, lateness_s: float, tick_at_s: float) -> HostHealth:
        """Returns the figures of a tick that began ``lateness_s`` late at ``tick_at_s``."""
        now_s = self._clock.now_s()
        self.attendance = self._operator.attendance()
        return HostHealth(
            lateness_s=lateness_s,
            tick_s=self._tick_s,
            exchange_s=now_s - tick_at_s,
            mismatches=self.mismatches,
            boot_clock_gap_s=self._clock.boot_s() - now_s - self._boot_gap_s,
            wall_clock_step_s=self._clock.utc_ms() / 1000 - now_s - self._wall_gap_s,
            journal_age_s=self._recorder.age_s(),
            console_age_s=self.attendance.console_age_s,
            station_age_s=self.attendance.station_age_s,
        )
