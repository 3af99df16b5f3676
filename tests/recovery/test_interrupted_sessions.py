"""Programs that die, are stopped or lose their unit in the middle of a hold, in real time.

The stories mostly wait, so two of them run in parallel; a test then asks for its own.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from controller.errors import LinkError
from controller.events import EventKind, Outcome
from controller.ports import TractionUnit
from controller.runtime.clock import SystemClock
from controller.telemetry import (
    CommandKind,
    ForceCommand,
    Telemetry,
    UnitEvent,
    UnitState,
    UnitStatus,
)
from firmware_bridge.connect import connect_unit
from records.evidence.integrity import verify
from records.evidence.reader import SessionRecord, list_sessions
from records.store.record_folder import RecordFolder
from tests.support.real_time import (
    SHORT_PULL,
    freeze,
    program,
    side_by_side,
    simulated_unit,
    wait_until,
)
from tests.support.typed import said

pytestmark = pytest.mark.skipif(
    not hasattr(os, "openpty"), reason="needs POSIX signals and pseudo-terminals"
)

FIXTURE = ("--body", "test_fixture", "--baudrate", "19200")
"""Hooked to the frame with 2 mm of slack: a hold is reached a few seconds after arming. At 19200 Bd
the tick is 100 ms, which leaves a busy machine more time for each answer."""
WATCHDOG_EXPIRED = 30


def run(uri: str, order: str, data: Path) -> tuple[str, ...]:
    return "run", uri, "--order", order, "--yes", "--data", str(data)


def look(unit: TractionUnit) -> Telemetry | None:
    """One reading of a second reader; None if the line was not quiet."""
    try:
        return unit.exchange(ForceCommand(kind=CommandKind.OBSERVE))
    except LinkError:
        return None


def read_patiently(read: Callable[[], Sequence[UnitEvent]]) -> Sequence[UnitEvent]:
    """On a busy machine an answer may be late and be refused; the read is repeated."""
    for _ in range(4):
        try:
            return read()
        except LinkError:
            continue
    return read()


def see_it_let_go(uri: str) -> None:
    """Let a second reader watch the unit until it has released and latched by itself."""
    unit = connect_unit(uri, SystemClock())
    seen: list[Telemetry] = []

    def released() -> bool:
        reading = look(unit)
        if reading is not None:
            seen.append(reading)
        return reading is not None and reading.unit_state is UnitState.SAFE_LATCHED

    try:
        wait_until(released, "the unit's own release")
        last = seen[-1]
        newest = said(last.newest_event)
        entries = read_patiently(lambda: unit.read_events(max(1, newest - 4), min(newest, 5)))
        codes = [entry.code for entry in entries]
    finally:
        unit.close()
    assert last.status & UnitStatus.WATCHDOG_EXPIRED
    assert last.first_fault_code == WATCHDOG_EXPIRED
    assert WATCHDOG_EXPIRED in codes
    assert last.force_n is not None
    assert last.force_n <= 20.0
    forces_n = [reading.force_n for reading in seen if reading.force_n is not None]
    assert max(forces_n) < 40.0


def records(data: RecordFolder) -> list[SessionRecord]:
    """Sessions on file, oldest first."""
    return sorted(list_sessions(data), key=lambda record: record.head.number)


def facts(*arguments: str) -> str:
    """The output of a command that must succeed, as JSON."""
    with program(*arguments) as running:
        status = running.end()
        assert status == 0, running.output
        return running.output


# --- the stories ------------------------------------------------------------------------------


def killed_in_a_hold(
    data: RecordFolder, order: str, wire: str, number: signal.Signals, at: str
) -> None:
    """``kill -9``, the unit's own release, and a next start that is stopped by a signal."""
    with simulated_unit(wire, *FIXTURE) as (_, uri):
        with program(*run(uri, order, data.path)) as killed:
            killed.wait_for("holding")
            killed.kill()
        see_it_let_go(uri)
        (left_open,) = records(data)
        assert left_open.seal is None
        with program(*run(uri, order, data.path)) as stopped:
            stopped.wait_for(at)
            stopped.send(number)
            assert stopped.end() == 5, stopped.output
    assert f"closed as interrupted: session {left_open.head.session_id}" in stopped.output
    interrupted, ended = records(data)
    assert interrupted.outcome == Outcome.INTERRUPTED
    (observed,) = interrupted.of_kind(EventKind.UNIT_OBSERVED)
    assert observed.detail["unit_state"] == UnitState.SAFE_LATCHED
    assert observed.detail["released"] is False
    assert len(interrupted.samples) > 0
    check_released(ended, by=number.name)
    result = verify(data)
    assert result.sessions == 2
    assert not result.alterations
    assert "interrupted" in facts("note", interrupted.head.session_id, "--data", str(data))
    assert "nothing was altered" in facts("verify", "--all", "--data", str(data))


def check_released(record: SessionRecord, *, by: str | tuple[str, ...]) -> None:
    """Check that it ended by ``by``, with an observed release, and is sealed.

    ``by`` may name several reasons.
    """
    assert record.outcome == Outcome.STOPPED
    assert record.seal is not None
    reason = str(record.of_kind(EventKind.SESSION_ENDED)[0].detail["reason"])
    assert any(cause in reason for cause in ((by,) if isinstance(by, str) else by)), reason
    assert record.of_kind(EventKind.RELEASE_OBSERVED)
    last = [int(force) for force in record.samples["force_1_dn"] if force != -0x8000][-1]
    assert abs(last) <= 200


def hung_up(data: RecordFolder, order: str) -> None:
    """The terminal is closed while the cord is taken up."""
    with (
        simulated_unit("tcp", *FIXTURE) as (_, uri),
        program(*run(uri, order, data.path), "--json") as running,
    ):
        running.wait_for("taking up slack")
        running.send(signal.SIGHUP)
        assert running.end() == 5, running.output
    (record,) = records(data)
    check_released(record, by="SIGHUP")
    assert not verify(data).alterations
    printed = json.loads(running.output[running.output.index("{") :])
    assert printed["outcome"] == Outcome.STOPPED


def stopped_before_arming(data: RecordFolder, order: str) -> None:
    """Ctrl-C while waiting for the press test."""
    with (
        simulated_unit("tcp", *FIXTURE, "--switch", "passive") as (_, uri),
        program(*run(uri, order, data.path)) as running,
    ):
        running.wait_for("checking")
        running.send(signal.SIGINT)
        assert running.end() == 3, running.output
    assert "stopped before arming by SIGINT" in running.output
    (record,) = records(data)
    assert record.outcome == Outcome.REFUSED
    assert record.seal is not None
    assert len(record.samples) == 0


def unit_vanished(data: RecordFolder, order: str, wire: str) -> None:
    """The unit's end of the socket or of the pseudo-terminal is closed in a hold."""
    with (
        simulated_unit(wire, *FIXTURE) as (unit, uri),
        program(*run(uri, order, data.path)) as running,
    ):
        running.wait_for("holding")
        unit.kill()
        assert running.end() == 5, running.output
    assert "release not seen: look at the patient, open the clutch" in running.output
    assert "Traceback" not in running.output
    (record,) = records(data)
    assert record.outcome == Outcome.LINK_LOST
    assert record.of_kind(EventKind.RELEASE_NOT_OBSERVED)
    assert record.seal is not None
    assert not verify(data).alterations


def frozen_in_a_hold(data: RecordFolder, order: str) -> None:
    """SIGSTOP, as from a debugger or on a thrashing host: nobody feeds the watchdog.

    Stopped until the unit has latched its own release, some seconds; longer would change nothing.
    """
    with (
        simulated_unit("tcp", *FIXTURE) as (_, uri),
        program(*run(uri, order, data.path)) as frozen,
    ):
        frozen.wait_for("holding")
        freeze(frozen.process_id)
        see_it_let_go(uri)
        frozen.send(signal.SIGCONT)
        assert frozen.end() == 5, frozen.output
    (record,) = records(data)
    # The first exchange after the stop may be lost: then silence is found before the state.
    check_released(record, by=("unit stopped", "link silent"))
    assert len(record.of_kind(EventKind.UNIT_ARMED)) == 1
    found = [event.detail["code"] for event in record.of_kind(EventKind.SAFETY_ACTED)]
    assert {"unit_stopped", "loop_late"} <= set(found)
    noted = [event.detail["code"] for event in record.of_kind(EventKind.UNIT_EVENT_SEEN)]
    assert WATCHDOG_EXPIRED in noted
    assert not verify(data).alterations


STORIES: dict[str, Callable[[RecordFolder, str], None]] = {
    "kill -9 over tcp, then SIGTERM": partial(
        killed_in_a_hold, wire="tcp", number=signal.SIGTERM, at="holding"
    ),
    "kill -9 over rtu, then SIGINT": partial(
        killed_in_a_hold, wire="rtu", number=signal.SIGINT, at="ramping up"
    ),
    "unit vanished on rtu": partial(unit_vanished, wire="rtu"),
    "unit vanished on tcp": partial(unit_vanished, wire="tcp"),
    "frozen for seconds, then continued": frozen_in_a_hold,
    "terminal hung up": hung_up,
    "stopped before arming": stopped_before_arming,
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[None]]]:
    """Every story, running."""
    folder = tmp_path_factory.mktemp("stories")
    order = folder / "order.toml"
    order.write_text(SHORT_PULL)

    def in_records(story: Callable[[RecordFolder, str], None]) -> Callable[[Path], None]:
        return lambda place: story(RecordFolder(place), str(order))

    stories = {name: in_records(story) for name, story in STORIES.items()}
    with side_by_side(stories, folder, lanes=2) as under_way:
        yield under_way


@pytest.mark.parametrize("story", STORIES)
def test_the_story_ends_as_it_must(told: dict[str, Future[None]], story: str) -> None:
    told[story].result()
