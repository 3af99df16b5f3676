"""Plays a capture back as the port of a line, in virtual time of its own."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from controller.errors import LinkError
from controller.ports import Readable
from controller.runtime.clock import VirtualClock
from firmware_bridge.line.capture import Lump
from firmware_bridge.line.line import Direction


class PlayedCapture:
    """A transport that takes the captured requests and gives their answers.

    An answer arrives after the delay with which it was captured. A request that differs is refused
    with both requests and the line of the file.
    """

    name = "capture"

    def __init__(self, lumps: Iterable[Lump], clock: VirtualClock) -> None:
        self._left = deque(lumps)
        self._clock = clock
        self._coming: deque[tuple[float, bytes]] = deque()
        self.bytes_sent = self.bytes_received = 0
        self._follow(clock.now_s(), 0.0)

    @property
    def left(self) -> int:
        """Chunks that have not been requested yet."""
        return len(self._left)

    @property
    def due_s(self) -> float:
        """When the next bytes arrive, monotonic seconds; infinity if there are none."""
        return self._coming[0][0] if self._coming else math.inf

    def fileno(self) -> int:
        raise OSError("a capture has no file descriptor")

    def write(self, data: bytes) -> None:
        if not self._left:
            raise LinkError(f"the capture ends here, and {data.hex()} is asked")
        lump = self._left[0]
        if data != lump.data:
            raise LinkError(
                f"line {lump.line_number} of the capture asks {lump.data.hex()}, "
                f"and {data.hex()} came instead"
            )
        self._left.popleft()
        self.bytes_sent += len(data)
        self._follow(self._clock.now_s(), lump.at_s)

    def read_available(self) -> bytes:
        data = self._coming.popleft()[1] if self.due_s <= self._clock.now_s() else b""
        self.bytes_received += len(data)
        return data

    def close(self) -> None:
        """Do nothing: no port is open."""

    def _follow(self, now_s: float, at_s: float) -> None:
        """Delay what was received after a request as much as the request was delayed."""
        while self._left and self._left[0].direction is Direction.RECEIVED:
            lump = self._left.popleft()
            self._coming.append((now_s + lump.at_s - at_s, lump.data))


class PlayedClock(VirtualClock):
    """Jumps to the next bytes of a played capture, or to the deadline if that is earlier."""

    def wait_readable(self, port: Readable, deadline_s: float) -> bool:
        assert isinstance(port, PlayedCapture)
        self.sleep_until(min(port.due_s, deadline_s))
        return port.due_s <= self.now_s()
