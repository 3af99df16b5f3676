"""A serial line to a unit that uses lines of text, within one process."""

from __future__ import annotations

from controller.ports import Clock
from controller.runtime.clock import VirtualClock
from firmware_bridge.connect import ascii_unit_on
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import serial_times
from firmware_bridge.units.ascii_unit import AsciiUnit
from simulator.line.direct_line import DirectClock, DirectLine
from simulator.line.unit_lines import UnitLines
from simulator.line.wire import UnitFirmware

BAUDRATE = 115200


class DirectTextLine(DirectLine):
    """A transport whose other end is a simulated unit that reads lines."""

    def __init__(self, firmware: UnitFirmware, clock: VirtualClock) -> None:
        super().__init__(firmware, clock, baudrate=BAUDRATE)
        self.unit_lines = UnitLines(firmware)

    def _served(self, frame: bytes, arrived_s: float) -> bytes:
        return b"".join(self.unit_lines.hear(frame, arrived_s))


def connected_on_lines(line: DirectTextLine, clock: Clock) -> AsciiUnit:
    """The driver of the unit at the other end; the clock is the line's."""
    assert isinstance(clock, DirectClock)
    return ascii_unit_on(Line(line, clock, serial_times(BAUDRATE)), BAUDRATE)
