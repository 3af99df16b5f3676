"""Modbus over our own deadline-bound transport: one request, one answer, nothing else believed.

pymodbus builds every request once; after that only its values, its CRC or its transaction number
are patched. What pymodbus' clients do not do stands here: a deadline on the injected clock, the
exact length of every answer, the silence between RTU frames, and a line that is drained after every
doubt. This is the only file of the package that imports pymodbus.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, Protocol

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadWriteMultipleRegistersRequest,
    WriteMultipleRegistersRequest,
)

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout, UnitRejected
from controller.ports import Clock, Readable
from firmware_bridge.modbus.frames import (
    READ,
    READ_WRITE,
    WRITE,
    Framing,
    Reply,
    Request,
    RtuFraming,
    TcpFraming,
)

__all__ = ["Framing", "ModbusLink", "RtuFraming", "TcpFraming", "Transport"]

EXCEPTION_NAMES = {
    1: "function not offered",
    2: "address not offered",
    3: "value refused",
    4: "unit fault",
    6: "unit busy",
}
FLOOD_BYTES: Final = 2048
"""More than any answer and its late forerunners: whoever sends so much is not answering."""


class Transport(Readable, Protocol):
    """A port or a socket. No call waits; a port that is gone raises LinkLost."""

    name: str

    def write(self, data: bytes) -> None:
        """Send all of ``data``; raises LinkError."""

    def read_available(self) -> bytes:
        """What has come so far, without waiting; raises LinkLost."""

    def close(self) -> None:
        """Give the port back."""


class ModbusLink:
    """One unit on one line. Every call ends by its deadline, with the answer or an error.

    ``timeout_s`` runs from the first byte sent; ``lateness_s`` is how long behind it an answer may
    still come on a line without transaction numbers, at most another ``timeout_s``.
    """

    def __init__(
        self,
        transport: Transport,
        framing: Framing,
        clock: Clock,
        *,
        unit: int,
        timeout_s: float,
        lateness_s: float,
    ) -> None:
        self._transport = transport
        self._framing = framing
        self._clock = clock
        self._unit = unit
        self.timeout_s = timeout_s
        no_window = framing.numbers_transactions
        self._window_s = 0.0 if no_window else timeout_s + min(lateness_s, timeout_s)
        self._requests: dict[tuple[int, ...], Request] = {}
        self._doubt_until_s = 0.0
        self._last_byte_s = clock.now_s()
        self.sent_at_s = clock.now_s()

    @property
    def broadcasts(self) -> bool:
        """True on a serial line: one request can reach every unit."""
        return self._framing.broadcasts

    def read_registers(self, address: int, count: int) -> list[int]:
        """Function 3; raises LinkError."""
        return self._registers(self._request(READ, address, count), (), urgent=False)

    def write_registers(self, address: int, values: Sequence[int], *, urgent: bool = False) -> None:
        """Function 16; the echo of address and count is checked. Raises LinkError."""
        request = self._request(WRITE, address, len(values))
        self._registers(request, values, urgent=urgent)

    def read_write_registers(
        self,
        read_address: int,
        read_count: int,
        write_address: int,
        values: Sequence[int],
        *,
        urgent: bool = False,
    ) -> list[int]:
        """Function 23; ``urgent`` (a release) waits for one silence at most. Raises LinkError."""
        request = self._request(READ_WRITE, read_address, read_count, write_address, len(values))
        return self._registers(request, values, urgent=urgent)

    def broadcast(self, address: int, values: Sequence[int]) -> None:
        """Function 16 to every unit on the line; nobody answers."""
        pdu = WriteMultipleRegistersRequest(address=address, registers=list(values), dev_id=0)
        self._quieten(urgent=True)
        frame = build_frame(self._framing, pdu)
        self._send(frame)
        self._last_byte_s += len(frame) * self._framing.character_s

    def distrust(self) -> None:
        """The newest answer was none or another request's: drain the line before the next one.

        Without transaction numbers the right one may come for a while behind the time-out, and
        would be taken for the next one's.
        """
        self._doubt_until_s = max(self._doubt_until_s, self.sent_at_s + self._window_s)

    def close(self) -> None:
        """Close the line; it is not opened again."""
        self._transport.close()

    def _request(self, *key: int) -> Request:
        request = self._requests.get(key)
        if request is None:
            request = self._requests[key] = build_request(self._framing, self._unit, *key)
        return request

    def _registers(self, request: Request, values: Sequence[int], *, urgent: bool) -> list[int]:
        struct.pack_into(f">{len(values)}H", request.frame, request.values_at, *values)
        self._quieten(urgent=urgent)
        self._framing.seal(request.frame)
        self._send(bytes(request.frame))
        answer = self._receive(request)
        if answer.exception_code is not None:
            raise self._rejected(request, answer.exception_code)
        return list(struct.unpack(f">{request.answer_words}H", answer.registers))

    def _send(self, frame: bytes) -> None:
        self.sent_at_s = self._last_byte_s = self._clock.now_s()
        self._transport.write(frame)

    def _receive(self, request: Request) -> Reply:
        data = b""
        deadline_s = self.sent_at_s + self.timeout_s
        while self._clock.wait_readable(self._transport, deadline_s):
            data += self._read()
            answer = self._framing.find_answer(data, request)
            if answer is not None and answer.refusal:
                self.distrust()
                raise FrameCorrupt(f"{answer.refusal} ({data.hex()}); it was refused", raw=data)
            if answer is not None:
                return answer
            if self._last_byte_s > deadline_s or len(data) > FLOOD_BYTES:
                break
        self.distrust()
        raise self._timed_out(data, request)

    def _timed_out(self, data: bytes, request: Request) -> LinkError:
        within = f"within {self.timeout_s * 1000:.0f} ms"
        if not data:
            return ReplyTimeout(f"no answer {within}; check cable and unit")
        length = self._framing.answer_bytes(request)
        return FrameCorrupt(
            f"{len(data)} bytes came {within} that are not the answer of {length} bytes "
            f"({data[:FLOOD_BYTES].hex()}); they were refused",
            raw=data,
        )

    def _rejected(self, request: Request, code: int) -> UnitRejected:
        function = request.answer_head[1]
        name = EXCEPTION_NAMES.get(code, "not specified")
        return UnitRejected(
            f"the unit refused function {function} with exception {code} ({name})",
            exception_code=code,
            raw=bytes([function | 0x80, code]),
        )

    def _quieten(self, *, urgent: bool) -> None:
        """Nothing of an earlier exchange may be on the line when a request leaves.

        After a doubt the time of late answers must have passed. Then the line must have been silent
        for 3.5 characters, which is waited for one time-out long. A release waits for one silence
        at most, however much comes, and leaves the doubt to the request behind it. On TCP, where
        transactions have numbers, an undoubted line needs none.
        """
        silence_s = self._framing.silence_s
        if self._framing.numbers_transactions and not self._doubt_until_s:
            return
        doubt_s = 0.0 if urgent else self._doubt_until_s
        limit_s = self._clock.now_s() + silence_s
        if not urgent:
            limit_s = max(doubt_s, self._clock.now_s() + self.timeout_s)
        quiet_s = max(doubt_s, self._last_byte_s + silence_s)
        while self._clock.wait_readable(self._transport, min(limit_s, quiet_s)):
            self._read()
            quiet_s = max(doubt_s, self._last_byte_s + silence_s)
            if self._last_byte_s >= limit_s:
                break
        if not urgent:
            self._doubt_until_s = 0.0

    def _read(self) -> bytes:
        data = self._transport.read_available()
        self._last_byte_s = self._clock.now_s()
        return data


def build_request(framing: Framing, unit: int, function: int, *key: int) -> Request:
    """Let pymodbus encode the request, with zeros where the values of a write stand."""
    if function == READ:
        address, count = key
        pdu: ModbusPDU = ReadHoldingRegistersRequest(address=address, count=count, dev_id=unit)
        return _template(framing, pdu, counted(pdu, count), count, values=0)
    if function == WRITE:
        address, count = key
        pdu = WriteMultipleRegistersRequest(address=address, registers=[0] * count, dev_id=unit)
        echo = struct.pack(">BBHH", unit, WRITE, address, count)
        return _template(framing, pdu, echo, 0, values=count)
    read_address, read_count, write_address, count = key
    pdu = ReadWriteMultipleRegistersRequest(
        read_address=read_address,
        read_count=read_count,
        write_address=write_address,
        write_registers=[0] * count,
        dev_id=unit,
    )
    return _template(framing, pdu, counted(pdu, read_count), read_count, values=count)


def counted(pdu: ModbusPDU, words: int) -> bytes:
    """Head of an answer that carries registers: unit, function, byte count."""
    return bytes([pdu.dev_id, pdu.function_code, 2 * words])


def build_frame(framing: Framing, pdu: ModbusPDU) -> bytes:
    """The whole request as pymodbus encodes it."""
    framer = FramerRTU if framing.tail_bytes else FramerSocket
    frame: bytes = framer(DecodePDU(False)).buildFrame(pdu)
    return frame


def _template(
    framing: Framing, pdu: ModbusPDU, answer_head: bytes, answer_words: int, *, values: int
) -> Request:
    frame = bytearray(build_frame(framing, pdu))
    return Request(
        frame=frame,
        values_at=len(frame) - framing.tail_bytes - 2 * values,
        answer_head=answer_head,
        answer_words=answer_words,
    )
