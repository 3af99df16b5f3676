"""Load-cell transmitters: registers written after the makers' tables, not after our profiles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from simulator.instruments.hanging_cell import HangingCell
from simulator.map_v1 import ExceptionCode, RegisterRefused


class SimulatedTransmitter(ABC):
    """Offers the registers of ``image``; writes are refused and counted."""

    most_registers = 125

    def __init__(self, cell: HangingCell) -> None:
        self.cell = cell
        self.powered = True
        self.writes = self.connections_lost = 0
        self._now_s = 0.0

    @abstractmethod
    def image(self, now_s: float) -> dict[int, int]:
        """Returns every register of the instrument with its present content."""

    def advance_to(self, now_s: float) -> None:
        self._now_s = now_s

    def read_registers(self, address: int, count: int) -> list[int]:
        image = self.image(self._now_s)
        wanted = range(address, address + count)
        if count > self.most_registers or not image.keys() >= set(wanted):
            raise RegisterRefused(ExceptionCode.ILLEGAL_ADDRESS)
        return [image[register] for register in wanted]

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self.writes += 1
        raise RegisterRefused(ExceptionCode.ILLEGAL_ADDRESS)

    def read_write(
        self, write_address: int, values: Sequence[int], read_address: int, read_count: int
    ) -> list[int]:
        self.writes += 1
        raise RegisterRefused(ExceptionCode.ILLEGAL_FUNCTION)

    def write_broadcast(self, address: int, values: Sequence[int]) -> None:
        self.writes += 1

    def connection_lost(self, now_s: float) -> None:
        self.connections_lost += 1


def _halves(number: int) -> tuple[int, int]:
    """Returns a 32-bit number as two registers, high one first."""
    return number >> 16 & 0xFFFF, number & 0xFFFF


class SimulatedLaumas(SimulatedTransmitter):
    """TLB family: amounts without sign, signs and faults in 40007, unit and division in 40014."""

    most_registers = 32

    def __init__(self, cell: HangingCell) -> None:
        super().__init__(cell)
        self.unit_code, self.division_code, self.digits = 0, 12, 100
        self.tare = 0
        self.register_15 = 0

    def image(self, now_s: float) -> dict[int, int]:
        gross = round(self.cell.kilograms(now_s) * self.digits)
        net = gross - self.tare
        status = 1 << 11
        status |= (1 << 7) * (gross < 0) | (1 << 8) * (net < 0)
        status |= (1 << 0) * self.cell.opened | (1 << 3) * self.cell.overloaded
        status |= (1 << 4) * self.cell.underloaded
        values = [101, 5, 26, 4711, 0, 0, status, *_halves(abs(gross)), *_halves(abs(net))]
        values += [*_halves(abs(gross)), self.unit_code << 8 | self.division_code, self.register_15]
        return dict(enumerate(values))


class SimulatedCasCi600d(SimulatedLaumas):
    """Like the Laumas family, but with the converter's count in place of the units."""

    def __init__(self, cell: HangingCell, zero_count: int) -> None:
        super().__init__(cell)
        self._zero_count = zero_count

    def image(self, now_s: float) -> dict[int, int]:
        image = super().image(now_s)
        image[6] = 0
        image[13], image[14] = _halves(self._zero_count + self.cell.count)
        return image


class SimulatedDinRailScale(SimulatedTransmitter):
    """The DIN-rail type: two's complement in grams, status in register 8, bit 5 = not stable."""

    def __init__(self, cell: HangingCell) -> None:
        super().__init__(cell)
        self.unit_code, self.decimals = 1, 0
        self.zero_tracking = 0
        self.tare = 0

    def image(self, now_s: float) -> dict[int, int]:
        weight = round(self.cell.kilograms(now_s) * 1000 * 10**self.decimals)
        status = self.decimals | (1 << 3) * (weight < 0) | (1 << 11)
        status |= (1 << 9) * self.cell.overloaded | (1 << 6) * self.cell.underloaded
        image = {8: status}
        image[44], image[45] = _halves(self.cell.count)
        image[80], image[81] = _halves(weight)
        image[82], image[83] = _halves(weight - self.tare)
        settings = [self.zero_tracking, 10, 10, 10, 0, 10, 0, 10, self.unit_code]
        return image | dict(enumerate(settings, start=96))


class SimulatedDiniArgeo(SimulatedTransmitter):
    """DGT: amounts without sign in 30001 to 30004, signs and range in 30005."""

    def __init__(self, cell: HangingCell) -> None:
        super().__init__(cell)
        self.tare = 0

    def image(self, now_s: float) -> dict[int, int]:
        gross = round(self.cell.kilograms(now_s) * 100)
        net = gross - self.tare
        status = 1 << 2 | (1 << 0) * (net < 0) | (1 << 1) * (gross < 0)
        status |= (1 << 4) * self.cell.overloaded | (1 << 3) * self.cell.underloaded
        status |= (1 << 5) * (self.tare != 0)
        return dict(enumerate([*_halves(abs(gross)), *_halves(abs(net)), status]))
