"""One Modbus unit on a line: requests allowed by its profile, the answer or an error.

pymodbus builds every request once; afterwards only its values, its CRC or its transaction number
are patched. What pymodbus' clients lack is in ``firmware_bridge.line``: a deadline on the injected
clock, silence, and draining after every doubt. The exact length of every answer is in ``frames``.
This is the only file of the package that imports pymodbus.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from typing import Final

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    ReadWriteMultipleRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from controller.errors import RequestRefused, UnitRejected
from firmware_bridge.line.answers import Guard
from firmware_bridge.line.line import NEVER, Line
from firmware_bridge.modbus.frames import (
    READ,
    READ_INPUT,
    READ_WRITE,
    READS,
    WRITE,
    WRITE_ONE,
    WRITES,
    Framing,
    Request,
    RtuFraming,
    TcpFraming,
)

__all__ = ["Framing", "ModbusLink", "RtuFraming", "TcpFraming"]

EXCEPTION_NAMES = {
    1: "function not offered",
    2: "address not offered",
    3: "value refused",
    4: "unit fault",
    6: "unit busy",
}
MOST_REGISTERS: Final = {READ: 125, READ_INPUT: 125, WRITE_ONE: 1, WRITE: 123, READ_WRITE: 121}
"""Maximum registers per request; for function 23 the written ones (6.3, 6.12, 6.17)."""


class ModbusLink:
    """One unit on a line that others may share. Implements ``RegisterReader``.

    ``functions`` are those named by the unit's profile; no other is ever sent. ``timeout_s`` runs
    from the first byte sent; ``tell_between_s`` is explained at ``Line.exchange``. ``guard`` is
    what the caller checks in every answer that contains registers. Every call raises RequestRefused
    before anything is sent, otherwise LinkError.
    """

    def __init__(
        self,
        line: Line,
        framing: Framing,
        *,
        unit: int,
        functions: Collection[int],
        timeout_s: float,
        guard: Guard = Guard.NONE,
    ) -> None:
        low, high = framing.units
        if not low <= unit <= high:
            raise RequestRefused(f"unit={unit} is not from {low} to {high}; correct the address")
        self.line = line
        self._framing = framing
        self._unit = unit
        self._functions = frozenset(functions)
        self.timeout_s = timeout_s
        self._guard = guard
        self.tell_between_s = NEVER
        self._requests: dict[tuple[int, ...], Request] = {}

    most_registers: Final = MOST_REGISTERS[READ]

    @property
    def broadcasts(self) -> bool:
        """True on a serial line, where one request can reach every unit."""
        return self._framing.broadcasts

    @property
    def sent_at_s(self) -> float:
        """When the latest request was sent, in monotonic seconds."""
        return self.line.sent_at_s

    def read_registers(self, function: int, address: int, count: int) -> bytes:
        """Returns ``2 * count`` bytes read with function 3 or 4."""
        if function not in READS:
            raise RequestRefused(f"function {function} does not read registers; use 3 or 4")
        return self._content(self._request(function, address, count))

    def read_frame(self, function: int, address: int, count: int) -> bytes:
        """Returns the frame of such a read; nothing is sent."""
        request = self._request(function, address, count)
        self._framing.seal(request.frame)
        return bytes(request.frame)

    def write_registers(
        self, function: int, address: int, values: Sequence[int], *, urgent: bool = False
    ) -> None:
        """Write with function 6 or 16; the echo of address and value (or count) is checked.

        ``urgent`` (a release) waits for one silence at most.
        """
        if function == WRITE:
            self._write(self._request(WRITE, address, len(values)), values, urgent=urgent)
        elif function == WRITE_ONE:
            self._check(WRITE_ONE, address, len(values))
            _check_values(values)
            self._refuse_before_a_read(address)
            request = build_request(self._framing, self._unit, WRITE_ONE, address, values[0])
            self._content(request, urgent=urgent)
        else:
            raise RequestRefused(f"function {function} does not write registers; use 6 or 16")

    def read_write_registers(
        self,
        read_address: int,
        read_count: int,
        write_address: int,
        values: Sequence[int],
        *,
        urgent: bool = False,
    ) -> bytes:
        """Write and read with function 23; returns the bytes read.

        The caller tells from the answer which request it belongs to: it contains a sequence.
        """
        request = self._request(READ_WRITE, read_address, read_count, write_address, len(values))
        return self._write(request, values, urgent=urgent, guard=Guard.NUMBERED)

    def broadcast(self, address: int, values: Sequence[int]) -> None:
        """Write with function 16 to every unit on the line; there is no answer."""
        self._check(WRITE, address, len(values))
        _check_values(values)
        pdu = WriteMultipleRegistersRequest(address=address, registers=list(values), dev_id=0)
        self.line.tell(build_frame(self._framing, pdu))

    def distrust(self) -> None:
        """Mark the latest answer as another request's; the line is drained before the next one."""
        self.line.distrust()

    def close(self) -> None:
        """Close the line for every talker on it; it cannot be opened again."""
        self.line.close()

    def _request(self, function: int, *key: int) -> Request:
        request = self._requests.get((function, *key))
        if request is None:
            self._check(function, *key[:2])
            if function == READ_WRITE:
                self._check(WRITE, *key[2:], of=READ_WRITE)
            request = build_request(self._framing, self._unit, function, *key)
            self._requests[function, *key] = request
        return request

    def _check(self, function: int, address: int, count: int, *, of: int = 0) -> None:
        """Refuse what the profile does not name or the protocol cannot transport."""
        if (of or function) not in self._functions:
            named = ", ".join(map(str, sorted(self._functions))) or "none"
            raise RequestRefused(
                f"function {of or function} is not one that the profile of unit {self._unit} "
                f"names ({named}); nothing was sent, because some units never answer again after "
                "an unknown function"
            )
        most = MOST_REGISTERS[READ if function == READ_WRITE else of or function]
        if not (1 <= count <= most and 0 <= address <= 0x10000 - count):
            raise RequestRefused(
                f"function {of or function}: {count} registers from address {address} requested; "
                f"1 to {most} registers between 0 and 65535 are possible; nothing was sent"
            )

    def _refuse_before_a_read(self, address: int) -> None:
        """Refuse function 6 first: its right answer equals the request, as an echo would."""
        if not self.line.counters.answers:
            raise RequestRefused(
                f"register {address} is not written by function 6 before anything was read: an "
                "adapter with echo could not be distinguished from the unit; read first"
            )

    def _write(
        self, request: Request, values: Sequence[int], *, urgent: bool, guard: Guard | None = None
    ) -> bytes:
        _check_values(values)
        struct.pack_into(f">{len(values)}H", request.frame, request.values_at, *values)
        return self._content(request, urgent=urgent, guard=guard)

    def _content(
        self, request: Request, *, urgent: bool = False, guard: Guard | None = None
    ) -> bytes:
        self._framing.seal(request.frame)
        reply = self.line.exchange(
            bytes(request.frame),
            request,
            timeout_s=self.timeout_s,
            tell_between_s=self.tell_between_s,
            urgent=urgent,
            guard=guard or self._guard,
        )
        if reply.exception_code is not None:
            raise self._rejected(request, reply.exception_code)
        return reply.content

    def _rejected(self, request: Request, code: int) -> UnitRejected:
        function = request.answer_head[1]
        name = EXCEPTION_NAMES.get(code, "not specified")
        return UnitRejected(
            f"unit {self._unit} refused function {function} with exception {code} ({name})",
            exception_code=code,
            raw=bytes([function | 0x80, code]),
        )


def build_request(framing: Framing, unit: int, function: int, *key: int) -> Request:
    """Encode the request with pymodbus; the values of a write are zeros.

    ``key``: address and count; for function 6 address and value; for function 23 both pairs.
    """
    address, count = key[:2]
    if function in READS:
        kind = ReadHoldingRegistersRequest if function == READ else ReadInputRegistersRequest
        pdu: ModbusPDU = kind(address=address, count=count, dev_id=unit)
        return _template(framing, pdu, counted(pdu, count), count, values=0)
    if function in WRITES:
        echo = struct.pack(">BBHH", unit, function, address, count)
        if function == WRITE_ONE:
            pdu = WriteSingleRegisterRequest(address=address, registers=[count], dev_id=unit)
            return _template(framing, pdu, echo, 0, values=0)
        pdu = WriteMultipleRegistersRequest(address=address, registers=[0] * count, dev_id=unit)
        return _template(framing, pdu, echo, 0, values=count)
    pdu = ReadWriteMultipleRegistersRequest(
        read_address=address,
        read_count=count,
        write_address=key[2],
        write_registers=[0] * key[3],
        dev_id=unit,
    )
    return _template(framing, pdu, counted(pdu, count), count, values=key[3])


def counted(pdu: ModbusPDU, words: int) -> bytes:
    """Returns the head of an answer with registers: unit, function, byte count."""
    return bytes([pdu.dev_id, pdu.function_code, 2 * words])


def build_frame(framing: Framing, pdu: ModbusPDU) -> bytes:
    """Returns the whole request as pymodbus encodes it."""
    framer = FramerRTU if framing.tail_bytes else FramerSocket
    frame: bytes = framer(DecodePDU(False)).buildFrame(pdu)
    return frame


def _template(
    framing: Framing, pdu: ModbusPDU, answer_head: bytes, answer_words: int, *, values: int
) -> Request:
    frame = bytearray(build_frame(framing, pdu))
    return Request(
        framing=framing,
        frame=frame,
        values_at=len(frame) - framing.tail_bytes - 2 * values,
        answer_head=answer_head,
        answer_words=answer_words,
    )


def _check_values(values: Sequence[int]) -> None:
    if not values or (min(values) >= 0 and max(values) <= 0xFFFF):
        return
    value = next(value for value in values if not 0 <= value <= 0xFFFF)
    raise RequestRefused(f"value {value} does not fit a register (0 to 65535); nothing was sent")
