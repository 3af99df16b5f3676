"""What a connection has yet to send: messages in their order, and of frames the newest alone."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from controller.ports import Clock

FRAME_S: Final = 0.05
"""At most 20 frames a second."""
MOST_WAITING: Final = 256
"""Messages of one connection; with more it is not being read, and it is given up."""


class Outbox:
    """Filled by any thread, which never waits; emptied by the connection's own writer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._messages: deque[object] = deque()
        self._frame: object | None = None
        self._frame_due_s = clock.now_s()
        self._ends = self._dropped = False

    def put(self, message: object) -> None:
        """Send it behind what waits; a connection on which too much waits is given up."""
        with self._changed:
            if self._ends:
                return
            self._messages.append(message)
            if len(self._messages) > MOST_WAITING:
                self._ends = self._dropped = True
            self._changed.notify()

    def show(self, frame: object) -> None:
        """Send it unless a newer one comes first."""
        with self._changed:
            self._frame = frame
            self._changed.notify()

    def end(self) -> None:
        """Send what waits and then nothing more."""
        with self._changed:
            self._ends = True
            self._changed.notify()

    def drop(self) -> None:
        """Send nothing more, not even what waits."""
        with self._changed:
            self._ends = self._dropped = True
            self._changed.notify()

    def next(self) -> object | None:
        """Wait for the next thing to send; None when there will be none."""
        with self._changed:
            while not self._dropped:
                if self._messages:
                    return self._messages.popleft()
                if self._ends:
                    break
                wait_s = self._frame_due_s - self._clock.now_s()
                if self._frame is not None and wait_s <= 0:
                    return self._taken_frame()
                self._changed.wait(None if self._frame is None else wait_s)
            return None

    def _taken_frame(self) -> object | None:
        """Frames that come at the tick find their time come, though no tick is quite on time."""
        frame, self._frame = self._frame, None
        now_s = self._clock.now_s()
        self._frame_due_s = max(self._frame_due_s + FRAME_S, now_s + FRAME_S / 2)
        return frame
