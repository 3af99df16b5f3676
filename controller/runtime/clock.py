"""The two clocks: the machine's, and the virtual one that sessions and simulators share.

This is the only file that reads a clock or sleeps. ``VirtualClock`` advances only when every
participant waits, while the bytes still travel over a real port: a silence is certain, not guessed.
A thread that waits on it runs the participants, so nothing depends on a scheduler.
"""

from __future__ import annotations

import math
import select
import time
from typing import TYPE_CHECKING, Final, Protocol

from controller.errors import SimulationStalled

if TYPE_CHECKING:
    from controller.ports import Readable, Waitable

STALL_GUARD_S: Final = 5.0
"""Real seconds after which a participant that does not finish counts as stuck."""
WORK_SHARE_S: Final = 0.0005
"""Real seconds that one of several participants may wait before it is another one's turn."""

_HAS_BOOT_CLOCK = hasattr(time, "CLOCK_BOOTTIME")


class SystemClock:
    """The machine's monotonic, boot-time and wall clocks."""

    def now_s(self) -> float:
        return time.monotonic()

    def boot_s(self) -> float:
        """Returns the boot-time clock if the system has one, else the monotonic clock."""
        if _HAS_BOOT_CLOCK:
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def utc_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def sleep_until(self, at_s: float) -> None:
        remaining_s = at_s - time.monotonic()
        if remaining_s > 0:
            time.sleep(remaining_s)

    def wait_readable(self, port: Readable, deadline_s: float) -> bool:
        remaining_s = max(0.0, deadline_s - time.monotonic())
        ready, _, _ = select.select([port.fileno()], [], [], remaining_s)
        return bool(ready)

    def wait_event(self, event: Waitable, timeout_s: float) -> bool:
        return event.wait(timeout_s)


class ClockParticipant(Protocol):
    """A device that lives in virtual time and answers over a real port.

    The counts are totals since the participant was added.
    """

    bytes_consumed: int
    bytes_produced: int

    def busy(self) -> bool:
        """True while a request is being worked on and no answer is waiting for its time."""
        ...

    def next_action_s(self) -> float:
        """Virtual time of the next answer that waits for its time; infinity if there is none."""
        ...

    def reach(self, now_s: float) -> None:
        """Take ``now_s`` as the virtual time: send what was due."""
        ...

    def work(self, real_s: float) -> None:
        """Process what has arrived; wait for more at most ``real_s``."""
        ...


class VirtualClock:
    """Time that costs nothing. Its one owner (the loop) advances it by waiting; nobody else may.

    ``utc_origin_ms`` is the wall time at virtual second ``start_s``; default 2026-11-25, 0:00.
    """

    def __init__(self, *, start_s: float = 1000.0, utc_origin_ms: int = 1_795_564_800_000) -> None:
        self._now_s = start_s
        self._start_s = start_s
        self.utc_origin_ms = utc_origin_ms
        self._participants: list[ClockParticipant] = []
        self._ports: list[Readable] = []
        self._written_off = 0

    def now_s(self) -> float:
        return self._now_s

    def boot_s(self) -> float:
        return self._now_s

    def utc_ms(self) -> int:
        return self.utc_origin_ms + round((self._now_s - self._start_s) * 1000)

    def add(self, participant: ClockParticipant) -> None:
        """Add a participant that must wait before time may advance."""
        self._participants.append(participant)

    def remove(self, participant: ClockParticipant) -> None:
        """Remove a participant that is gone, and its ports."""
        self._participants.remove(participant)
        self._ports.clear()

    def sleep_until(self, at_s: float) -> None:
        self._settle()
        while self._advance_towards(at_s):
            self._settle()

    def wait_readable(self, port: Readable, deadline_s: float) -> bool:
        if port not in self._ports:
            self._meet(port)
        while True:
            if self._await_bytes(port):
                return True
            if not self._advance_towards(deadline_s):
                return self._readable(port)

    def wait_event(self, event: Waitable, timeout_s: float) -> bool:
        if not event.wait(STALL_GUARD_S):
            raise SimulationStalled("another thread did not finish its work in 5 s of real time")
        return True

    def _meet(self, port: Readable) -> None:
        """Account for a new port; bytes on their way to earlier ports are lost."""
        self._settle()
        self._written_off += self._in_flight()
        self._ports.append(port)

    def _await_bytes(self, port: Readable) -> bool:
        """Returns True if bytes are there or, being on their way, have now arrived."""
        self._settle()
        if self._in_flight() == 0:
            return self._readable(port)
        give_up_s = time.monotonic() + STALL_GUARD_S
        while not self._readable(port):
            if time.monotonic() > give_up_s:
                raise SimulationStalled(
                    "bytes that a device sent did not arrive in 5 s of real time"
                )
            for participant in self._participants:
                participant.work(0.0)
        return True

    def _advance_towards(self, at_s: float) -> bool:
        """Advance to ``at_s`` or to the first action due before it; False once ``at_s`` is reached.

        Only while everything is settled.
        """
        participants = self._participants
        due_s = min([p.next_action_s() for p in participants]) if participants else math.inf
        if due_s > at_s:
            self._now_s = max(self._now_s, at_s)
            return False
        self._now_s = max(self._now_s, due_s)
        for participant in self._participants:
            participant.reach(self._now_s)
        return True

    def _settle(self) -> None:
        """Let the participants work until every byte sent was consumed and none is busy."""
        if self._settled():
            return
        give_up_s = time.monotonic() + STALL_GUARD_S
        share_s = WORK_SHARE_S if len(self._participants) > 1 else STALL_GUARD_S
        while not self._settled():
            if time.monotonic() > give_up_s:
                raise SimulationStalled("a simulated device did not finish in 5 s of real time")
            for participant in self._participants:
                participant.work(share_s)

    def _settled(self) -> bool:
        participants = self._participants
        if not participants:
            return True
        if any(p.busy() for p in participants):
            return False
        sent = sum(port.bytes_sent for port in self._ports)
        return sum(p.bytes_consumed for p in participants) >= sent

    def _in_flight(self) -> int:
        produced = sum(p.bytes_produced for p in self._participants)
        received = sum(port.bytes_received for port in self._ports)
        return produced - received - self._written_off

    @staticmethod
    def _readable(port: Readable) -> bool:
        ready, _, _ = select.select([port.fileno()], [], [], 0.0)
        return bool(ready)
