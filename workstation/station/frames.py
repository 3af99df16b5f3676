"""Sends the present to all connections of a unit: one thread, woken once for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Protocol

from controller.ports import Clock

FRAME_S: Final = 0.05
"""At most 20 frames a second."""
_TURN_S: Final = FRAME_S - 0.000_25
"""Slightly shorter than a tick: early frames then wait less each time, and finally not at all."""


class Shown(Protocol):
    """Who is shown frames; hashable, and its call does not wait."""

    def pass_on(self, frame: object) -> None:
        """Send it, or keep it as the newest."""


class FrameSender:
    """``show`` is called by the thread that drives, which never waits here.

    ``beside_loop`` is told the thread that sends.
    """

    def __init__(
        self, clock: Clock, beside_loop: Callable[[threading.Thread], None] | None = None
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[Shown, object] = {}
        self._goes_on: SimpleQueue[bool] = SimpleQueue()
        self._due_s = clock.now_s()
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        if beside_loop is not None:
            beside_loop(thread)

    def show(self, to: Shown, frame: object) -> None:
        """Send it unless a newer one for the same connection replaces it first."""
        with self._lock:
            is_first = not self._waiting
            self._waiting[to] = frame
        if is_first:
            self._goes_on.put(True)

    def close(self) -> None:
        """Stop sending."""
        self._goes_on.put(False)

    def _run(self) -> None:
        while self._goes_on.get():
            self.send_waiting()

    def send_waiting(self) -> None:
        """Wait until frames are due, and send those that wait.

        Frames that come at each tick are then sent in time, although ticks are not exact and
        sessions begin between two turns.
        """
        self._clock.sleep_until(self._due_s)
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        self._due_s = max(self._due_s + _TURN_S, self._clock.now_s() + FRAME_S / 2)
        for to, frame in waiting.items():
            to.pass_on(frame)
