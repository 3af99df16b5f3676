"""Which registers are offered, function 23 in both orders, and the coherent snapshot."""

from __future__ import annotations

from random import Random

import pytest

from simulator.device.register_image import UnitDescription
from simulator.map_v1 import RegisterRefused, Result, State
from tests.support.typed import now
from tests.unit.simulator.host import (
    FAST_RELEASE,
    FORCE,
    KEEP_ALIVE,
    Desk,
    command,
    crc16,
    session,
)

EXAMPLE_TOKEN = 0x7F31A2C4
EXAMPLE = [0x7F31, 0xA2C4, 0x00A3, 0x0002, 0x03FF, 0x0064, 0x04B0, 0x419C]
"""What the map's 29-byte example request writes to 0x200-0x207 (B.8)."""


def armed_with_example_token(desk: Desk) -> None:
    """Arm so that the unit draws the token of the example, and stand at sequence 162."""
    desk.firmware.desk.random = _Draws(EXAMPLE_TOKEN)
    desk.write(0x300, session(ceiling=1200))
    assert desk.read(0x30A, 2) == [0x7F31, 0xA2C4]
    desk.token, desk.sequence = EXAMPLE_TOKEN, 161
    desk.order(KEEP_ALIVE)


class _Draws(Random):
    """A source of randomness that draws one known number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        assert stop is not None
        assert start <= self._number < stop
        return self._number


@pytest.mark.parametrize(
    ("reads_first", "answered", "state"),
    [(False, 163, State.TRACKING), (True, 162, State.ARMED)],
)
def test_the_example_request_in_both_orders(reads_first: bool, answered: int, state: State) -> None:
    desk = Desk(reads_first=reads_first)
    armed_with_example_token(desk)
    block = desk.firmware.read_write(0x200, EXAMPLE, 0x100, 20)
    assert (block[0], block[1], block[2]) == (answered, Result.ACCEPTED, state)
    assert crc16(block[:19]) == block[19]
    assert desk.state is State.TRACKING
    assert desk.measured()["sequence"] == 163
    desk.run(0.1)
    assert desk.firmware.machine.loop.target_n == 102.3
    assert desk.firmware.ceiling_n == 120.0


@pytest.mark.parametrize("reads_first", [True, False])
def test_function_23_that_fails_in_its_write_part_has_no_read_data(reads_first: bool) -> None:
    desk = Desk(reads_first=reads_first)
    armed_with_example_token(desk)
    spoiled = [*EXAMPLE[:7], EXAMPLE[7] ^ 1]
    with pytest.raises(RegisterRefused) as refused:
        desk.firmware.read_write(0x200, spoiled, 0x100, 20)
    assert refused.value.exception_code == 3
    assert desk.measured()["result"] == Result.CRC_ERROR
    assert desk.state is State.ARMED


def test_function_23_with_a_wrong_read_address_writes_nothing() -> None:
    desk = Desk()
    armed_with_example_token(desk)
    with pytest.raises(RegisterRefused) as refused:
        desk.firmware.read_write(0x200, EXAMPLE, 0x0114, 20)
    assert refused.value.exception_code == 2
    assert desk.measured()["sequence"] == 162


@pytest.mark.parametrize(
    ("address", "count"),
    [
        (0, 32),
        (0x20, 24),
        (0, 56),
        (0x100, 20),
        (0x100, 12),
        (0x10D, 1),
        (0x30A, 6),
        (0x30D, 2),
        (0x400, 4),
        (0x410, 60),
        (0x410, 120),
    ],
)
def test_the_map_s_blocks_can_be_read(address: int, count: int) -> None:
    assert len(Desk().read(address, count)) == count


@pytest.mark.parametrize(
    ("address", "count"),
    [
        (0x38, 1),
        (0x1F, 40),
        (0x100, 21),
        (0xFF, 2),
        (0x200, 8),
        (0x300, 10),
        (0x309, 2),
        (0x310, 1),
        (0x600, 4),
        (0x700, 1),
        (0x4D0, 1),
    ],
)
def test_other_addresses_and_write_only_ones_are_exception_2(address: int, count: int) -> None:
    with pytest.raises(RegisterRefused) as refused:
        Desk().read(address, count)
    assert refused.value.exception_code == 2


@pytest.mark.parametrize(
    ("address", "count"),
    [
        (0x200, 7),
        (0x200, 9),
        (0x201, 7),
        (0x202, 1),
        (0x300, 9),
        (0x301, 9),
        (0x600, 3),
        (0x100, 20),
        (0x700, 4),
    ],
)
def test_only_whole_blocks_can_be_written(address: int, count: int) -> None:
    desk = Desk()
    with pytest.raises(RegisterRefused) as refused:
        desk.write(address, [0] * count)
    assert refused.value.exception_code == 2
    assert desk.measured()["result"] == Result.NONE


def test_blocks_carry_their_crcs() -> None:
    desk = Desk()
    for address, count in ((0x00, 32), (0x20, 24), (0x100, 20)):
        block = desk.read(address, count)
        assert crc16(block[:-1]) == block[-1]


def test_a_snapshot_tells_age_and_uptime_of_the_moment_it_was_asked_for() -> None:
    desk = Desk()
    desk.run(0.009)
    before = desk.measured()
    desk.run(0.0005)
    after = desk.measured()
    assert (before["uptime_low"], before["age_ms"], after["uptime_low"]) == (109, 9, 109)
    assert before["samples"] == after["samples"] == 10


def test_the_unit_s_clock_runs_300_ppm_slow() -> None:
    desk = Desk(clock_ppm=300.0)
    desk.run(999.9)
    block = desk.measured()
    uptime_ms = block["uptime_high"] << 16 | block["uptime_low"]
    assert uptime_ms == pytest.approx(1_000_000 - 300, abs=1)


def test_time_that_goes_back_changes_nothing() -> None:
    desk = Desk()
    desk.firmware.advance_to(0.0)
    assert desk.measured()["uptime_low"] == 100


def test_an_unused_second_channel_reads_8000() -> None:
    one = UnitDescription(features=UnitDescription().features & ~(1 << 2))
    assert Desk(unit=one).measured()["force_2"] == 0x8000


def test_a_broadcast_is_obeyed_as_the_tokenless_release_only() -> None:
    desk = Desk()
    desk.firmware.write_broadcast(0x300, session())
    assert now(desk.state) is State.IDLE
    desk.arm()
    desk.drive(400, 12.0)
    desk.firmware.write_broadcast(0x200, command(desk.token, desk.sequence + 1, FORCE, 500))
    desk.firmware.write_broadcast(0x600, [6, 0, 1, crc16([6, 0, 1])])
    assert now(desk.state) is State.TRACKING
    spoiled = command(0xFFFFFFFF, 0, FAST_RELEASE)
    desk.firmware.write_broadcast(0x200, [*spoiled[:7], spoiled[7] ^ 1])
    assert now(desk.state) is State.TRACKING
    # The whole order by hand: token FFFF FFFF, mode 5, CRC 0x0231.
    desk.firmware.write_broadcast(0x200, [0xFFFF, 0xFFFF, 0, 5, 0, 0, 0, 0x0231])
    assert now(desk.state) is State.RELEASING
    assert desk.seconds_until(15.0, 2.0) < 1.0


def test_bits_a_follow_the_unit_from_idle_to_holding() -> None:
    desk = Desk()
    idle = desk.measured()["bits_a"]
    desk.arm()
    armed = desk.measured()["bits_a"]
    desk.drive(400, 8.0)
    tracking = desk.measured()
    # Bit 2 switch present; 3 motor energised, 6 watchdog armed; 12 at set-point.
    assert idle == 0b100
    assert armed == 0b100_1100
    assert tracking["bits_a"] & ~(1 << 11) == 0b1_0000_0100_1100
    assert tracking["bits_b"] == 0b11
