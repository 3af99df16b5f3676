"""The interface of a simulated unit for a server, and the transmission time of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

TURNAROUND_S: Final = 0.002
"""From the last byte of a request to the first of the answer; the map allows 10 ms (B, head)."""
BITS_PER_CHARACTER: Final = 11
READ_WRITE: Final = 23
WRITE_MANY: Final = 16


class UnitFirmware(Protocol):
    """The interface of a simulated unit for a server; host time in monotonic seconds."""

    @property
    def powered(self) -> bool:
        """True if it has power; without it a unit consumes every byte and answers none."""

    def advance_to(self, now_s: float) -> None: ...

    def read_registers(self, address: int, count: int) -> list[int]: ...

    def write_registers(self, address: int, values: Sequence[int]) -> None: ...

    def read_write(
        self, write_address: int, values: Sequence[int], read_address: int, read_count: int
    ) -> list[int]: ...

    def write_broadcast(self, address: int, values: Sequence[int]) -> None: ...

    def connection_lost(self, now_s: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The transmission time: seconds per byte, and the bytes of a frame around its PDU."""

    byte_s: float
    frame_bytes: int

    def request_s(self, function: int, writes: int) -> float:
        """Returns the wire time of a request in seconds."""
        pdu = {READ_WRITE: 10 + 2 * writes, WRITE_MANY: 6 + 2 * writes}.get(function, 5)
        return self.byte_s * (pdu + self.frame_bytes)

    def answer_s(self, pdu_bytes: int) -> float:
        """Returns the wire time of an answer in seconds."""
        return self.byte_s * (pdu_bytes + self.frame_bytes)


TCP_WIRE = Wire(byte_s=1e-6, frame_bytes=7)
LOCAL_HOST = "127.0.0.1"


def rtu_wire(baudrate: int) -> Wire:
    """Returns the wire of a serial line with 11 bits per character."""
    return Wire(byte_s=BITS_PER_CHARACTER / baudrate, frame_bytes=3)
