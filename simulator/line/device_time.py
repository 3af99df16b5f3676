"""The time of a simulated unit: the machine's, or the virtual one that it shares with the loop.

The time decides about the thread: in real time a server runs in a thread of its own, in virtual
time in the thread that waits on the clock.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from controller.runtime.clock import SystemClock, VirtualClock

T = TypeVar("T")


class DeviceTime(Protocol):
    """Time, the event loop that a server runs in, and the counts of bytes on the wire.

    The counts matter in virtual time only.
    """

    idle_step_s: float | None
    """Period of stepping without a request; None where time stops between requests."""

    def now_s(self) -> float: ...

    async def sleep_until(self, at_s: float) -> None: ...

    def begin(self) -> None:
        """Prepare the event loop."""
        ...

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` in the event loop and wait for its result; raises what it raises."""
        ...

    def end(self) -> None:
        """Close the event loop; pending work is dropped."""
        ...

    def consumed(self, byte_count: int) -> None:
        """Count consumed bytes of a host (after ``began``, if a request)."""
        ...

    def produced(self, byte_count: int) -> None:
        """Count bytes that are about to be sent to a host."""
        ...

    def began(self) -> None:
        """Note that work on a request begins."""
        ...

    def ended(self) -> None:
        """Note that a request was answered or dropped."""
        ...


class SystemDeviceTime:
    """Real time: an answer that takes 24 ms on the wire comes 24 ms later."""

    idle_step_s: float | None = 0.05

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def now_s(self) -> float:
        return self._clock.now_s()

    async def sleep_until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - self._clock.now_s()))

    def begin(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated-unit")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None, "run comes between begin and end"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def end(self) -> None:
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        _close(self._loop)
        self._loop = self._thread = None

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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []
        self._requests = 0
        self._working = False
        self.bytes_consumed = 0
        self.bytes_produced = 0

    def now_s(self) -> float:
        return self._clock.now_s()

    async def sleep_until(self, at_s: float) -> None:
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((at_s, due))
        self._pause()
        await due

    def begin(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._clock.add(self)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None, "run comes between begin and end"
        return self._loop.run_until_complete(work)

    def end(self) -> None:
        if self._loop is None:
            return
        self._clock.remove(self)
        _close(self._loop)
        self._loop = None

    def consumed(self, byte_count: int) -> None:
        self.bytes_consumed += byte_count
        if not self.busy():
            self._pause()

    def produced(self, byte_count: int) -> None:
        self.bytes_produced += byte_count

    def began(self) -> None:
        self._requests += 1

    def ended(self) -> None:
        self._requests -= 1
        self._pause()

    # --- as a participant of the clock --------------------------------------------------------

    def busy(self) -> bool:
        return self._requests > len(self._waiting)

    def next_action_s(self) -> float:
        return min((at_s for at_s, _ in self._waiting), default=math.inf)

    def reach(self, now_s: float) -> None:
        due = [future for at_s, future in self._waiting if at_s <= now_s]
        self._waiting = [entry for entry in self._waiting if entry[0] > now_s]
        for future in due:
            if not future.done():
                future.set_result(None)

    def work(self, real_s: float) -> None:
        """Run the event loop until a count changed; one turn of it when ``real_s`` is 0."""
        assert self._loop is not None, "a participant of the clock has begun"
        guard = self._loop.call_later(real_s, self._loop.stop)
        self._working = True
        self._loop.run_forever()
        self._working = False
        guard.cancel()

    def _pause(self) -> None:
        """Let the clock check whether it has what it waits for."""
        if self._working and self._loop is not None:
            self._loop.stop()


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Drop pending work and close."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left))
    loop.close()
