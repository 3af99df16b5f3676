"""Terminals, pipes and signals in real time: nothing that a screen does affects a treatment.

The stories mostly wait, so several of them run in parallel; a test then asks for its own. The whole
grid is ``make campaign-terminals``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pyte
import pytest

from controller.events import EventKind, Outcome
from records.evidence.integrity import verify
from records.evidence.reader import SessionRecord, list_sessions
from records.store.record_folder import RecordFolder
from tests.campaigns.terminals import (
    LANES,
    UNDISTURBED,
    run_case,
    short_form,
    write_files,
)
from tests.support.real_time import (
    PATIENCE_S,
    ROOT,
    run_first,
    side_by_side,
    simulated_unit,
)
from tests.support.terminals import (
    CTRL_BACKSLASH,
    CTRL_Z,
    TRACTION,
    Pipe,
    Terminal,
    seated,
)

pytestmark = [
    pytest.mark.skipif(
        not hasattr(os, "openpty"), reason="needs POSIX signals and pseudo-terminals"
    ),
    pytest.mark.timeout(240),
]

IN_BACKGROUND = ("bash", "-c", 'set -m; "$@" & wait $!', "bash")
"""With job control: the terminal stays with the shell."""
WITHOUT_STREAMS = ("bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash")
FROM_A_FOLDER = ("bash", "-c", 'exec "$@" < /', "bash")


class Stage:
    """A folder with order, script and records."""

    def __init__(self, folder: Path) -> None:
        self.order, self.script = write_files(folder)
        self.data = folder / "data"

    def run(self, uri: str, *options: str) -> list[str]:
        return ["run", uri, "--order", self.order, "--data", str(self.data), *options]

    def scripted(self, uri: str) -> list[str]:
        return self.run(uri, "--yes", "--script", self.script)

    def record(self) -> SessionRecord:
        (record,) = list_sessions(RecordFolder(self.data))
        return record


def check_released(record: SessionRecord, *, reason: str, kinds: Sequence[str]) -> None:
    """Check that it ended early for ``reason``, with the requested releases, seen and sealed."""
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    assert (record.outcome, ended.detail["reason"]) == (Outcome.STOPPED, reason)
    assert [e.detail["kind"] for e in record.of_kind(EventKind.RELEASE_ORDERED)] == list(kinds)
    assert len(record.of_kind(EventKind.RELEASE_OBSERVED)) == 1
    assert record.seal is not None


def remarks(record: SessionRecord) -> list[str]:
    return [str(event.detail["text"]) for event in record.of_kind(EventKind.REMARK_RECORDED)]


# --- the stories ------------------------------------------------------------------------------


def keys_and_bytes(folder: Path) -> None:
    """Ctrl-Z is refused, an invalid byte too, the next line is read, Ctrl-backslash releases."""
    stage, seat = Stage(folder), Terminal(rows=4, columns=30)
    plain = {"TERM": "unknown", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    with simulated_unit("tcp", "--body", "test_fixture") as (unit, uri):
        run_first(unit.process_id)
        with seated(stage.scripted(uri), seat, environment=plain) as running:
            running.wait_for("ramping up")
            seat.type(CTRL_Z)
            running.wait_for("Ctrl-Z does not stop a session")
            seat.type(b"remark odd\xff noise\n\x04remark all well\n")
            running.wait_for("the line has the byte 0xFF at place 11 of 17")
            running.wait_for("Ctrl-D does not end a session")
            running.wait_for("holding")
            seat.type(CTRL_BACKSLASH)
            status, _ = running.end()
    assert status == 5, seat.seen
    assert "Traceback" not in seat.seen
    record = stage.record()
    check_released(record, reason="operator stop (SIGQUIT)", kinds=["release"])
    assert remarks(record) == ["all well"]


def second_signal(folder: Path) -> None:
    """The second signal makes the slow release of the first one fast."""
    stage, seat = Stage(folder), Pipe()
    with simulated_unit("tcp", "--body", "test_fixture") as (unit, uri):
        run_first(unit.process_id)
        with seated(stage.scripted(uri), seat) as running:
            running.wait_for("holding")
            running.process.send_signal(signal.SIGTERM)
            running.wait_for("releasing")
            running.process.send_signal(signal.SIGINT)
            status, _ = running.end()
    assert status == 5, seat.seen
    record = stage.record()
    check_released(record, reason="operator stop (SIGTERM)", kinds=["release", "release_fast"])
    acted = [event.detail["action"] for event in record.of_kind(EventKind.OPERATOR_ACTED)]
    assert acted == ["stop", "stop_fast"]


def background_job(folder: Path) -> None:
    """Neither reading nor writing a terminal that belongs to another job stops the loop."""
    stage, seat = Stage(folder), Terminal()
    seat.stop_background_output()
    with simulated_unit("tcp", "--body", "test_fixture") as (unit, uri):
        run_first(unit.process_id)
        command = (*IN_BACKGROUND, *TRACTION)
        with seated(stage.scripted(uri), seat, command=command) as running:
            running.wait_for("holding")
            seat.type(b"end\n")  # to the shell, whose terminal it is
            status, _ = running.end()
    assert status == 5, seat.seen
    record = stage.record()
    check_released(record, reason=UNDISTURBED, kinds=["release"])
    assert remarks(record) == []


def no_streams(folder: Path) -> None:
    """Closed standard streams: nothing is shown, and no file of the session becomes one of them."""
    stage, seat = Stage(folder), Pipe()
    with simulated_unit("tcp", "--body", "test_fixture") as (unit, uri):
        run_first(unit.process_id)
        command = (*FROM_A_FOLDER, *TRACTION)
        with seated(stage.scripted(uri), seat, command=command) as refused:
            assert refused.end()[0] == 1, "Python itself refuses a folder as its input"
        assert "is a directory" in seat.seen
        assert not stage.data.exists()
        command = (*WITHOUT_STREAMS, *TRACTION)
        with seated(stage.scripted(uri), Pipe(), command=command) as running:
            status, _ = running.end()
    assert status == 5
    check_released(stage.record(), reason=UNDISTURBED, kinds=["release"])
    assert not verify(RecordFolder(stage.data)).alterations


QUESTIONS = ("weight test", "lift", "quick release", "call bell", "this the order", "clear of cord")


def person_at_the_terminal(folder: Path) -> None:
    """A person answers and sees what is typed, and a signal ends the wait for the last answer."""
    stage, seat = Stage(folder), Terminal(rows=24, columns=120)
    with simulated_unit("tcp", "--body", "test_fixture") as (unit, uri):
        run_first(unit.process_id)
        with seated(stage.run(uri, "--script", stage.script), seat) as running:
            for question in QUESTIONS:
                running.wait_for(question)
                seat.type(b"y\r")
            running.wait_for("holding, hold 1 of 1")
            seat.type(b"remark all wel")
            running.wait_for("> remark all wel")
            seat.type(b"l\r")
            running.wait_for("all well")
            rows = emulated(seat).display
            forces = [row for row in rows if " N (" in row and row.startswith("force")]
            assert len(forces) == 1, "one row of the force, whatever was drawn before"
            assert emulated(seat).cursor.y == 23
            running.wait_for("[y] The session has ended. Free the patient and confirm.")
            seat.type(b"maybe\rn\r")
            running.wait_for("answer the question with y or n; 'maybe' is not understood")
            running.wait_for('"n" confirms nothing')
            running.process.send_signal(signal.SIGINT)
            status, _ = running.end()
    assert not [row for row in emulated(seat).display if " N (" in row and "force" in row]
    assert status == 5, seat.seen
    record = stage.record()
    check_released(record, reason=UNDISTURBED, kinds=["release"])
    answers = [event.detail["question"] for event in record.of_kind(EventKind.QUESTION_ANSWERED)]
    assert answers == [
        "unit_not_commissioned",
        "lift_locked",
        "quick_release_in_reach",
        "call_bell_in_hand",
        "patient_and_order",
        "start_traction",
    ]
    assert remarks(record) == ["all well"]


def emulated(seat: Terminal) -> pyte.Screen:
    """The terminal as the person sees it now."""
    screen = pyte.Screen(120, 24)
    pyte.Stream(screen).feed(seat.seen)
    return screen


STORIES: dict[str, Callable[[Path], None]] = {
    "keys and bytes": keys_and_bytes,
    "second signal": second_signal,
    "background job": background_job,
    "no streams": no_streams,
    "person at the terminal": person_at_the_terminal,
}


def case_as_documented(number: int, folder: Path) -> None:
    result = run_case(short_form()[number], folder)
    assert not result.faults, f"{result.case}: {'; '.join(result.faults)}"


CASES: dict[str, Callable[[Path], None]] = {
    str(case): partial(case_as_documented, number) for number, case in enumerate(short_form())
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[None]]]:
    """Every story and every case, running. A failed one is repeated."""
    folder = tmp_path_factory.mktemp("terminals")
    both = CASES | STORIES
    with side_by_side(both, folder, lanes=LANES, again_after=AssertionError) as under_way:
        yield under_way


@pytest.mark.parametrize("name", CASES | STORIES)
def test_nothing_that_a_screen_does_touches_a_treatment(
    told: dict[str, Future[None]], name: str
) -> None:
    told[name].result()


def test_closed_standard_streams_are_taken_before_a_file_can_become_one(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    code = (
        "import sys; from workstation.cli import _open_closed_streams; _open_closed_streams(); "
        "file = open(sys.argv[1], 'w'); file.write(str(file.fileno()))"
    )
    command = [*WITHOUT_STREAMS, TRACTION[0], "-c", code, str(opened)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=PATIENCE_S)
    assert int(opened.read_text()) > 2


def test_a_reader_that_goes_away_changes_no_status_of_other_commands(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    listed = [*TRACTION, "sessions", "--data", str(tmp_path)]
    done = subprocess.run(
        listed, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shutil.which("bash"), "the stories need a shell with job control"
