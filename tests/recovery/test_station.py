"""The parent of a station as a real process, with stand-ins for the programs that drive."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.real_time import ROOT, freeze, runs, wait_until
from tests.support.stops import connect_and_say, free_port
from workstation.station.child_program import MOST_LOG_BYTES
from workstation.station.place import ChannelPlace, station_folder
from workstation.station.plan import PlannedUnit, StationPlan

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and sockets with a path")
UNITS = ("Table 1", "Table 2")


class Clinic:
    """A data folder, the parents started on it, and the notes of the units' programs."""

    def __init__(self, data: Path, state: str) -> None:
        self.data = data
        self.plan = StationPlan(
            data=str(data),
            units=tuple(PlannedUnit(called=name, port=name, unit_id="") for name in UNITS),
            control=(sys.executable, "-m", "tests.support.stand_in_control", str(data), state),
            console=(sys.executable, "-c", "pass"),
            stop_port=free_port(),
            console_port=8720,
            time_zone="UTC",
        )

    @contextmanager
    def parent(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "workstation.station.parent", self.plan.as_text()]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def events(self, unit: str) -> list[str]:
        path = self.data / f"{unit}.events"
        return path.read_text().splitlines() if path.exists() else []

    def started(self, unit: str) -> list[int]:
        """The process ids of every program that drove a unit."""
        return [int(one.split()[1]) for one in self.events(unit) if one.startswith("started")]

    def press(self, path: str = "/stop/Table%201") -> str:
        request = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        return connect_and_say(self.plan.stop_port, request)

    def press_and_see(self, words: str, path: str = "/stop/Table%201") -> None:
        """Press; on a busy machine the answer is on a later page than the press."""
        page = self.press(path)
        wait_until(lambda: words in page or words in self.look(path), words)

    def look(self, path: str = "/stop/Table%201") -> str:
        return connect_and_say(self.plan.stop_port, f"GET {path} HTTP/1.1\r\n\r\n".encode())

    def wait_until_linked(self) -> None:
        """Wait until a parent's stop door knows the force at both units."""

        def linked() -> bool:
            try:
                said = self.look("/")
            except OSError:
                return False
            return said.count("Force ") == 2 and "not known" not in said

        wait_until(linked, "both units at the door")

    @property
    def log(self) -> str:
        path = self.data / "station" / "station.log"
        return path.read_text() if path.exists() else ""

    def wait_for_log(self, words: str) -> None:
        wait_until(lambda: words in self.log, words)

    def kill_all(self) -> None:
        for unit in UNITS:
            for process_id in self.started(unit):
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)


@pytest.fixture
def clinic(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Clinic]:
    made = Clinic(tmp_path, getattr(request, "param", "session"))
    yield made
    made.kill_all()


def test_a_press_stops_the_unit_and_the_page_follows_its_release(clinic: Clinic) -> None:
    with clinic.parent():
        clinic.wait_until_linked()
        clinic.press_and_see("force then 59.2 N. Look at the patient.")
        wait_until(lambda: "Released: 1.8 N at " in clinic.look(), "the release")
        clinic.press_and_see("STOP was already ordered at ")
        assert "Released: 1.8 N." in clinic.look()
        assert "stop STOP from 127.0.0.1, no page named" in clinic.events("Table 1")
        assert not [one for one in clinic.events("Table 2") if one.startswith("stop")]


def test_a_press_on_all_reaches_each(clinic: Clinic) -> None:
    with clinic.parent():
        clinic.wait_until_linked()
        page = clinic.press("/stop")
        wait_until(
            lambda: 2 in (one.count("STOP was ordered at") for one in (page, clinic.look("/stop"))),
            "both orders",
        )


@pytest.mark.parametrize("clinic", ["idle"], indirect=True)
def test_a_press_with_nothing_open_says_so(clinic: Clinic) -> None:
    with clinic.parent():
        clinic.wait_until_linked()
        clinic.press_and_see("No treatment is open on Table 1. Force 1.8 N at ")


def test_a_parent_that_is_killed_leaves_its_units_running_and_the_next_takes_them_over(
    clinic: Clinic,
) -> None:
    """The press through the stop door of the second parent stops a program of the first."""
    with clinic.parent() as first:
        clinic.wait_until_linked()
        first.kill()
    for unit in UNITS:
        (started,) = clinic.started(unit)
        assert runs(started)
        assert os.getsid(started) == started, "a Ctrl-C for the parent is none for it"
    with clinic.parent():
        clinic.wait_until_linked()
        clinic.press_and_see("STOP was ordered at")
        assert [len(clinic.started(unit)) for unit in UNITS] == [1, 1]
        clinic.wait_for_log("Table 1: its program was found running")


def test_a_program_that_is_killed_is_started_again_and_the_parent_says_so(clinic: Clinic) -> None:
    with clinic.parent():
        clinic.wait_until_linked()
        os.kill(clinic.started("Table 1")[0], signal.SIGKILL)
        wait_until(lambda: len(clinic.started("Table 1")) == 2, "the next program")
        clinic.wait_until_linked()
        clinic.wait_for_log("Table 1: its program ended in a session; the unit should release")
        clinic.press_and_see("STOP was ordered at")
        assert len(clinic.started("Table 2")) == 1


def test_a_program_that_hangs_is_not_reached_and_gets_the_stop_when_it_goes_on(
    clinic: Clinic,
) -> None:
    with clinic.parent():
        clinic.wait_until_linked()
        process_id = clinic.started("Table 1")[0]
        freeze(process_id)
        assert "STOP did not reach Table 1. Use the patient" in clinic.press()
        clinic.press_and_see("STOP was ordered at", "/stop/Table%202")
        os.kill(process_id, signal.SIGCONT)
        wait_until(lambda: "Released: 1.8 N at " in clinic.look(), "the release")


def test_a_parent_that_is_told_to_end_lets_every_patient_go_first(clinic: Clinic) -> None:
    with clinic.parent() as parent:
        clinic.wait_until_linked()
        parent.send_signal(signal.SIGTERM)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 0
    for unit in UNITS:
        said = [one.split()[0] for one in clinic.events(unit)]
        assert said == ["started", "stop", "leave", "free", "ended"]
        wait_until(lambda unit=unit: not runs(clinic.started(unit)[0]), "its end")  # type: ignore[misc]
    assert "station ended" in clinic.log


def test_a_parent_that_is_told_to_end_waits_for_a_program_of_an_earlier_one(
    clinic: Clinic,
) -> None:
    with clinic.parent() as first:
        clinic.wait_until_linked()
        first.kill()
    with clinic.parent() as second:
        clinic.wait_until_linked()
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
    assert [clinic.events(unit)[-1] for unit in UNITS] == ["ended", "ended"]


def test_a_second_station_on_the_folder_is_refused(clinic: Clinic) -> None:
    with clinic.parent():
        clinic.wait_until_linked()
        with clinic.parent() as second:
            assert second.wait(60) == 2
            assert second.stderr is not None
            assert second.stderr.read() == (
                f"traction: another station runs on the folder {clinic.data}; use that one [1070]\n"
            )
        assert "Force " in clinic.look("/")


def test_a_port_that_is_taken_is_refused_before_any_program_is_started(clinic: Clinic) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", clinic.plan.stop_port))
        taken.listen()
        with clinic.parent() as parent:
            assert parent.wait(60) == 2
            assert parent.stderr is not None
            assert "choose another one with the setting stop_port [1070]" in parent.stderr.read()
    assert [clinic.started(unit) for unit in UNITS] == [[], []]


def test_a_foreign_page_is_told_where_the_units_are_watched(clinic: Clinic) -> None:
    with clinic.parent():
        clinic.wait_until_linked()
        request = b"POST /stop HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n"
        assert " 403 " in connect_and_say(clinic.plan.stop_port, request)
        told = "announce a page of http://evil.example in a browser at 127.0.0.1 tried to stop"
        wait_until(lambda: any(one.startswith(told) for one in clinic.events("Table 2")), told)
    assert not [one for one in clinic.events("Table 1") if one.startswith("stop")]


def test_the_parent_loads_nothing_but_the_standard_library(clinic: Clinic) -> None:
    """A whole life: start, a press, an end."""
    loaded = clinic.data / "loaded"
    program = (
        "import atexit, sys; before = set(sys.modules); from pathlib import Path; "
        f"atexit.register(lambda: Path({str(loaded)!r}).write_text('\\n'.join("
        "sorted({one.partition('.')[0] for one in set(sys.modules) - before})))); "
        "from workstation.station.parent import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, clinic.plan.as_text()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as parent:
        clinic.wait_until_linked()
        clinic.press("/stop")
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 0
    others = set(loaded.read_text().split()) - sys.stdlib_module_names
    ours = {"controller", "records", "workstation"}
    assert {one for one in others if not one.startswith("_")} == ours


def test_a_program_that_ends_at_once_is_started_less_and_less_often(clinic: Clinic) -> None:
    counted = clinic.data / "counted"
    clinic.plan = replace(
        clinic.plan,
        control=(
            sys.executable,
            "-c",
            f"open({str(counted)!r}, 'a').write('x'); raise SystemExit(3)",
        ),
    )
    with clinic.parent() as parent:
        wait_until(lambda: clinic.log.count("Table 1: its program ended (status 3)") >= 4, "4 ends")
        assert "STOP did not reach Table 1" in clinic.press()
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 0
    times = [
        datetime.fromisoformat(line.split()[0])
        for line in clinic.log.splitlines()
        if "Table 1: its program ended" in line
    ]
    assert times[3] - times[0] >= timedelta(seconds=2), "0, 1 and 2 s, and the log cuts seconds"


def test_the_log_of_a_program_is_kept_and_an_endless_one_put_aside(clinic: Clinic) -> None:
    place = ChannelPlace(folder=station_folder(clinic.data), called="Table 1")
    place.log.write_bytes(b"x" * (MOST_LOG_BYTES + 1))
    place.log.chmod(0o600)
    clinic.plan = replace(
        clinic.plan, control=(sys.executable, "-c", "import sys; print('words of', sys.argv[-1])")
    )
    with clinic.parent():
        wait_until(
            lambda: place.log.exists() and b"words of Table 1" in place.log.read_bytes(), "it"
        )
    assert place.log.with_suffix(".log.1").stat().st_size == MOST_LOG_BYTES + 1
    assert {path.stat().st_mode & 0o077 for path in place.folder.iterdir()} == {0}
