"""The program of one unit and its station in real time: stopped, killed, taken over, ended.

The stories mostly wait, so they run in parallel; a test then asks for its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.alarms import CONTROL_GONE
from controller.events import EventKind
from controller.requests import AcknowledgeAlarms, TakeOver
from controller.runtime.clock import SystemClock
from controller.snapshot import Doing, Snapshot
from controller.telemetry import CommandKind, ForceCommand, UnitState
from firmware_bridge.connect import connect_unit
from records.clinic.clinic_verify import verify_clinic
from records.evidence.reader import list_sessions, read_session
from records.store.record_folder import RecordFolder
from tests.support.commands import said
from tests.support.real_time import (
    PATIENCE_S,
    ROOT,
    Program,
    program,
    run_first,
    side_by_side,
    simulated_unit,
    wait_until,
)
from tests.support.station_console import (
    ORDER,
    Console,
    begin_and_hold,
    configured,
    is_idle,
    kill_program,
)
from tests.support.stops import connect_and_say, free_port
from tests.support.terminals import Terminal, seated
from workstation.session.realtime import BEHIND_PRIORITY, PRIORITY
from workstation.station.messages import MadeRequest, OrderedStop

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs signals and sockets with a path"),
    pytest.mark.timeout(240),
]
CLOCK = SystemClock()
Told = dict[str, Future[None]]
ORDERED = "STOP was ordered at "
"""On a busy machine a page that comes later than the one of the press says so."""


@contextmanager
def clinic(folder: Path, wire: str = "tcp") -> Iterator[tuple[RecordFolder, str]]:
    """A clinic with one simulated unit, and the unit's address."""
    with simulated_unit(wire, "--body", "test_fixture") as (unit, uri):
        run_first(unit.process_id)
        yield configured(folder / "data", uri), uri


@contextmanager
def kept(folder: RecordFolder) -> Iterator[Program]:
    """The program of Table 1."""
    with program("control", "Table 1", "--data", str(folder.path)) as running:
        running.wait_for("keeps Table 1")
        yield running


@contextmanager
def station(folder: RecordFolder, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "workstation.cli", "station", "--data", str(folder.path)]
    environment = os.environ | {
        "TRACTION_STOP_PORT": str(port),
        "TRACTION_CONSOLE_PORT": str(free_port()),
        "TRACTION_TIME_ZONE": "UTC",
    }
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def priorities(process_id: int) -> list[int]:
    """Priorities of the threads that run before ordinary programs (Linux)."""
    threads = [int(task.name) for task in Path(f"/proc/{process_id}/task").iterdir()]
    taken = [os.sched_getparam(thread).sched_priority for thread in threads]
    return sorted(priority for priority in taken if priority)


# --- the stories ------------------------------------------------------------------------------


def stopped_by_a_message(folder: Path) -> None:
    with clinic(folder, "rtu") as (records, _), kept(records) as running:
        console = begin_and_hold(records)
        if sys.platform == "linux":
            # The loop, its journal and its frames; connections are ordinary threads.
            granted = f"FIFO, priority {PRIORITY}" in running.output
            wanted = [BEHIND_PRIORITY, BEHIND_PRIORITY, PRIORITY] if granted else []
            assert priorities(running.process_id) == wanted
        console.peer.send(OrderedStop(id="stop", by="STOP from 127.0.0.1"))
        console.until(is_idle, "the idle unit behind the session")
        running.send(signal.SIGTERM)
        assert running.end() == 0, running.output
    assert "Traceback" not in running.output
    assert console.filed is not None
    record = read_session(records, console.filed.session_id)
    assert record.outcome == "stopped"
    reasons = [event.detail["reason"] for event in record.of_kind(EventKind.SESSION_ENDED)]
    assert reasons == ["operator stop (STOP from 127.0.0.1)"]
    assert console.outcomes["stop"].result.value == "followed"
    assert verify_clinic(records).alterations == ()


def killed_in_a_hold(folder: Path) -> None:
    with clinic(folder) as (records, _):
        with kept(records) as running:
            desk = begin_and_hold(records)
            hand_over(desk, "B. Example")
            os.kill(running.process_id, signal.SIGKILL)
            running.end()
        with kept(records) as running:
            looking = Console(records)
            shown = looking.until(is_idle, "the unit, watched anew")
            assert shown.force_n is not None
            assert abs(shown.force_n) < 20.0
            assert [one.code for one in shown.alarms] == [CONTROL_GONE]
            note = AcknowledgeAlarms(by="A. Example", alarms=shown.alarms_on_screen)
            looking.peer.send(MadeRequest(id="note", session_id=shown.session_id, request=note))
            looking.until(lambda seen: is_idle(seen) and not seen.alarms, "the end of the alarm")
            running.send(signal.SIGTERM)
            assert running.end() == 0, running.output
    (session,) = list_sessions(records)
    assert session.outcome == "interrupted"
    (taken,) = session.of_kind(EventKind.RESPONSIBILITY_TAKEN)
    assert taken.detail == {"from": "A. Example", "by": "B. Example"}
    assert any("closed as interrupted" in text for text in looking.said)


def hand_over(desk: Console, to: str) -> None:
    """Another person takes over; returns when everything up to then is durable."""
    assert desk.filed is not None
    session_id = desk.filed.session_id
    desk.peer.send(MadeRequest(id="hand-over", session_id=session_id, request=TakeOver(by=to)))

    def is_durable(shown: Snapshot) -> bool:
        since_ms = shown.responsible_since_ms or shown.utc_ms
        return shown.responsible == to and shown.utc_ms - since_ms > shown.record_age_s * 1000

    desk.until(is_durable, "the other person")


def stopped_by_the_space_bar(folder: Path) -> None:
    with clinic(folder) as (records, _), kept(records):
        console = begin_and_hold(records)
        seat = Terminal(rows=24, columns=100)
        with seated(["watch", "Table 1", "--data", str(records.path)], seat) as watching:
            watching.wait_for("holding")
            seat.type(b" ")
            watching.wait_for("STOP was ordered at")
            console.until(is_idle, "the idle unit behind the session")
            watching.wait_for("Released:")
            seat.type(b"q")
            status, _ = watching.end()
    assert status == 0, seat.seen
    (session,) = list_sessions(records)
    (ended,) = session.of_kind(EventKind.SESSION_ENDED)
    assert str(ended.detail["reason"]).startswith("operator stop (STOP by ")


def driven_by_nobody_else(folder: Path) -> None:
    order = folder / "order.toml"
    with clinic(folder) as (records, uri), kept(records):
        order.write_text(ORDER, encoding="utf-8")
        place = ("--data", str(records.path))
        told = "Table 1 is kept by the station: start the session there"
        for words in (
            ("run", uri, "--order", str(order), "--yes", *place),
            ("probe", uri, *place),
            ("control", "Table 1", *place),
        ):
            with program(*words) as other:
                assert other.end() != 0
                assert told in other.output, other.output
    assert list_sessions(records) == []


def stopped_at_the_door_of_the_next_parent(folder: Path) -> None:
    """The first parent is killed in the hold, which goes on; the second takes the program over."""
    port = free_port()
    with clinic(folder) as (records, uri):
        said(records, "sound-check", "--by", "A", "--without", "no loudspeaker in a test")
        try:
            with station(records, port) as first:
                desk = begin_and_hold(records)
                first.kill()
            since_s = CLOCK.now_s()
            shown = desk.until(lambda shown: CLOCK.now_s() - since_s > 3.0, "three seconds more")
            assert (shown.phase, shown.doing) == ("holding", Doing.SESSION)
            with station(records, port) as second:
                wait_until(lambda: "Force " in look(port), "the door")
                page = connect_and_say(port, b"POST /stop/Table%201 HTTP/1.1\r\n\r\n")
                wait_until(lambda: ORDERED in page or ORDERED in look(port), "the order")
                wait_until(lambda: "Released: " in look(port), "the release")
                second.send_signal(signal.SIGTERM)
                assert second.wait(PATIENCE_S) == 0
        finally:
            kill_program(records)
        assert is_released(uri)
    log = (records.path / "station" / "station.log").read_text()
    assert log.count("Table 1: its program was started") == 1
    assert log.count("Table 1: its program was found running") == 1
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


STORIES: tuple[Callable[[Path], None], ...] = (
    stopped_at_the_door_of_the_next_parent,
    stopped_by_a_message,
    killed_in_a_hold,
    stopped_by_the_space_bar,
    driven_by_nobody_else,
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Every story, running."""
    stories = {story.__name__: story for story in STORIES}
    with side_by_side(stories, tmp_path_factory.mktemp("control"), lanes=3) as under_way:
        yield under_way


def test_a_press_through_the_next_parent_s_door_ends_a_hold_that_began_before_it(
    told: Told,
) -> None:
    told["stopped_at_the_door_of_the_next_parent"].result()


def test_a_session_by_messages_is_stopped_and_the_unit_is_watched_on(told: Told) -> None:
    told["stopped_by_a_message"].result()


def test_killed_in_a_hold_it_pulls_no_more_and_the_next_one_closes_the_session(told: Told) -> None:
    told["killed_in_a_hold"].result()


def test_the_space_bar_of_who_watches_stops_the_session(told: Told) -> None:
    told["stopped_by_the_space_bar"].result()


def test_what_the_station_keeps_is_driven_by_nobody_else(told: Told) -> None:
    told["driven_by_nobody_else"].result()
