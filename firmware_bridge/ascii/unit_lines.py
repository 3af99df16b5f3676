"""Sans-io: the lines of a traction unit on a serial line (reference map, B.9).

A line consists of a first character, fields, ``*``, the CRC-16/MODBUS of everything between them as
four upper-case hexadecimal digits, and CR LF. A received line is compared with the only acceptable
one and never guessed at: fixed order, fixed widths, valid checksum.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fastcrc import crc16

from firmware_bridge.line.answers import Reply

MOST_CHARACTERS: Final = 96
"""Maximum length of a line, including CR LF."""
MOST_REGISTERS: Final = 20
"""Maximum number of registers in a line."""
END: Final = b"\r\n"
_LINE_BYTES: Final = frozenset(b"\r\n" + bytes(range(0x20, 0x7F)))
_SEVEN_BITS: Final = 0x80
_MEASURED = re.compile(
    rb"(?P<sequence>[0-9A-F]{4}),(?P<result>[0-8]),(?P<state>[0-9]),(?P<status>[0-9A-F]{4}),"
    rb"(?P<faults>[0-9A-F]{4}),(?P<first_fault>[0-9A-F]{4}),(?P<force_1>[+-][0-9]{4}),"
    rb"(?P<force_2>[+-][0-9]{4}),(?P<set_point>[+-][0-9]{4}),(?P<position>[+-][0-9]{4}),"
    rb"(?P<sample_number>[0-9A-F]{4}),(?P<sample_age>[0-9]{4}),(?P<watchdog_left>[0-9]{4})"
)
_HEXADECIMAL = frozenset({"sequence", "status", "faults", "first_fault", "sample_number"})
MOST_TENTHS: Final = 9999
"""A force or a position has a sign and four digits: at most 999.9 N or 999.9 mm."""


def line(first: str, fields: str) -> bytes:
    """Returns a complete line with its checksum."""
    body = fields.encode("ascii")
    return f"{first}{fields}*{crc16.modbus(body):04X}".encode("ascii") + END


def read_line(address: int, count: int) -> bytes:
    """Returns ``?AAAA,NN``: read ``count`` registers (1 to 20)."""
    return line("?", f"{address:04X},{count:02d}")


def write_line(address: int, values: Sequence[int]) -> bytes:
    """Returns ``!AAAA,...``: write a whole block."""
    return line("!", f"{address:04X}," + "".join(f"{value:04X}" for value in values))


def measured(content: bytes) -> dict[str, int]:
    """Returns the numbers of the answer to an order, named as in the measurement block."""
    match = _MEASURED.fullmatch(content)
    assert match is not None, "an answer was compared with the grammar before"
    return {
        name: int(digits, 16 if name in _HEXADECIMAL else 10)
        for name, digits in match.groupdict().items()
    }


class UnitAnswer:
    """Implements ``ExpectedAnswer``: the one line that answers a request.

    It is complete only with its LF; a remainder would look like the beginning of a second answer.
    ``head`` is how it begins, ``grammar`` the pattern of its fields, ``words`` its description.
    """

    def __init__(self, head: bytes, grammar: re.Pattern[bytes], words: str) -> None:
        self._head = head
        self._grammar = grammar
        self._words = words

    def find(self, data: bytes) -> Reply | None:
        """Returns the answer in the bytes received so far, with its fields as content.

        Returns None if more bytes have to arrive.
        """
        strange = next((byte for byte in data if byte not in _LINE_BYTES), None)
        if strange is not None:
            return Reply(refusal=_strange(strange))
        if not self._head.startswith(data[: len(self._head)]):
            return Reply(refusal=f"the answer does not begin with {self._head.decode()}")
        whole, end, _ = data.partition(END)
        if end:
            return self._of_a_whole(whole)
        if len(data) > MOST_CHARACTERS:
            return Reply(refusal=f"no end of a line in {len(data)} characters")
        return None

    def _of_a_whole(self, whole: bytes) -> Reply:
        fields, star, check = whole[1:].rpartition(b"*")
        if not star or check != f"{crc16.modbus(fields):04X}".encode("ascii"):
            return Reply(refusal="the checksum is wrong")
        content = whole[len(self._head) : 1 + len(fields)]
        if not self._grammar.fullmatch(content):
            return Reply(refusal=f"the fields are not those of {self._words}")
        return Reply(content=content)

    def expected(self) -> str:
        """Returns a description of the right answer."""
        return self._words

    def came(self, data: bytes) -> str:
        """Returns the number of characters and their text."""
        count = "1 byte" if len(data) == 1 else f"{len(data)} bytes"
        return f"{count} {data[: 2 * MOST_CHARACTERS]!r}"


ORDER_ANSWER: Final = UnitAnswer(b"<", _MEASURED, "an order's answer <SSSS,r,s,... and checksum")


def read_answer(address: int, count: int) -> UnitAnswer:
    """Returns the expected ``=AAAA,`` with the registers; without any they are not offered."""
    return UnitAnswer(
        f"={address:04X},".encode("ascii"),
        re.compile(rb"(?:[0-9A-F]{%d})?" % (4 * count)),
        f"={address:04X}, {count} registers and checksum",
    )


def write_answer(address: int) -> UnitAnswer:
    """Returns the expected ``!AAAA,r``; ``r`` is the result code of 0x101."""
    return UnitAnswer(
        f"!{address:04X},".encode("ascii"), re.compile(rb"[0-8]"), f"!{address:04X},r and checksum"
    )


def _strange(byte: int) -> str:
    if byte < _SEVEN_BITS:
        return f"byte {byte:02X} is not text; look for noise or another device on the line"
    return (
        f"byte {byte:02X} is not ASCII; data bits, parity or baud rate of the address differ from "
        "those of the unit"
    )
