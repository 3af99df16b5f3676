"""Registers as data: how a block of 16-bit words becomes named values and back, with its CRC.

All 16-bit values are big-endian on the wire, 32- and 64-bit values have their high word first, and
a block's CRC stands in its register as a number (reference map, B head and B.10).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from controller.errors import FrameCorrupt, RequestRefused

RegisterType = Literal["u16", "i16", "u32", "u64", "chars"]
RegisterValue = int | str | None

_WORDS = {"u16": 1, "i16": 1, "u32": 2, "u64": 4}
_RANGES = {
    "u16": (0, 0xFFFF),
    "i16": (-0x8000, 0x7FFF),
    "u32": (0, 0xFFFF_FFFF),
    "u64": (0, 0xFFFF_FFFF_FFFF_FFFF),
}
NOT_FITTED = -0x8000
"""0x8000 in a force register: the channel is not there, which is None and never a number."""


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS of ``data`` as a number."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def words_to_bytes(words: Sequence[int]) -> bytes:
    """Registers as bytes in wire order."""
    return struct.pack(f">{len(words)}H", *words)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSpec:
    """One value of a block: where it stands and how its words are read."""

    name: str
    address: int
    type: RegisterType
    words: int = 1
    optional: bool = False
    """0x8000 means "not fitted" and is decoded as None."""

    def decode(self, words: Sequence[int]) -> RegisterValue:
        """Value of these words (as many as the spec says)."""
        if self.type == "chars":
            return words_to_bytes(words).decode("ascii", errors="replace").rstrip("\0 ")
        number = 0
        for word in words:
            number = number << 16 | word
        if self.type == "i16" and number >= 0x8000:
            number -= 0x10000
        return None if self.optional and number == NOT_FITTED else number

    def encode(self, value: RegisterValue) -> list[int]:
        """Words of ``value``; raises RequestRefused when it does not fit its register."""
        if isinstance(value, str):
            raw = value.encode("ascii").ljust(2 * self.words, b"\0")
            return list(struct.unpack(f">{self.words}H", raw))
        number = NOT_FITTED if value is None else value
        low, high = _RANGES[self.type]
        if not low <= number <= high:
            raise RequestRefused(
                f"{self.name}={number} does not fit register 0x{self.address:04X} "
                f"({self.type}, {low} to {high}); correct the order"
            )
        bits = 16 * self.words
        number &= (1 << bits) - 1
        return [number >> shift & 0xFFFF for shift in range(bits - 16, -1, -16)]


@dataclass(frozen=True, kw_only=True)
class RegisterBlock:
    """A range of registers that is read or written whole, with an optional CRC as its last one."""

    name: str
    address: int
    count: int
    crc: bool
    registers: tuple[RegisterSpec, ...]

    @cached_property
    def _slots(self) -> tuple[tuple[RegisterSpec, int, int], ...]:
        return tuple(
            (spec, spec.address - self.address, spec.address - self.address + spec.words)
            for spec in self.registers
        )

    def decode(self, words: Sequence[int]) -> dict[str, RegisterValue]:
        """Named values; raises FrameCorrupt when length or CRC are wrong."""
        self.check(words)
        return {spec.name: spec.decode(words[start:end]) for spec, start, end in self._slots}

    def check(self, words: Sequence[int]) -> None:
        """Raise FrameCorrupt unless the words are this block with its CRC."""
        if len(words) != self.count:
            raise FrameCorrupt(
                f"block {self.name} has {self.count} registers, {len(words)} came; "
                "the answer is refused"
            )
        if self.crc:
            computed = crc16(words_to_bytes(words[:-1]))
            if computed != words[-1]:
                raise FrameCorrupt(
                    f"block {self.name}: CRC 0x{words[-1]:04X} came, 0x{computed:04X} is right; "
                    "the answer is refused",
                    raw=words_to_bytes(words),
                )

    def encode(self, values: Mapping[str, RegisterValue]) -> list[int]:
        """Words of the whole block with its CRC; registers that are not named stay 0."""
        words = [0] * self.count
        for spec, start, end in self._slots:
            if spec.name in values:
                words[start:end] = spec.encode(values[spec.name])
        if self.crc:
            words[-1] = crc16(words_to_bytes(words[:-1]))
        return words


def register_words(register_type: RegisterType, declared: int | None) -> int:
    """How many registers a value of this type takes; ``chars`` declare it themselves."""
    return _WORDS.get(register_type, declared or 1)
