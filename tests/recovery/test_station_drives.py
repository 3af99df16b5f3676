"""The whole station in real time: command, parent, program, stop door and a simulated unit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from controller.runtime.clock import SystemClock
from controller.snapshot import Doing
from controller.telemetry import CommandKind, ForceCommand, UnitState
from firmware_bridge.connect import connect_unit
from tests.support.commands import said
from tests.support.real_time import ROOT, run_first, simulated_unit, wait_until
from tests.support.station_console import Console, configured, is_holding, is_idle
from tests.support.stops import connect_and_say, free_port

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and sockets with a path")
CLOCK = SystemClock()
BY = "A. Example"


@contextmanager
def station(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "workstation.cli", "station", "--data", str(data)]
    environment = os.environ | {"TRACTION_STOP_PORT": str(port), "TRACTION_TIME_ZONE": "UTC"}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def nothing_left_behind(data: Path) -> Iterator[None]:
    """Programs outlive their parent, but not the test, however that ends."""
    try:
        yield
    finally:
        for lock in (data / "station").glob("Table-*.lock"):
            with suppress(ValueError, ProcessLookupError):
                os.kill(int(lock.read_text(encoding="ascii")), signal.SIGKILL)


def test_a_press_through_the_next_parent_s_door_ends_a_hold_that_began_before_it(
    tmp_path: Path,
) -> None:
    data, port = tmp_path / "data", free_port()
    with simulated_unit("tcp", "--body", "lumbar_split") as (unit, uri), nothing_left_behind(data):
        run_first(unit.process_id)
        records = configured(tmp_path / "data", uri)
        said(records, "sound-check", "--by", BY, "--without", "no loudspeaker in a test")
        with station(data, port) as first:
            desk = Console(records)
            desk.until(is_idle, "the idle unit")
            desk.prepare()
            desk.until(is_holding, "the hold")
            first.kill()
        since_s = CLOCK.now_s()
        shown = desk.until(lambda shown: CLOCK.now_s() - since_s > 3.0, "three seconds more")
        assert (shown.phase, shown.doing) == ("holding", Doing.SESSION)
        with station(data, port) as second:
            wait_until(lambda: "Force " in look(port), "the door")
            answer = connect_and_say(port, b"POST /stop/Table%201 HTTP/1.1\r\n\r\n")
            assert "STOP was ordered at " in answer
            assert "Look at the patient." in answer
            wait_until(lambda: "Released: " in look(port), "the release")
            second.send_signal(signal.SIGTERM)
            assert second.wait(60) == 0
        log = (data / "station" / "station.log").read_text()
        assert log.count("Table 1: its program was started") == 1
        assert log.count("Table 1: its program was found running") == 1
        assert is_released(uri)
    assert desk.filed is not None
    assert f"{desk.filed.session_id}  " in said(records, "sessions", "--outcome", "stopped")


def is_released(uri: str) -> bool:
    unit = connect_unit(uri, CLOCK)
    try:
        return unit.exchange(ForceCommand(kind=CommandKind.OBSERVE)).unit_state is UnitState.IDLE
    finally:
        unit.close()


def look(port: int) -> str:
    try:
        return connect_and_say(port, b"GET /stop/Table%201 HTTP/1.1\r\n\r\n")
    except OSError:
        return ""
