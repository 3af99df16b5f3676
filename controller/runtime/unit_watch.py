"""A unit that is not armed yet, read once a tick: readings, press test, restarts, stops."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from controller.errors import LinkError, RequestRefused, UnitFaulted
from controller.event_details.seen_of_unit import PressTestSeen
from controller.order.phases import Phase
from controller.runtime.clock_check import uptime_off_ms
from controller.runtime.session_ports import SessionPorts
from controller.runtime.ticker import Ticker
from controller.safety.windows import exceeds
from controller.session.course import Course
from controller.start.self_check import ZERO_READINGS
from controller.telemetry import CommandKind, ForceCommand, PatientSwitch, Telemetry

SILENCE_LIMIT_S: Final = 2.0
"""Without an accepted reading for this time, a unit that is not armed yet is given up."""
UPTIME_OFF_MS: Final = 1_000
"""Permitted difference of uptime and host clock, besides 0.1 %; a restart begins at 0."""
UPTIME_OFF_SHARE: Final = 0.001

_OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)


class PressTest:
    """The patient's switch was seen pressed and then open, in readings; nothing else counts."""

    def __init__(self) -> None:
        self._pressed = False
        self.passed = False

    def watch(self, reading: Telemetry) -> bool:
        """Take one reading; True if this one completed the test."""
        if reading.patient_switch is PatientSwitch.PRESSED:
            self._pressed = True
        elif self._pressed and not self.passed and reading.patient_switch is PatientSwitch.OPEN:
            self.passed = True
            return True
        return False


class UnitWatch:
    """One per session. ``reading`` is the latest accepted one; ``readings`` are the last few.

    ``identified_at_s`` is the monotonic second at which the unit was identified.
    """

    def __init__(
        self,
        *,
        ports: SessionPorts,
        planned_s: float,
        identified_at_s: float,
        hear: Callable[[], None],
    ) -> None:
        self._unit = ports.unit
        self._clock = ports.clock
        self._recorder = ports.recorder
        self._stops = ports.stops
        self._operator = ports.operator
        self._console_lost_s = ports.console_lost_s
        self._present = ports.present
        self._course = Course(phase=Phase.CHECKING.label, planned_s=planned_s)
        self._hear = hear
        self._ticker = Ticker(ports.clock, ports.unit.tick_s)
        self._press_test = PressTest()
        self._pressed_at_s = 0.0
        self._answered_at_s = ports.clock.now_s()
        self._identity = ports.unit.identity
        self._seen_at_s = identified_at_s
        self._uptime_ms: int | None = None
        self._readings: deque[Telemetry] = deque(maxlen=ZERO_READINGS)
        self.reading = self.look_once()

    @property
    def readings(self) -> Sequence[Telemetry]:
        """The last accepted readings, latest last; at most ``ZERO_READINGS``."""
        return self._readings

    @property
    def press_test_passed(self) -> bool:
        """True once the switch was seen pressed and open again."""
        return self._press_test.passed

    @property
    def press_test_age_s(self) -> float | None:
        """Seconds since the press test was passed, None if it was not."""
        return self._clock.now_s() - self._pressed_at_s if self._press_test.passed else None

    def begin_press_test(self) -> None:
        """Begin a new press test: earlier presses no longer count."""
        self._press_test = PressTest()

    def forget(self) -> None:
        """Begin a new window: earlier readings no longer count."""
        self._readings.clear()

    def look_once(self) -> Telemetry:
        """Read until a reading comes; raises what ``look`` raises."""
        while (reading := self.look()) is None:
            pass
        return reading

    def look(self) -> Telemetry | None:
        """Do one tick; None if its answer was lost.

        Raises RequestRefused on a stop, LinkError on a silent unit, UnitFaulted on a restarted one.
        """
        lateness_s = self._ticker.wait()
        self._hear()
        if (stop := self._stops.asked()) is not None:
            raise RequestRefused(f"stopped before arming by {stop.by}; nothing was moved")
        self._check_console()
        asked_at_s = self._clock.now_s()
        try:
            reading = self._unit.exchange(_OBSERVE)
        except LinkError as error:
            self._present.unanswered(error)
            if self._clock.now_s() - self._answered_at_s > SILENCE_LIMIT_S:
                raise
            self._show(None, lateness_s)
            return None
        self._answered_at_s = self._clock.now_s()
        self._present.answered(self._answered_at_s - asked_at_s)
        self._check_same_boot(reading)
        self._take(reading, lateness_s)
        return reading

    def _check_console(self) -> None:
        age_s = self._operator.attendance().console_age_s
        if exceeds(age_s or 0.0, self._console_lost_s):
            raise RequestRefused(
                f"the console has not been heard for {age_s:.0f} s, at most "
                f"{self._console_lost_s:g} s; nothing was moved: start it again, then the session"
            )

    def _take(self, reading: Telemetry, lateness_s: float) -> None:
        self.reading = reading
        self._readings.append(reading)
        if self._press_test.watch(reading):
            self._pressed_at_s = self._clock.now_s()
            self._recorder.event(PressTestSeen(), now_s=self._pressed_at_s)
        self._show(reading, lateness_s)

    def _check_same_boot(self, reading: Telemetry) -> None:
        """Raise UnitFaulted unless the unit still runs since its identification.

        Identity, limits and tare belong to that start. A bridge that notices a restart reads the
        identity again; one that does not still shows the old uptime going back.
        """
        now_s = self._clock.now_s()
        elapsed_ms = round((now_s - self._seen_at_s) * 1000)
        uptime_ms = None if reading.uptime_s is None else round(reading.uptime_s * 1000)
        if uptime_ms is None:
            off_ms = 0
        elif self._uptime_ms is None:
            # Its uptime is less than the time since its identification.
            off_ms = max(0, elapsed_ms - uptime_ms)
        else:
            off_ms = abs(uptime_off_ms(uptime_ms - self._uptime_ms, elapsed_ms))
        another = self._unit.identity != self._identity
        if another or off_ms > UPTIME_OFF_MS + UPTIME_OFF_SHARE * elapsed_ms:
            raise UnitFaulted(
                f"unit {self._unit.identity.unit_id} was restarted since it was identified"
                f"{_up_for(reading.uptime_s)}; start again"
            )
        self._seen_at_s, self._uptime_ms = now_s, uptime_ms

    def _show(self, reading: Telemetry | None, lateness_s: float) -> None:
        message = "" if self.press_test_passed else "waiting for the patient's press test"
        self._present.show(self._course, reading, lateness_s=lateness_s, message=message)


def _up_for(uptime_s: float | None) -> str:
    return "" if uptime_s is None else f" (up for {uptime_s:.1f} s)"
