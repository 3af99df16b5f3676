"""What a command prints, on streams that take it badly or not at all."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from controller.errors import RequestRefused
from workstation.demo import DemoConsole
from workstation.output import json_for, say, say_json, warn

WORDS = {"by": "Ærø 山", "text": "odd\u202e\x1b"}


@contextmanager
def standing_for(name: str, stream: TextIO | None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, name, stream)
        yield
    if stream is not None:
        stream.close()  # writes what is left in its buffer, as the end of the program does


def without_reader() -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return io.TextIOWrapper(io.FileIO(writing, "w"), encoding="utf-8")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "Ærø 山<U+202E>\n"), ("latin-1", "Ærø \\u5c71<U+202E>\n")],
)
def test_what_an_encoding_cannot_show_is_written_out(encoding: str, shown: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        say("Ærø 山\u202e")
        warn("Ærø 山\u202e")
    assert raw.getvalue().decode(encoding) == shown * 2


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_json_says_the_same_in_every_encoding_and_steers_no_screen(encoding: str) -> None:
    text = json_for(json.dumps(WORDS, ensure_ascii=False), encoding)
    assert json.loads(text.encode(encoding)) == WORDS
    assert text.replace("\n", "").isprintable()


def test_a_reader_that_has_gone_is_no_error() -> None:
    with standing_for("stdout", without_reader()):
        say("one")
        say_json("test", WORDS)
        say("two")
    with standing_for("stderr", without_reader()):
        warn("one")
        warn("two")


def test_the_demo_s_console_goes_on_without_its_reader() -> None:
    with standing_for("stdout", without_reader()):
        console = DemoConsole()
        console.print("one")
        console.print("two")
        say("three")


def test_a_full_disk_is_named_and_is_no_error_twice() -> None:
    full = Path("/dev/full")
    if not full.exists():
        assert sys.platform != "linux"
        return
    named = pytest.raises(
        RequestRefused, match=r"standard output cannot be written \(No space left"
    )
    with standing_for("stdout", full.open("w", encoding="utf-8")), named:
        say("one")
    with standing_for("stderr", full.open("w", encoding="utf-8")):
        warn("one")


def test_streams_that_were_closed_before_the_program_began_take_everything() -> None:
    with standing_for("stdout", None):
        say("one")
    with standing_for("stderr", None):
        warn("one")
