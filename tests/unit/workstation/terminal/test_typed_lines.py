"""Bytes of a terminal become lines: what cannot be taken is refused, and the next one is heard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from controller.errors import RequestRefused
from workstation.terminal.typed_lines import LINE_BYTES, TypedLines, is_terminal, typed_lines

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
        "[the line has the byte 0xFF at place 11 of 17, which is no text in utf-8; type it again "
        "without it]"
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
