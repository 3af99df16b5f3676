"""The width of a terminal, and lines that are too long for it, broken between words."""

from __future__ import annotations

import os
from itertools import chain
from textwrap import wrap
from typing import Final, TextIO

from workstation.terminal.typed_lines import is_terminal

SIZE_UNKNOWN: Final = os.terminal_size((80, 24))


def size_of(stream: TextIO | None) -> os.terminal_size:
    """Returns the present size of the terminal of a stream."""
    try:
        size = os.get_terminal_size(stream.fileno()) if stream else SIZE_UNKNOWN
    except (OSError, ValueError):
        size = SIZE_UNKNOWN
    return size if size.columns and size.lines else SIZE_UNKNOWN


def broken(line: str, width: int) -> list[str]:
    """Returns a long line wrapped, with continuation lines indented by two more blanks."""
    indent = line[: len(line) - len(line.lstrip(" "))] + "  "
    return wrap(line, max(width, len(indent) + 1), subsequent_indent=indent) or [""]


def in_its_width(text: str, stream: TextIO | None) -> str:
    """Returns a text for a person at a terminal; anything but a terminal gets it unchanged."""
    if not is_terminal(stream):
        return text
    width = size_of(stream).columns
    lines = (broken(line, width) if len(line) > width else [line] for line in text.split("\n"))
    return "\n".join(chain.from_iterable(lines))
