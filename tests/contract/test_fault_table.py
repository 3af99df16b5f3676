"""Every fault of an answer, on RTU and TCP, against pymodbus' servers.

For each: no wrong or stale value, the error says what came, and the next good exchange works.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pymodbus.framer import FramerRTU

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout, UnitRejected
from controller.runtime.clock import SystemClock
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.tcp_socket import TcpSocket
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.line.uri import SerialAddress, TcpAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming, TcpFraming
from firmware_bridge.modbus.registers import bytes_to_words
from tests.support.faulty_server import Fault, FaultyServer, Pieces

TIMEOUT_S = 0.2
LATE_S = 0.3


@pytest.fixture(params=["rtu", "tcp"])
def server(request: pytest.FixtureRequest) -> Iterator[FaultyServer]:
    with FaultyServer(request.param) as running:
        yield running


@pytest.fixture
def link(server: FaultyServer) -> Iterator[ModbusLink]:
    link = tcp_link(server) if server.kind == "tcp" else rtu_link(server)
    yield link
    link.close()


def tcp_link(server: FaultyServer) -> ModbusLink:
    transport = TcpSocket(TcpAddress(host="127.0.0.1", port=server.port, unit=1))
    line = Line(transport, SystemClock(), NO_WIRE, numbered=True)
    return ModbusLink(line, TcpFraming(), unit=1, functions=FUNCTIONS, timeout_s=TIMEOUT_S)


def rtu_link(server: FaultyServer) -> ModbusLink:
    transport = SerialPort(
        SerialAddress(port=server.path, unit=1, baudrate=115200),
        SerialSettings(baudrate=115200, parity="E", stopbits=1),
    )
    line = Line(transport, SystemClock(), serial_times(115200))
    return ModbusLink(line, RtuFraming(), unit=1, functions=FUNCTIONS, timeout_s=TIMEOUT_S)


def pdu(kind: str, frame: bytes) -> bytes:
    """Unit and PDU of a frame."""
    return frame[6:] if kind == "tcp" else frame[:-2]


def reframed(kind: str, frame: bytes, unit_and_pdu: bytes) -> bytes:
    """The same frame around another PDU, with a valid length or CRC."""
    if kind == "tcp":
        return frame[:4] + len(unit_and_pdu).to_bytes(2, "big") + unit_and_pdu
    return unit_and_pdu + FramerRTU.compute_CRC(unit_and_pdu).to_bytes(2, "big")


def silence(kind: str) -> Fault:
    return lambda frame: []


def bad_check(kind: str) -> Fault:
    """RTU: a wrong CRC. TCP has none; there the header's protocol number is wrong."""
    if kind == "tcp":
        return lambda frame: [(0, frame[:2] + b"\x00\x07" + frame[4:])]
    return lambda frame: [(0, frame[:-1] + bytes([frame[-1] ^ 0xFF]))]


def truncated(kind: str) -> Fault:
    return lambda frame: [(0, frame[:-3])]


def too_short(kind: str) -> Fault:
    def spoil(frame: bytes) -> Pieces:
        body = pdu(kind, frame)
        return [(0, reframed(kind, frame, body[:2] + bytes([body[2] - 2]) + body[3:-2]))]

    return spoil


def wrong_unit(kind: str) -> Fault:
    return lambda frame: [(0, reframed(kind, frame, b"\x07" + pdu(kind, frame)[1:]))]


def wrong_function(kind: str) -> Fault:
    def spoil(frame: bytes) -> Pieces:
        body = pdu(kind, frame)
        return [(0, reframed(kind, frame, body[:1] + bytes([body[1] + 1]) + body[2:]))]

    return spoil


def exception_6(kind: str) -> Fault:
    def spoil(frame: bytes) -> Pieces:
        body = pdu(kind, frame)
        return [(0, reframed(kind, frame, bytes([body[0], body[1] | 0x80, 6])))]

    return spoil


def late(kind: str) -> Fault:
    return lambda frame: [(LATE_S, frame)]


def garbage_first(kind: str) -> Fault:
    return lambda frame: [(0, b"\xff\x00\x55\xaa\xff\xff\xff\xff\xff" + frame)]


def other_transaction(kind: str) -> Fault:
    return lambda frame: [(0, b"\x7f\xff" + frame[2:])]


REFUSED = [
    (silence, ReplyTimeout, "no answer"),
    (bad_check, FrameCorrupt, "CRC|header"),
    (truncated, FrameCorrupt, "bytes"),
    (too_short, FrameCorrupt, "instead of"),
    (wrong_unit, FrameCorrupt, "unit 7 answered instead of unit 1"),
    (wrong_function, FrameCorrupt, "function (4|24|17) came instead of"),
    (exception_6, UnitRejected, "exception 6 .unit busy."),
    (late, ReplyTimeout, "no answer"),
    (garbage_first, FrameCorrupt, "ff0055aa"),
]


@pytest.mark.parametrize("function", [3, 23])
@pytest.mark.parametrize(("fault", "error", "words"), REFUSED)
def test_fault_is_refused_and_the_next_exchange_is_good(
    server: FaultyServer,
    link: ModbusLink,
    function: int,
    fault: type,
    error: type[LinkError],
    words: str,
) -> None:
    server.faults.append(fault(server.kind))
    with pytest.raises(error, match=words):
        read(link, function, 100)
    assert server.faults_done == 1
    for address in (200, 300, 400):
        assert read(link, function, address) == [address, address + 1, address + 2]


@pytest.mark.parametrize("function", [3, 23])
def test_a_doubled_answer_counts_once(
    server: FaultyServer, link: ModbusLink, function: int
) -> None:
    server.faults.append(lambda frame: [(0, frame + frame)])
    assert read(link, function, 100) == [100, 101, 102]
    assert server.faults_done == 1
    assert read(link, function, 200) == [200, 201, 202]


@pytest.mark.parametrize("function", [3, 23])
def test_an_answer_that_trickles_in_is_taken(
    server: FaultyServer, link: ModbusLink, function: int
) -> None:
    server.faults.append(lambda frame: [(0.002 * i, frame[i : i + 1]) for i in range(len(frame))])
    assert read(link, function, 100) == [100, 101, 102]
    assert server.faults_done == 1


def test_an_answer_of_another_transaction_is_never_taken() -> None:
    with FaultyServer("tcp") as server:
        link = tcp_link(server)
        server.faults.append(other_transaction("tcp"))
        with pytest.raises(FrameCorrupt, match="7fff"):
            read(link, 3, 100)
        assert read(link, 3, 200) == [200, 201, 202]
        link.close()


def test_late_answer_while_the_next_request_waits_on_tcp_is_passed_over() -> None:
    with FaultyServer("tcp") as server:
        link = tcp_link(server)
        server.faults += [late("tcp"), lambda frame: [(0.15, frame)]]
        with pytest.raises(ReplyTimeout):
            read(link, 3, 100)
        assert read(link, 3, 200) == [200, 201, 202]
        assert server.faults_done == 2
        link.close()


def read(link: ModbusLink, function: int, address: int) -> list[int]:
    """Read three registers with function 3, or with function 23 and a harmless write."""
    if function == 3:
        return bytes_to_words(link.read_registers(3, address, 3))
    return bytes_to_words(link.read_write_registers(address, 3, 0x600, [1, 2]))
