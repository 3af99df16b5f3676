"""What the service manager hears, and that the service file asks for what the station needs."""

from __future__ import annotations

import configparser
import os
import socket
from pathlib import Path

import pytest

from controller.runtime.clock import SystemClock
from tests.support.pages import ROOT
from workstation.session.realtime import PRIORITY
from workstation.station.parent import TURNED_S, Station
from workstation.station.plan import StationPlan
from workstation.station.service_manager import ALIVE, ENDING, READY, SOCKET, ServiceManager

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path")
SERVICE = ROOT / "packaging" / "traction-station.service"


def heard(listening: socket.socket) -> list[str]:
    said = []
    listening.setblocking(False)
    try:
        while True:
            said.append(listening.recv(100).decode())
    except BlockingIOError:
        return said


@pytest.mark.parametrize("abstract", [False, True])
def test_a_manager_hears_what_is_said(tmp_path: Path, *, abstract: bool) -> None:
    address = f"@traction-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + address[1:] if abstract else address)
        ServiceManager({SOCKET: address}).say(READY)
        assert heard(listening) == ["READY=1"]


def test_without_a_manager_nothing_is_said(tmp_path: Path) -> None:
    ServiceManager({}).say(READY)
    ServiceManager({SOCKET: str(tmp_path / "gone")}).say(READY)


def test_a_station_says_when_it_is_ready_and_goes_on_saying_that_it_lives(
    plan: StationPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        monkeypatch.setenv(SOCKET, str(tmp_path / "notify"))
        station = Station(plan, SystemClock())
        turns = []

        def turn() -> None:
            turns.append(True)
            if len(turns) == 3:
                station.end(15, None)

        monkeypatch.setattr(station, "keep_up", turn)
        station.run()
        assert heard(listening) == [READY, ALIVE, ALIVE, ALIVE, ENDING]


def test_the_service_asks_for_what_the_station_needs() -> None:
    """One process gets the signal, nobody is killed in a release, a hang is noticed."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(SERVICE)
    service = parser["Service"]
    assert service["Type"] == "notify"
    assert service["KillMode"] == "process"
    assert service["TimeoutStopSec"] == "15min"
    assert float(service["WatchdogSec"].removesuffix("s")) > TURNED_S
    assert int(service["LimitRTPRIO"]) >= PRIORITY
    assert service["ExecStart"].split()[1] == "station"
    assert service["Restart"] == "always"
