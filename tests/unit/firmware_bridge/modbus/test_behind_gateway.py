"""What is said of a lost answer of an instrument behind a gateway, over a line with a slave."""

from __future__ import annotations

import pytest

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import serial_times
from firmware_bridge.modbus.behind_gateway import BehindGateway
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from firmware_bridge.modbus.transparency import fault_in_answer
from tests.unit.firmware_bridge.line.bus import Bus, BusClock, RtuSlave, Way

LOOK = "the gateway at /dev/gateway took the connection: check that a serial port is behind it"
LOSES_11 = "byte 11"


class Instrument:
    """A slave behind a gateway that loses every byte 11, as software flow control does."""

    def __init__(self) -> None:
        clock = BusClock()
        self.bus = Bus([RtuSlave(1)], clock, Way())
        line = Line(self.bus, clock, serial_times(38400))
        self.link = ModbusLink(line, RtuFraming(), unit=1, functions=FUNCTIONS, timeout_s=0.040)
        self.gateway = BehindGateway("/dev/gateway", line, fault_in=fault_in_answer)

    def lose_11(self) -> None:
        self.bus.way_back = lambda data: data.replace(b"\x11", b"")

    def fall_silent(self) -> None:
        self.bus.way_back = lambda _: b""

    def told(self, address: int) -> LinkError:
        """The error of a read; register n says n."""
        with pytest.raises(LinkError) as raised:
            self.link.read_registers(3, address, 3)
        return self.gateway.told(raised.value)


def test_a_fault_of_the_gateway_is_said_of_every_answer_lost_later() -> None:
    instrument = Instrument()
    instrument.link.read_registers(3, 0x0100, 2)
    instrument.lose_11()
    first = instrument.told(0x0010)
    assert isinstance(first, FrameCorrupt), first
    assert LOSES_11 in first.message
    instrument.fall_silent()
    later = instrument.told(0x0100)
    assert isinstance(later, ReplyTimeout)
    assert LOSES_11 in later.message


def test_an_instrument_that_never_answered_is_looked_for_behind_its_gateway() -> None:
    instrument = Instrument()
    instrument.fall_silent()
    assert LOOK in instrument.told(0x0100).message


def test_one_that_answered_before_has_only_fallen_silent() -> None:
    instrument = Instrument()
    instrument.link.read_registers(3, 0x0100, 2)
    instrument.fall_silent()
    assert "gateway" not in instrument.told(0x0100).message
