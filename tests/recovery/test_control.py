"""The program of one unit, as the station starts it: driven by messages, stopped, killed, ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.events import EventKind
from records.clinic.clinic_verify import verify_clinic
from records.evidence.reader import list_sessions, read_session
from records.store.record_folder import RecordFolder
from tests.support.real_time import Program, program, run_first, simulated_unit
from tests.support.station_console import ORDER, Console, configured, is_holding, is_idle
from tests.support.terminals import Terminal, seated
from workstation.station.messages import (
    OrderedStop,
)

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path"),
    pytest.mark.timeout(240),
]


@contextmanager
def kept(folder: RecordFolder) -> Iterator[Program]:
    """The program of Table 1."""
    with program("control", "Table 1", "--data", str(folder.path)) as running:
        running.wait_for("keeps Table 1")
        yield running


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
