"""Checksums of text protocols, by kind."""

from __future__ import annotations

from functools import reduce
from typing import Final, Literal, get_args

from fastcrc import crc16

ChecksumKind = Literal["none", "xor", "sum_complement", "crc16_modbus"]
CHECKSUM_KINDS: Final[tuple[ChecksumKind, ...]] = get_args(ChecksumKind)


def checksum_of(kind: ChecksumKind, text: str) -> str:
    """Returns the checksum of ASCII ``text`` in upper-case hexadecimal digits, as used in a line.

    ``xor``: exclusive or of the bytes, 2 digits. ``sum_complement``: two's complement of the last 8
    bits of their sum, 2 digits. ``crc16_modbus``: 4 digits. ``none``: empty.
    """
    data = text.encode("ascii")
    if kind == "xor":
        return f"{reduce(lambda left, right: left ^ right, data, 0):02X}"
    if kind == "sum_complement":
        return f"{-sum(data) & 0xFF:02X}"
    if kind == "crc16_modbus":
        return f"{crc16.modbus(data):04X}"
    return ""
