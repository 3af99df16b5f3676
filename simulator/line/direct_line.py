"""A serial line inside one process: the same frames and times, without a port between them.

For campaigns of many sessions and for measuring what a treatment costs. Ports, drivers and foreign
code are tested with real ones (``servers.py``); here a request is answered in the call that writes
it, and its bytes can be read once their time on the wire is over.
"""

from __future__ import annotations

import math
import struct
from typing import Final

from fastcrc import crc16

from controller.ports import Readable
from controller.runtime.clock import VirtualClock
from simulator.line.line_faults import LineFaults
from simulator.line.wire import TURNAROUND_S, UnitFirmware, rtu_wire
from simulator.map_v1 import ExceptionCode, RegisterRefused

READ_HOLDING, READ_INPUT, WRITE_MANY, READ_WRITE = 3, 4, 16, 23
BROADCAST: Final = 0


class DirectLine:
    """A transport (firmware_bridge.modbus.link) whose other end is a simulated unit."""

    name = "direct line"

    def __init__(
        self, firmware: UnitFirmware, clock: VirtualClock, *, baudrate: int, unit: int = 1
    ) -> None:
        self._firmware = firmware
        self._clock = clock
        self._byte_s = rtu_wire(baudrate).byte_s
        self._unit = unit
        self._answer = b""
        self.answer_due_s = math.inf
        self.faults = LineFaults()
        self.bytes_sent = 0
        self.bytes_received = 0

    def fileno(self) -> int:
        """Raises: there is no descriptor, and only a DirectClock can wait for this line."""
        raise OSError("a direct line has no file descriptor")

    def write(self, data: bytes) -> None:
        """Hand the frame to the unit; its answer becomes readable at ``answer_due_s``."""
        self.bytes_sent += len(data)
        if self.faults.loses_request():
            return
        arrived_s = self._clock.now_s() + len(data) * self._byte_s
        late_s, answer = self.faults.spoil(self._served(data, arrived_s), self._clock.now_s())
        if answer:
            self._answer += answer
            self.answer_due_s = arrived_s + TURNAROUND_S + len(answer) * self._byte_s + late_s

    def read_available(self) -> bytes:
        if self._clock.now_s() < self.answer_due_s:
            return b""
        data, self._answer, self.answer_due_s = self._answer, b"", math.inf
        self.bytes_received += len(data)
        return data

    def close(self) -> None:
        """Do nothing: a serial line has no connection to close."""

    def _served(self, frame: bytes, arrived_s: float) -> bytes:
        """Returns the unit's frame; empty if a unit on a bus stays silent."""
        if crc16.modbus(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            return b""
        address, function = frame[0], frame[1]
        if address not in (self._unit, BROADCAST):
            return b""
        self._firmware.advance_to(arrived_s)
        if not self._firmware.powered:
            return b""
        if address == BROADCAST:
            self._hear_broadcast(function, frame[2:-2])
            return b""
        try:
            body = self._answered(function, frame[2:-2])
        except RegisterRefused as refused:
            body = bytes([function | 0x80, int(refused.exception_code)])
        else:
            body = bytes([function]) + body
        return _framed(bytes([address]) + body)

    def _hear_broadcast(self, function: int, pdu: bytes) -> None:
        if function == WRITE_MANY:
            self._firmware.write_broadcast(int.from_bytes(pdu[:2], "big"), _words(pdu[5:]))

    def _answered(self, function: int, pdu: bytes) -> bytes:
        """Returns the answer after its function code."""
        address, count = struct.unpack_from(">HH", pdu)
        if function in (READ_HOLDING, READ_INPUT):
            return _counted(self._firmware.read_registers(address, count))
        if function == WRITE_MANY:
            self._firmware.write_registers(address, _words(pdu[5:]))
            return pdu[:4]
        if function == READ_WRITE:
            write_address = int.from_bytes(pdu[4:6], "big")
            return _counted(
                self._firmware.read_write(write_address, _words(pdu[9:]), address, count)
            )
        raise RegisterRefused(ExceptionCode.ILLEGAL_FUNCTION)


class DirectClock(VirtualClock):
    """Virtual time for direct lines: no bytes are ever in transit that have to be awaited."""

    def wait_readable(self, port: Readable, deadline_s: float) -> bool:
        assert isinstance(port, DirectLine), "a direct clock waits for direct lines"
        due_s = port.answer_due_s
        self.sleep_until(min(due_s, deadline_s))
        return due_s <= deadline_s


def _words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 2}H", data)


def _counted(registers: list[int]) -> bytes:
    return bytes([2 * len(registers)]) + struct.pack(f">{len(registers)}H", *registers)


def _framed(body: bytes) -> bytes:
    return body + crc16.modbus(body).to_bytes(2, "little")
