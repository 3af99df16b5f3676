"""Sans-io: what a right answer to a Modbus request looks like, on a serial line and on TCP.

The length, the unit, the function and the byte count (or the echo) of the one right answer are
known before the request leaves, so an answer is compared, never guessed at (Modbus application
protocol, 6.3, 6.12, 6.17; serial line guide; TCP implementation guide).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from fastcrc import crc16

READ, WRITE, READ_WRITE = 3, 16, 23
BITS_PER_CHARACTER: Final = 11
SILENCE_CHARACTERS: Final = 3.5
FIXED_SILENCE_ABOVE_BAUD: Final = 19200
FIXED_SILENCE_S: Final = 0.00175
"""Above 19200 Bd the silence between frames is fixed (Modbus serial line guide)."""
_EXCEPTION_BYTES: Final = 3
"""Unit, function, exception code."""


@dataclass(slots=True)
class Request:
    """A request that is built once and patched before each use.

    ``frame`` is the whole request; ``answer_head`` is what a right answer begins with, from the
    unit to the byte count (or the write's echo); ``answer_words`` registers follow it.
    """

    frame: bytearray
    values_at: int
    answer_head: bytes
    answer_words: int


@dataclass(slots=True)
class Reply:
    """What came: registers, an exception code, or the reason why it is refused."""

    registers: bytes = b""
    exception_code: int | None = None
    refusal: str = ""


class Framing(ABC):
    """How unit and PDU travel: ``head_bytes`` before them, ``tail_bytes`` behind."""

    head_bytes: int
    tail_bytes: int
    silence_s: float
    character_s: float
    broadcasts: bool
    numbers_transactions: bool
    """An answer names its request, so that an earlier one's is passed over."""

    @abstractmethod
    def seal(self, frame: bytearray) -> None:
        """Make a patched request ready to leave: its CRC, or its transaction number."""

    @abstractmethod
    def find_answer(self, data: bytes, request: Request) -> Reply | None:
        """Look for the answer in what has come so far; None means: wait on."""

    def answer_bytes(self, request: Request) -> int:
        """Bytes of the right answer's whole frame."""
        body = len(request.answer_head) + 2 * request.answer_words
        return self.head_bytes + body + self.tail_bytes


class RtuFraming(Framing):
    """Unit, PDU, CRC. There is no transaction number: a doubt drains the line."""

    head_bytes = 0
    tail_bytes = 2
    broadcasts = True
    numbers_transactions = False

    def __init__(self, baudrate: int) -> None:
        self.character_s = BITS_PER_CHARACTER / baudrate
        fixed = baudrate > FIXED_SILENCE_ABOVE_BAUD
        self.silence_s = FIXED_SILENCE_S if fixed else SILENCE_CHARACTERS * self.character_s

    def seal(self, frame: bytearray) -> None:
        """Write the CRC into the last two bytes."""
        frame[-2:] = crc16.modbus(frame[:-2]).to_bytes(2, "little")

    def find_answer(self, data: bytes, request: Request) -> Reply | None:
        """The answer to ``request`` in ``data``, or None as long as it is not whole."""
        length = self.answer_bytes(request)
        if data.startswith(request.answer_head) and len(data) >= length:
            if crc16.modbus(data[:length]):
                return Reply(refusal="the CRC is wrong")
            return Reply(registers=data[len(request.answer_head) : length - 2])
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


class TcpFraming(Framing):
    """Transaction, protocol, length, unit, PDU. An answer of another transaction is passed over."""

    head_bytes = 6
    tail_bytes = 0
    silence_s = 0.0
    character_s = 0.0
    broadcasts = False
    numbers_transactions = True

    def __init__(self) -> None:
        self._transaction = 0

    def seal(self, frame: bytearray) -> None:
        """Write the number of the next transaction."""
        self._transaction = self._transaction % 0xFFFF + 1
        frame[0:2] = self._transaction.to_bytes(2, "big")

    def find_answer(self, data: bytes, request: Request) -> Reply | None:
        """The answer to ``request`` in ``data``, or None as long as it is not whole."""
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
        return Reply(registers=body[len(request.answer_head) :])


def is_exception(body: bytes, request: Request) -> bool:
    """The unit asked answers the function asked with a Modbus exception."""
    head = request.answer_head
    return len(body) >= 2 and body[0] == head[0] and body[1] == head[1] | 0x80


def difference(body: bytes, request: Request) -> str:
    """In words: where ``body`` (from the unit on) first leaves the right answer's head."""
    head = request.answer_head
    if body[0] != head[0]:
        return f"unit {body[0]} answered instead of unit {head[0]}"
    if body[1:2] != head[1:2]:
        return f"function {int.from_bytes(body[1:2])} came instead of {head[1]}"
    if head[1] == WRITE:
        return f"the write was echoed as {body[2:6].hex()} instead of {head[2:].hex()}"
    return f"{int.from_bytes(body[2:3])} bytes of registers came instead of {head[2]}"
