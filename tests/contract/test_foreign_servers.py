"""The talkers against third-party servers over real ports: every function, unit and echo.

A missing server is one skipped line.
"""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from controller.errors import LinkError, ReplyTimeout, UnitRejected
from controller.ports import ForceSource
from controller.runtime.clock import SystemClock
from controller.telemetry import ForceSample
from firmware_bridge.ascii.endings import LineEnd
from firmware_bridge.ascii.talker import AsciiTalker
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.tcp_socket import TcpSocket
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.line.uri import AsciiAddress, SerialAddress, TcpAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming, TcpFraming
from firmware_bridge.modbus.registers import bytes_to_words
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.shipped import TRANSMITTERS
from simulator.instruments.transmitters import SimulatedTransmitter
from tests.support.faulty_server import FaultyServer
from tests.support.foreign_programs import Libmodbus
from tests.support.simulated_instruments import instrument_profile, simulated
from tests.support.umodbus_server import umodbus_serving

BAUDRATE = 115200
TIMEOUT_S = 0.5
SETTINGS = SerialSettings(baudrate=BAUDRATE, parity="N", stopbits=1)
SERVERS = ("pymodbus", "umodbus", "libmodbus")
FORCE_N = 102.3
DIVISION_N = 0.1
"""A division of the coarsest simulated instrument, newtons: 0.01 kg."""
TRIES = 30
WITH_FUNCTION_23 = ("pymodbus", "libmodbus")


@contextmanager
def connected(server: str, kind: str, libmodbus: Libmodbus, unit: int = 1) -> Iterator[ModbusLink]:
    """A talker connected to a server that is started for it."""
    with place_of(server, kind, libmodbus, unit) as place, talker(place, kind, unit) as link:
        yield link


@contextmanager
def talker(place: str, kind: str, unit: int = 1) -> Iterator[ModbusLink]:
    if kind == "tcp":
        port = TcpSocket(TcpAddress(host="127.0.0.1", port=int(place), unit=unit))
        line = Line(port, SystemClock(), NO_WIRE, numbered=True)
        framing: TcpFraming | RtuFraming = TcpFraming()
    else:
        serial = SerialPort(SerialAddress(port=place, unit=unit), SETTINGS)
        line = Line(serial, SystemClock(), serial_times(BAUDRATE))
        framing = RtuFraming()
    link = ModbusLink(line, framing, unit=unit, functions=FUNCTIONS, timeout_s=TIMEOUT_S)
    try:
        yield link
    finally:
        link.close()


@contextmanager
def place_of(server: str, kind: str, libmodbus: Libmodbus, unit: int) -> Iterator[str]:
    if server == "pymodbus":
        with FaultyServer(kind, unit=unit) as faulty:
            yield str(faulty.port) if kind == "tcp" else faulty.path
        return
    serving = umodbus_serving if server == "umodbus" else libmodbus.serving
    with serving(kind, unit) as place:
        yield place


@pytest.mark.parametrize("kind", ["rtu", "tcp"])
@pytest.mark.parametrize("server", SERVERS)
def test_what_is_written_by_6_and_16_is_read_by_3_and_4(
    server: str, kind: str, libmodbus: Libmodbus
) -> None:
    with connected(server, kind, libmodbus) as link:
        assert bytes_to_words(link.read_registers(3, 100, 3)) == [100, 101, 102]
        link.write_registers(6, 101, [0xFFFF])
        link.write_registers(16, 102, [0x1311, 0x0D0A])
        for function in (3, 4):
            read = bytes_to_words(link.read_registers(function, 100, 5))
            assert read == [100, 0xFFFF, 0x1311, 0x0D0A, 104], function
        assert len(link.read_registers(3, 0, 125)) == 250


@pytest.mark.parametrize("kind", ["rtu", "tcp"])
@pytest.mark.parametrize("server", WITH_FUNCTION_23)
def test_function_23_writes_and_reads(server: str, kind: str, libmodbus: Libmodbus) -> None:
    with connected(server, kind, libmodbus) as link:
        assert bytes_to_words(link.read_write_registers(200, 3, 300, [7, 8])) == [200, 201, 202]
        assert bytes_to_words(link.read_registers(3, 300, 2)) == [7, 8]


@pytest.mark.parametrize("kind", ["rtu", "tcp"])
def test_a_server_without_function_23_refuses_it_and_goes_on(
    kind: str, libmodbus: Libmodbus
) -> None:
    with connected("umodbus", kind, libmodbus) as link:
        with pytest.raises(UnitRejected, match="refused function 23 with exception"):
            link.read_write_registers(200, 3, 300, [7, 8])
        assert bytes_to_words(link.read_registers(3, 300, 2)) == [300, 301]


@pytest.mark.parametrize(
    ("server", "kind", "unit"),
    [
        ("pymodbus", "tcp", 255),
        ("pymodbus", "rtu", 247),
        ("umodbus", "tcp", 0),
        ("umodbus", "tcp", 255),
        ("umodbus", "rtu", 247),
        ("libmodbus", "tcp", 255),
        ("libmodbus", "rtu", 247),
    ],
)
def test_every_unit_that_the_wire_can_name_is_reached(
    server: str, kind: str, unit: int, libmodbus: Libmodbus
) -> None:
    with connected(server, kind, libmodbus, unit) as link:
        assert bytes_to_words(link.read_registers(3, 5, 2)) == [5, 6]


# --- transmitters -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rtu", "tcp"])
@pytest.mark.parametrize("server", ["umodbus", "libmodbus"])
@pytest.mark.parametrize("name", TRANSMITTERS)
def test_a_transmitter_s_registers_are_a_force_on_any_server(
    name: str, server: str, kind: str, libmodbus: Libmodbus
) -> None:
    profile, digest = instrument_profile(name)
    assert isinstance(profile, TransmitterProfile)
    instrument = simulated(name, HangingCell(lambda _: FORCE_N, noise_n=0.0))
    assert isinstance(instrument, SimulatedTransmitter)
    instrument.advance_to(1.0)
    with place_of(server, kind, libmodbus, 1) as place:
        with talker(place, kind) as link:
            for read in profile.reads:
                words = instrument.read_registers(read.address, read.count)
                link.write_registers(16, read.address, words)
        uri = f"modbus-tcp://127.0.0.1:{place}" if kind == "tcp" else f"modbus-rtu://{place}"
        source = connect_instrument(uri, profile, digest, SystemClock())
        try:
            assert first_sample(source).net_n == pytest.approx(FORCE_N, abs=DIVISION_N)
        finally:
            source.close()


def first_sample(source: ForceSource) -> ForceSample:
    """Returns the first sample; a busy machine may answer later than an instrument may."""
    for _ in range(TRIES):
        with suppress(LinkError):
            return source.read()
    raise AssertionError(f"no sample in {TRIES}")


# --- text ---------------------------------------------------------------------------------------


@contextmanager
def gauge(answers: dict[bytes, bytes]) -> Iterator[str]:
    """A gauge on a pseudo-terminal that answers whole requests only."""
    master, slave = os.openpty()
    tty.setraw(slave)
    ended = threading.Event()

    def serve() -> None:
        heard = b""
        while not ended.is_set():
            heard += os.read(master, 64)
            if (answer := answers.get(heard)) is not None:
                heard = b""
                os.write(master, answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        ended.set()
        os.write(slave, b"\0")
        thread.join()
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("bytesize", [7, 8])
def test_a_gauge_is_asked_over_a_real_port(bytesize: int) -> None:
    answers = {b"?\r": b"-18.78 lbF\r\n", b"?C\r": b"4.285 N\r\n"}
    with gauge(answers) as path:
        address = AsciiAddress(port=path, baudrate=256000, bytesize=bytesize)
        port = SerialPort(address, SETTINGS)
        line = Line(port, SystemClock(), serial_times(256000))
        asker = AsciiTalker(line, end=LineEnd(terminator=b"\r\n"), timeout_s=TIMEOUT_S)
        try:
            for request, answer in [*answers.items()] * 3:
                assert asker.ask(request) == answer
            asker.timeout_s = 0.05
            with pytest.raises(ReplyTimeout, match="a line that ends with"):
                asker.ask(b"!\r")
        finally:
            line.close()
