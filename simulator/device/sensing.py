"""The unit's two force channels: sampling, tare, validity (reference map, B.3)."""

from __future__ import annotations

import math
import random
from typing import Final

from simulator.device.register_image import NOT_FITTED, UnitDescription
from simulator.map_v1 import EventCode
from simulator.table.load_cell import LoadCell, SecondCell

TARE_MAX_TENTHS: Final = 300
TARE_SPREAD_TENTHS: Final = 30
TARE_CYCLES: Final = 100

FAULT_BITS = {
    EventCode.CHANNELS_DISAGREE: 1 << 6,
    EventCode.CELL_STUCK: 1 << 7,
    EventCode.CORD_BREAK: 1 << 8,
    EventCode.OVER_FORCE: 1 << 9,
    EventCode.OVER_RATE: 1 << 10,
}


class ForceChannels:
    """Readings in 0.1 N. ``stuck`` is latched by the unit's own check until acknowledged."""

    __slots__ = (
        "_capacity",
        "_recent",
        "_tare_1",
        "_tare_2",
        "cell",
        "force_n",
        "gross_1",
        "net_1",
        "net_2",
        "sample_at_s",
        "sample_counter",
        "second_cell",
        "stuck",
        "tare_active",
    )

    def __init__(self, unit: UnitDescription, random: random.Random) -> None:
        self.cell = LoadCell(random)
        self.second_cell = SecondCell(random) if unit.has_second_channel else None
        self.sample_counter = 0
        self.sample_at_s = 0.0
        self.gross_1 = self.net_1 = 0
        self.net_2 = 0 if unit.has_second_channel else NOT_FITTED
        self.force_n = 0.0
        self.stuck = False
        self.tare_active = False
        self._tare_1 = self._tare_2 = 0
        self._capacity = unit.cell_capacity_n * 10
        self._recent = [0] * TARE_CYCLES

    def sample(self, force_n: float, at_s: float, period_s: float) -> None:
        """Take one sample of each channel; a frozen converter leaves everything unchanged."""
        if self.second_cell is not None:
            reading = self.second_cell.read(force_n, period_s) - self._tare_2
            self.net_2 = NOT_FITTED if self.second_cell.vanished else reading
        if self.cell.frozen:
            return
        self.gross_1 = self.cell.read(force_n, period_s)
        self.net_1 = self.gross_1 - self._tare_1
        self.force_n = self.net_1 / 10.0
        self.sample_counter = self.sample_counter + 1 & 0xFFFF
        self.sample_at_s = at_s
        self._recent[self.sample_counter % TARE_CYCLES] = self.gross_1

    @property
    def second_n(self) -> float | None:
        """Channel 2 in newtons, None if it is not fitted or has vanished."""
        return None if self.net_2 == NOT_FITTED else self.net_2 / 10.0

    @property
    def valid_1(self) -> bool:
        return not (self.stuck or self.cell.opened or self.gross_1 >= self._capacity)

    @property
    def valid_2(self) -> bool:
        cell = self.second_cell
        if cell is None or cell.opened or cell.vanished:
            return False
        return self.net_2 < self._capacity

    @property
    def all_valid(self) -> bool:
        """True if every *fitted* channel is valid (reference map, B.10)."""
        return self.valid_1 and (self.second_cell is None or self.valid_2)

    @property
    def any_open(self) -> bool:
        return self.cell.opened or (self.second_cell is not None and self.second_cell.opened)

    @property
    def largest_n(self) -> float:
        """Largest force of a valid channel; infinite if no channel is valid."""
        first_n = self.force_n if self.valid_1 else -math.inf
        second_n = self.net_2 / 10.0 if self.valid_2 else -math.inf
        largest_n = max(first_n, second_n)
        return math.inf if largest_n == -math.inf else largest_n

    @property
    def magnitude_n(self) -> float:
        """Largest absolute force of all valid channels, as used for arming and disarming."""
        forces = [abs(self.force_n)] if self.valid_1 else []
        if self.valid_2:
            forces.append(abs(self.net_2 / 10.0))
        return max(forces, default=math.inf)

    def fault_bits(self) -> int:
        """Returns bits 0-5 and 7 of 0x104."""
        bits = self.valid_1 | self.valid_2 << 1 | (self.gross_1 >= self._capacity) << 2
        bits |= self.cell.opened << 4 | self.stuck << 7
        if self.second_cell is not None:
            bits |= (self.net_2 >= self._capacity) << 3 | self.second_cell.opened << 5
        return bits

    def tare(self) -> bool:
        """Zero both channels in RAM; refused above 30 N or if the last second was not quiet."""
        spread = max(self._recent) - min(self._recent)
        if abs(self.gross_1) >= TARE_MAX_TENTHS or spread > TARE_SPREAD_TENTHS:
            return False
        self._tare_1 = self.gross_1
        if self.net_2 != NOT_FITTED:
            self._tare_2 += self.net_2
        self.tare_active = True
        return True

    def clear_tare(self) -> None:
        self._tare_1 = self._tare_2 = 0
        self.tare_active = False
