"""Addresses that parse, and the words for those that do not."""

from __future__ import annotations

import pytest

from controller.errors import AddressInvalid
from firmware_bridge.connect import connect_unit, line_tick_s, serial_tick_s
from firmware_bridge.line.uri import (
    AsciiAddress,
    SerialAddress,
    TcpAddress,
    UsbAdapter,
    parse_uri,
)
from simulator.line.direct_line import DirectClock

FTDI = UsbAdapter(vid="0403", pid="6001", serial_number="A10KZP45")
ODD = UsbAdapter(vid="1a86", pid="7523", serial_number="a:b %?")


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("modbus-tcp://127.0.0.1:5020?unit=7", TcpAddress(host="127.0.0.1", port=5020, unit=7)),
        ("modbus-tcp://table-2:502", TcpAddress(host="table-2", port=502, unit=1)),
        (
            "modbus-rtu:///dev/ttyUSB0?baudrate=38400&parity=E",
            SerialAddress(port="/dev/ttyUSB0", unit=1, baudrate=38400, parity="E"),
        ),
        ("modbus-rtu:///COM3?stopbits=2", SerialAddress(port="COM3", unit=1, stopbits=2)),
        (
            "modbus-rtu+socket://10.0.0.9:4001?unit=3",
            SerialAddress(port="socket://10.0.0.9:4001", unit=3),
        ),
        ("modbus-tcp://scale:502?unit=255", TcpAddress(host="scale", port=502, unit=255)),
        ("modbus-tcp://scale:502?unit=0", TcpAddress(host="scale", port=502, unit=0)),
        (
            "modbus-rtu:///dev/ttyUSB0?baudrate=256000&unit=247",
            SerialAddress(port="/dev/ttyUSB0", unit=247, baudrate=256000),
        ),
        (
            "ascii:///dev/ttyACM0?baudrate=1200&bytesize=7&parity=O&stopbits=2",
            AsciiAddress(port="/dev/ttyACM0", baudrate=1200, bytesize=7, parity="O", stopbits=2),
        ),
        ("ascii+socket://10.0.0.9:4001", AsciiAddress(port="socket://10.0.0.9:4001")),
        ("ascii:///dev/ttyS1?echo=0", AsciiAddress(port="/dev/ttyS1")),
        (
            "modbus-rtu:///dev/ttyS1?echo=1&unit=2",
            SerialAddress(port="/dev/ttyS1", unit=2, echo=True),
        ),
        (
            "modbus-rtu:usb:0403:6001:A10KZP45?unit=3&baudrate=38400",
            SerialAddress(port=FTDI, unit=3, baudrate=38400),
        ),
        ("ascii:USB:1A86:7523:a:b%20%25%3f?bytesize=7", AsciiAddress(port=ODD, bytesize=7)),
    ],
)
def test_each_address_is_read_as_what_it_means(
    uri: str, address: TcpAddress | SerialAddress | AsciiAddress
) -> None:
    assert parse_uri(uri) == address


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", "scheme"),
        ("/dev/ttyUSB0", "scheme 'missing'"),
        ("http://127.0.0.1:502", "scheme 'http'"),
        ("modbus-tcp://:502", "host is missing"),
        ("modbus-tcp://host", "port number is missing"),
        ("modbus-tcp://host:99999", "port is not a number"),
        ("modbus-tcp://host:502?unit=256", "unit=256 is not a number from 0 to 255"),
        ("modbus-rtu:///dev/ttyUSB0?unit=0", "unit=0 is not a number from 1 to 247"),
        ("modbus-rtu:///dev/ttyUSB0?unit=248", "unit=248 is not a number from 1 to 247"),
        ("modbus-rtu:///dev/ttyUSB0?bytesize=7", "key 'bytesize'"),
        ("modbus-rtu:///dev/ttyUSB0?baudrate=600", "baudrate=600"),
        ("modbus-rtu:///dev/ttyUSB0?baudrate=460800", "baudrate=460800"),
        ("ascii:///dev/ttyUSB0?bytesize=6", "bytesize=6 is not a number from 7 to 8"),
        ("ascii:///dev/ttyUSB0?unit=1", "key 'unit'"),
        ("modbus-rtu:///dev/ttyUSB0?echo=yes", "echo=yes is not a number from 0 to 1"),
        ("modbus-tcp://host:502?echo=1", "key 'echo'"),
        ("modbus-tcp://host:502?slave=1", "key 'slave'"),
        ("modbus-tcp://host:502?baudrate=9600", "key 'baudrate'"),
        ("modbus-rtu://dev/ttyUSB0", "three slashes"),
        ("modbus-rtu://", "path is missing"),
        ("modbus-rtu:///dev/ttyUSB0?baudrate=12345", "baudrate=12345"),
        ("modbus-rtu:///dev/ttyUSB0?baudrate=fast", "baudrate=fast"),
        ("modbus-rtu:///dev/ttyUSB0?parity=X", "parity=X"),
        ("modbus-rtu:///dev/ttyUSB0?stopbits=3", "stopbits=3"),
        ("modbus-rtu+socket://host", "port number is missing"),
        ("usb:0403:6001:A10KZP45", "name the protocol: modbus-rtu:usb:"),
        ("modbus-rtu:usb:0403:6001", "VID and PID four hexadecimal digits each"),
        ("modbus-rtu:usb:403:6001:A1", "VID and PID four hexadecimal digits each"),
        ("ascii:usb:0403:600g:A1", "an adapter is ascii:usb:VID:PID:SERIAL"),
        ("modbus-rtu://usb:0403:6001:A1", "without slashes"),
        ("modbus-rtu:///usb:0403:6001:A1", "without slashes"),
        ("modbus-rtu:usb:1a86:7523:", "an adapter that has none give the stable path"),
        ("modbus-rtu:usb:0403:6001:A1#2", "write %23"),
        ("ascii:usb:0403:6001:A1?unit=1", "key 'unit'"),
        ("modbus-rtu+socket:usb:0403:6001:A1", "is not expected after the port number"),
        ("modbus-tcp:usb:0403:6001:A1", "is not expected after the port number"),
    ],
)
def test_bad_addresses_are_named_with_an_example(uri: str, words: str) -> None:
    with pytest.raises(AddressInvalid) as refused:
        parse_uri(uri)
    assert words in refused.value.message
    assert "expected for instance modbus-tcp://" in refused.value.message


@pytest.mark.parametrize("adapter", [FTDI, ODD])
def test_an_adapter_is_written_as_it_is_read(adapter: UsbAdapter) -> None:
    assert parse_uri(f"modbus-rtu:{adapter}?unit=2") == SerialAddress(port=adapter, unit=2)


@pytest.mark.parametrize("scheme", ["modbus-rtu", "ascii"])
@pytest.mark.parametrize("baudrate", [1200, 2400, 4800])
def test_a_line_that_is_too_slow_for_a_unit_is_refused_before_it_is_opened(
    scheme: str, baudrate: int
) -> None:
    with pytest.raises(AddressInvalid, match=f"at {baudrate} Bd one reading takes longer"):
        connect_unit(f"{scheme}:///dev/none?baudrate={baudrate}", DirectClock())


@pytest.mark.parametrize(
    ("baudrate", "latency_s", "tick_s"),
    [
        (9600, 0.001, 0.2),
        (14400, 0.001, 0.2),
        (19200, 0.001, 0.1),
        (38400, 0.001, 0.1),
        (57600, 0.001, 0.05),
        (57600, 0.016, 0.1),
        (115200, 0.016, 0.05),
    ],
)
def test_on_lines_of_text_an_order_and_its_answer_fit_the_tick(
    baudrate: int, latency_s: float, tick_s: float
) -> None:
    """109 characters (B.8), the adapter's lump and the unit's 10 ms in the time-out."""
    assert line_tick_s(baudrate, latency_s) == tick_s
    assert 1090 / baudrate + latency_s + 0.010 <= 0.8 * tick_s
    usual_s = 1090 / baudrate + 0.002 + (latency_s if latency_s < 0.01 else 0.0)
    assert usual_s <= 0.6 * tick_s, "every answer would count as slow"


@pytest.mark.parametrize(
    ("baudrate", "latency_s", "tick_s"),
    [
        (9600, 0.001, 0.2),
        (14400, 0.001, 0.2),
        (19200, 0.001, 0.1),
        (28800, 0.001, 0.1),
        (38400, 0.016, 0.1),
        (38400, 0.001, 0.05),
        (115200, 0.016, 0.05),
    ],
)
def test_tick_follows_the_wire(baudrate: int, latency_s: float, tick_s: float) -> None:
    assert serial_tick_s(baudrate, latency_s) == tick_s
