"""The unit on the wire: the map's example over TCP and RTU, silence, broadcast, wire time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.runtime.clock import VirtualClock
from firmware_bridge.line.line import Transport
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.tcp_socket import TcpSocket
from firmware_bridge.line.uri import TcpAddress, parse_uri
from simulator.device.firmware import ReferenceFirmware
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.line.wire import rtu_wire
from simulator.map_v1 import State
from simulator.table.bodies import CERVICAL_SLIDING
from simulator.table.plant import TractionPlant
from tests.support.typed import now
from tests.unit.simulator.host import FAST_RELEASE, command, service, session

EXAMPLE = bytes.fromhex("01170100001402000008107F31A2C400A3000203FF006404B0419C6850")
"""The map's example (B.8): unit 1, token 0x7F31A2C4, sequence 163, 102.3 N."""
SILENCE_S = 0.05
BAUDRATE = 38400


class Draws(random.Random):
    """Draws the token of the example."""

    def randrange(self, *_: object) -> int:
        return 0x7F31A2C4


class Wire:
    """A unit served in virtual time and the raw bytes that go to and from it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock = VirtualClock()
        time = VirtualDeviceTime(self.clock)
        self.firmware = ReferenceFirmware(
            TractionPlant(CERVICAL_SLIDING, random.Random(1)),
            random=Draws(1),
            powered_on_at_s=self.clock.now_s(),
        )
        self.unit = SimulatedUnit(self.firmware, time)

    def open(self) -> None:
        """Serve the unit and connect to it."""
        serve = self.unit.serve_tcp if self.kind == "tcp" else self.unit.serve_rtu
        address = parse_uri(serve().uri)
        self.port: Transport
        if isinstance(address, TcpAddress):
            self.port = TcpSocket(address)
        else:
            self.port = SerialPort(
                address, SerialSettings(baudrate=BAUDRATE, parity="N", stopbits=1)
            )

    def framed(self, body: bytes) -> bytes:
        """Unit and PDU as they travel on this wire."""
        if self.kind == "tcp":
            return b"\x12\x34\0\0" + len(body).to_bytes(2, "big") + body
        crc = 0xFFFF
        for byte in body:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        return body + crc.to_bytes(2, "little")

    def ask(self, body: bytes, length: int = 1, within_s: float = SILENCE_S) -> bytes:
        """Send and collect at least ``length`` bytes of unit and PDU, empty after a silence."""
        self.port.write(self.framed(body))
        frame = b""
        around = 6 if self.kind == "tcp" else 2
        deadline_s = self.clock.now_s() + within_s
        while len(frame) < length + around and self.clock.wait_readable(self.port, deadline_s):
            frame += self.port.read_available()
        if not frame:
            return b""
        inner = frame[6:] if self.kind == "tcp" else frame[:-2]
        assert self.framed(inner) == frame
        return inner


@contextmanager
def wired(kind: str) -> Iterator[Wire]:
    wire = Wire(kind)
    try:
        wire.open()
        try:
            yield wire
        finally:
            wire.port.close()
    finally:
        wire.unit.stop()


def write_body(unit: int, address: int, values: list[int]) -> bytes:
    """Function 16 by hand."""
    head = bytes([unit, 16]) + address.to_bytes(2, "big") + len(values).to_bytes(2, "big")
    return head + bytes([2 * len(values)]) + b"".join(v.to_bytes(2, "big") for v in values)


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_the_example_request_drives_the_unit_over_the_wire(kind: str) -> None:
    with wired(kind) as wire:
        armed = wire.ask(write_body(1, 0x300, session()), 6)
        assert armed == bytes.fromhex("0110 0300 000A")
        assert wire.ask(bytes.fromhex("0103 030A 0002"), 7) == bytes.fromhex("0103 04 7F31 A2C4")
        answer = wire.ask(EXAMPLE[:-2], 43)
        assert wire.firmware.state is State.TRACKING
    if kind == "rtu":
        assert wire.framed(EXAMPLE[:-2]) == EXAMPLE
    assert len(answer) == 43
    assert answer[:3] == bytes.fromhex("0117 28")
    # Sequence 163, accepted, state 3 (tracking).
    assert answer[3:9] == bytes.fromhex("00A3 0001 0003")


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_another_unit_s_request_stays_unanswered_and_undone(kind: str) -> None:
    with wired(kind) as wire:
        started_s = wire.clock.now_s()
        assert wire.ask(bytes.fromhex("0203 0000 0002")) == b""
        assert wire.clock.now_s() - started_s == pytest.approx(SILENCE_S)
        assert wire.ask(write_body(2, 0x300, session())) == b""
        assert wire.firmware.state is State.IDLE
        assert wire.ask(bytes.fromhex("0103 0000 0002"), 7) == bytes.fromhex("0103 04 5452 4331")


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_a_broadcast_is_never_answered_and_only_lets_go(kind: str) -> None:
    release = command(0xFFFFFFFF, 0, FAST_RELEASE)
    with wired(kind) as wire:
        assert wire.ask(write_body(0, 0x300, session())) == b""
        assert wire.ask(write_body(0, 0x600, service(5))) == b""
        assert wire.ask(bytes.fromhex("0003 0000 0002")) == b""
        assert now(wire.firmware.state) is State.IDLE
        wire.ask(write_body(1, 0x300, session(watchdog=2000)), 6)
        wire.ask(EXAMPLE[:-2], 43)
        assert now(wire.firmware.state) is State.TRACKING
        assert wire.ask(write_body(0, 0x200, release)) == b""
        # On a serial line every unit hears it; on TCP there is no address 0.
        released = wire.firmware.state is State.RELEASING
        assert released is (kind == "rtu")


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_refusals_are_exceptions_with_their_codes(kind: str) -> None:
    with wired(kind) as wire:
        assert wire.ask(bytes.fromhex("0103 0700 0001"), 3) == bytes.fromhex("0183 02")
        assert wire.ask(write_body(1, 0x300, [0] * 10), 3) == bytes.fromhex("0190 03")
        assert wire.ask(bytes.fromhex("0106 0200 0001"), 3) == bytes.fromhex("0186 01")
        assert wire.ask(EXAMPLE[:-2], 3) == bytes.fromhex("0197 03")


@pytest.mark.parametrize("function", [3, 4])
def test_functions_3_and_4_read_the_same(function: int) -> None:
    with wired("tcp") as wire:
        body = bytes([1, function]) + bytes.fromhex("0000 0020")
        assert wire.ask(body, 67)[3:7] == b"TRC1"


def test_an_exchange_costs_its_bytes_and_the_answer_time() -> None:
    """B.8: 29 + 45 bytes of 11 bits are 21.2 ms at 38400 Bd; the unit takes 2 ms."""
    with wired("rtu") as wire:
        wire.ask(write_body(1, 0x300, session()), 6)
        wire.ask(bytes.fromhex("0103 030A 0002"), 7)
        started_s = wire.clock.now_s()
        wire.ask(EXAMPLE[:-2], 43)
        took_s = wire.clock.now_s() - started_s
    assert took_s == pytest.approx(0.0212 + 0.002, abs=1e-4)


@pytest.mark.parametrize(
    ("baudrate", "wire_ms"), [(9600, 84.8), (19200, 42.4), (38400, 21.2), (115200, 7.1)]
)
def test_wire_times_are_those_of_the_map(baudrate: int, wire_ms: float) -> None:
    wire = rtu_wire(baudrate)
    assert 1000 * (wire.request_s(23, 8) + wire.answer_s(2 + 2 * 20)) == pytest.approx(
        wire_ms, abs=0.05
    )


def test_a_closed_connection_releases_after_100_ms() -> None:
    with wired("tcp") as wire:
        wire.ask(write_body(1, 0x300, session(watchdog=2000)), 6)
        wire.ask(EXAMPLE[:-2], 43)
        assert wire.firmware.state is State.TRACKING
        closed_s = wire.clock.now_s()
        wire.port.close()
        wire.unit.stop()
        wire.firmware.advance_to(closed_s + 0.09)
        assert wire.firmware.state is State.TRACKING
        wire.firmware.advance_to(closed_s + 0.12)
        assert wire.firmware.machine.watchdog_expired
