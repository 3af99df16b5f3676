"""The command and session blocks, taken apart and checked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.command_block import Command, SessionLimits, parse_session
from simulator.device.register_image import UnitDescription
from simulator.map_v1 import Refusal
from tests.unit.simulator.host import FORCE, HOLD, KEEP_ALIVE, VELOCITY, command, sealed, session

EXAMPLE = [0x7F31, 0xA2C4, 0x00A3, 0x0002, 0x03FF, 0x0064, 0x04B0, 0x419C]
"""Registers of the map's example request (B.8), byte for byte."""
CERVICAL_UNIT = UnitDescription(regions=0b01, rated_force_n=200.0)


def limits(ceiling_n: float = 120.0) -> SessionLimits:
    found, refusal = parse_session(session(ceiling=round(ceiling_n * 10)), UnitDescription())
    assert found is not None, refusal
    return found


def test_the_map_s_example_is_understood() -> None:
    order = Command.parse(EXAMPLE)
    assert (order.token, order.sequence, order.mode) == (0x7F31A2C4, 163, 2)
    assert (order.setpoint_n, order.rate_n_per_s, order.ceiling_n) == (102.3, 10.0, 120.0)
    assert order.crc_good


@given(place=st.integers(0, 7), bit=st.integers(0, 15))
def test_any_flipped_bit_is_seen_by_the_block_crc(place: int, bit: int) -> None:
    spoiled = list(EXAMPLE)
    spoiled[place] ^= 1 << bit
    assert not Command.parse(spoiled).crc_good


@pytest.mark.parametrize(
    ("last", "sequence", "step"),
    [
        (0, 1, 1),
        (1, 2, 1),
        (65535, 1, 1),
        (65534, 65535, 1),
        (65535, 2, 2),
        (10, 13, 3),
        (7, 7, 0),
        (1, 32768, 32767),
        (1, 32769, None),
        (5, 4, None),
        (1, 65535, None),
        (9, 0, None),
    ],
)
def test_sequence_steps_skip_zero_and_wrap(last: int, sequence: int, step: int | None) -> None:
    assert Command.parse(command(1, sequence, KEEP_ALIVE)).step_after(last) == step


@given(last=st.integers(1, 65535), step=st.integers(0, 32767))
def test_a_step_ahead_is_found_from_every_sequence(last: int, step: int) -> None:
    sequence = (last - 1 + step) % 65535 + 1
    assert Command.parse(command(1, sequence, KEEP_ALIVE)).step_after(last) == step


@pytest.mark.parametrize(
    ("order", "accepted"),
    [
        (command(1, 1, FORCE, 1200), True),
        (command(1, 1, FORCE, 1201), False),
        (command(1, 1, FORCE, -1), False),
        (command(1, 1, FORCE, 0), True),
        (command(1, 1, FORCE, 500, rate=200), True),
        (command(1, 1, FORCE, 500, rate=201), False),
        (command(1, 1, FORCE, 500, ceiling=500), True),
        (command(1, 1, FORCE, 500, ceiling=499), False),
        (command(1, 1, FORCE, 500, ceiling=1201), False),
        (command(1, 1, KEEP_ALIVE, ceiling=400), True),
        (command(1, 1, KEEP_ALIVE, ceiling=399), False),
        (command(1, 1, HOLD, -30000, ceiling=10), True),
        (command(1, 1, VELOCITY, 10), False),
        (command(1, 1, 7), False),
    ],
)
def test_ranges_are_checked_and_never_clamped(order: list[int], accepted: bool) -> None:
    assert Command.parse(order).in_range(limits(), present_target_n=40.0) is accepted


def test_a_session_block_becomes_limits_with_the_map_s_defaults() -> None:
    found = limits()
    assert (found.ceiling_n, found.rate_up_n_per_s, found.rate_down_n_per_s) == (120.0, 10.0, 20.0)
    assert (found.watchdog_s, found.safe_action, found.safe_hold_s) == (0.5, 1, 0.0)
    assert (found.safe_ramp_n_per_s, found.is_lumbar) == (20.0, False)
    lumbar, _ = parse_session(session(region=1), UnitDescription())
    assert lumbar is not None
    assert (lumbar.safe_ramp_n_per_s, lumbar.is_lumbar) == (60.0, True)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"key": 0x5A5A}, Refusal.WRONG_KEY),
        ({"key": 0, "watchdog": 0}, Refusal.WRONG_KEY | Refusal.LIMIT_OUT_OF_RANGE),
        ({"region": 1}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"region": 2}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"ceiling": 0}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"ceiling": 2001}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"rate_up": 0}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"rate_up": 501}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"rate_down": 1001}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"watchdog": 199}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"watchdog": 2001}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"action": 0}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"action": 4}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"safe_ramp": 49}, Refusal.LIMIT_OUT_OF_RANGE),
        ({"safe_hold": 2001}, Refusal.LIMIT_OUT_OF_RANGE),
    ],
)
def test_limits_that_cannot_be_had_are_named(changes: dict[str, int], refusal: Refusal) -> None:
    assert parse_session(session(**changes), CERVICAL_UNIT) == (None, refusal)


def test_the_block_crc_of_a_session_comes_first() -> None:
    block = sealed([0] * 9)
    block[9] ^= 1
    assert parse_session(block, CERVICAL_UNIT) == (None, Refusal.CRC)
