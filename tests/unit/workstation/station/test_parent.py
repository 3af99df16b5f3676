"""The parent in this process: what it takes, what it opens again, what it refuses."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import RequestRefused, StationBusy
from controller.runtime.clock import SystemClock
from tests.support.real_time import wait_until
from tests.support.stops import connect_and_say, free_port
from workstation.station.parent import TURNED_S, Station, door_addresses
from workstation.station.place import is_held
from workstation.station.plan import StationPlan
from workstation.station.stop_door import StopDoor


def look(plan: StationPlan) -> str:
    return connect_and_say(plan.stop_port, b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_stop_door_that_fails_is_opened_again(
    plan: StationPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(StopDoor, "_accept", None)
        station = Station(plan, SystemClock())
        log = Path(plan.data) / "station" / "station.log"
        wait_until(lambda: not station.door_is_open, "the failure")
    station.keep_up()
    assert look(plan).startswith("HTTP/1.1 ")
    station.close()
    assert "the stop door has failed and is opened again" in log.read_text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("place", ["stop_door.listening", "parent.door_addresses"])
def test_a_stop_door_is_tried_again_until_the_system_can_open_it(
    plan: StationPlan, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(StopDoor, "_accept", None)
        station = Station(plan, SystemClock())
        wait_until(lambda: not station.door_is_open, "the failure")

    def exhausted(_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(f"workstation.station.{place}", exhausted)
        for _ in range(2):
            station.keep_up()
            assert not station.door_is_open
    station.keep_up()
    assert look(plan).startswith("HTTP/1.1 ")
    station.close()
    log = (Path(plan.data) / "station" / "station.log").read_text()
    assert "the stop door cannot be opened: Too many open files" in log


class SetClock(SystemClock):
    """The system's, put forward as a test wants."""

    ahead_s = 0.0

    def now_s(self) -> float:
        return super().now_s() + self.ahead_s


def test_a_loop_that_does_not_come_round_is_not_heard_by_its_programs(plan: StationPlan) -> None:
    clock = SetClock()
    station = Station(plan, clock)
    station.keep_up()
    beat = station.heartbeat()
    assert beat is not None
    assert beat.sounds is False, "no loudspeaker has answered yet"
    clock.ahead_s = TURNED_S + 0.1
    assert station.heartbeat() is None
    station.keep_up()
    assert station.heartbeat() is not None
    station.close()


def test_a_station_that_cannot_open_its_door_leaves_the_folder(plan: StationPlan) -> None:
    with pytest.raises(RequestRefused, match=r"station_certificate=/none\.pem cannot be used"):
        Station(
            replace(plan, stop_addresses=("127.0.0.1",), certificate="/none.pem"), SystemClock()
        )
    assert not is_held(Path(plan.data) / "station" / "station.lock")
    station = Station(plan, SystemClock())
    with pytest.raises(StationBusy, match="another station runs on the folder"):
        Station(replace(plan, stop_port=free_port()), SystemClock())
    station.close()


def test_only_loopback_is_without_tls(plan: StationPlan) -> None:
    assert {one.host for one in door_addresses(plan)} <= {"127.0.0.1", "::1"}
    assert all(one.tls is None and one.port == plan.stop_port for one in door_addresses(plan))
