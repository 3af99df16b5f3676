"""What the service manager hears, and that the service file asks for what the station needs."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from controller.runtime.clock import SystemClock
from tests.support.pages import ROOT
from workstation.awake.keeper import WITH_LID
from workstation.session.realtime import PRIORITY
from workstation.settings import Settings
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
    assert "ExecStop" not in service, "the signal alone lets every patient go"
    ordered = parser["Unit"]["After"].split()
    assert "network.target" in ordered, "a shutdown takes the network from a release else"


def test_the_service_leaves_the_folder_to_a_group_of_readers() -> None:
    """A manager that keeps the folder itself sets mode and group back at each start."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(SERVICE)
    service = parser["Service"]
    assert service["ReadWritePaths"] == service["ExecStart"].split()[-1]
    assert "StateDirectory" not in service
    assert "RestrictSUIDSGID" not in service, "folders for readers have the bit of their group"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_has_nothing_to_say_against_the_service(tmp_path: Path) -> None:
    text = SERVICE.read_text(encoding="utf-8")
    unit = tmp_path / SERVICE.name
    unit.write_text(text.replace("/opt/traction/current/bin/traction", "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")


def test_the_rule_lets_the_service_hold_off_what_a_session_asks_for_and_nothing_else() -> None:
    rule = (ROOT / "packaging" / "traction-polkit.rules").read_text(encoding="utf-8")
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(SERVICE)
    assert re.findall(r'subject\.user === "(.*?)"', rule) == [parser["Service"]["User"]]
    asked = {one if one.startswith("handle") else f"block-{one}" for one in WITH_LID.split(":")}
    named = re.findall(r'"(org\.freedesktop\..*?)"', rule)
    assert sorted(named) == sorted(f"org.freedesktop.login1.inhibit-{one}" for one in asked)
    assert rule.count("polkit.Result.YES") == 1


def test_the_kiosk_shows_the_console_and_reaches_nothing_but_it_and_stop() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "packaging" / "traction-console.desktop")
    command = parser["Desktop Entry"]["Exec"].split()
    console = f"127.0.0.1:{Settings().console_port}"
    assert command[0] == "chromium"
    assert "--kiosk" in command
    assert command[-1] == f"http://{console}/"
    policy = json.loads((ROOT / "packaging" / "traction-chromium.json").read_text())
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == [console, f"127.0.0.1:{Settings().stop_port}"]
    assert policy["TabDiscardingExceptions"] == policy["URLAllowlist"]
