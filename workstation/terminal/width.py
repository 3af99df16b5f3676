"""How wide a terminal is, and lines that are too long for it, broken between words."""

from __future__ import annotations

import os
from itertools import chain
from textwrap import wrap
from typing import Final, TextIO

from workstation.terminal.typed_lines import is_terminal

SIZE_UNKNOWN: Final = os.terminal_size((80, 24))


def size_of(stream: TextIO | None) -> os.terminal_size:
    """Of the terminal that the stream leads to, as it is now."""
    try:
        size = os.get_terminal_size(stream.fileno()) if stream else SIZE_UNKNOWN
    except (OSError, ValueError):
        size = SIZE_UNKNOWN
    return size if size.columns and size.lines else SIZE_UNKNOWN


def broken(line: str, width: int) -> list[str]:
    """A line that is too long goes on below, two blanks further in than it begins."""
    indent = line[: len(line) - len(line.lstrip(" "))] + "  "
    return wrap(line, max(width, len(indent) + 1), subsequent_indent=indent) or [""]


def in_its_width(text: str, stream: TextIO | None) -> str:
    """A text for a person at a terminal; anything but a terminal gets it as it is."""
    if not is_terminal(stream):
        return text
    width = size_of(stream).columns
    lines = (broken(line, width) if len(line) > width else [line] for line in text.split("\n"))
    return "\n".join(chain.from_iterable(lines))
