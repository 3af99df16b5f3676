"""A port shared by talkers: silence, doubt, drain, echo, resynchronisation pause, counters.

An answer on a serial line does not say which request it belongs to. So only one request is under
way at a time, whichever talker sends it, and after every doubt the line is drained before the next
one. The talker knows what a right answer is (``ExpectedAnswer``), the line when to accept it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Protocol

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout
from controller.ports import Clock, Readable
from firmware_bridge.line.answers import ExpectedAnswer, Guard, Reply
from firmware_bridge.line.owed_answers import OwedAnswers
from firmware_bridge.line.resync import Resync
from firmware_bridge.line.timing import LineTimes, lateness_behind

FLOOD_BYTES: Final = 2048
"""More than any answer with its late predecessors; a device that sends as much is not answering."""

NEVER: Final = (math.inf, math.inf)


class Transport(Readable, Protocol):
    """A port or a socket. No call waits; each raises LinkLost if the port is lost."""

    name: str

    def write(self, data: bytes) -> None:
        """Send all of ``data``; raises LinkError."""

    def read_available(self) -> bytes:
        """Returns the bytes received so far, without waiting; raises LinkLost."""

    def close(self) -> None:
        """Release the port."""


class Direction(Enum):
    """The direction of a chunk of bytes."""

    SENT = ">"
    RECEIVED = "<"


Capture = Callable[[float, Direction, bytes], None]
"""Receives every chunk of bytes, drained ones included, with its time in monotonic seconds."""


@dataclass(slots=True)
class LineCounters:
    """Counts of a line since it was opened.

    ``answers`` and the three after it are outcomes of exchanges; ``drained_bytes`` arrived without
    a request.
    """

    requests: int = 0
    answers: int = 0
    exceptions: int = 0
    timeouts: int = 0
    refused: int = 0
    drained_bytes: int = 0
    pauses: int = 0

    @property
    def answered(self) -> bool:
        """True once a valid answer came, even a refusal."""
        return self.answers + self.exceptions > 0


class Line:
    """One port, shared by the talkers on it. Every call ends in bounded time.

    ``numbered``: answers identify their request (Modbus TCP), so that late ones are skipped without
    waiting. ``echo``: the adapter returns what is sent, which is cut off. ``armed``: a unit on this
    line may be applying force, so the line is never kept silent for long.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        times: LineTimes,
        *,
        numbered: bool = False,
        echo: bool = False,
        capture: Capture | None = None,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._times = times
        self._numbered = numbered
        self.echo = echo
        self._capture = capture
        self.counters = LineCounters()
        self.armed = False
        self._owed = OwedAnswers()
        self._resync = Resync()
        self._doubt_until_s = self._failed_at_s = self._timeout_s = 0.0
        self._last_byte_s = clock.now_s()
        self.sent_at_s = clock.now_s()

    # --- what talkers ask ---------------------------------------------------------------------

    def exchange(
        self,
        request: bytes,
        answer: ExpectedAnswer,
        *,
        timeout_s: float,
        tell_between_s: tuple[float, float] = NEVER,
        urgent: bool = False,
        guard: Guard = Guard.NONE,
    ) -> Reply:
        """Send ``request`` and return the content of its answer or a Modbus exception.

        ``timeout_s`` runs from the first byte sent. ``tell_between_s``: between these moments the
        caller must learn of a failure if no answer came before; a request that doubt would delay
        for too long is not sent. ``urgent`` (a release) waits for one silence at most. While an
        earlier answer is outstanding, an answer that looks like it is followed by listening for a
        second one: for a whole timeout, until the timeout if ``DATED``, not at all if ``NUMBERED``
        or urgent. Raises LinkLost, ReplyTimeout or FrameCorrupt.
        """
        self._timeout_s = timeout_s
        if not urgent:
            self._check_may_leave(*tell_between_s)
        self._quieten(urgent=urgent)
        self._send(request)
        reply = self._received(request, answer, urgent=urgent, guard=guard)
        self._resync.good()
        if reply.exception_code is None:
            self.counters.answers += 1
        else:
            self.counters.exceptions += 1
        return reply

    def tell(self, frame: bytes) -> None:
        """Send a request that has no answer, after one silence at most; raises LinkError."""
        self._quieten(urgent=True)
        self._send(frame)
        self._last_byte_s += len(frame) * self._times.character_s
        if self.echo:
            self.distrust()

    @property
    def heard_at_s(self) -> float:
        """When the latest byte was sent or received, in monotonic seconds."""
        return self._last_byte_s

    def distrust(self) -> None:
        """Mark the latest answer as invalid; the line is drained before the next request.

        Without transaction numbers the right answer may come after the timeout: for the longest
        measured lateness, or for a whole timeout if none was measured.
        """
        self._doubt_until_s = max(self._doubt_until_s, self.sent_at_s + self._window_s())
        self._failed_at_s = self._clock.now_s()

    @property
    def lateness_s(self) -> float | None:
        """Returns the measured lateness of answers after a timeout; None if not measured."""
        return self._times.lateness_s

    def know_slowest_answer(self, slowest_answer_s: float, *, timeout_s: float) -> None:
        """Limit the silence after a timeout to the measured lateness of answers."""
        lateness_s = lateness_behind(timeout_s, slowest_answer_s)
        self._times = replace(self._times, lateness_s=lateness_s)

    def settle(self) -> None:
        """Wait until the line is no longer kept silent."""
        if not self.armed:
            self._clock.sleep_until(self._resync.silent_until_s)

    def close(self) -> None:
        """Close the port; it cannot be opened again."""
        self._transport.close()

    def _check_may_leave(self, from_s: float, by_s: float) -> None:
        """Raise ReplyTimeout while the line is kept silent, or if a failure must be told now."""
        now_s = self._clock.now_s()
        if not self.armed:
            self._resync.check(now_s)
        is_told = self._failed_at_s > from_s or now_s > by_s
        if not is_told and self._doubt_until_s + self._timeout_s > by_s:
            self._failed_at_s = now_s
            left_s = self._doubt_until_s - now_s
            raise ReplyTimeout(
                f"nothing was sent: an earlier answer may still come for {left_s * 1000:.0f} ms, "
                "and after it there is no time for another request before a lost link must be "
                "reported; check cable and unit"
            )

    # --- an answer ----------------------------------------------------------------------------

    def _received(
        self, request: bytes, answer: ExpectedAnswer, *, urgent: bool, guard: Guard
    ) -> Reply:
        deadline_s = self.sent_at_s + self._timeout_s
        data = b""
        while self._clock.wait_readable(self._transport, deadline_s):
            data += self._read()
            reply = self._found(data, request, answer)
            if reply is not None and reply.refusal:
                raise self._refused(data, request, answer, urgent=urgent)
            if reply is not None:
                if not urgent and guard is not Guard.NUMBERED:
                    self._listen_on(self._cut(data, request), answer, guard)
                return reply
            if self._last_byte_s > deadline_s or len(data) > FLOOD_BYTES:
                break
        raise self._timed_out(self._cut(data, request), request, answer)

    def _found(self, data: bytes, request: bytes, answer: ExpectedAnswer) -> Reply | None:
        """Returns the talker's judgement after the echo of our own request is removed."""
        if self.echo:
            if len(data) < len(request) and request.startswith(data):
                return None
            if not data.startswith(request):
                return Reply(refusal=NO_ECHO)
            return answer.find(data[len(request) :]) if len(data) > len(request) else None
        reply = answer.find(data)
        if reply is None or not reply.refusal:
            return reply
        if data.startswith(request):
            return Reply(refusal=ECHO)
        return None if request.startswith(data) else reply

    def _cut(self, data: bytes, request: bytes) -> bytes:
        """Returns the received bytes without the echo of the request."""
        return data.removeprefix(request) if self.echo else data

    def _refused(
        self, data: bytes, request: bytes, answer: ExpectedAnswer, *, urgent: bool
    ) -> FrameCorrupt:
        """Returns the error for a refused answer, with the rest of its bytes.

        A release does not wait for the rest.
        """
        if not (urgent or self._numbered):
            data += self._rest(self.sent_at_s + self._timeout_s)
        reply = self._found(data, request, answer)
        reason = reply.refusal if reply is not None else "it is incomplete"
        self.counters.refused += 1
        self._doubtful(answer, b"")
        came = answer.came(self._cut(data, request))
        expected = answer.expected()
        if reason == NO_ECHO:
            expected = f"our own {len(request)} bytes and then {expected}"
        return FrameCorrupt(
            f"{reason}: {came} came instead of {expected} ({_shown(data)}); refused",
            raw=data,
        )

    def _rest(self, deadline_s: float) -> bytes:
        """Returns what still arrives until the line is silent or the deadline has passed."""
        rest = b""
        while len(rest) <= FLOOD_BYTES and self._last_byte_s <= deadline_s:
            quiet_s = self._last_byte_s + self._times.silence_s
            if not self._clock.wait_readable(self._transport, min(quiet_s, deadline_s)):
                break
            rest += self._read()
        return rest

    def _listen_on(self, data: bytes, answer: ExpectedAnswer, guard: Guard) -> None:
        """Wait for a second answer if one is outstanding that would look like this one.

        Raises FrameCorrupt if it comes, because they cannot be told apart. A gateway passes on what
        it has held back in a row: the right answer at most one exchange after the old one.
        """
        if not self._owed.any_at(self.sent_at_s) or not self._owed.may_be(data):
            return
        begin_s = self.sent_at_s if guard is Guard.DATED else self._last_byte_s
        deadline_s = begin_s + self._timeout_s
        if not self._owed.is_followed(data):
            if not self._clock.wait_readable(self._transport, deadline_s):
                return
            data += self._read()
        data += self._rest(deadline_s)
        self.counters.refused += 1
        self._owed.owe(answer, b"", deadline_s)
        if self._owed.take(data) or self._owed.any_at(self.sent_at_s):
            self.distrust()
        self._failed()
        raise FrameCorrupt(
            f"two answers to one request: {answer.came(data)} came instead of "
            f"{answer.expected()} ({_shown(data)}); one of them belongs to an earlier request, "
            "so both were refused",
            raw=data,
        )

    def _timed_out(self, data: bytes, request: bytes, answer: ExpectedAnswer) -> LinkError:
        within = f"within {self._timeout_s * 1000:.0f} ms"
        self._doubtful(answer, data)
        if not data:
            self.counters.timeouts += 1
            return ReplyTimeout(
                f"no answer {within}: {answer.expected()} was expected; check cable and unit"
            )
        self.counters.refused += 1
        reason = f"{ECHO}: " if data.startswith(request) else ""
        return FrameCorrupt(
            f"{reason}{answer.came(data)} came {within} instead of {answer.expected()} "
            f"({_shown(data)}); refused",
            raw=data,
        )

    def _doubtful(self, answer: ExpectedAnswer, data: bytes) -> None:
        """Note that ``answer``, or its rest after ``data``, may still come."""
        self.distrust()
        if not self._numbered:
            self._owed.owe(answer, data, self.sent_at_s + self._timeout_s)
        self._failed()

    def _failed(self) -> None:
        self._failed_at_s = self._clock.now_s()
        if not self.armed and not self._numbered and self._resync.failed(self._clock.now_s()):
            self.counters.pauses += 1

    def _window_s(self) -> float:
        """Seconds from the first byte sent to the end of the time in which late answers come."""
        if self._numbered:
            return 0.0
        lateness_s = self._times.lateness_s
        if lateness_s is None:
            return 2 * self._timeout_s
        return self._timeout_s + min(lateness_s, self._timeout_s)

    # --- between exchanges --------------------------------------------------------------------

    def _quieten(self, *, urgent: bool) -> None:
        """Wait until nothing of an earlier exchange can be on the line.

        After a doubt the time of late answers must have passed. Then the line must have been silent
        for 3.5 characters, for which one timeout is allowed. A release waits for one silence at
        most, whatever arrives, and leaves the doubt to the next request. A line with transaction
        numbers and without doubt needs no silence.
        """
        silence_s = self._times.silence_s
        if self._numbered and not self._doubt_until_s:
            return
        doubt_s = 0.0 if urgent else self._doubt_until_s
        limit_s = self._clock.now_s() + silence_s
        if not urgent:
            limit_s = max(doubt_s, self._clock.now_s() + self._timeout_s)
        quiet_s = max(doubt_s, self._last_byte_s + silence_s)
        while self._clock.wait_readable(self._transport, min(limit_s, quiet_s)):
            self._drain()
            quiet_s = max(doubt_s, self._last_byte_s + silence_s)
            if self._last_byte_s >= limit_s:
                break
        if not urgent:
            self._doubt_until_s = 0.0

    def _drain(self) -> None:
        data = self._read()
        self.counters.drained_bytes += len(data)
        self._owed.drained(data)

    def _send(self, frame: bytes) -> None:
        self.sent_at_s = self._last_byte_s = self._clock.now_s()
        self.counters.requests += 1
        if self._capture is not None:
            self._capture(self.sent_at_s, Direction.SENT, frame)
        self._transport.write(frame)

    def _read(self) -> bytes:
        data = self._transport.read_available()
        self._last_byte_s = self._clock.now_s()
        if self._capture is not None and data:
            self._capture(self._last_byte_s, Direction.RECEIVED, data)
        return data


ECHO: Final = "the adapter returns what we send; add echo=1 to the address"
NO_ECHO: Final = (
    "the echo differs from the request, although the address has echo=1; remove "
    "echo=1, or look for another device on the line"
)


def _shown(data: bytes) -> str:
    return data[:FLOOD_BYTES].hex()
