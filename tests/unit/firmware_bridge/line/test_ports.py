"""Adapters are found by their numbers, and never taken for one another.

The list is made up: no adapter was connected to the computer that runs these tests.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from controller.errors import AddressInvalid, LinkLost
from firmware_bridge.line.ports import connected_words, device_of, known_ports
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.uri import SerialAddress, UsbAdapter, parse_uri
from tests.support.adapters import FakeSystem, adapter_info

FTDI = UsbAdapter(vid="0403", pid="6001", serial_number="A10KZP45")
SETTINGS = SerialSettings(baudrate=38400, parity="N", stopbits=1)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    return FakeSystem(tmp_path, monkeypatch)


def test_an_adapter_is_listed_with_all_that_is_known_of_it(system: FakeSystem) -> None:
    system.listed = [adapter_info("/dev/ttyUSB3", "A10KZP45")]
    system.latency_timer("/dev/ttyUSB3", "16\n")
    by_id = system.link("BY_ID", "usb-FTDI_A10KZP45-if00-port0", "/dev/ttyUSB3")
    system.link("BY_PATH", "pci-usb-0:1", "/dev/ttyUSB3")
    (port,) = known_ports()
    assert (port.vid, port.pid, port.serial_number) == ("0403", "6001", "A10KZP45")
    assert (port.latency_ms, port.stable_path, port.adapter) == (16, by_id, FTDI)
    assert port.best_name == "usb:0403:6001:A10KZP45"


def test_a_port_that_is_not_on_usb_is_no_adapter(system: FakeSystem) -> None:
    half_told = adapter_info("COM4", "A1")
    half_told.pid = None
    system.listed = [ListPortInfo("/dev/ttyS0"), half_told]
    assert known_ports() == ()
    assert connected_words() == "no serial adapter is connected"


@pytest.mark.parametrize("text", ["", "fast"])
def test_a_latency_timer_that_tells_nothing_is_no_number(system: FakeSystem, text: str) -> None:
    system.listed = [adapter_info("/dev/ttyUSB0", "A1")]
    system.latency_timer("/dev/ttyUSB0", text)
    assert known_ports()[0].latency_ms is None


def test_an_adapter_is_found_under_another_name(system: FakeSystem) -> None:
    others = [adapter_info("/dev/ttyUSB9", "A10KZP4", socket="1-9")]
    for device in ("/dev/ttyUSB0", "/dev/ttyUSB1"):
        system.listed = [*others, adapter_info(device, "A10KZP45")]
        assert device_of(FTDI) == device


@pytest.mark.parametrize(
    ("serial_number", "model"),
    [("a10kzp45", "0403:6001"), ("A10KZP45", "0403:6015"), ("A10KZP45", "1a86:6001")],
)
def test_every_number_has_to_be_the_same(
    system: FakeSystem, serial_number: str, model: str
) -> None:
    system.listed = [adapter_info("/dev/ttyUSB0", serial_number, model=model)]
    with pytest.raises(LinkLost, match=f"connected: usb:{model}:{serial_number}"):
        device_of(FTDI)


def test_an_adapter_that_is_not_there_is_named_with_what_is(system: FakeSystem) -> None:
    system.listed = [
        adapter_info("/dev/ttyUSB1", None, model="1a86:7523"),
        adapter_info("/dev/ttyUSB0", "B2", socket="1-2"),
    ]
    by_path = system.link("BY_PATH", "usb-0:1", "/dev/ttyUSB1")
    with pytest.raises(LinkLost) as lost:
        device_of(FTDI)
    assert lost.value.message == (
        "adapter usb:0403:6001:A10KZP45 is not connected; plug it in or correct the address "
        f"(connected: usb:0403:6001:B2, {by_path})"
    )


def test_nothing_connected_is_said(system: FakeSystem) -> None:
    system.listed = []
    with pytest.raises(LinkLost, match=r"\(no serial adapter is connected\)"):
        device_of(FTDI)


def test_two_adapters_with_one_serial_number_are_told_apart_by_their_sockets(
    system: FakeSystem,
) -> None:
    """Udev gives both the same link by id; it leads to the one that was plugged in last."""
    system.listed = [
        adapter_info("/dev/ttyUSB0", "A10KZP45", socket="1-1"),
        adapter_info("/dev/ttyUSB1", "A10KZP45", socket="1-2"),
    ]
    system.link("BY_ID", "usb-FTDI_A10KZP45-if00-port0", "/dev/ttyUSB0")
    system.link("BY_ID", "usb-FTDI_A10KZP45-if00-port0", "/dev/ttyUSB1")
    paths = [system.link("BY_PATH", f"usb-0:{n}", f"/dev/ttyUSB{n}") for n in range(2)]
    assert [port.stable_path for port in known_ports()] == paths
    assert [port.adapter for port in known_ports()] == [None, None]
    with pytest.raises(AddressInvalid) as refused:
        device_of(FTDI)
    assert "2 ports have these numbers" in refused.value.message
    assert refused.value.message.endswith(", ".join(paths))


def test_the_ports_of_one_adapter_are_told_apart_by_their_interfaces(system: FakeSystem) -> None:
    names = ["/dev/ttyUSB0", "/dev/ttyUSB1"]
    system.listed = [adapter_info(d, "F4", socket=f"1-1:1.{n}") for n, d in enumerate(names)]
    paths = [system.link("BY_ID", f"usb-F4-if0{n}", device) for n, device in enumerate(names)]
    assert [port.stable_path for port in known_ports()] == paths
    with pytest.raises(AddressInvalid, match="give the path of one instead"):
        device_of(UsbAdapter(vid="0403", pid="6001", serial_number="F4"))


@pytest.mark.parametrize("serial_number", [None, ""])
def test_an_adapter_without_a_serial_number_is_known_by_its_socket(
    system: FakeSystem, serial_number: str | None
) -> None:
    system.listed = [adapter_info("/dev/ttyUSB0", serial_number, model="1a86:7523")]
    system.link("BY_ID", "usb-1a86_USB_Serial-if00-port0", "/dev/ttyUSB0")
    by_path = system.link("BY_PATH", "usb-0:1", "/dev/ttyUSB0")
    (port,) = known_ports()
    assert (port.adapter, port.serial_number, port.stable_path) == (None, None, by_path)


@pytest.mark.parametrize(
    "error",
    [OSError("no bus"), TypeError("int() argument"), UnicodeDecodeError("utf-8", b"", 0, 1, "bad")],
)
def test_a_list_that_cannot_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken() -> list[ListPortInfo]:
        raise error

    monkeypatch.setattr(list_ports, "comports", broken)
    with pytest.raises(LinkLost, match="list of serial ports cannot be read"):
        device_of(FTDI)
    assert connected_words() == "what is connected cannot be listed"


@pytest.mark.parametrize("port", ["COM12", "/dev/serial/by-id/usb-gone", "/dev/ttyUSB77"])
def test_a_port_that_is_not_there_is_named_with_what_is(system: FakeSystem, port: str) -> None:
    system.listed = [adapter_info("/dev/ttyUSB0", "A10KZP45")]
    with pytest.raises(LinkLost, match=r"\(connected: usb:0403:6001:A10KZP45\)"):
        SerialPort(SerialAddress(port=port, unit=1), SETTINGS)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")
def test_an_adapter_is_looked_up_once_and_never_while_its_port_is_open(system: FakeSystem) -> None:
    master, slave = os.openpty()
    system.listed = [adapter_info(os.ttyname(slave), "A10KZP45")]
    address = parse_uri("modbus-rtu:usb:0403:6001:A10KZP45?unit=1")
    assert isinstance(address, SerialAddress)
    port = SerialPort(address, SETTINGS)
    os.close(slave)
    try:
        assert port.name == os.ttyname(port.fileno())
        port.write(b"asked")
        assert os.read(master, 99) == b"asked"
        system.listed = [adapter_info("/dev/ttyUSB1", "A10KZP45")]
        os.close(master)
        with pytest.raises(LinkLost, match="is gone"):
            port.read_available()
        assert system.asked == 1
    finally:
        port.close()
