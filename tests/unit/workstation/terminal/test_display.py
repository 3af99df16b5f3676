"""The mailbox between the loop and a display that may be slow, stuck, gone or broken."""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.snapshot import Snapshot
from workstation.terminal.display import STUCK_AFTER_S, WORDS_KEPT, Display, writer
from workstation.terminal.progress import PhaseLines
from workstation.terminal.status_area import StatusArea

SNAPSHOT = Snapshot(
    number=1, utc_ms=0, phase="holding", elapsed_s=1.0, planned_s=60.0, target_n=30.0, force_n=30.1
)
PATIENCE_S = 20.0
AT = datetime(2026, 11, 24, 9, 20, tzinfo=UTC)


def area() -> StatusArea:
    return StatusArea(lambda: os.terminal_size((80, 24)), lambda: AT, colours=False)


class Place:
    """Where a display writes: stuck while it is held, broken while it has an error."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.error: OSError | None = None
        self.entered = threading.Event()
        self.free = threading.Event()
        self.free.set()

    def write(self, text: str) -> None:
        self.entered.set()
        assert self.free.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        self.taken.append(text)

    def hold(self) -> None:
        """From the next write on nothing is taken."""
        self.entered.clear()
        self.free.clear()

    @property
    def text(self) -> str:
        return "".join(self.taken)


@contextmanager
def displayed(
    place: Place, page: Any = None, now_s: Callable[[], float] = lambda: 0.0
) -> Iterator[Display]:
    display = Display(page or PhaseLines(), place.write, now_s)
    try:
        yield display
    finally:
        place.free.set()
        assert display.close(PATIENCE_S)


def stuck(display: Display, place: Place) -> None:
    """Let the display's thread hang in a write."""
    place.hold()
    display.tell("the one that hangs")
    assert place.entered.wait(PATIENCE_S)


def test_words_come_in_order_and_the_newest_frame_behind_them() -> None:
    place = Place()
    with displayed(place) as display:
        display.tell("one")
        display.tell("two")
        display.show(SNAPSHOT)
        assert display.drain(PATIENCE_S)
    assert place.text.splitlines()[:2] == ["one", "two"]
    assert place.text.splitlines()[2].startswith("holding")


def test_frames_are_dropped_while_the_display_is_stuck_and_words_are_kept() -> None:
    place = Place()
    with displayed(place, area()) as display:
        stuck(display, place)
        for tick in range(1000):
            display.show(replace(SNAPSHOT, elapsed_s=tick * 0.05))
        display.tell("words")
        place.free.set()
        assert display.drain(PATIENCE_S)
    behind = place.text.partition("the one that hangs")[2]
    assert "\nwords" in behind
    assert behind.count("holding") <= 2, "the one that began the phase and the newest"
    assert "00:49" in behind


def test_a_phase_and_a_tone_are_kept_however_short_they_are() -> None:
    place = Place()
    with displayed(place) as display:
        stuck(display, place)
        for phase in ("ramping_up", "holding", "releasing"):
            display.show(replace(SNAPSHOT, phase=phase))
            display.show(replace(SNAPSHOT, phase=phase, tone=phase == "holding"))
        place.free.set()
        assert display.drain(PATIENCE_S)
    rows = [row.split()[0] for row in place.text.splitlines()]
    assert rows == ["the", "ramping", "holding", "tone:", "releasing"]


def test_a_phase_is_shown_once_although_it_is_kept_and_newest() -> None:
    place = Place()
    with displayed(place) as display:
        display.show(replace(SNAPSHOT, tone=True))
        assert display.drain(PATIENCE_S)
        display.tell("later")
        assert display.drain(PATIENCE_S)
    assert [row.split()[0] for row in place.text.splitlines()] == ["tone:", "holding", "later"]


def test_tones_that_had_to_wait_are_one() -> None:
    place = Place()
    with displayed(place, area()) as display:
        stuck(display, place)
        for tick in range(20):
            display.show(replace(SNAPSHOT, elapsed_s=float(tick), tone=True))
        place.free.set()
        assert display.drain(PATIENCE_S)
    assert place.text.count("\a") == 1


def test_the_oldest_words_go_first_and_it_is_said_how_many() -> None:
    place = Place()
    with displayed(place) as display:
        stuck(display, place)
        for number in range(WORDS_KEPT + 30):
            display.tell(f"word {number}")
        place.free.set()
        assert display.drain(PATIENCE_S)
    rows = place.text.splitlines()
    # 30 words and the one whose place the marker of the drain takes, in one or two steps.
    missed = [row for row in rows if "could not be shown here" in row]
    assert sum(int(row.strip("(").split()[0]) for row in missed) in (30, 31)
    assert rows[-1] == f"word {WORDS_KEPT + 29}"
    assert "word 0" not in rows


def test_the_loop_s_calls_return_while_the_display_is_stuck() -> None:
    place = Place()
    with displayed(place) as display:
        stuck(display, place)
        for _ in range(10_000):
            display.show(SNAPSHOT)
            display.tell("words")
            assert display.trouble() == ""
        assert not place.free.is_set(), "all of it happened while the display was stuck"
        assert not display.drain(0.0)


def test_a_stuck_display_is_in_trouble_after_a_while_and_well_again_when_it_goes_on() -> None:
    place, now_s = Place(), [0.0]
    with displayed(place, now_s=lambda: now_s[0]) as display:
        stuck(display, place)
        now_s[0] = STUCK_AFTER_S
        assert display.trouble() == ""
        now_s[0] += 0.1
        assert display.trouble() == "nothing was taken for 5 s"
        place.free.set()
        assert display.drain(PATIENCE_S)
        assert display.trouble() == ""


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENOSPC, errno.EBADF])
def test_a_display_that_has_gone_is_in_trouble_and_the_next_words_say_what_was_missed(
    number: int,
) -> None:
    place = Place()
    with displayed(place) as display:
        place.error = OSError(number, os.strerror(number))
        display.tell("lost one")
        assert display.drain(PATIENCE_S)
        display.tell("lost two")
        assert display.drain(PATIENCE_S)
        assert display.trouble() == os.strerror(number)
        place.error = None
        display.tell("seen")
        assert display.drain(PATIENCE_S)
        assert display.trouble() == ""
    assert place.text.splitlines() == ["(2 messages could not be shown here)", "seen"]


def test_a_page_that_fails_ends_the_display_and_nothing_else() -> None:
    class Broken(PhaseLines):
        def words(self, text: str) -> str:
            raise ZeroDivisionError

    display = Display(Broken(), Place().write, lambda: 0.0)
    display.tell("words")
    assert display.close(PATIENCE_S)
    assert display.trouble() == "the display failed: ZeroDivisionError"
    display.tell("more")
    display.show(SNAPSHOT)


def test_a_stuck_display_is_left_to_its_fate_at_the_end() -> None:
    place = Place()
    display = Display(PhaseLines(), place.write, lambda: 0.0)
    stuck(display, place)
    assert not display.close(0.0)
    place.free.set()
    assert display.close(PATIENCE_S)


# --- where it is written ----------------------------------------------------------------------


def pipe_stream(encoding: str = "utf-8") -> tuple[int, io.TextIOWrapper]:
    reading, writing = os.pipe()
    return reading, io.TextIOWrapper(io.FileIO(writing, "w"), encoding=encoding)


@pytest.mark.parametrize(
    ("encoding", "bytes_"),
    [
        ("utf-8", "Ærø 山".encode()),
        ("latin-1", b"\xc6r\xf8 \\u5c71"),
        ("ascii", b"\\xc6r\\xf8 \\u5c71"),
    ],
)
def test_every_encoding_gets_what_it_can_show(encoding: str, bytes_: bytes) -> None:
    reading, stream = pipe_stream(encoding)
    writer(stream)("Ærø 山\udcff"[:-1])
    assert os.read(reading, 100) == bytes_
    os.close(reading)
    stream.close()


def test_a_full_descriptor_that_does_not_block_is_waited_for() -> None:
    reading, stream = pipe_stream()
    os.set_blocking(stream.fileno(), False)
    text = "x" * 200_000
    read = bytearray()

    def read_all() -> None:
        while len(read) < len(text):
            read.extend(os.read(reading, 4096))

    reader = threading.Thread(target=read_all)
    reader.start()
    writer(stream)(text)
    reader.join(PATIENCE_S)
    assert len(read) == len(text)
    os.close(reading)
    stream.close()


def test_nothing_is_left_in_a_buffer_for_the_end_of_the_program() -> None:
    reading, stream = pipe_stream()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        writer(stream)("words")
    stream.close()


def test_streams_without_a_descriptor_and_without_a_place() -> None:
    text = io.StringIO()
    writer(text)("words")
    writer(None)("words")
    assert text.getvalue() == "words"
