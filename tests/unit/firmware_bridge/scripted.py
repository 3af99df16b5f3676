"""A unit in memory behind serial frames, and a clock that jumps to what comes next.

The device side is written out by hand here (its own CRC, its own layout), so that an error of the
bridge's encoder cannot hide in a decoder that shares it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

from controller.errors import LinkLost
from controller.ports import Readable, Waitable
from firmware_bridge.line.answers import Guard
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming, TcpFraming
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import shipped_profile
from firmware_bridge.units.reference_unit import ReferenceUnit, identify_unit

# B.1: magic, 1.0, -12345, 0x01020304, serial 77, vendor 1, product 2, firmware 1.02 patch 3, CRCs,
# calibrated 2026-01-01, due 2027-01-01, model, unit id, boot counter 9; CRC worked out by hand.
IDENTITY_HEX = (
    "54524331 0100 CFC7 01020304 0000004D 0001 0002 0102 0003 DEADBEEF 0BADCAFE 2519 2686"
    "52656665 72656E63 65207461 626C6500 00112233 44556677 0009"
)
# B.2: features 0x1E37 (with FC23, second channel), both regions, 1000.0 N, 1100.0 N, 15.0 N, ...
CAPABILITY_HEX = (
    "1E37 0003 2710 2AF8 0096 000A 01F4 03E8 0258 0000 0BB8 0258 00C8 07D0 0005 000A"
    "05DC 05DC 0708 0001 0100 0020 0000"
)
TOKEN = 0x7F31A2C4


def _eight_bits(value: int) -> int:
    """CRC-16/MODBUS of the lowest byte, bit by bit."""
    for _ in range(8):
        value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


_OF_BYTE = [_eight_bits(byte) for byte in range(256)]


def crc(data: bytes) -> int:
    """CRC-16/MODBUS."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _OF_BYTE[(value ^ byte) & 0xFF]
    return value


def with_crc(block_hex: str) -> list[int]:
    """Registers of a block given in hex, with the CRC behind it."""
    raw = bytes.fromhex(block_hex)
    return [*struct.unpack(f">{len(raw) // 2}H", raw), crc(raw)]


def framed(body: bytes) -> bytes:
    """A serial frame: the CRC's low byte travels first."""
    return body + crc(body).to_bytes(2, "little")


class JumpingClock:
    """Virtual time of one port: it jumps to the next bytes, or to the deadline before them."""

    def __init__(self) -> None:
        self.time_s = 1000.0
        self.looks = 0

    def now_s(self) -> float:
        return self.time_s

    def boot_s(self) -> float:
        return self.time_s

    def utc_ms(self) -> int:
        return 0

    def sleep_until(self, at_s: float) -> None:
        self.time_s = max(self.time_s, at_s)

    def wait_readable(self, port: Readable, deadline_s: float) -> bool:
        assert isinstance(port, ScriptedPort)
        self.looks += 1
        due_s = min((at_s for at_s, _ in port.coming), default=math.inf)
        self.sleep_until(min(due_s, deadline_s))
        return due_s <= self.time_s

    def wait_event(self, event: Waitable, timeout_s: float) -> bool:
        return event.wait(timeout_s)


class ScriptedPort:
    """A transport whose answers come from ``answer``; what was sent is kept, and when.

    ``late_s``: by how much the next answers come later. ``coming`` is what is on its way.
    """

    name = "scripted"

    def __init__(self, answer: Callable[[bytes], bytes], clock: JumpingClock) -> None:
        self.answer = answer
        self.clock = clock
        self.sent: list[bytes] = []
        self.sent_at_s: list[float] = []
        self.late_s: list[float] = []
        self.coming: list[tuple[float, bytes]] = []
        self.babbles_every_s: float | None = None
        self.reading_takes_s = 0.0
        self.bytes_sent = self.bytes_received = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        if self.closed:
            raise LinkLost("port scripted is gone")
        self.sent.append(data)
        self.sent_at_s.append(self.clock.time_s)
        answer = self.answer(data)
        late_s = self.late_s.pop(0) if self.late_s else 0.0
        if answer:
            self.comes(answer, late_s)

    def comes(self, data: bytes, in_s: float = 0.0) -> None:
        """Bytes that are there after ``in_s`` seconds."""
        self.coming.append((self.clock.time_s + in_s, data))

    def babble(self, every_s: float = 0.0001) -> None:
        """From now on a byte comes every so often, whoever speaks."""
        self.babbles_every_s = every_s
        self.comes(b"\x55", every_s)

    def read_available(self) -> bytes:
        here = [data for at_s, data in self.coming if at_s <= self.clock.time_s]
        self.coming = [item for item in self.coming if item[0] > self.clock.time_s]
        self.clock.time_s += self.reading_takes_s
        if here and self.babbles_every_s is not None:
            self.comes(b"\x55", self.babbles_every_s)
        return b"".join(here)

    def fileno(self) -> int:
        raise AssertionError("nobody selects in scripted time")

    def close(self) -> None:
        self.closed = True


def rtu_link(
    port: ScriptedPort, *, timeout_s: float = 0.04, lateness_s: float | None = None
) -> ModbusLink:
    """Unit 1 on a serial line of 38400 Bd; every function is named."""
    line = Line(port, port.clock, serial_times(38400, lateness_s))
    return ModbusLink(
        line,
        RtuFraming(),
        unit=1,
        functions=FUNCTIONS,
        timeout_s=timeout_s,
        guard=Guard.DATED,
    )


def tcp_link(port: ScriptedPort, *, timeout_s: float = 0.04) -> ModbusLink:
    """Unit 1 on Modbus TCP; every function is named."""
    line = Line(port, port.clock, NO_WIRE, numbered=True)
    return ModbusLink(line, TcpFraming(), unit=1, functions=FUNCTIONS, timeout_s=timeout_s)


class DeskUnit:
    """Just enough of a unit for the driver's rules; no physics, no watchdog."""

    def __init__(self, *, write_first: bool = True) -> None:
        self.clock = JumpingClock()
        self.port = ScriptedPort(self.answer, self.clock)
        self.write_first = write_first
        self.identity = with_crc(IDENTITY_HEX)
        self.capability = with_crc(CAPABILITY_HEX)
        self.session_answer = [TOKEN >> 16, TOKEN & 0xFFFF, 0, 0, 42, 500]
        self.sequence, self.state = 0, 1
        self.uptime_shift_ms = self.sequence_shift = self.block_crc_flip = 0
        self.uptime_ms: int | None = None
        self.force_2 = 0x8000
        self.faults = 0x0001
        self.booted_at_s = 900.0
        self.knows_token = True
        self.refuse: list[int] = []
        self.lose: list[bool] = []
        self.swallow: list[bool] = []
        self.commands: list[list[int]] = []
        self.writes: list[tuple[int, list[int]]] = []
        self.events: dict[int, list[int]] = {}

    def connected(self, *, may_arm: bool = True) -> ReferenceUnit:
        """The driver on this unit."""
        profile, digest = shipped_profile("reference_v1", TractionUnitProfile)
        link = rtu_link(self.port)
        return identify_unit(link, profile, digest, tick_s=0.05, may_arm=may_arm)

    def answer(self, frame: bytes) -> bytes:
        """What comes back for one request; nothing for a broadcast.

        ``lose`` takes requests away before the unit hears them, ``swallow`` answers behind it.
        """
        assert crc(frame) == 0
        if self.lose and self.lose.pop(0):
            return b""
        self.clock.time_s += 0.002
        function, body = frame[1], frame[2:-2]
        if frame[0] == 0:
            self.write(*self._written(body))
            return b""
        if self.refuse and function != 3 and (code := self.refuse.pop(0)):
            return framed(bytes([1, function | 0x80, code]))
        if function == 23 and not self.knows_token:
            return framed(bytes([1, 23 | 0x80, 3]))
        answer = getattr(self, f"_function_{function}")(body)
        return b"" if self.swallow and self.swallow.pop(0) else framed(answer)

    def _function_3(self, body: bytes) -> bytes:
        address, count = struct.unpack(">HH", body)
        return self._read(3, address, count)

    def _function_16(self, body: bytes) -> bytes:
        self.write(*self._written(body))
        return bytes([1, 16]) + body[:4]

    def _function_23(self, body: bytes) -> bytes:
        address, count = struct.unpack(">HH", body[:4])
        if self.write_first:
            self.write(*self._written(body[4:]))
            return self._read(23, address, count)
        answer = self._read(23, address, count)
        self.write(*self._written(body[4:]))
        return answer

    def _written(self, body: bytes) -> tuple[int, list[int]]:
        address, count = struct.unpack(">HH", body[:4])
        return address, list(struct.unpack(f">{count}H", body[5:]))

    def write(self, address: int, values: list[int]) -> None:
        raw = struct.pack(f">{len(values)}H", *values)
        assert crc(raw[:-2]) == values[-1]
        self.writes.append((address, values))
        if address == 0x200:
            self.commands.append(values)
            if values[:2] != [0xFFFF, 0xFFFF]:
                self.sequence = values[2]
        if address == 0x300:
            self.state, self.sequence = 2, 0

    def restart(self, boot_count: int = 10) -> None:
        """Switched off and on again: idle, no token, counters from 0."""
        self.booted_at_s = self.clock.time_s
        self.sequence, self.state, self.knows_token = 0, 1, False
        self.identity = with_crc(IDENTITY_HEX[:-4] + f"{boot_count:04X}")

    def _read(self, function: int, address: int, count: int) -> bytes:
        words = self._image(address)[:count]
        return bytes([1, function, 2 * count]) + struct.pack(f">{count}H", *words)

    def _image(self, address: int) -> list[int]:
        if address == 0x000:
            return self.identity
        if address == 0x020:
            return self.capability
        if address == 0x100:
            return self.measurement()
        if 0x30A <= address < 0x310:
            return self.session_answer[address - 0x30A :]
        slots = [self.events.get(slot, [0] * 6) for slot in range(32)]
        return [word for slot in slots for word in slot][address - 0x410 :]

    def measurement(self) -> list[int]:
        """0x100-0x113, 101.9 N on channel 1, a sample 4 ms old."""
        uptime_ms = self.uptime_ms
        if uptime_ms is None:
            uptime_ms = round((self.clock.time_s - self.booted_at_s) * 1000) + self.uptime_shift_ms
        words = [
            self.sequence + self.sequence_shift,
            1,
            self.state,
            0x0004,
            self.faults,
            0,
            1019,
            self.force_2,
            1023,
            1021,
            365,
            0xFFF6,
            51,
            24353,
            4,
            488,
            uptime_ms >> 16 & 0xFFFF,
            uptime_ms & 0xFFFF,
            3,
        ]
        return [*words, crc(struct.pack(">19H", *words)) ^ self.block_crc_flip]
