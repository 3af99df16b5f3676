"""Modbus over our own deadline-bound transport: one request, one answer, nothing else believed.

pymodbus builds the frames and takes them apart. What it does not do stands here: a deadline on the
injected clock, the exact length of every answer, the unit, the function and (TCP) the transaction,
the silence between RTU frames, and a line that is drained after every doubt. This is the only file
of the package that imports pymodbus.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadWriteMultipleRegistersRequest,
    WriteMultipleRegistersRequest,
)

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout, UnitRejected
from controller.ports import Clock, Readable

BITS_PER_CHARACTER = 11
SILENCE_CHARACTERS = 3.5
FIXED_SILENCE_ABOVE_BAUD = 19200
FIXED_SILENCE_S = 0.00175
"""Above 19200 Bd the silence between frames is fixed (Modbus serial line guide)."""
EXCEPTION_NAMES = {
    1: "function not offered",
    2: "address not offered",
    3: "value refused",
    4: "unit fault",
    6: "unit busy",
}


class Transport(Readable, Protocol):
    """A port or a socket."""

    name: str

    def write(self, data: bytes) -> None: ...

    def read_available(self) -> bytes: ...

    def close(self) -> None: ...


class Framing(ABC):
    """How a PDU travels. ``head_bytes`` stand before the function code, ``tail_bytes`` behind."""

    head_bytes: int
    tail_bytes: int
    silence_s: float

    @abstractmethod
    def frame(self, pdu: ModbusPDU) -> bytes:
        """Bytes of the next request."""

    @abstractmethod
    def find_answer(self, data: bytes, unit: int, function: int, length: int) -> Answer:
        """Look for the answer in what has come; ``length`` is that of a good answer."""

    def length(self, answer_pdu_bytes: int) -> int:
        """Bytes of the frame around an answer of so many PDU bytes."""
        return self.head_bytes + answer_pdu_bytes + self.tail_bytes


class Answer:
    """What was found so far: a frame, a reason to refuse, or neither (wait on)."""

    __slots__ = ("frame", "refusal", "rest")

    def __init__(self, frame: bytes = b"", refusal: str = "", rest: bytes = b"") -> None:
        self.frame, self.refusal, self.rest = frame, refusal, rest


_WAIT_ON = Answer()
_EXCEPTION_PDU_BYTES = 2


class RtuFraming(Framing):
    """Unit, PDU, CRC. There is no transaction number: a doubt drains the line."""

    head_bytes = 1
    tail_bytes = 2

    def __init__(self, baudrate: int) -> None:
        self._framer = FramerRTU(DecodePDU(False))
        character_s = BITS_PER_CHARACTER / baudrate
        fixed = baudrate > FIXED_SILENCE_ABOVE_BAUD
        self.silence_s = FIXED_SILENCE_S if fixed else SILENCE_CHARACTERS * character_s

    def frame(self, pdu: ModbusPDU) -> bytes:
        frame: bytes = self._framer.buildFrame(pdu)
        return frame

    def find_answer(self, data: bytes, unit: int, function: int, length: int) -> Answer:
        if len(data) < 2:
            return _WAIT_ON
        if data[0] != unit:
            return Answer(refusal=f"unit {data[0]} answered instead of unit {unit}")
        if data[1] == function | 0x80:
            length = self.length(_EXCEPTION_PDU_BYTES)
        elif data[1] != function:
            return Answer(refusal=f"function {data[1]} came instead of {function}")
        elif len(data) > 2 and function in _COUNTED and data[2] != length - 5:
            return Answer(refusal=f"{data[2]} bytes of registers came instead of {length - 5}")
        if len(data) < length:
            return _WAIT_ON
        frame = data[:length]
        if not self._framer.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")):
            return Answer(refusal="the CRC is wrong")
        return Answer(frame=frame[1:-2], rest=data[length:])


class TcpFraming(Framing):
    """Transaction, protocol, length, unit, PDU. An answer of another transaction is passed over."""

    head_bytes = 7
    tail_bytes = 0
    silence_s = 0.0

    def __init__(self) -> None:
        self._framer = FramerSocket(DecodePDU(False))
        self._transaction = 0

    def frame(self, pdu: ModbusPDU) -> bytes:
        self._transaction = self._transaction % 0xFFFF + 1
        pdu.transaction_id = self._transaction
        frame: bytes = self._framer.buildFrame(pdu)
        return frame

    def find_answer(self, data: bytes, unit: int, function: int, length: int) -> Answer:
        while len(data) >= self.head_bytes + 1:
            transaction = int.from_bytes(data[0:2], "big")
            protocol = int.from_bytes(data[2:4], "big")
            size = 6 + int.from_bytes(data[4:6], "big")
            if protocol != 0 or not 9 <= size <= 260:
                return Answer(refusal="the header is not Modbus TCP")
            if transaction == self._transaction:
                return self._ours(data, size, unit, function, length)
            if len(data) < size:
                break
            data = data[size:]
        return _WAIT_ON

    def _ours(self, data: bytes, size: int, unit: int, function: int, length: int) -> Answer:
        if data[6] != unit:
            return Answer(refusal=f"unit {data[6]} answered instead of unit {unit}")
        if data[7] == function | 0x80:
            length = self.length(_EXCEPTION_PDU_BYTES)
        elif data[7] != function:
            return Answer(refusal=f"function {data[7]} came instead of {function}")
        if size != length:
            return Answer(refusal=f"a frame of {size} bytes came instead of {length}")
        if len(data) < size:
            return _WAIT_ON
        if data[7] == function and function in _COUNTED and data[8] != length - 9:
            return Answer(refusal=f"{data[8]} bytes of registers came instead of {length - 9}")
        return Answer(frame=data[7:size], rest=data[size:])


_READ, _WRITE, _READ_WRITE = 3, 16, 23
_COUNTED = (_READ, _READ_WRITE)


class ModbusLink:
    """One unit on one line. Every call ends by its deadline, with the answer or an error.

    ``timeout_s`` runs from the first byte sent; ``answer_time_s`` is the longest time that the unit
    may take, after which a late answer cannot come any more.
    """

    def __init__(
        self,
        transport: Transport,
        framing: Framing,
        clock: Clock,
        *,
        unit: int,
        timeout_s: float,
        answer_time_s: float,
    ) -> None:
        self._transport = transport
        self._framing = framing
        self._clock = clock
        self._unit = unit
        self.timeout_s = timeout_s
        self._answer_time_s = answer_time_s
        self._doubtful = False
        self._last_byte_s = clock.now_s()
        self.sent_at_s = clock.now_s()

    def read_registers(self, address: int, count: int) -> list[int]:
        """Function 3."""
        pdu = ReadHoldingRegistersRequest(address=address, count=count, dev_id=self._unit)
        return _registers(self._transact(pdu, _READ, 2 + 2 * count))

    def write_registers(self, address: int, values: list[int]) -> None:
        """Function 16; the echo of address and count is checked."""
        pdu = WriteMultipleRegistersRequest(address=address, registers=values, dev_id=self._unit)
        echo = self._transact(pdu, _WRITE, 5)
        expected = address.to_bytes(2, "big") + len(values).to_bytes(2, "big")
        if echo[1:] != expected:
            raise self._refuse(f"the write was echoed as {echo[1:].hex()}", echo)

    def read_write_registers(
        self, read_address: int, read_count: int, write_address: int, values: list[int], *,
        urgent: bool = False,
    ) -> list[int]:  # fmt: skip
        """Function 23. ``urgent`` (a release) waits for 3.5 characters of silence at most."""
        pdu = ReadWriteMultipleRegistersRequest(
            read_address=read_address,
            read_count=read_count,
            write_address=write_address,
            write_registers=values,
            dev_id=self._unit,
        )
        return _registers(self._transact(pdu, _READ_WRITE, 2 + 2 * read_count, urgent=urgent))

    def broadcast(self, address: int, values: list[int]) -> None:
        """Function 16 to every unit on the line; nobody answers."""
        pdu = WriteMultipleRegistersRequest(address=address, registers=values, dev_id=0)
        self._quieten(urgent=True)
        self._send(self._framing.frame(pdu))

    def close(self) -> None:
        """Close the line; it is not opened again."""
        self._transport.close()

    def _transact(
        self, pdu: ModbusPDU, function: int, answer_pdu_bytes: int, *, urgent: bool = False
    ) -> bytes:
        self._quieten(urgent=urgent)
        self._send(self._framing.frame(pdu))
        length = self._framing.length(answer_pdu_bytes)
        answer = self._receive(function, length)
        self._doubtful = bool(answer.rest)
        if answer.frame[0] & 0x80:
            code = answer.frame[1]
            name = EXCEPTION_NAMES.get(code, "not specified")
            raise UnitRejected(
                f"the unit refused function {function} with exception {code} ({name})",
                exception_code=code,
                raw=answer.frame,
            )
        return answer.frame

    def _send(self, frame: bytes) -> None:
        self.sent_at_s = self._clock.now_s()
        self._transport.write(frame)
        self._last_byte_s = self.sent_at_s

    def _receive(self, function: int, length: int) -> Answer:
        data = b""
        deadline_s = self.sent_at_s + self.timeout_s
        while self._clock.wait_readable(self._transport, deadline_s):
            data += self._read()
            answer = self._framing.find_answer(data, self._unit, function, length)
            if answer.refusal:
                raise self._refuse(answer.refusal, data)
            if answer.frame:
                return answer
        self._doubtful = True
        raise self._timed_out(data, length)

    def _timed_out(self, data: bytes, length: int) -> LinkError:
        within = f"within {self.timeout_s * 1000:.0f} ms"
        if not data:
            return ReplyTimeout(f"no answer {within}; check cable and unit")
        return FrameCorrupt(
            f"{len(data)} bytes came {within} that are not the answer of {length} bytes "
            f"({data.hex()}); they were refused",
            raw=data,
        )

    def _refuse(self, reason: str, data: bytes) -> FrameCorrupt:
        self._doubtful = True
        return FrameCorrupt(f"{reason} ({data.hex()}); the answer was refused", raw=data)

    def _quieten(self, *, urgent: bool) -> None:
        """Nothing of an earlier exchange may be on the line when a request leaves.

        After a doubt: until the unit's longest answer time has passed and the line is silent, at
        most one time-out long. A release waits for one silence only.
        """
        now_s = self._clock.now_s()
        limit_s = now_s + (self._framing.silence_s if urgent else self.timeout_s)
        if self._doubtful and not urgent:
            self._drain_until(min(limit_s, self.sent_at_s + self._answer_time_s))
        self._drain_until(min(limit_s, self._last_byte_s + self._framing.silence_s))
        self._doubtful = False

    def _drain_until(self, quiet_s: float) -> None:
        """Throw away what comes until ``quiet_s``; bytes restart the silence, not the limit."""
        while self._clock.wait_readable(self._transport, quiet_s):
            self._read()

    def _read(self) -> bytes:
        data = self._transport.read_available()
        self._last_byte_s = self._clock.now_s()
        return data


def _registers(frame: bytes) -> list[int]:
    """Registers of a checked answer: function, byte count, words."""
    return [int.from_bytes(frame[i : i + 2], "big") for i in range(2, len(frame), 2)]
