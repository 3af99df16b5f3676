"""What a connection could not send at once: messages in order, and only the newest frame."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

MOST_WAITING: Final = 256
"""Most messages of one connection; with more it is not being read, and it is given up."""


class Outbox:
    """Filled by any thread, which never waits; emptied by the connection's own writer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._messages: deque[object] = deque()
        self._frame: object | None = None
        self._ends = self._dropped = self._taken = False

    @property
    def is_idle(self) -> bool:
        """Returns True while nothing waits, the writer sends nothing, and more may come.

        A waiting frame counts: a newer one that overtook it would be followed by the older one.
        """
        return not (self._messages or self._frame is not None or self._taken or self._ends)

    def put(self, message: object) -> None:
        """Send it after the waiting messages; a connection with too many of them is given up."""
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
        """Send the waiting messages and then nothing more."""
        with self._changed:
            self._ends = True
            self._changed.notify()

    def drop(self) -> None:
        """Send nothing more, not even waiting messages."""
        with self._changed:
            self._ends = self._dropped = True
            self._changed.notify()

    def next(self) -> object | None:
        """Wait for the next item to send; returns None when there will be none."""
        with self._changed:
            self._taken = False
            while not self._dropped:
                if self._messages:
                    self._taken = True
                    return self._messages.popleft()
                if self._ends:
                    break
                if self._frame is not None:
                    frame, self._frame = self._frame, None
                    self._taken = True
                    return frame
                self._changed.wait()
            return None
