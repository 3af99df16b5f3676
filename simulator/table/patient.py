"""Simulated patients: behaviours that act on the unit's inputs, once per device cycle.

A patient sees what a person would notice (the unit waits, pulls, stops) and presses a switch. Times
are seconds of the unit's own clock, which runs 300 ppm slow.
"""

from __future__ import annotations

from typing import Final, Protocol

from simulator.map_v1 import State
from simulator.table.inputs import SwitchOnPlug

PRESS_AFTER_S: Final = 1.0
PRESS_FOR_S: Final = 0.5
STOP_PRESSED_FOR_S: Final = 1.0
FORGOTTEN_AFTER_S: Final = 2.0
HOLD_REACHED_N: Final = 1.0
HOLD_LEFT_N: Final = 5.0


class UnitView(Protocol):
    """The parts of the unit that a patient can see or reach."""

    @property
    def uptime_s(self) -> float: ...
    @property
    def state(self) -> State: ...
    @property
    def setpoint_n(self) -> float: ...
    @property
    def ceiling_n(self) -> float: ...
    @property
    def idle_reads(self) -> int:
        """Returns how often a host has read 0x100 while the unit was idle."""
        ...

    @property
    def identifications(self) -> int:
        """Returns how often a host has identified the unit."""
        ...

    @property
    def last_request_s(self) -> float: ...
    @property
    def switch(self) -> SwitchOnPlug: ...


class Patient(Protocol):
    """Called once per device cycle, after the unit has moved."""

    def act(self, unit: UnitView) -> None: ...


class PassivePatient:
    """Never touches the switch."""

    def act(self, unit: UnitView) -> None:
        del unit


class PressTestPatient:
    """Does the press test: 0.5 s on the switch, 1 s after a host first reads the idle unit.

    Repeats it after each disarming or acknowledgement, after 2 s without a request and when a host
    identifies the unit again; touches nothing while the unit is not idle.
    """

    def __init__(self) -> None:
        self._reads_before: int | None = None
        self._press_at_s: float | None = None
        self._done = False
        self._identifications = 0

    def act(self, unit: UnitView) -> None:
        if unit.state is not State.IDLE:
            self._start_over(unit)
            return
        asked_anew = self._done and unit.identifications != self._identifications
        if asked_anew or unit.uptime_s - unit.last_request_s >= FORGOTTEN_AFTER_S:
            self._start_over(unit)
        elif not self._done:
            self._test(unit)

    def _test(self, unit: UnitView) -> None:
        now_s = unit.uptime_s
        if self._press_at_s is None:
            if self._reads_before is None:
                self._reads_before = unit.idle_reads - (unit.last_request_s >= now_s)
            if unit.idle_reads > self._reads_before:
                self._press_at_s = now_s + PRESS_AFTER_S
        elif now_s >= self._press_at_s + PRESS_FOR_S:
            unit.switch.release()
            self._done = True
            self._identifications = unit.identifications
        elif now_s >= self._press_at_s:
            unit.switch.press()

    def _start_over(self, unit: UnitView) -> None:
        if self._press_at_s is not None and not self._done:
            unit.switch.release()
        self._reads_before = unit.idle_reads
        self._press_at_s = None
        self._done = False


class StopsDuring(PressTestPatient):
    """Does the press test, and presses to stop ``after_s`` into the n-th hold.

    A hold begins when the set-point in effect reaches the ceiling that the host orders with it
    (0x206 is the highest force ordered, so pretension and rests never count) and ends 5 N below.
    """

    def __init__(self, hold_number: int, after_s: float) -> None:
        super().__init__()
        self._hold_number = hold_number
        self._after_s = after_s
        self._holds = 0
        self._holding = False
        self._stop_at_s: float | None = None
        self._stop_done = False

    def act(self, unit: UnitView) -> None:
        if unit.state is State.IDLE or self._stop_at_s is None:
            super().act(unit)
        if not self._stop_done:
            self._watch(unit)

    def _watch(self, unit: UnitView) -> None:
        now_s = unit.uptime_s
        if self._stop_at_s is None:
            if self._hold_begins(unit):
                self._stop_at_s = now_s + self._after_s
        elif now_s >= self._stop_at_s + STOP_PRESSED_FOR_S:
            unit.switch.release()
            self._stop_done = True
        elif now_s >= self._stop_at_s:
            unit.switch.press()

    def _hold_begins(self, unit: UnitView) -> bool:
        if unit.state not in (State.TRACKING, State.HOLDING):
            self._holding = False
            return False
        below_n = unit.ceiling_n - unit.setpoint_n
        if self._holding:
            self._holding = below_n < HOLD_LEFT_N
        elif below_n <= HOLD_REACHED_N:
            self._holding = True
            self._holds += 1
            return self._holds == self._hold_number
        return False
