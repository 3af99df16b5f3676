"""The time a simulated unit lives in: the machine's, or the virtual one it shares with the loop."""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

from controller.runtime.clock import SystemClock, VirtualClock


class DeviceTime(Protocol):
    """Time and the counts of what went over the wire; the counts matter in virtual time only."""

    idle_step_s: float | None
    """Period of stepping without a request; None where time stands still between requests."""

    def now_s(self) -> float: ...

    async def sleep_until(self, at_s: float) -> None: ...

    def consumed(self, byte_count: int) -> None:
        """So many bytes of a host were taken in (after ``began``, if they were a request)."""
        ...

    def produced(self, byte_count: int) -> None:
        """So many bytes are about to be sent to a host."""
        ...

    def began(self) -> None:
        """A request is being worked on."""
        ...

    def ended(self) -> None:
        """A request was answered or dropped."""
        ...


class SystemDeviceTime:
    """Real time: an answer that takes 24 ms on the wire comes 24 ms later."""

    idle_step_s: float | None = 0.05

    def __init__(self) -> None:
        self._clock = SystemClock()

    def now_s(self) -> float:
        return self._clock.now_s()

    async def sleep_until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - self._clock.now_s()))

    def consumed(self, byte_count: int) -> None:
        pass

    def produced(self, byte_count: int) -> None:
        pass

    def began(self) -> None:
        pass

    def ended(self) -> None:
        pass


class VirtualDeviceTime:
    """Virtual time, as a participant of the loop's clock (controller.runtime.clock)."""

    idle_step_s: float | None = None

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, asyncio.Future[None], asyncio.AbstractEventLoop]] = []
        self._requests = 0
        self.bytes_consumed = 0
        self.bytes_produced = 0

    def now_s(self) -> float:
        return self._clock.now_s()

    async def sleep_until(self, at_s: float) -> None:
        loop = asyncio.get_running_loop()
        due: asyncio.Future[None] = loop.create_future()
        with self._clock.changing():
            self._waiting.append((at_s, due, loop))
        await due

    def consumed(self, byte_count: int) -> None:
        with self._clock.changing():
            self.bytes_consumed += byte_count

    def produced(self, byte_count: int) -> None:
        with self._clock.changing():
            self.bytes_produced += byte_count

    def began(self) -> None:
        with self._clock.changing():
            self._requests += 1

    def ended(self) -> None:
        with self._clock.changing():
            self._requests -= 1

    def busy(self) -> bool:
        return self._requests > len(self._waiting)

    def next_action_s(self) -> float:
        return min((at_s for at_s, _, _ in self._waiting), default=math.inf)

    def reach(self, now_s: float) -> None:
        with self._clock.changing():
            due = [entry for entry in self._waiting if entry[0] <= now_s]
            self._waiting = [entry for entry in self._waiting if entry[0] > now_s]
        for _, future, loop in due:
            loop.call_soon_threadsafe(_resolve, future)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
