"""What instruments and units ask of a line: registers, or one line of text.

The two Protocols are all that a decoder of values knows of the wire. Who implements them owns
framing, unit address, deadline and the doubt after a lost answer: ``firmware_bridge.modbus`` over
RTU and TCP, ``firmware_bridge.ascii`` for instruments that send text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from firmware_bridge.line.line import Line


class RegisterReader(Protocol):
    """One Modbus unit on a line. A function that its profile does not name is never sent.

    Every call returns by its deadline. Each raises RequestRefused before anything is sent
    (function not named by the profile, address or count out of range), LinkLost when the port is
    gone, ReplyTimeout, FrameCorrupt or UnitRejected, all three subclasses of LinkError.
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
    """A traction unit on a line: its registers, and what its driver must say and know of the line.

    ``most_registers`` is how many one request reads; ``timeout_s`` and ``tell_between_s`` are
    explained at ``Line.exchange``.
    """

    line: Line
    timeout_s: float
    tell_between_s: tuple[float, float]

    @property
    def most_registers(self) -> int:
        """At most so many registers are read at once."""
        ...

    @property
    def sent_at_s(self) -> float:
        """When the newest request left, monotonic seconds."""

    def distrust(self) -> None:
        """The newest answer was another request's: drain the line before the next one leaves."""

    def close(self) -> None:
        """Close the line, for every talker on it."""


class LineAsker(Protocol):
    """One instrument that sends text on a line."""

    def ask(self, request: bytes) -> bytes:
        """Send ``request`` as it stands and return one whole answer, with its terminator.

        Raises LinkLost when the port is gone, ReplyTimeout when nothing came, FrameCorrupt when
        what came is no whole answer; the raw bytes are in the error.
        """
