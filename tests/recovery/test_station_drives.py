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

from controller.errors import StationUnreachable
from controller.runtime.clock import SystemClock
from controller.snapshot import Doing, Snapshot
from controller.telemetry import CommandKind, ForceCommand, UnitState
from firmware_bridge.connect import connect_unit
from records.keys.signing import load_or_create_key
from records.order.order import PlannedOrder
from records.order.order_file import parse_order
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.commands import said
from tests.support.real_time import ROOT, SHORT_PULL, run_first, simulated_unit, wait_until
from tests.support.reception import medicare_patient, open_clinic
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from tests.support.stops import connect_and_say, free_port
from workstation.session.filing import file_for_table
from workstation.session.identifiers import random_identifiers
from workstation.session.workplace import Workplace
from workstation.station.channel import Peer, connect_to
from workstation.station.messages import (
    VERSION,
    GivenAnswer,
    Heartbeat,
    Hello,
    PeerRole,
    Prepare,
    encoded,
    from_control,
)
from workstation.station.place import ChannelPlace, station_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and sockets with a path")
CLOCK = SystemClock()
BY = "A. Example"


class Desk:
    """A console without pages: it asks for a session and says yes to every question."""

    def __init__(self, data: Path) -> None:
        self.records = RecordFolder(data)
        self.place = ChannelPlace(folder=station_folder(data), called="Table 1")
        self.peer: Peer | None = None
        self.newest: Snapshot | None = None
        self.answered = 0
        self.session_id = ""

    def connect(self) -> None:
        def connected() -> bool:
            with suppress(StationUnreachable):
                self.peer = connect_to(self.place, encode=encoded, clock=CLOCK)
            return self.peer is not None

        wait_until(connected, "the program of Table 1")
        self.send(Hello(version=VERSION, role=PeerRole.CONSOLE))

    def send(self, message: object) -> None:
        assert self.peer is not None
        self.peer.send(message)

    def prepare(self) -> None:
        planned = PlannedOrder.of(parse_order(f'patient_reference = "TEST-1"\n{SHORT_PULL}', "it"))
        key = load_or_create_key(self.records)
        filed = file_for_table(
            Workplace(folder=self.records, settings=SETTINGS, clock=CLOCK),
            planned,
            "Table 1",
            author=Author(by=BY, user="console", at_utc_ms=CLOCK.utc_ms(), key=key),
            identifiers=random_identifiers(),
        )
        self.session_id = filed.session_id
        self.send(
            Prepare(
                id="p1",
                session_id=filed.session_id,
                patient_key=filed.patient_key,
                order_digest=filed.order_digest,
                by=BY,
            )
        )

    def goes_on(self) -> None:
        """Take what came, answer what is asked, and say that a page is there."""
        assert self.peer is not None
        self.send(Heartbeat(live_pages=1))
        end_s = CLOCK.now_s() + 0.5
        while CLOCK.now_s() < end_s:
            content = self.peer.receive(0.1)
            message = None if content is None else from_control(content)
            if isinstance(message, Snapshot):
                self.newest = message
                self.answer(message)

    def answer(self, snapshot: Snapshot) -> None:
        for one in snapshot.questions:
            self.answered += 1
            self.send(
                GivenAnswer(
                    id=f"a{self.answered}",
                    session_id=self.session_id,
                    question=one.question,
                    accepted=True,
                    by=BY,
                )
            )

    def until(self, phase: str) -> None:
        def reached() -> bool:
            self.goes_on()
            return self.newest is not None and self.newest.phase == phase

        wait_until(reached, phase)


@contextmanager
def station(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "workstation.cli", "station", "--data", str(data)]
    environment = os.environ | {"TRACTION_STOP_PORT": str(port), "TRACTION_TIME_ZONE": "UTC"}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_press_through_the_next_parent_s_door_ends_a_hold_that_began_before_it(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    records, port = RecordFolder(data), free_port()
    with simulated_unit("tcp", "--body", "lumbar_split") as (unit, uri):
        run_first(unit.process_id)
        file_clinic(records, uri)
        desk = Desk(data)
        with station(data, port) as first:
            desk.connect()
            desk.prepare()
            desk.until("holding")
            first.kill()
        for _ in range(6):
            desk.goes_on()
        assert desk.newest is not None
        assert (desk.newest.phase, desk.newest.doing) == ("holding", Doing.SESSION)
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
        assert is_idle(uri)
    assert f"{desk.session_id}  " in said(records, "sessions", "--outcome", "stopped")


def file_clinic(records: RecordFolder, uri: str) -> None:
    """A clinic with a patient and Table 1, which is the unit at ``uri``."""
    open_clinic(records)
    keep(records, medicare_patient("2026-01-05"))
    found = connect_unit(uri, CLOCK)
    found.close()
    keep(records, example("unit", address=uri, unit_id=found.identity.unit_id), made_from=1)


def is_idle(uri: str) -> bool:
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
