"""Bytes of a terminal become lines: what cannot be taken is refused, and the next one is heard."""

from __future__ import annotations

import os
import queue
import termios
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from controller.errors import RequestRefused
from workstation.terminal.typed_lines import (
    LINE_BYTES,
    EditedLines,
    TypedLines,
    is_terminal,
    typed_lines,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The ends of a pseudo-terminal: the person's and the program's."""
    person, program = os.openpty()
    yield person, program
    for end in (person, program):
        with suppress(OSError):  # a test may have closed it
            os.close(end)


def heard(lines: TypedLines, count: int) -> list[str]:
    """Lines and, in brackets, refusals."""
    found = []
    for _ in range(count):
        try:
            found.append(lines.read_line())
        except RequestRefused as refusal:
            found.append(f"[{refusal.message}]")
        except EOFError:
            found.append("(the end)")
    return found


def piped(data: bytes, encoding: str = "utf-8") -> TypedLines:
    """Lines of a pipe whose writer has gone."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return TypedLines(reading, encoding)


def test_lines_come_one_by_one_and_the_last_may_have_no_end() -> None:
    assert heard(piped("pause\r\nremark ævle\n\ny".encode()), 6) == [
        "pause",
        "remark ævle",
        "",
        "y",
        "(the end)",
        "(the end)",
    ]


def test_bytes_that_are_no_text_are_refused_and_the_next_line_is_heard() -> None:
    refused, line, end = heard(piped(b"remark odd\xff noise\npause\n"), 3)
    assert refused == (
        "[the line has the byte 0xFF at place 11 of 17, which is not text in utf-8; type it "
        "again without it]"
    )
    assert (line, end) == ("pause", "(the end)")
    assert heard(piped(b"remark odd\xff\n", "iso8859-1"), 1) == ["remark oddÿ"]


@pytest.mark.parametrize("size", [LINE_BYTES + 1, 3 * LINE_BYTES, 20 * LINE_BYTES])
def test_a_line_without_an_end_takes_no_room_and_is_refused(size: int) -> None:
    reading, writing = os.pipe()
    lines = TypedLines(reading, "utf-8")
    if os.fork() == 0:
        os.write(writing, b"x" * size + b"\npause\n")
        os._exit(0)
    os.close(writing)
    refused, line = heard(lines, 2)
    assert refused.startswith(f"[the line has more than {LINE_BYTES} bytes")
    assert line == "pause"


def test_a_closed_descriptor_and_a_folder_are_the_end(tmp_path: os.PathLike[str]) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    os.close(reading)
    assert heard(TypedLines(reading, "utf-8"), 1) == ["(the end)"]
    folder = os.open(tmp_path, os.O_RDONLY)
    assert heard(TypedLines(folder, "utf-8"), 1) == ["(the end)"]
    os.close(folder)


def test_a_terminal_s_lines_and_its_end(terminal: tuple[int, int]) -> None:
    person, program = terminal
    lines = TypedLines(program, "utf-8")
    os.write(person, "remark ævle\n".encode())
    assert heard(lines, 1) == ["remark ævle"]
    os.write(person, b"y\x04\x04")
    assert heard(lines, 1) == ["y"], "the second Ctrl-D behind words ends the line"
    os.close(person)
    assert heard(lines, 1) == ["(the end)"]


def test_ctrl_d_is_refused_in_words_and_the_terminal_stays_open(terminal: tuple[int, int]) -> None:
    person, program = terminal
    lines = TypedLines(program, "utf-8")
    os.write(person, b"\x04pause\n")
    refused, line = heard(lines, 2)
    assert refused.startswith("[Ctrl-D does not end a session")
    assert line == "pause"


def test_what_was_typed_for_something_else_is_forgotten(terminal: tuple[int, int]) -> None:
    person, program = terminal
    lines = TypedLines(program, "utf-8")
    os.write(person, b"first\nwaits in the program\n")
    assert heard(lines, 1) == ["first"]
    os.write(person, b"waits in the terminal\n")
    lines.forget()
    os.write(person, b"typed afterwards\n")
    assert heard(lines, 1) == ["typed afterwards"]


def test_a_descriptor_that_does_not_block_is_waited_for(terminal: tuple[int, int]) -> None:
    person, program = terminal
    os.set_blocking(program, False)
    lines = TypedLines(program, "utf-8")
    if os.fork() == 0:
        os.write(person, b"pause\n")
        os._exit(0)
    assert heard(lines, 1) == ["pause"]


def test_only_a_terminal_is_read(terminal: tuple[int, int]) -> None:
    _, program = terminal
    with os.fdopen(os.dup(program)) as stream:
        assert is_terminal(stream)
        assert typed_lines(stream) is not None
    assert not is_terminal(stream), "a closed stream is none"
    assert typed_lines(None) is None
    with os.fdopen(os.open(os.devnull, os.O_RDONLY)) as nothing:
        assert typed_lines(nothing) is None


# --- lines that the program shows itself ------------------------------------------------------


Seat = tuple[int, EditedLines, list[str]]


@pytest.fixture
def seat(terminal: tuple[int, int]) -> Seat:
    """The person's end, the lines, and what was shown of them."""
    person, program = terminal
    shown: list[str] = []
    return person, EditedLines(program, "utf-8", shown.append), shown


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (b"pause\r", "pause"),
        (b"paise\x7f\x7f\x7fuse\n", "pause"),
        ("remark \u00e6v\u6f22\x7fle\n".encode(), "remark \u00e6vle"),
        (b"end it\x17\x17check A. Example\n", "check A. Example"),
        (b"remark wrong\x15pause\n", "pause"),
        (b"\x7f\x15\x17pause\n", "pause"),
        (b"pa\x1b[A\x1b[1;5Cuse\x1bOP\x1bx\n", "pause"),
        (b"pa\x01\x07use\n", "pause"),
        (b"remark a\tb\n", "remark a\tb"),
        (b"pause\x04\n", "pause"),
    ],
)
def test_a_line_can_be_corrected_while_it_is_typed(seat: Seat, typed: bytes, line: str) -> None:
    person, lines, _ = seat
    os.write(person, typed)
    assert heard(lines, 1) == [line]


def test_what_is_typed_is_shown_by_the_program_and_not_by_the_terminal(
    terminal: tuple[int, int],
) -> None:
    person, program = terminal
    shown: queue.SimpleQueue[str] = queue.SimpleQueue()
    lines = EditedLines(program, "utf-8", shown.put)
    with ThreadPoolExecutor() as reading:
        line = reading.submit(lines.read_line)
        for typed, so_far in (
            (b"re", "re"),
            (b"mark \xc3", "remark \ufffd"),
            (b"\xa6", "remark æ"),
        ):
            os.write(person, typed)
            assert shown.get(timeout=20) == so_far
        os.write(person, b"\n")
        assert line.result(timeout=20) == "remark æ"
    assert shown.get(timeout=20) == ""
    os.write(program, b"words of the program")
    assert os.read(person, 4096) == b"words of the program"


def test_a_line_that_came_with_others_waits_and_is_corrected_for_itself(seat: Seat) -> None:
    person, lines, _ = seat
    os.write(person, b"pause\nresu\x15\x7f\x7fok\n")
    assert heard(lines, 2) == ["pause", "ok"]


def test_ctrl_d_on_an_empty_line_ends_nothing_and_ctrl_c_stays_a_signal(seat: Seat) -> None:
    person, lines, _ = seat
    os.write(person, b"\x04")
    (refused,) = heard(lines, 1)
    assert refused.startswith("[Ctrl-D does not end a session")
    assert termios.tcgetattr(person)[3] & termios.ISIG


def test_the_terminal_is_given_back_as_it_was(terminal: tuple[int, int]) -> None:
    person, program = terminal
    before = termios.tcgetattr(person)
    lines = EditedLines(program, "utf-8", lambda text: None)
    assert not termios.tcgetattr(person)[3] & (termios.ICANON | termios.ECHO)
    lines.give_back()
    lines.give_back()
    assert termios.tcgetattr(person) == before


def test_an_endless_line_is_refused_and_the_next_one_is_heard(seat: Seat) -> None:
    person, lines, _ = seat
    writer = threading.Thread(
        target=lambda: (
            [os.write(person, b"x" * 1024) for _ in range(LINE_BYTES // 1024 + 1)]
            and os.write(person, b"\npause\n")
        )
    )
    writer.start()
    refused, line = heard(lines, 2)
    writer.join()
    assert refused.startswith(f"[the line has more than {LINE_BYTES} bytes")
    assert line == "pause"


def test_a_terminal_that_has_gone_ends_the_lines(terminal: tuple[int, int]) -> None:
    person, program = terminal
    lines = EditedLines(program, "utf-8", lambda text: None)
    os.close(person)
    assert heard(lines, 1) == ["(the end)"]
    lines.give_back()
