"""A simulated unit on a line within this process, for sessions in virtual time."""

from __future__ import annotations

from collections.abc import Callable

from controller.ports import Clock, TractionUnit
from firmware_bridge.connect import connect_serial
from simulator.device.firmware import ReferenceFirmware
from simulator.line.direct_line import DirectClock, DirectLine


def direct_connection(
    firmware: ReferenceFirmware, baudrate: int = 38400
) -> Callable[[str, Clock], TractionUnit]:
    """Yields a unit on a serial line in this process, for ``treat``; needs a DirectClock."""

    def connect(_uri: str, clock: Clock) -> TractionUnit:
        assert isinstance(clock, DirectClock), "a direct line lives in a direct clock's time"
        return connect_serial(DirectLine(firmware, clock, baudrate=baudrate), clock, baudrate)

    return connect
