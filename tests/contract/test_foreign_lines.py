"""The rules of the line on third-party servers: libmodbus behind socat.

It has no timer for 3.5 characters, and answers requests in their order.
"""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout
from controller.runtime.clock import SystemClock
from firmware_bridge.line.line import Line
from firmware_bridge.line.resync import FAILURES
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.timing import serial_times
from firmware_bridge.line.uri import SerialAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from firmware_bridge.modbus.registers import bytes_to_words
from tests.support.foreign_programs import LATE_MS, Libmodbus

BAUDRATE = 115200
TIMEOUT_S = 0.040
SETTINGS = SerialSettings(baudrate=BAUDRATE, parity="N", stopbits=1)
TRIES = 30
"""A busy machine may lose exchanges of its own; a line that stays unsound loses more than these."""


@contextmanager
def talker(path: str, *, timeout_s: float = TIMEOUT_S, echo: bool = False) -> Iterator[ModbusLink]:
    port = SerialPort(SerialAddress(port=path, unit=1), SETTINGS)
    line = Line(port, SystemClock(), serial_times(BAUDRATE), echo=echo)
    link = ModbusLink(line, RtuFraming(), unit=1, functions=FUNCTIONS, timeout_s=timeout_s)
    try:
        yield link
    finally:
        link.close()


def read(link: ModbusLink, address: int, count: int) -> list[int]:
    return bytes_to_words(link.read_registers(3, address, count))


def good_again(link: ModbusLink, address: int, count: int) -> list[int]:
    """The first answer that is accepted; every other exchange must fail with words."""
    for _ in range(TRIES):
        link.line.settle()
        try:
            return read(link, address, count)
        except LinkError:
            continue
    raise AssertionError(f"no good exchange in {TRIES}")


@pytest.mark.parametrize("count", [2, 3])
def test_an_answer_behind_its_time_out_is_never_that_of_another_address(
    libmodbus: Libmodbus, count: int
) -> None:
    with libmodbus.serving("rtu", 1) as path, talker(path) as link:
        for late_ms in (45, 60, 75, 120):
            good_again(link, 7, 1)
            hold_the_next_answer_back(link, late_ms)
            with suppress(ReplyTimeout):
                assert read(link, 100, 2) == [100, 101], (
                    "taken in time on a machine that stood still"
                )
            assert good_again(link, 200, count) == [200 + at for at in range(count)]
        assert link.line.counters.timeouts >= 1, "answers came behind their time-out"


def hold_the_next_answer_back(link: ModbusLink, late_ms: int) -> None:
    link.timeout_s = 1.0
    link.write_registers(6, LATE_MS, [late_ms])
    link.timeout_s = TIMEOUT_S


def test_a_server_without_a_timer_finds_its_place_in_the_pause(libmodbus: Libmodbus) -> None:
    with libmodbus.serving("rtu", 1) as path, talker(path) as link:
        lose_its_place(link, path)
        assert good_again(link, 100, 2) == [100, 101]
        assert [good_again(link, address, 2) for address in (300, 400)] == [[300, 301], [400, 401]]


def lose_its_place(link: ModbusLink, path: str) -> None:
    """Send stray bytes until one costs three exchanges: on a slow machine the server has time."""
    assert good_again(link, 100, 2) == [100, 101]
    with Path(path).open("wb", buffering=0) as line:
        for _ in range(TRIES):
            line.write(b"\0")
            if three_are_lost(link):
                return
    raise AssertionError("a stray byte costs no three exchanges on this server")


def three_are_lost(link: ModbusLink) -> bool:
    """False if a good answer comes first."""
    for _ in range(FAILURES):
        with suppress(LinkError):
            assert read(link, 100, 2) == [100, 101]
            return False
    return True


def test_what_the_adapter_returns_is_cut_off_where_the_address_says_so(
    libmodbus: Libmodbus,
) -> None:
    with libmodbus.on_a_line() as (path, unit_end):
        return_what_comes(unit_end)
        with talker(path, timeout_s=0.5, echo=True) as link:
            assert read(link, 100, 2) == [100, 101]
            link.write_registers(6, 300, [0x1311])
            link.write_registers(16, 301, [0xFFFF, 0x0D0A])
            written = bytes_to_words(link.read_write_registers(300, 3, 303, [9]))
            assert written == [0x1311, 0xFFFF, 0x0D0A]
            assert link.line.counters.refused == 0


def test_an_echo_that_the_address_does_not_name_is_refused_with_what_to_add(
    libmodbus: Libmodbus,
) -> None:
    with libmodbus.on_a_line() as (path, unit_end):
        return_what_comes(unit_end)
        refusal = pytest.raises(FrameCorrupt, match="add echo=1 to the address")
        with talker(path, timeout_s=0.5) as link, refusal:
            read(link, 100, 2)


def return_what_comes(end: str) -> None:
    """Let the terminal echo everything, as a two-wire adapter may."""
    descriptor = os.open(end, os.O_RDWR | os.O_NOCTTY)
    try:
        settings = termios.tcgetattr(descriptor)
        settings[3] |= termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    finally:
        os.close(descriptor)
