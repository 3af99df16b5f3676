"""Talkers on a bus, asked tick by tick; what they take is compared with the truth."""

from __future__ import annotations

from controller.errors import LinkError, StaleAnswer
from firmware_bridge.ascii.endings import LineEnd
from firmware_bridge.ascii.talker import AsciiTalker
from firmware_bridge.ascii.unit_link import UnitTextLink
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import BITS_PER_CHARACTER, NO_WIRE, LineTimes, serial_times
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming, TcpFraming
from tests.unit.firmware_bridge.line.bus import (
    Bus,
    BusClock,
    LineSlave,
    RtuSlave,
    Slave,
    TcpSlave,
    TextSlave,
    Way,
    registers,
)

TICK_S = 0.050
TIMEOUT_S = 0.040
KINDS = ("rtu", "tcp", "ascii", "unit", "order")
"""Registers over Modbus twice, a gauge, and a traction unit on lines: registers and orders."""
UNIT_KINDS = ("unit", "order")


class Wire:
    """One talker and one slave. ``wrong`` counts values that are not the truth.

    ``lengths``: how many registers are read in turn, each at an address of its own.
    """

    def __init__(
        self,
        kind: str,
        way: Way | None = None,
        *,
        lengths: tuple[int, ...] = (2, 3, 4),
        timer: bool = True,
        seed: int = 1,
    ) -> None:
        self.kind = kind
        self.lengths = lengths
        self.clock = BusClock()
        slave: RtuSlave | TextSlave | LineSlave = TextSlave()
        if kind in UNIT_KINDS:
            slave = LineSlave()
        elif kind != "ascii":
            slave = TcpSlave() if kind == "tcp" else RtuSlave(timer=timer)
        self.slave = slave
        way = way or Way()
        baudrate = 38400
        if kind in UNIT_KINDS:
            baudrate, way.byte_s = 115200, BITS_PER_CHARACTER / 115200
        slaves: list[Slave] = [slave]
        self.bus = Bus(slaves, self.clock, way, seed)
        times: LineTimes = NO_WIRE if kind == "tcp" else serial_times(baudrate)
        self.line = Line(self.bus, self.clock, times, numbered=kind == "tcp")
        framing = TcpFraming() if kind == "tcp" else RtuFraming()
        self.link = ModbusLink(self.line, framing, unit=1, functions=FUNCTIONS, timeout_s=TIMEOUT_S)
        self.asker = AsciiTalker(self.line, end=LineEnd(terminator=b"\r\n"), timeout_s=TIMEOUT_S)
        self.text_link = UnitTextLink(self.line, timeout_s=TIMEOUT_S)
        self.due_s = self.clock.time_s
        self.good = self.wrong = self.asked = 0
        self.errors: list[LinkError] = []

    def tick(self) -> bool:
        """Ask once on the grid of ticks; True when the truth came."""
        self.clock.sleep_until(self.due_s)
        missed = int((self.clock.time_s - self.due_s) / TICK_S)
        self.due_s += (missed + 1) * TICK_S
        self.asked += 1
        try:
            value, truth = self._ask()
        except LinkError as error:
            self.errors.append(error)
            return False
        self.good += value == truth
        self.wrong += value != truth
        return value == truth

    def run(self, ticks: int) -> list[bool]:
        return [self.tick() for _ in range(ticks)]

    def _ask(self) -> tuple[bytes, bytes]:
        """What was taken, and what the newest request has for an answer."""
        if self.kind == "ascii":
            value = self.asker.ask(b"?\r")
            return value, b"%+05d N\r\n" % self.slave.heard
        if self.kind == "order":
            return self._order()
        count = self.lengths[self.asked % len(self.lengths)]
        address = 100 * count + self.asked % 7
        reader = self.text_link if self.kind == "unit" else self.link
        value = reader.read_registers(3, address, count)
        return value, registers(address, count, self.slave.heard)

    def _order(self) -> tuple[bytes, bytes]:
        """The caller compares the sequence, as the unit's driver does."""
        values = self.text_link.order(f"{self.asked:04X},7F31A2C4,F,+1023,0100,1200")
        if values["sequence"] != self.asked:
            self.text_link.distrust()
            raise StaleAnswer("the answer of another order")
        return b"%d" % values["force_1"], b"%d" % self.slave.heard
