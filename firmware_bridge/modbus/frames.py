"""Sans-io: the right answer to a Modbus request, on a serial line and on TCP.

Length, unit, function and byte count (or echo) of the one right answer are known before the request
is sent, so an answer is compared, never guessed at (Modbus application protocol, 6.3, 6.12, 6.17;
serial line guide; TCP implementation guide).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from fastcrc import crc16

from firmware_bridge.line.answers import Reply

READ, READ_INPUT, WRITE_ONE, WRITE, READ_WRITE = 3, 4, 6, 16, 23
READS: Final = (READ, READ_INPUT)
WRITES: Final = (WRITE_ONE, WRITE)
FUNCTIONS: Final = (*READS, *WRITES, READ_WRITE)
_EXCEPTION_BYTES: Final = 3
"""Unit, function, exception code."""


@dataclass(slots=True)
class Request:
    """A request that is built once and patched before each use, with its expected answer.

    ``frame`` is the whole request; ``answer_head`` is how a right answer begins, from the unit to
    the byte count (or the write's echo); ``answer_words`` registers follow it.
    """

    framing: Framing
    frame: bytearray
    values_at: int
    answer_head: bytes
    answer_words: int

    def find(self, data: bytes) -> Reply | None:
        """Returns the answer in the bytes received so far; None if more have to arrive."""
        return self.framing.find_answer(data, self)

    def expected(self) -> str:
        """Returns a description of the right answer."""
        unit, function = self.answer_head[:2]
        length = self.framing.answer_bytes(self)
        return f"{self.framing.under_way()}unit {unit}, function {function}, {length} bytes"

    def came(self, data: bytes) -> str:
        """Returns a description of ``data``: its header fields and length."""
        return self.framing.described(data)


class Framing(ABC):
    """How unit and PDU are framed: ``head_bytes`` before them, ``tail_bytes`` after.

    All talkers of a line share one framing.
    """

    head_bytes: int
    tail_bytes: int
    broadcasts: bool
    units: tuple[int, int]
    """First and last possible unit address."""

    @abstractmethod
    def seal(self, frame: bytearray) -> None:
        """Complete a patched request: set its CRC or its transaction number."""

    @abstractmethod
    def find_answer(self, data: bytes, request: Request) -> Reply | None:
        """Look for the answer in the bytes received so far; None if more have to arrive."""

    @abstractmethod
    def under_way(self) -> str:
        """Returns what identifies the request besides unit and function, to begin a phrase."""

    @abstractmethod
    def described(self, data: bytes) -> str:
        """Returns the header fields of received bytes: transaction, unit, function, length."""

    def answer_bytes(self, request: Request) -> int:
        """Returns the frame length of the right answer, in bytes."""
        body = len(request.answer_head) + 2 * request.answer_words
        return self.head_bytes + body + self.tail_bytes


class RtuFraming(Framing):
    """Unit, PDU, CRC. There is no transaction number: a doubt drains the line."""

    head_bytes = 0
    tail_bytes = 2
    broadcasts = True
    units = (1, 247)

    def seal(self, frame: bytearray) -> None:
        """Write the CRC into the last two bytes."""
        frame[-2:] = crc16.modbus(frame[:-2]).to_bytes(2, "little")

    def find_answer(self, data: bytes, request: Request) -> Reply | None:
        """Returns the answer to ``request`` in ``data``; None if it is incomplete."""
        length = self.answer_bytes(request)
        if data.startswith(request.answer_head) and len(data) >= length:
            if crc16.modbus(data[:length]):
                return Reply(refusal="the CRC is wrong")
            return Reply(content=data[len(request.answer_head) : length - 2])
        return self._other_than_right(data, request)

    def _other_than_right(self, data: bytes, request: Request) -> Reply | None:
        if is_exception(data, request):
            length = _EXCEPTION_BYTES + self.tail_bytes
            if len(data) < length:
                return None
            if crc16.modbus(data[:length]):
                return Reply(refusal="the CRC is wrong")
            return Reply(exception_code=data[2])
        if request.answer_head.startswith(data[: len(request.answer_head)]):
            return None
        return Reply(refusal=difference(data, request))

    def under_way(self) -> str:
        """Returns "": nothing else identifies the request."""
        return ""

    def described(self, data: bytes) -> str:
        """Returns unit, function and length."""
        return f"{_unit_and_function(data)}{_bytes(len(data))}"


class TcpFraming(Framing):
    """Transaction, protocol, length, unit, PDU. Answers of other transactions are skipped."""

    head_bytes = 6
    tail_bytes = 0
    broadcasts = False
    units = (0, 255)

    def __init__(self) -> None:
        self._transaction = 0

    def seal(self, frame: bytearray) -> None:
        """Write the number of the next transaction."""
        self._transaction = self._transaction % 0xFFFF + 1
        frame[0:2] = self._transaction.to_bytes(2, "big")

    def find_answer(self, data: bytes, request: Request) -> Reply | None:
        """Returns the answer to ``request`` in ``data``; None if it is incomplete."""
        while len(data) >= self.head_bytes:
            size = self.head_bytes + int.from_bytes(data[4:6], "big")
            if data[2:4] != b"\0\0" or not 9 <= size <= 260:
                return Reply(refusal="the header is not Modbus TCP")
            if len(data) < size:
                return None
            if int.from_bytes(data[0:2], "big") == self._transaction:
                return self._ours(data, size, request)
            data = data[size:]
        return None

    def _ours(self, data: bytes, size: int, request: Request) -> Reply:
        body = data[self.head_bytes : size]
        if is_exception(body, request) and len(body) == _EXCEPTION_BYTES:
            return Reply(exception_code=body[2])
        if not body.startswith(request.answer_head):
            return Reply(refusal=difference(body, request))
        if size != self.answer_bytes(request):
            right = self.answer_bytes(request)
            return Reply(refusal=f"a frame of {size} bytes came instead of {right}")
        return Reply(content=body[len(request.answer_head) :])

    def under_way(self) -> str:
        """Returns the number of the latest transaction."""
        return f"transaction {self._transaction}, "

    def described(self, data: bytes) -> str:
        """Returns transaction, unit, function and length."""
        if len(data) < self.head_bytes:
            return _bytes(len(data))
        number = int.from_bytes(data[:2], "big")
        inner = _unit_and_function(data[self.head_bytes :])
        return f"transaction {number}, {inner}{_bytes(len(data))}"


def is_exception(body: bytes, request: Request) -> bool:
    """True if the addressed unit answers the requested function with a Modbus exception."""
    head = request.answer_head
    return len(body) >= 2 and body[0] == head[0] and body[1] == head[1] | 0x80


def difference(body: bytes, request: Request) -> str:
    """Describes where ``body`` (from the unit on) first differs from the right answer's head."""
    head = request.answer_head
    if body[0] != head[0]:
        return f"unit {body[0]} answered instead of unit {head[0]}"
    if body[1:2] != head[1:2]:
        return f"function {int.from_bytes(body[1:2])} came instead of {head[1]}"
    if head[1] in WRITES:
        return f"the write was echoed as {body[2:6].hex()} instead of {head[2:].hex()}"
    return f"{int.from_bytes(body[2:3])} bytes of registers came instead of {head[2]}"


def _unit_and_function(body: bytes) -> str:
    words = f"unit {body[0]}, " if body else ""
    return words + (f"function {body[1]}, " if len(body) > 1 else "")


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"
