"""Each disguise takes effect in the registers, with a sound block CRC."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.device.disguise import Disguise
from simulator.map_v1 import RegisterRefused
from tests.unit.simulator.host import Desk, crc16


@pytest.mark.parametrize(
    ("change", "at", "values"),
    [
        (lambda d: d.another_device("ABCD"), 0x00, [0x4142, 0x4344]),
        (lambda d: d.version(2), 0x02, [0x0200]),
        (lambda d: d.swap_words(), 0x04, [0x0304, 0x0102]),
        (lambda d: d.another_firmware(), 0x0C, [0x9D3A ^ 0xFFFF]),
        (lambda d: d.another_unit(), 0x1A, [0x5452, 0x4331, 0x0000, 0x263B]),
    ],
)
def test_a_disguise_is_seen_and_sealed(
    change: Callable[[Disguise], None], at: int, values: list[int]
) -> None:
    desk = Desk()
    before = desk.read(0, 32)
    change(desk.firmware.disguise)
    block = desk.read(0, 32)
    assert block[at : at + len(values)] == values != before[at : at + len(values)]
    assert crc16(block[:31]) == block[31]


def test_a_shifted_unit_counts_from_one() -> None:
    desk = Desk()
    magic = desk.read(0, 2)
    desk.firmware.disguise.shift(1)
    assert desk.read(1, 2) == magic
    with pytest.raises(RegisterRefused):
        desk.read(0, 2)
