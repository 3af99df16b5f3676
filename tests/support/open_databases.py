"""Makes a database left open by a test or the program fail a test on every Python.

Python reports it from 3.13 on; this does so on older versions, with the line that opened it.
"""

from __future__ import annotations

import inspect
import sqlite3
import sys
import warnings
from functools import partial
from types import CodeType, FrameType
from typing import Any, Final

PYTHON_TELLS: Final = sys.version_info >= (3, 13)
FRAMES: Final = 6
"""Number of callers kept, enough to reach from the database's own opening to a test or a
command.
"""


def tell_of_open_databases() -> None:
    """Report every database that this process leaves open from now on."""
    if not PYTHON_TELLS:
        told = partial(sqlite3.connect, factory=_Told)
        sqlite3.connect = told  # type: ignore[assignment]


class _Told(sqlite3.Connection):
    _is_open = False
    """Stays False where the opening fails."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._is_open = True
        self._opened_at = _places(inspect.currentframe())

    def close(self) -> None:
        self._is_open = False
        super().close()

    def __del__(self) -> None:
        if self._is_open:
            super().close()
            opened_at = " < ".join(_line(code, at) for code, at in self._opened_at)
            told = f"unclosed database, opened at {opened_at}"
            warnings.warn(told, ResourceWarning, stacklevel=1, source=self)


def _places(frame: FrameType | None) -> list[tuple[CodeType, int]]:
    """The callers' code objects and offsets: looking up their lines costs more than the opening."""
    places = []
    for _ in range(FRAMES):
        frame = frame and frame.f_back
        if frame is not None:
            places.append((frame.f_code, frame.f_lasti))
    return places


def _line(code: CodeType, at: int) -> str:
    line = next((line for start, end, line in code.co_lines() if start <= at < end), None)
    return f"{code.co_filename}:{line}"
