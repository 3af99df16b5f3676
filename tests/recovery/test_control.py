"""The program of one unit, as the station starts it: driven by messages, stopped, killed, ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.events import EventKind
from controller.questions import Question
from controller.runtime.clock import SystemClock
from controller.snapshot import Doing, Said, Snapshot
from records.clinic.clinic_verify import verify_clinic
from records.evidence.reader import list_sessions, read_session
from records.keys.signing import load_or_create_key
from records.order.order import PlannedOrder
from records.order.order_file import parse_order
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.real_time import PATIENCE_S, Program, program, run_first, simulated_unit
from tests.support.reception import medicare_patient, open_clinic
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from tests.support.terminals import Terminal, seated
from workstation.session.filing import file_for_table
from workstation.session.identifiers import random_identifiers
from workstation.session.workplace import FiledSession, Workplace
from workstation.station.channel import Peer, connect_to
from workstation.station.messages import (
    VERSION,
    GivenAnswer,
    Heartbeat,
    Hello,
    OrderedStop,
    PeerRole,
    Prepare,
    RequestOutcome,
    encoded,
    from_control,
)
from workstation.station.place import ChannelPlace, station_folder

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path"),
    pytest.mark.timeout(240),
]
ORDER = """
patient_reference = "TEST-1"
region = "lumbar"
mode = "static"
hold_force = "30 N"
treatment_time = "1 min"
ramp_up = "10 N/s"
ramp_down = "20 N/s"
pretension_force = "0 N"
pretension_time = "0 s"
"""
CLOCK = SystemClock()


class Console:
    """Prepares a session, says yes to every question, and looks on."""

    def __init__(self, folder: RecordFolder) -> None:
        place = ChannelPlace(folder=station_folder(folder.path), called="Table 1")
        self.folder = folder
        self.peer: Peer = connect_to(place, encode=encoded, clock=CLOCK)
        self.peer.send(Hello(version=VERSION, role=PeerRole.CONSOLE))
        self.filed: FiledSession | None = None
        self.newest: Snapshot | None = None
        self.said: list[str] = []
        self.outcomes: dict[str, RequestOutcome] = {}
        self._answered: set[tuple[Question, str]] = set()
        self._beat_at_s = 0.0
        self._count = 0

    def prepare(self) -> None:
        """File the order and ask for its session."""
        key = load_or_create_key(self.folder)
        author = Author(by="A. Example", user="console", at_utc_ms=CLOCK.utc_ms(), key=key)
        self.filed = file_for_table(
            Workplace(folder=self.folder, settings=SETTINGS, clock=CLOCK),
            PlannedOrder.of(parse_order(ORDER, "test")),
            "Table 1",
            author=author,
            identifiers=random_identifiers(),
        )
        self.peer.send(
            Prepare(
                id="prepare",
                session_id=self.filed.session_id,
                patient_key=self.filed.patient_key,
                order_digest=self.filed.order_digest,
                by="A. Example",
            )
        )

    def until(self, seen: Callable[[Snapshot], bool], what: str) -> Snapshot:
        """Answer and look on until a snapshot is as wanted."""
        deadline_s = CLOCK.now_s() + PATIENCE_S
        while CLOCK.now_s() < deadline_s:
            shown = self._hear()
            if shown is not None and seen(shown):
                return shown
        raise AssertionError(f"{what} did not come; {self.newest}; {self.said[-3:]}")

    def _hear(self) -> Snapshot | None:
        if CLOCK.now_s() >= self._beat_at_s:
            self._beat_at_s = CLOCK.now_s() + 1.0
            self.peer.send(Heartbeat(live_pages=1))
        content = self.peer.receive(0.5)
        message = None if content is None else from_control(content)
        if isinstance(message, Said):
            self.said.append(message.text)
        elif isinstance(message, RequestOutcome):
            self.outcomes[message.id] = message
        if not isinstance(message, Snapshot):
            return None
        self.newest = message
        self._answer(message)
        return message

    def _answer(self, shown: Snapshot) -> None:
        for asked in shown.questions:
            if (asked.question, asked.text) not in self._answered:
                self._answered.add((asked.question, asked.text))
                self._count += 1
                self.peer.send(
                    GivenAnswer(
                        id=f"answer-{self._count}",
                        session_id=shown.session_id,
                        question=asked.question,
                        accepted=True,
                        by="A. Example",
                    )
                )


def configured(folder: Path, address: str) -> RecordFolder:
    """A clinic with this unit as its only table."""
    from firmware_bridge.connect import connect_unit

    folder.mkdir(mode=0o700)
    records = RecordFolder(folder)
    open_clinic(records)
    unit = connect_unit(address, CLOCK)
    unit.close()
    keep(records, example("unit", address=address, unit_id=unit.identity.unit_id), made_from=1)
    keep(records, medicare_patient("2026-01-05"))
    return records


@contextmanager
def kept(folder: RecordFolder) -> Iterator[Program]:
    """The program of Table 1."""
    with program("control", "Table 1", "--data", str(folder.path)) as running:
        running.wait_for("keeps Table 1")
        yield running


def is_idle(shown: Snapshot) -> bool:
    return shown.doing is Doing.IDLE and not shown.message


def is_holding(shown: Snapshot) -> bool:
    return shown.phase == "holding"


@pytest.mark.parametrize("wire", ["tcp", "rtu"])
def test_a_session_by_messages_is_stopped_and_the_unit_is_watched_on(
    tmp_path: Path, wire: str
) -> None:
    with simulated_unit(wire, "--body", "lumbar_split") as (unit, uri):
        run_first(unit.process_id)
        records = configured(tmp_path / "data", uri)
        with kept(records) as running:
            console = Console(records)
            console.until(is_idle, "the idle unit")
            console.prepare()
            console.until(is_holding, "the hold")
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


def test_killed_in_a_hold_it_pulls_no_more_and_the_next_one_closes_the_session(
    tmp_path: Path,
) -> None:
    with simulated_unit("tcp", "--body", "lumbar_split") as (unit, uri):
        run_first(unit.process_id)
        records = configured(tmp_path / "data", uri)
        with kept(records) as running:
            console = Console(records)
            console.until(is_idle, "the idle unit")
            console.prepare()
            console.until(is_holding, "the hold")
            os.kill(running.process_id, signal.SIGKILL)
            running.end()
        with kept(records) as running:
            looking = Console(records)
            shown = looking.until(is_idle, "the unit, watched anew")
            assert shown.force_n is not None
            assert abs(shown.force_n) < 20.0
            assert shown.session_id == ""
            running.send(signal.SIGTERM)
            assert running.end() == 0, running.output
    (session,) = list_sessions(records)
    assert session.outcome == "interrupted"
    assert any("closed as interrupted" in text for text in looking.said)


def test_the_space_bar_of_who_watches_stops_the_session(tmp_path: Path) -> None:
    with simulated_unit("tcp", "--body", "lumbar_split") as (unit, uri):
        run_first(unit.process_id)
        records = configured(tmp_path / "data", uri)
        with kept(records):
            console = Console(records)
            console.until(is_idle, "the idle unit")
            console.prepare()
            console.until(is_holding, "the hold")
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


def test_what_the_station_keeps_is_driven_by_nobody_else(tmp_path: Path) -> None:
    order = tmp_path / "order.toml"
    order.write_text(ORDER, encoding="utf-8")
    with simulated_unit("tcp", "--body", "lumbar_split") as (_, uri):
        records = configured(tmp_path / "data", uri)
        place = ("--data", str(records.path))
        with kept(records):
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
