"""Where a run shows what: the session, messages, the document for a program, and what fails."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import logging
import os
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.runtime.clock import VirtualClock
from controller.snapshot import Snapshot
from tests.support.alarms import raised
from workstation.terminal.last_words import last_words
from workstation.terminal.progress import PhaseLines
from workstation.terminal.screen import MOST_NOTICES, Screen, page_for
from workstation.terminal.status_area import StatusArea
from workstation.terminal.width import SIZE_UNKNOWN, in_its_width

SNAPSHOT = Snapshot(
    number=1, utc_ms=0, phase="holding", elapsed_s=1.0, planned_s=60.0, target_n=30.0, force_n=30.1
)


def now() -> datetime:
    return datetime.fromtimestamp(0, UTC)


def in_utc(_utc_ms: int) -> tzinfo:
    return UTC


Streams = tuple[io.StringIO, io.StringIO]


class Failing(io.StringIO):
    """A stream that takes nothing while it is broken."""

    broken = True

    def write(self, text: str) -> int:
        if self.broken:
            raise OSError(errno.EPIPE, "Broken pipe")
        return super().write(text)


@contextmanager
def streams(out: io.StringIO | None = None) -> Iterator[Streams]:
    """Standard output and error in the hands of the test."""
    taken, err = io.StringIO() if out is None else out, io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", taken)
        patch.setattr(sys, "stderr", err)
        yield taken, err


def test_session_and_report_stand_on_standard_output_and_messages_beside_it() -> None:
    with (
        streams() as (out, err),
        Screen(VirtualClock(start_s=0.0), as_json=False, zone_at=in_utc) as screen,
    ):
        screen.message("plan")
        screen.settle()
        assert err.getvalue() == "plan\n"
        screen.show(SNAPSHOT)
        screen.tell("self-check passed")
        assert not screen.document({"a": 1})
        screen.end_session()
        screen.message("traction: release not seen")
    assert "holding" in out.getvalue()
    assert "self-check passed\n" in out.getvalue()
    assert err.getvalue() == "plan\ntraction: release not seen\n"


def test_a_program_finds_nothing_but_its_document_on_standard_output() -> None:
    facts: dict[str, Any] = {"reason": "ended early by Ærø\u202e", "outcome": "stopped"}
    with (
        streams() as (out, err),
        Screen(VirtualClock(start_s=0.0), as_json=True, zone_at=in_utc) as screen,
    ):
        screen.show(SNAPSHOT)
        screen.tell("self-check passed")
        assert screen.document(facts)
    assert json.loads(out.getvalue()) == facts
    assert "\u202e" not in out.getvalue()
    assert "self-check passed\n" in err.getvalue()


def test_what_a_library_prints_or_logs_goes_to_the_messages_and_waits_for_nobody() -> None:
    with streams() as (out, err):
        with Screen(VirtualClock(start_s=0.0), as_json=False, zone_at=in_utc):
            print("pri", end="")
            print("nted")
            assert logging.lastResort is not None
            logging.lastResort.handle(logging.makeLogRecord({"msg": "logged \x1b"}))
            sys.stderr.write("x" * 10_000)
        assert (sys.stdout, sys.stderr) == (out, err)
    assert out.getvalue() == ""
    assert err.getvalue().splitlines() == ["printed", "logged <U+001B>", "x" * 10_000]


def test_a_display_that_fails_is_reported_beside_it_and_in_the_record_once() -> None:
    broken = Failing()
    gone = "the display at standard output shows nothing: Broken pipe"
    back = "the display at standard output shows the session again"
    with (
        streams(broken) as (_, err),
        Screen(VirtualClock(start_s=0.0), as_json=False, zone_at=in_utc) as screen,
    ):
        assert screen.notices() == []
        told(screen, "words")
        assert screen.notices() == [gone]
        assert screen.notices() == []
        broken.broken = False
        told(screen, "words")
        assert screen.notices() == [back]
        assert screen.notices() == []
    assert err.getvalue().splitlines() == [f"traction: {gone}", f"traction: {back}"]
    assert "could not be shown here" in broken.getvalue()


def test_a_display_that_fails_again_and_again_is_reported_so_often_and_not_more() -> None:
    flapping = Failing()
    found: list[str] = []
    with (
        streams(flapping),
        Screen(VirtualClock(start_s=0.0), as_json=False, zone_at=in_utc) as screen,
    ):
        for turn in range(MOST_NOTICES + 6):
            flapping.broken = turn % 2 == 0
            told(screen, "words")
            found += screen.notices()
    assert len(found) == MOST_NOTICES


def told(screen: Screen, text: str) -> None:
    """Say it and wait until the display has tried to write it."""
    screen.tell(text)
    screen.settle()


def test_last_words_are_said_and_a_stream_that_takes_nothing_is_no_error() -> None:
    with streams() as (_, err):
        last_words("traction: \x1b refused")
        assert err.getvalue() == "traction: <U+001B> refused\n"
    for nobody in (Failing(), None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stderr", nobody)
            last_words("traction: refused")


# --- terminals of all kinds -------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    if not hasattr(os, "openpty"):
        assert os.name == "nt"
        pytest.fail("no pseudo-terminal on this system")
    person, program = os.openpty()
    monkeypatch.delenv("NO_COLOR", raising=False)
    with os.fdopen(program, "w") as stream:
        yield stream
    os.close(person)


@pytest.mark.parametrize(
    ("term", "page"),
    [
        ("xterm-256color", StatusArea),
        ("screen", StatusArea),
        ("no-such-terminal", PhaseLines),
        ("dumb", PhaseLines),
        ("unknown", PhaseLines),
        ("", PhaseLines),
    ],
)
def test_a_terminal_gets_what_it_is_known_to_understand(
    terminal: Any, monkeypatch: pytest.MonkeyPatch, term: str, page: type
) -> None:
    monkeypatch.setenv("TERM", term)
    alarmed = replace(SNAPSHOT, alarms=(raised("over_force"),))
    assert type(page_for(terminal, now)) is page
    coloured = "\x1b[1;31m" in page_for(terminal, now).frame(alarmed)
    assert coloured is (page is StatusArea)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in page_for(terminal, now).frame(alarmed)


@pytest.mark.parametrize(
    ("utc_ms", "shown"), [(1_795_564_800_000, "18:00:00 CST"), (1_782_000_000_000, "19:00:00 CDT")]
)
def test_the_time_of_the_day_is_that_of_the_clinic(
    monkeypatch: pytest.MonkeyPatch, utc_ms: int, shown: str
) -> None:
    """Whatever zone the machine has."""
    monkeypatch.setenv("TERM", "xterm")
    clock = VirtualClock(start_s=0.0, utc_origin_ms=utc_ms)
    person, program = os.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with os.fdopen(program, "w") as terminal, streams() as (_, err):
        monkeypatch.setattr(sys, "stdout", terminal)
        with Screen(clock, as_json=False, zone_at=lambda _: ZoneInfo("America/Chicago")) as screen:
            screen.show(SNAPSHOT)
        written = os.read(person, 100_000).decode()
    os.close(person)
    assert shown in written
    assert err.getvalue() == ""


def test_the_size_is_asked_for_every_time_and_none_is_a_usual_one(
    terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    page = page_for(terminal, now)
    for columns, rows in ((0, 0), (40, 10), (120, 40)):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        page.frame(SNAPSHOT)
        assert f"\x1b[{rows or SIZE_UNKNOWN.lines};1H> {columns}" in page.prompted("", str(columns))


PLAN = "  total        1 min 12 s: traction 1 min 0 s, pretension 10 s, release 2 s; before it 30 s"


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (40, 120), (10, 40)])
def test_a_visit_s_long_lines_are_broken_between_words(
    terminal: Any, rows: int, columns: int
) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    shown = in_its_width(f"short  line\n{PLAN}\n", terminal)
    first, *plan, last = shown.split("\n")
    assert (first, last) == ("short  line", "")
    assert all(len(line) <= columns for line in plan)
    assert [line[:4] for line in plan[1:]] == ["    "] * (len(plan) - 1), "further in"
    assert " ".join(shown.split()) == " ".join(f"short line {PLAN}".split())
    assert (len(plan) > 1) is (columns < len(PLAN))


def test_what_is_no_terminal_gets_its_lines_whole() -> None:
    assert in_its_width(PLAN * 3, io.StringIO()) == PLAN * 3
    assert in_its_width(PLAN * 3, None) == PLAN * 3


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_what_is_no_terminal_gets_lines(stream: io.StringIO | None) -> None:
    assert isinstance(page_for(stream, now), PhaseLines)


def test_a_stream_that_was_closed_gets_lines() -> None:
    closed = io.StringIO()
    closed.close()
    assert isinstance(page_for(closed, now), PhaseLines)
