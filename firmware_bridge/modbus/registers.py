"""Registers as data: converts a block of 16-bit words to named values and back, with its CRC.

All 16-bit values are big-endian on the wire, 32- and 64-bit values have their high word first, and
a block's CRC is stored in its register as a number (reference map, B.10).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from fastcrc import crc16

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
_CODES = {"u16": "H", "i16": "h", "u32": "I", "u64": "Q"}
NOT_FITTED: Final = -0x8000
"""0x8000 in a force register: the channel is not fitted, decoded as None and never as a number."""


def words_to_bytes(words: Sequence[int]) -> bytes:
    """Returns the registers as bytes in wire order."""
    return struct.pack(f">{len(words)}H", *words)


def bytes_to_words(raw: bytes) -> list[int]:
    """Returns bytes in wire order as registers."""
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSpec:
    """One value of a block: its place and how its words are read."""

    name: str
    address: int
    type: RegisterType
    words: int = 1
    optional: bool = False
    """0x8000 means "not fitted" and is decoded as None."""

    @property
    def code(self) -> str:
        """The ``struct`` format code."""
        return _CODES.get(self.type) or f"{2 * self.words}s"

    def decode(self, words: Sequence[int]) -> RegisterValue:
        """Returns the value of these words (as many as the spec requires)."""
        (raw,) = struct.unpack(">" + self.code, words_to_bytes(words))
        return self.value(raw)

    def value(self, raw: int | bytes) -> RegisterValue:
        """Returns an unpacked value as text, number or None."""
        if isinstance(raw, bytes):
            return raw.decode("ascii", errors="replace").rstrip("\0 ")
        return None if self.optional and raw == NOT_FITTED else raw

    def check(self, number: int) -> None:
        """Raise RequestRefused for a number that does not fit the register."""
        low, high = _RANGES[self.type]
        if not low <= number <= high:
            raise RequestRefused(
                f"{self.name}={number} does not fit register 0x{self.address:04X} "
                f"({self.type}, {low} to {high}); correct the order"
            )


class RegisterBlock:
    """A range of registers that is read or written as a whole, optionally ending in a CRC.

    ``registers`` ascend and do not overlap; those between them are reserved and read as 0.
    """

    def __init__(
        self, *, name: str, address: int, count: int, crc: bool, registers: tuple[RegisterSpec, ...]
    ) -> None:
        self.name = name
        self.address = address
        self.count = count
        self.crc = crc
        self.registers = registers
        self._names = {spec.name: spec for spec in registers}
        self._has_text = any(spec.type == "chars" for spec in registers)
        self._words = struct.Struct(f">{count}H")
        self._layout = struct.Struct(self._layout_code())

    def _layout_code(self) -> str:
        code, at = ">", self.address
        for spec in self.registers:
            code += "2x" * (spec.address - at) + spec.code
            at = spec.address + spec.words
        return code + "2x" * (self.address + self.count - at)

    def decode(self, words: Sequence[int]) -> dict[str, RegisterValue]:
        """Returns named values; raises FrameCorrupt if length or CRC is wrong."""
        raw = self.unpack(words)
        return {name: spec.value(raw[name]) for name, spec in self._names.items()}

    def unpack(self, words: Sequence[int]) -> dict[str, int | bytes]:
        """Returns the unpacked value of each register, without interpretation.

        Raises FrameCorrupt like ``decode``.
        """
        raw = self._layout.unpack(self.check(words))
        return dict(zip(self._names, raw, strict=True))

    def numbers(self, words: Sequence[int]) -> dict[str, int]:
        """Returns the same for a block without text, such as that of every tick.

        "Not fitted" stays -0x8000.
        """
        raw = cast("dict[str, int]", self.unpack(words))
        if not self._has_text:
            return raw
        return {name: number for name, number in raw.items() if isinstance(number, int)}

    def check(self, words: Sequence[int]) -> bytes:
        """Returns the words as wire bytes.

        Raises FrameCorrupt unless they are this block with its CRC.
        """
        if len(words) != self.count:
            raise FrameCorrupt(
                f"block {self.name} has {self.count} registers, {len(words)} came; "
                "the answer is refused"
            )
        raw = self._words.pack(*words)
        if self.crc and (right := crc16.modbus(raw[:-2])) != words[-1]:
            raise FrameCorrupt(
                f"block {self.name}: CRC 0x{words[-1]:04X} received, 0x{right:04X} expected; "
                "the answer is refused",
                raw=raw,
            )
        return raw

    def _packed(self, numbers: list[int]) -> bytes:
        try:
            return self._layout.pack(*numbers)
        except struct.error:
            for spec, number in zip(self.registers, numbers, strict=True):
                spec.check(number)
            raise

    def encode(self, values: Mapping[str, int]) -> list[int]:
        """Returns the words of a whole block with its CRC; registers not named are 0."""
        if not values.keys() <= self._names.keys():
            unknown = sorted(values.keys() - self._names.keys())
            raise RequestRefused(
                f"block {self.name} has no register {unknown[0]}; correct the profile"
            )
        raw = self._packed([values.get(name, 0) for name in self._names])
        words = list(self._words.unpack(raw))
        if self.crc:
            words[-1] = crc16.modbus(raw[:-2])
        return words


def register_words(register_type: RegisterType, declared: int | None) -> int:
    """Returns how many registers a value of this type takes; ``chars`` declares it itself."""
    return _WORDS.get(register_type, declared or 1)
