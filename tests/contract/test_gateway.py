"""Serial servers on a real connection: what they do to bytes, and what is said of it.

One of them is ser2net, before a simulated unit and before a server of libmodbus.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from controller.errors import LinkError, LinkLost, ReplyTimeout
from controller.ports import ForceSource
from controller.runtime.clock import SystemClock
from controller.start.self_check import CheckState
from firmware_bridge.commissioning import probe as probe_module
from firmware_bridge.commissioning.probe import Probed
from firmware_bridge.commissioning.probe import probed_instrument as probe_address
from firmware_bridge.commissioning.round_trips import RoundTrips
from firmware_bridge.connect import connect_unit
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.timing import serial_times
from firmware_bridge.line.uri import SerialAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from firmware_bridge.modbus.transparency import check_transparency
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.transmitters import SimulatedDinRailScale
from simulator.line.device_time import SystemDeviceTime
from simulator.map_v1 import RegisterRefused
from simulator.table.patient import PassivePatient
from simulator.units import simulated_unit
from tests.support.foreign_programs import Libmodbus, ser2net
from tests.support.simulated_instruments import instrument_profile
from tests.unit.firmware_bridge.modbus.test_transparency import FlowControl, telnet
from tests.unit.firmware_bridge.scripted import DeskUnit, crc, framed

BAUDRATE = 115200
Filter = Callable[[bytes], bytes]


def as_it_is(data: bytes) -> bytes:
    return data


class Transmitter:
    """A simulated transmitter on the serial side of a gateway; 0.1 N of push hang on its cell."""

    def __init__(self) -> None:
        self.instrument = SimulatedDinRailScale(HangingCell(lambda _: -0.1, noise_n=0.0))
        self.functions: set[int] = set()

    def answer(self, frame: bytes) -> bytes:
        self.functions.add(frame[1])
        address, count = (int.from_bytes(frame[at : at + 2], "big") for at in (2, 4))
        try:
            registers = self.instrument.read_registers(address, count)
        except RegisterRefused as refused:
            return framed(bytes([frame[0], frame[1] | 0x80, int(refused.exception_code)]))
        values = b"".join(value.to_bytes(2, "big") for value in registers)
        return framed(bytes([frame[0], frame[1], len(values)]) + values)


class SerialServer:
    """A gateway with one port; behind it a unit with the reference map, or a transmitter."""

    def __init__(
        self,
        passes: Filter,
        *,
        answers: bool = True,
        closes: bool = False,
        transmitter: Transmitter | None = None,
    ) -> None:
        self._passes, self._answers, self._closes = passes, answers, closes
        self._desk = DeskUnit()
        self._transmitter = transmitter
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"modbus-rtu+socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while not self._closes and (data := connection.recv(512)):
                frame = self._passes(data)
                if self._answers and len(frame) > 3 and not crc(frame):
                    connection.sendall(self._answer(frame))

    def _answer(self, frame: bytes) -> bytes:
        """Registers that the map does not have are refused, as a unit does."""
        if self._transmitter is not None:
            return self._passes(self._transmitter.answer(frame))
        offered = (0x0000, 0x0020, 0x0100)
        if int.from_bytes(frame[2:4], "big") in offered:
            return self._desk.answer(frame)
        return framed(bytes([frame[0], frame[1] | 0x80, 2]))

    def stop(self) -> None:
        self._listener.close()
        self._thread.join()


@contextmanager
def serving(
    passes: Filter = as_it_is,
    *,
    answers: bool = True,
    closes: bool = False,
    transmitter: Transmitter | None = None,
) -> Iterator[str]:
    server = SerialServer(passes, answers=answers, closes=closes, transmitter=transmitter)
    try:
        yield server.uri
    finally:
        server.stop()


def test_a_gateway_that_passes_every_byte_is_used_without_a_word() -> None:
    said: list[str] = []
    with serving() as uri:
        unit = connect_unit(uri, SystemClock(), said.append)
        assert unit.identity.unit_id == "0011223344556677"
        unit.close()
    assert said == []


@pytest.mark.parametrize(
    ("passes", "words"),
    [(telnet, "set to telnet or RFC 2217"), (FlowControl(), "loses the byte 11")],
)
def test_a_gateway_that_loses_bytes_is_refused_behind_identification(
    passes: Filter, words: str
) -> None:
    with serving(passes) as uri, pytest.raises(LinkError, match=words):
        connect_unit(uri, SystemClock())


def test_what_could_not_be_checked_is_said() -> None:
    said: list[str] = []

    def knows_only_what_it_offers(data: bytes) -> bytes:
        return data if data[2:4] in (b"\0\0", b"\0\x20") else b""

    with serving(knows_only_what_it_offers) as uri:
        connect_unit(uri, SystemClock(), said.append).close()
    assert len(said) == 1
    assert "not done" in said[0]


def test_a_gateway_without_a_port_behind_it_is_named() -> None:
    with serving(closes=True) as uri, pytest.raises(LinkLost, match="no serial port may be behind"):
        connect_unit(uri, SystemClock())
    with serving(answers=False) as uri, pytest.raises(ReplyTimeout, match="took the connection"):
        connect_unit(uri, SystemClock())


# --- ser2net --------------------------------------------------------------------------------------


@pytest.fixture
def unit_device() -> Iterator[str]:
    """The port of a simulated unit in real time."""
    unit = simulated_unit("cervical_sliding", PassivePatient(), SystemDeviceTime(), seed=1)
    with unit.serve_rtu(BAUDRATE):
        yield unit.uri.partition("://")[2].partition("?")[0]


def test_a_raw_port_of_ser2net_is_used_without_a_word(unit_device: str) -> None:
    said: list[str] = []
    with ser2net(unit_device) as port:
        unit = connect_unit(address_of(port), SystemClock(), said.append)
        assert unit.identity.unit_id == "545243310000273a"
        unit.close()
    assert said == []


@pytest.mark.parametrize(
    ("accepter", "options", "words"),
    [
        ("telnet(rfc2217),tcp", "", "doubles the byte FF: its port is set to telnet or RFC 2217"),
        ("tcp", ",xonxoff", "stops at the byte 13: software flow control"),
    ],
)
def test_a_port_of_ser2net_that_changes_bytes_is_refused_with_its_setting(
    unit_device: str, accepter: str, options: str, words: str
) -> None:
    wrong = pytest.raises(LinkError, match=words)
    with ser2net(unit_device, accepter=accepter, options=options) as port, wrong:
        connect_unit(address_of(port), SystemClock())


@pytest.mark.parametrize(
    ("accepter", "options", "words"),
    [
        ("telnet,tcp", "", "loses the byte FF: its port is set to telnet or RFC 2217"),
        ("tcp", ",xonxoff", "loses the byte 11: software flow control"),
    ],
)
def test_what_a_port_of_ser2net_loses_is_found_on_a_server_without_a_timer(
    libmodbus: Libmodbus, accepter: str, options: str, words: str
) -> None:
    wrong = pytest.raises(LinkError, match=words)
    with (
        libmodbus.serving("rtu", 1) as end,
        ser2net(end, accepter=accepter, options=options) as port,
        gateway_link(port) as link,
        wrong,
    ):
        check_transparency(link)


def test_a_raw_port_of_ser2net_passes_every_byte(libmodbus: Libmodbus) -> None:
    with libmodbus.serving("rtu", 1) as end, ser2net(end) as port, gateway_link(port) as link:
        numbered = bytes(at // 2 if at % 2 else 0 for at in range(64))
        assert check_transparency(link, {0: numbered}) == ""
        assert link.line.counters.requests == 7, "five there, two back"


def address_of(port: str) -> str:
    """At 9600 Bd a unit is only observed, and a busy machine has 160 ms for an answer."""
    return f"modbus-rtu+socket://127.0.0.1:{port}?baudrate=9600"


@contextmanager
def gateway_link(port: str) -> Iterator[ModbusLink]:
    settings = SerialSettings(baudrate=BAUDRATE, parity="N", stopbits=1)
    serial = SerialPort(SerialAddress(port=f"socket://127.0.0.1:{port}", unit=1), settings)
    line = Line(serial, SystemClock(), serial_times(BAUDRATE))
    link = ModbusLink(line, RtuFraming(), unit=1, functions=FUNCTIONS, timeout_s=0.1)
    try:
        yield link
    finally:
        link.close()


# --- a transmitter behind a gateway ---------------------------------------------------------------


def transmitter_at(uri: str, say: Callable[[str], None] = lambda _: None) -> ForceSource:
    profile, digest = instrument_profile("din_rail_scale")
    return connect_instrument(uri, profile, digest, SystemClock(), say=say)


def test_a_transmitter_behind_a_sound_gateway_is_read_and_nothing_is_said() -> None:
    said: list[str] = []
    transmitter = Transmitter()
    with serving(transmitter=transmitter) as uri:
        source = transmitter_at(uri, said.append)
        assert source.read().net_n == pytest.approx(-0.1, abs=0.01)
        source.close()
    profile, _ = instrument_profile("din_rail_scale")
    assert isinstance(profile, TransmitterProfile)
    assert (said, transmitter.instrument.writes) == ([], 0)
    assert transmitter.functions == {read.function for read in profile.reads}


@pytest.mark.parametrize(
    ("passes", "words"),
    [
        (telnet, "loses the byte FF.*first of all every small push.*raw TCP"),
        (FlowControl(), "loses the byte 11"),
    ],
)
def test_a_gateway_that_loses_bytes_of_a_transmitter_is_refused_before_a_force(
    passes: Filter, words: str
) -> None:
    with serving(passes, transmitter=Transmitter()) as uri, pytest.raises(LinkError, match=words):
        transmitter_at(uri)


def test_a_gateway_without_a_transmitter_behind_it_leaves_the_check_undone_and_gives_no_force() -> (
    None
):
    said: list[str] = []
    with serving(answers=False) as uri:
        source = transmitter_at(uri, said.append)
        with pytest.raises(ReplyTimeout):
            source.read()
        source.close()
    assert len(said) == 1
    assert "not done" in said[0]


# --- a probe behind a gateway ---------------------------------------------------------------------

WATCHED_S = 1.0
"""Instead of a minute: these probes run in real time."""


def probed_at(uri: str, trips: RoundTrips) -> Probed:
    profile, digest = instrument_profile("din_rail_scale")
    return probe_address(uri, profile, digest, SystemClock(), trips=trips)


def test_a_probe_behind_a_sound_gateway_measures_through_it_and_only_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe_module, "DRIFT_S", WATCHED_S)
    transmitter, trips = Transmitter(), RoundTrips(None)
    with serving(transmitter=transmitter) as uri:
        probed = probed_at(uri, trips)
    items = {item.name: item for item in probed.items}
    assert items["zero"].state is CheckState.PASSED
    assert items["zero"].value == "-0.10 N"
    assert probed.times is not None
    assert probed.times.trips >= 5
    assert transmitter.instrument.writes == 0


def test_a_probe_behind_a_gateway_that_loses_bytes_ends_before_a_force() -> None:
    transmitter = Transmitter()
    with serving(telnet, transmitter=transmitter) as uri, pytest.raises(LinkError, match="raw TCP"):
        probed_at(uri, RoundTrips(None))
    assert transmitter.instrument.writes == 0


def test_a_probe_behind_a_gateway_without_an_instrument_says_that_nothing_came() -> None:
    with serving(answers=False) as uri, pytest.raises(ReplyTimeout, match="no answer within"):
        probed_at(uri, RoundTrips(None))
