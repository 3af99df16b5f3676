"""mbpoll, a third-party client: what the simulated unit shows it, and refuses it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from simulator.line.device_time import SystemDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.table.patient import PassivePatient
from simulator.units import simulated_unit
from tests.support.installed import installed

BAUDRATE = 115200
COMMAND = 0x0200
FLASH = 0x0700
_VALUE = re.compile(r"^\[\d+\]:\s+0x([0-9A-F]{4})$", re.MULTILINE)


@pytest.fixture(params=["rtu", "tcp"])
def unit(request: pytest.FixtureRequest) -> Iterator[SimulatedUnit]:
    unit = simulated_unit("cervical_sliding", PassivePatient(), SystemDeviceTime(), seed=1)
    with unit.serve_tcp() if request.param == "tcp" else unit.serve_rtu(BAUDRATE):
        yield unit


def mbpoll(unit: SimulatedUnit, *options: str, write: list[int] | None = None) -> tuple[int, str]:
    """Poll once; returns mbpoll's exit status and its output."""
    parts = urlsplit(unit.uri)
    where = ["-m", "tcp", "-p", str(parts.port), "127.0.0.1"]
    if parts.scheme == "modbus-rtu":
        where = ["-m", "rtu", "-b", str(BAUDRATE), "-P", "none", parts.path]
    command = [installed("mbpoll"), "-0", "-1", "-o", "5", *options, *where]
    command += [str(value) for value in write or ()]
    plain_words = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=plain_words)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("table", ["3:hex", "4:hex"])
def test_identity_is_read_by_functions_3_and_4(unit: SimulatedUnit, table: str) -> None:
    status, printed = mbpoll(unit, "-t", table, "-r", "0", "-c", "32")
    words = [int(value, 16) for value in _VALUE.findall(printed)]
    assert (status, words) == (0, unit.firmware.read_registers(0, 32))
    assert b"".join(word.to_bytes(2, "big") for word in words[:2]) == b"TRC1"


def test_what_the_unit_does_not_have_or_take_is_refused_by_its_code(unit: SimulatedUnit) -> None:
    assert "Illegal data address" in refused(mbpoll(unit, "-t", "4", "-r", str(FLASH)))
    one = mbpoll(unit, "-t", "4", "-r", str(COMMAND), write=[1])
    assert "Illegal function" in refused(one)
    without_token = mbpoll(unit, "-t", "4", "-r", str(COMMAND), write=[0, 0, 1, 2, 500, 0, 0, 0])
    assert "Illegal data value" in refused(without_token)
    elsewhere = mbpoll(unit, "-t", "4", "-r", str(COMMAND), write=[0, 0, 1, 2])
    assert "Illegal data address" in refused(elsewhere)


def test_another_unit_s_number_is_not_answered(unit: SimulatedUnit) -> None:
    status, printed = mbpoll(unit, "-a", "2", "-r", "0", "-o", "0.2")
    assert status
    assert "timed out" in printed


def refused(answered: tuple[int, str]) -> str:
    status, printed = answered
    assert status, printed
    return printed
