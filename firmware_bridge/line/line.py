"""A port that talkers share: silence, doubt, drain, echo, the pause to find a place, counters.

An answer on a serial line does not say which request it belongs to. So one request is under way at
a time, whoever asks, and after every doubt the line is drained before the next one leaves. What a
right answer is, the talker knows (``ExpectedAnswer``); when it may be believed, the line does.
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
"""More than any answer and its late forerunners: whoever sends so much is not answering."""

NEVER: Final = (math.inf, math.inf)


class Transport(Readable, Protocol):
    """A port or a socket. No call waits; a lost port raises LinkLost."""

    name: str

    def write(self, data: bytes) -> None:
        """Send all of ``data``; raises LinkError."""

    def read_available(self) -> bytes:
        """Returns what has come so far, without waiting; raises LinkLost."""

    def close(self) -> None:
        """Give the port back."""


class Direction(Enum):
    """The direction of a chunk of bytes."""

    SENT = ">"
    RECEIVED = "<"


Capture = Callable[[float, Direction, bytes], None]
"""Receives every chunk of bytes with its time in monotonic seconds, also drained ones."""


@dataclass(slots=True)
class LineCounters:
    """What happened on a line since it was opened.

    ``answers`` and the three after it are ends of exchanges; ``drained_bytes`` came when nobody
    had asked.
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
        """True once something sound came, be it a refusal."""
        return self.answers + self.exceptions > 0


class Line:
    """One port, for as many talkers as stand on it. Every call has an end.

    ``numbered``: answers name their request (Modbus TCP), so that what is late is passed over and
    nothing is waited for. ``echo``: the adapter returns what is sent, and that is cut off.
    ``armed``: something on this line may be pulling; then it is never kept silent for long.
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
        caller must hear of a failure, if no answer came before; a request that a doubt keeps back
        too long for that is not sent. ``urgent`` (a release) waits for one silence at most. While
        an earlier answer is owed, one that looks like it is followed by listening for a second one:
        for a whole time-out, until the time-out where it is ``DATED``, not at all where it is
        ``NUMBERED`` or urgent. Raises LinkLost, ReplyTimeout or FrameCorrupt.
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
        """Send what nobody answers, after one silence at most; raises LinkError."""
        self._quieten(urgent=True)
        self._send(frame)
        self._last_byte_s += len(frame) * self._times.character_s
        if self.echo:
            self.distrust()

    @property
    def heard_at_s(self) -> float:
        """When the newest byte was sent or came, monotonic seconds."""
        return self._last_byte_s

    def distrust(self) -> None:
        """The newest answer was none or another request's: drain the line before the next one.

        Without transaction numbers the right one may come after the time-out: for the longest
        lateness that was measured, for a whole time-out where none was.
        """
        self._doubt_until_s = max(self._doubt_until_s, self.sent_at_s + self._window_s())
        self._failed_at_s = self._clock.now_s()

    @property
    def lateness_s(self) -> float | None:
        """Returns the measured lateness of answers after a time-out; None without a measurement."""
        return self._times.lateness_s

    def know_slowest_answer(self, slowest_answer_s: float, *, timeout_s: float) -> None:
        """Keep silent after a time-out only for as long as answers were measured to be late."""
        lateness_s = lateness_behind(timeout_s, slowest_answer_s)
        self._times = replace(self._times, lateness_s=lateness_s)

    def settle(self) -> None:
        """Wait until the line is no longer kept silent; at once when it is not."""
        if not self.armed:
            self._clock.sleep_until(self._resync.silent_until_s)

    def close(self) -> None:
        """Close the port; it is not opened again."""
        self._transport.close()

    def _check_may_leave(self, from_s: float, by_s: float) -> None:
        """Raise ReplyTimeout while the line is kept silent, or when a failure must be told now."""
        now_s = self._clock.now_s()
        if not self.armed:
            self._resync.check(now_s)
        is_told = self._failed_at_s > from_s or now_s > by_s
        if not is_told and self._doubt_until_s + self._timeout_s > by_s:
            self._failed_at_s = now_s
            left_s = self._doubt_until_s - now_s
            raise ReplyTimeout(
                f"nothing was sent: an earlier answer may come for {left_s * 1000:.0f} ms more, "
                "and behind it there is no time for another request before a lost link must be "
                "told; check cable and unit"
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
        """The talker's verdict, after what the adapter returns of our own request."""
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
        """Returns what came, without the echo of what was sent."""
        return data.removeprefix(request) if self.echo else data

    def _refused(
        self, data: bytes, request: bytes, answer: ExpectedAnswer, *, urgent: bool
    ) -> FrameCorrupt:
        """Returns the error for an answer that is none, with the rest of it.

        A release waits for none.
        """
        if not (urgent or self._numbered):
            data += self._rest(self.sent_at_s + self._timeout_s)
        reply = self._found(data, request, answer)
        reason = reply.refusal if reply is not None else "it is not whole"
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
        """Returns what still comes until the line is silent or the time is over."""
        rest = b""
        while len(rest) <= FLOOD_BYTES and self._last_byte_s <= deadline_s:
            quiet_s = self._last_byte_s + self._times.silence_s
            if not self._clock.wait_readable(self._transport, min(quiet_s, deadline_s)):
                break
            rest += self._read()
        return rest

    def _listen_on(self, data: bytes, answer: ExpectedAnswer, guard: Guard) -> None:
        """Wait for a second answer where one is still owed that would look like this one.

        Raises FrameCorrupt when there is, because nobody can tell which of them is whose. What a
        gateway has held back comes in a row: the right one at most one exchange behind the old one.
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
            f"{answer.expected()} ({_shown(data)}); one of them is that of an earlier request, "
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
        """``answer`` may still come, or the rest of it after ``data``."""
        self.distrust()
        if not self._numbered:
            self._owed.owe(answer, data, self.sent_at_s + self._timeout_s)
        self._failed()

    def _failed(self) -> None:
        self._failed_at_s = self._clock.now_s()
        if not self.armed and not self._numbered and self._resync.failed(self._clock.now_s()):
            self.counters.pauses += 1

    def _window_s(self) -> float:
        """From the first byte sent to the end of the time in which late answers come."""
        if self._numbered:
            return 0.0
        lateness_s = self._times.lateness_s
        if lateness_s is None:
            return 2 * self._timeout_s
        return self._timeout_s + min(lateness_s, self._timeout_s)

    # --- between exchanges --------------------------------------------------------------------

    def _quieten(self, *, urgent: bool) -> None:
        """Nothing of an earlier exchange may be on the line when a request leaves.

        After a doubt the time of late answers must have passed. Then the line must have been silent
        for 3.5 characters, which is waited for one time-out long. A release waits for one silence
        at most, however much comes, and leaves the doubt to the request after it. Where
        transactions have numbers, an undoubted line needs none.
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
    "what we send does not come back as it was sent, although the address says echo=1; remove "
    "echo=1, or look for a second talker on the line"
)


def _shown(data: bytes) -> str:
    return data[:FLOOD_BYTES].hex()
