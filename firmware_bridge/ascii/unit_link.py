"""Drives a traction unit by lines of text (reference map, B.9): registers, orders, release.

The unit is alone on its line. The answer to an order contains the order's number, the answer to a
read or a write its address; the line rules out all other confusion with old answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.errors import LinkError, RequestRefused, UnitRejected
from firmware_bridge.ascii.unit_lines import (
    MOST_REGISTERS,
    ORDER_ANSWER,
    UnitAnswer,
    line,
    measured,
    read_answer,
    read_line,
    write_answer,
    write_line,
)
from firmware_bridge.line.answers import Guard
from firmware_bridge.line.line import NEVER, Line

READS: Final = (3, 4)
WRITE: Final = 16
"""Functions are numbered as in Modbus: 3 and 4 read, 16 writes."""
ACCEPTED: Final = frozenset({1, 2})
"""Result 1 is accepted and 2 is a repeat; every other one is a refusal (B.4, B.9)."""
RESULT_NAMES: Final = {
    0: "none",
    3: "out of range",
    4: "wrong state",
    5: "wrong token",
    6: "not armed",
    7: "sequence error",
    8: "block CRC error",
}
NOT_OFFERED: Final = 2
"""The Modbus exception code for an address that is not offered."""
END_OF_HALF_A_LINE: Final = b"?\r"
"""Invalidates an unfinished line, so that the unit does not obey an earlier order late.

Sent on its own it is a line without a checksum, which no unit answers.
"""


class UnitTextLink:
    """Implements ``UnitLink``.

    Every call raises RequestRefused before anything is sent, otherwise LinkError. ``timeout_s``
    runs from the first byte sent; ``tell_between_s`` is explained at ``Line.exchange``. ``guard``
    is what the caller checks in every answer that contains registers. After a request that lost its
    CR, or after a stray byte, the unit would wait for the rest of a line and count the next request
    as part of it. So a line end is sent before each request after a failure and before each
    release.
    """

    most_registers: Final = MOST_REGISTERS

    def __init__(self, line: Line, *, timeout_s: float, guard: Guard = Guard.NONE) -> None:
        self.line = line
        self._guard = guard
        self.timeout_s = timeout_s
        self.tell_between_s = NEVER
        self._may_hold_half_a_line = True

    @property
    def sent_at_s(self) -> float:
        """When the latest request was sent, in monotonic seconds."""
        return self.line.sent_at_s

    def read_registers(self, function: int, address: int, count: int) -> bytes:
        """Returns ``2 * count`` bytes in wire order; ``count`` is 1 to 20."""
        if function not in READS:
            raise RequestRefused(f"function {function} does not read registers; use 3 or 4")
        if not (1 <= count <= MOST_REGISTERS and 0 <= address <= 0x10000 - count):
            raise RequestRefused(
                f"{count} registers from address {address} were requested; 1 to {MOST_REGISTERS} "
                "registers between 0 and 65535 fit a line; nothing was sent"
            )
        answer = read_answer(address, count)
        content = self._ask(read_line(address, count), answer, guard=self._guard)
        if not content:
            raise UnitRejected(
                f"the unit does not offer {count} registers from 0x{address:04X}",
                exception_code=NOT_OFFERED,
            )
        return bytes.fromhex(content.decode("ascii"))

    def write_registers(self, function: int, address: int, values: Sequence[int]) -> None:
        """Write a whole block and check the unit's result."""
        if function != WRITE:
            raise RequestRefused(f"function {function} does not write blocks; use 16")
        if not 1 <= len(values) <= MOST_REGISTERS:
            raise RequestRefused(
                f"{len(values)} registers do not fit a line (1 to {MOST_REGISTERS}); "
                "nothing was sent"
            )
        content = self._ask(write_line(address, values), write_answer(address))
        result = int(content)
        if result not in ACCEPTED:
            raise _rejected(f"write to 0x{address:04X}", result, content)

    def order(self, fields: str, *, urgent: bool = False) -> dict[str, int]:
        """Send ``>fields``; returns the numbers of the answer, which may belong to another order.

        The caller compares the sequence. Raises UnitRejected for a result that is not an
        acceptance; such a line is never a reading.
        """
        content = self._ask(line(">", fields), ORDER_ANSWER, urgent=urgent, guard=Guard.NUMBERED)
        values = measured(content)
        if values["result"] not in ACCEPTED:
            raise _rejected("order", values["result"], content)
        return values

    def tell(self, fields: str) -> None:
        """Send ``>fields`` without waiting for an answer; raises LinkError."""
        self._may_hold_half_a_line = True
        self.line.tell(END_OF_HALF_A_LINE + line(">", fields))
        self.line.distrust()

    def distrust(self) -> None:
        """Mark the latest answer as another request's; the line is drained before the next one."""
        self.line.distrust()

    def close(self) -> None:
        """Close the line; it cannot be opened again."""
        self.line.close()

    def _ask(
        self,
        request: bytes,
        answer: UnitAnswer,
        *,
        urgent: bool = False,
        guard: Guard = Guard.NONE,
    ) -> bytes:
        if urgent or self._may_hold_half_a_line:
            request = END_OF_HALF_A_LINE + request
        try:
            reply = self.line.exchange(
                request,
                answer,
                timeout_s=self.timeout_s,
                tell_between_s=self.tell_between_s,
                urgent=urgent,
                guard=guard,
            )
        except LinkError:
            self._may_hold_half_a_line = True
            raise
        self._may_hold_half_a_line = False
        return reply.content


def _rejected(what: str, result: int, content: bytes) -> UnitRejected:
    name = RESULT_NAMES.get(result, "not specified")
    return UnitRejected(
        f"the unit refused the {what} with result {result} ({name})",
        exception_code=result,
        raw=content,
    )
