"""Parses TOML from anybody: input that would exhaust memory or the call stack is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any, Final

MOST_DOTS: Final = 4096
"""Of a line: the library's memory grows with the square of a dotted key's parts, and a key is one
line. Long texts, as typed on a page, are parsed and judged normally.
"""


def toml_of(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Returns the content; raises ValueError, which names the line where there is one."""
    for number, line in enumerate(text.split("\n"), start=1):
        if (dots := line.count(".")) > MOST_DOTS:
            raise ValueError(f"line {number} has {dots} dots, at most {MOST_DOTS}")
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
