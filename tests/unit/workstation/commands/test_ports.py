"""``traction ports`` over a made-up list, and its addresses where sessions connect."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from controller.errors import LinkLost
from controller.runtime.clock import VirtualClock
from firmware_bridge.connect import connect_unit
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.line.uri import parse_uri
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profiles import shipped_profile
from tests.support.adapters import FakeSystem, adapter_info
from tests.support.commands import invoke


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    return FakeSystem(tmp_path, monkeypatch)


def printed(*options: str) -> str:
    result = invoke("ports", *options)
    assert result.exit_code == 0, result.output
    return result.output


def test_no_adapter_is_said_in_plain_words(system: FakeSystem) -> None:
    assert printed() == "no serial adapter is connected\n"
    assert json.loads(printed("--json")) == {"format": "traction-ports/1", "ports": []}


def test_each_adapter_is_printed_with_an_address_that_parses(system: FakeSystem) -> None:
    system.listed = [
        adapter_info("/dev/ttyUSB0", "A10 KZ#45?"),
        adapter_info("/dev/ttyUSB1", None, socket="1-2", model="1a86:7523"),
    ]
    system.latency_timer("/dev/ttyUSB0", "16\n")
    by_id = system.link("BY_ID", "usb-FTDI-if00", "/dev/ttyUSB0")
    by_path = system.link("BY_PATH", "usb-0:2", "/dev/ttyUSB1")
    assert printed().splitlines() == [
        "/dev/ttyUSB0: USB UART",
        "  VID 0403, PID 6001, serial number A10 KZ#45?",
        "  latency timer: 16 ms",
        f"  stable path: {by_id}",
        "  address: modbus-rtu:usb:0403:6001:A10%20KZ%2345%3F?unit=1 or "
        "ascii:usb:0403:6001:A10%20KZ%2345%3F",
        "/dev/ttyUSB1: USB UART",
        "  VID 1a86, PID 7523, no serial number",
        "  latency timer: none",
        f"  stable path: {by_path}",
        f"  address: modbus-rtu://{by_path}?unit=1 or ascii://{by_path}",
    ]
    for address in re.findall(r"(?:modbus-rtu|ascii):\S+", printed()):
        parse_uri(address)


def test_a_program_reads_the_same(system: FakeSystem) -> None:
    system.listed = [adapter_info("/dev/ttyUSB0", "A1")]
    assert json.loads(printed("--json"))["ports"] == [
        {
            "device": "/dev/ttyUSB0",
            "title": "USB UART",
            "vid": "0403",
            "pid": "6001",
            "serial_number": "A1",
            "latency_timer_ms": None,
            "stable_path": None,
            "adapter": "usb:0403:6001:A1",
        }
    ]


def test_what_a_hostile_adapter_calls_itself_steers_no_screen(system: FakeSystem) -> None:
    info = adapter_info("/dev/ttyUSB0", "A1\x1b[2J")
    info.description = "UART\n\u202eTRAU"
    system.listed = [info]
    text = printed()
    assert len(text.splitlines()) == 5
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_an_adapter_is_looked_up_where_units_and_instruments_connect(system: FakeSystem) -> None:
    profile, digest = shipped_profile("sauter_fh", GaugeProfile)
    with pytest.raises(LinkLost, match="adapter usb:0403:6001:A1 is not connected"):
        connect_unit("modbus-rtu:usb:0403:6001:A1?unit=1", VirtualClock())
    with pytest.raises(LinkLost, match="adapter usb:0403:6001:A2 is not connected"):
        connect_instrument("ascii:usb:0403:6001:A2", profile, digest, VirtualClock())
