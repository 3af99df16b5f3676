"""Differences of a unit's fixed registers from what a host expects (hazards.md, rows 33-35, 49).

Each change keeps the block valid if the real cause would: another unit has a valid CRC, and so has
a unit with swapped words.
"""

from __future__ import annotations

from typing import Final

from simulator.map_v1 import crc16_of_registers

MAGIC_AT, VERSION_AT, SERIAL_AT, FIRMWARE_CRC_AT, UNIT_ID_AT = 0x00, 0x02, 0x06, 0x0C, 0x1A
PAIRS = (0x04, 0x06, 0x0C, 0x0E)
"""32-bit numbers of the identification block (B.1)."""
IDENTIFICATION_CRC_AT: Final = 0x1F


class Disguise:
    """Changes the identification block in place; ``shifted_by`` is an offset for the firmware."""

    def __init__(self, fixed: list[int]) -> None:
        self._fixed = fixed
        self.shifted_by = 0

    def another_unit(self) -> None:
        """Become a second table: the same model with its own permanent serial number and id."""
        self._fixed[SERIAL_AT + 1] ^= 0x0101
        self._fixed[UNIT_ID_AT + 3] ^= 0x0101
        self._seal()

    def another_device(self, magic: str) -> None:
        """Become another device that offers the same registers; ``magic`` has four characters."""
        data = magic.encode("ascii")
        self._fixed[MAGIC_AT : MAGIC_AT + 2] = [data[0] << 8 | data[1], data[2] << 8 | data[3]]
        self._seal()

    def another_firmware(self) -> None:
        """Become a unit with other firmware: its CRC-32 differs."""
        self._fixed[FIRMWARE_CRC_AT] ^= 0xFFFF
        self._seal()

    def swap_words(self) -> None:
        """Send 32-bit numbers low word first."""
        for at in PAIRS:
            self._fixed[at : at + 2] = self._fixed[at + 1], self._fixed[at]
        self._seal()

    def shift(self, registers: int) -> None:
        """Count registers from ``registers`` instead of from 0."""
        self.shifted_by = registers

    def version(self, major: int) -> None:
        """Report another major version of the map."""
        self._fixed[VERSION_AT] = major << 8
        self._seal()

    def _seal(self) -> None:
        block = self._fixed[:IDENTIFICATION_CRC_AT]
        self._fixed[IDENTIFICATION_CRC_AT] = crc16_of_registers(block)
