"""Where a system lacks pseudo-terminals or descriptors of serial ports, that is said in words."""

from __future__ import annotations

import os

import pytest
import serial

from controller.errors import AddressInvalid, LinkLost
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.uri import SerialAddress
from tests.support.commands import invoke
from workstation.demo import acts


class PortWithoutDescriptor:
    """What pyserial gives on Windows."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_serial_port_without_a_descriptor_is_refused_and_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = PortWithoutDescriptor()
    monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: port)
    with pytest.raises(LinkLost, match=r"COM3 cannot be waited on.*Modbus TCP"):
        SerialPort(
            SerialAddress(port="COM3", unit=1),
            SerialSettings(baudrate=38400, parity="E", stopbits=1),
        )
    assert port.closed


def test_without_pseudo_terminals_the_demo_runs_over_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "openpty")
    assert [act.wire for act in acts()] == ["tcp", "tcp"]


@pytest.mark.parametrize("wire", ["rtu", "ascii"])
def test_without_pseudo_terminals_the_demo_refuses_a_wire_that_needs_one(
    monkeypatch: pytest.MonkeyPatch, wire: str
) -> None:
    monkeypatch.delattr(os, "openpty")
    result = invoke("demo", "--wire", wire)
    assert isinstance(result.exception, AddressInvalid)
    assert f"--wire {wire}: this system has no pseudo-terminals" in result.exception.message


@pytest.mark.parametrize("wire", ["rtu", "ascii"])
def test_without_pseudo_terminals_a_serial_line_is_not_served(
    monkeypatch: pytest.MonkeyPatch, wire: str
) -> None:
    monkeypatch.delattr(os, "openpty")
    result = invoke("simulate", "--wire", wire)
    assert isinstance(result.exception, AddressInvalid)
    assert "no pseudo-terminals; serve with --wire tcp" in result.exception.message
