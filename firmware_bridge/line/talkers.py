"""The requests of instruments and units to a line: registers, or one line of text.

These Protocols are all that a decoder of values knows of the wire. Their implementations own
framing, unit address, deadline and the doubt after a lost answer: ``firmware_bridge.modbus`` over
RTU and TCP, ``firmware_bridge.ascii`` for instruments that send text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from firmware_bridge.line.line import Line


class RegisterReader(Protocol):
    """One Modbus unit on a line. Functions that its profile does not name are never sent.

    Every call returns by its deadline. Each raises RequestRefused before anything is sent (function
    not named by the profile, address or count out of range), LinkLost if the port is gone, and
    ReplyTimeout, FrameCorrupt or UnitRejected, all subclasses of LinkError.
    """

    def read_registers(self, function: int, address: int, count: int) -> bytes:
        """Returns ``2 * count`` bytes in wire order (high byte first) of function 3 or 4.

        ``address`` is the first register, counted from 0; ``count`` is 1 to 125.
        """

    def write_registers(self, function: int, address: int, values: Sequence[int]) -> None:
        """Write by function 6 (one value) or 16 (1 to 123 values, each 0 to 0xFFFF).

        Returns when the unit has echoed address and value (6) or address and count (16).
        """


class UnitLink(RegisterReader, Protocol):
    """A traction unit on a line: its registers and what its driver needs of the line.

    ``most_registers`` is the maximum of one read; ``timeout_s`` and ``tell_between_s`` are
    explained at ``Line.exchange``.
    """

    line: Line
    timeout_s: float
    tell_between_s: tuple[float, float]

    @property
    def most_registers(self) -> int:
        """Maximum number of registers in one read."""
        ...

    @property
    def sent_at_s(self) -> float:
        """When the latest request was sent, in monotonic seconds."""

    def distrust(self) -> None:
        """Mark the latest answer as another request's; the line is drained before the next one."""

    def close(self) -> None:
        """Close the line, for every talker on it."""


class LineAsker(Protocol):
    """One instrument that sends text on a line."""

    def ask(self, request: bytes) -> bytes:
        """Send ``request`` unchanged and return one complete answer with its terminator.

        Raises LinkLost if the port is gone, ReplyTimeout if nothing came, FrameCorrupt if the bytes
        are not a complete answer; the error contains the raw bytes.
        """
