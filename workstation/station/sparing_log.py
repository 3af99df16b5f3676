"""Reports events that others can repeat at will, each kind once a minute."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from controller.ports import Clock

QUIET_S: Final = 60.0
MOST_KINDS: Final = 100
"""Kinds remembered; a hostile client cannot make this grow."""


class SparingLog:
    """One line for each kind and minute, with the number of those that were left out."""

    def __init__(self, clock: Clock, report: Callable[[str], None]) -> None:
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._last: dict[str, tuple[float, int]] = {}

    def say(self, kind: str, text: str) -> bool:
        """Report ``text`` unless one of its kind came in the last minute; True when reported."""
        with self._lock:
            now_s = self._clock.now_s()
            last_s, left_out = self._last.get(kind, (-QUIET_S, 0))
            if kind in self._last and now_s - last_s < QUIET_S:
                self._last[kind] = (last_s, left_out + 1)
                return False
            if len(self._last) >= MOST_KINDS:
                self._last.clear()
            self._last[kind] = (now_s, 0)
        more = f" ({left_out} more like it in between)" if left_out else ""
        self._report(text + more)
        return True
