"""Serial servers on a real connection: their effect on bytes, and what is reported about it.

One of them is ser2net, before a simulated unit and before a server of libmodbus.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.errors import LinkError, LinkLost, ReplyTimeout
from controller.runtime.clock import SystemClock
from firmware_bridge.connect import connect_unit
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.timing import serial_times
from firmware_bridge.line.uri import SerialAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from firmware_bridge.modbus.transparency import check_transparency
from simulator.line.device_time import SystemDeviceTime
from simulator.table.patient import PassivePatient
from simulator.units import simulated_unit
from tests.support.foreign_programs import Libmodbus, ser2net
from tests.support.serial_server import Filter, serving
from tests.unit.firmware_bridge.modbus.test_transparency import FlowControl, telnet

BAUDRATE = 115200


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
