"""Faults of the wire on RTU, TCP and text: no wrong and no stale value, and soon a good one."""

from __future__ import annotations

import re

import pytest

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout
from tests.unit.firmware_bridge.line.bus import RtuSlave, Way
from tests.unit.firmware_bridge.line.wires import KINDS, TICK_S, TIMEOUT_S, UNIT_KINDS, Wire

SAME_BLOCK = (3,)
"""Every answer looks like every other; only listening tells them apart."""


def request_bytes(kind: str) -> int:
    """Of the second request; the LF behind a unit's line means nothing to it."""
    wire = Wire(kind)
    wire.run(2)
    return len(wire.bus.sent[1][1]) - (kind in UNIT_KINDS)


EACH_BYTE = [(kind, at) for kind in KINDS for at in range(request_bytes(kind))]


@pytest.mark.parametrize(("kind", "at"), EACH_BYTE)
def test_a_byte_lost_from_a_request_costs_one_answer(kind: str, at: int) -> None:
    wire = Wire(kind)
    wire.run(3)
    wire.bus.damage[4] = lambda whole: whole[:at] + whole[at + 1 :]
    assert wire.run(3) == [False, True, True]
    assert isinstance(wire.errors[0], ReplyTimeout)
    assert wire.wrong == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stray", [b"\x00", b"\xff", b"\x01\x03"])
def test_stray_bytes_before_an_answer_refuse_it_and_are_named(kind: str, stray: bytes) -> None:
    wire = Wire(kind)
    wire.run(3)
    answer = wire.slave.hear

    def disturbed(data: bytes, at_s: float) -> bytes:
        wire.slave.hear = answer  # type: ignore[method-assign]
        return stray + answer(data, at_s)

    wire.slave.hear = disturbed  # type: ignore[method-assign]
    assert wire.run(3) == [False, True, True]
    assert wire.wrong == 0
    assert stray.hex() in wire.errors[0].message
    assert "instead of" in wire.errors[0].message


@pytest.mark.parametrize("kind", KINDS)
def test_a_stray_byte_between_exchanges_costs_a_unit_on_lines_one_answer(kind: str) -> None:
    """It has no silence that tells where a line begins; the next request ends what it holds."""
    wire = Wire(kind)
    wire.run(3)
    wire.bus.stray(b"\x00")
    assert wire.run(3) == [kind not in UNIT_KINDS, True, True]
    assert wire.wrong == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_answers_in_lumps_of_16_ms_are_all_taken(kind: str, seed: int) -> None:
    wire = Wire(kind, Way(lump_s=0.016, jitter_s=0.004), seed=seed)
    assert wire.run(100) == [True] * 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [(2, 3, 4), SAME_BLOCK])
@pytest.mark.parametrize("late_ms", [60, 120])
@pytest.mark.parametrize("one_way_ms", range(0, 13, 2))
def test_one_late_answer_is_never_taken_for_another(
    kind: str, lengths: tuple[int, ...], late_ms: int, one_way_ms: int
) -> None:
    """0 to 12 ms one way, one answer 60 or 120 ms late: good again within two ticks of it."""
    for start in range(4, 9):
        wire = Wire(kind, Way(one_way_s=one_way_ms / 1000), lengths=lengths)
        wire.bus.late[start] = late_ms / 1000
        wire.run(start - 1)
        wire.clock.time_s += 0.001 * start
        assert wire.tick() is False
        sound_s = wire.bus.coming[0][0]
        while not (wire.tick() and wire.clock.time_s > sound_s):
            assert wire.clock.time_s - sound_s < 2 * TICK_S + TIMEOUT_S, "not within two ticks"
        assert wire.run(20) == [True] * 20
        assert wire.wrong == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [(2, 3, 4), SAME_BLOCK])
@pytest.mark.parametrize("seed", range(6))
def test_with_jitter_and_late_answers_no_value_is_wrong(
    kind: str, lengths: tuple[int, ...], seed: int
) -> None:
    wire = Wire(kind, Way(jitter_s=0.008), lengths=lengths, seed=seed)
    for number in range(20, 600, 40):
        wire.bus.late[number] = 0.060 if number % 80 else 0.120
    wire.run(600)
    assert wire.wrong == 0
    assert wire.good > 500


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [(2, 3, 4), SAME_BLOCK])
@pytest.mark.parametrize("armed", [False, True])
@pytest.mark.parametrize("stall_ms", range(30, 800, 55))
def test_what_a_gateway_held_back_and_passes_on_in_a_row_is_never_taken_for_something_else(
    kind: str, lengths: tuple[int, ...], armed: bool, stall_ms: int, full: bool
) -> None:
    for begin_ms in range(200, 250, 7 if full else 14):
        wire = Wire(kind, Way(one_way_s=0.003), lengths=lengths)
        wire.line.armed = armed
        begin_s = wire.clock.time_s + begin_ms / 1000
        wire.bus.way.stall_s = begin_s, begin_s + stall_ms / 1000
        wire.run(60)
        assert wire.wrong == 0
        assert wire.good > 20
        assert wire.run(5) == [True] * 5


@pytest.mark.parametrize(
    ("kind", "words"),
    [("unit", "the answer does not begin with =0131,"), ("order", "the answer of another order")],
)
def test_on_lines_the_address_or_the_sequence_keeps_a_late_answer_out(
    kind: str, words: str
) -> None:
    wire = Wire(kind, lengths=SAME_BLOCK)
    wire.bus.late[4] = 0.095
    wire.run(10)
    assert [error for error in wire.errors if words in error.message]
    assert (wire.good, wire.wrong) == (10 - len(wire.errors), 0)


@pytest.mark.parametrize("kind", ["rtu", "ascii"])
def test_with_one_length_the_listening_is_what_keeps_a_late_answer_out(kind: str) -> None:
    wire = Wire(kind, lengths=SAME_BLOCK)
    wire.bus.late[4] = 0.095
    wire.run(10)
    refused = [error for error in wire.errors if "two answers to one request" in error.message]
    assert len(refused) == 1
    assert wire.wrong == 0


@pytest.mark.parametrize("kind", ["rtu", "ascii", "unit", "order"])
def test_an_echo_is_named_with_what_to_do_and_cut_off_when_it_is_said(kind: str) -> None:
    wire = Wire(kind, Way(echo=True))
    assert wire.tick() is False
    assert isinstance(wire.errors[0], FrameCorrupt)
    assert "the adapter returns what we send; add echo=1 to the address" in wire.errors[0].message
    told = Wire(kind, Way(echo=True))
    told.line.echo = True
    assert told.run(50) == [True] * 50
    assert told.wrong == 0


@pytest.mark.parametrize("kind", ["rtu", "ascii", "unit", "order"])
def test_echo_that_is_said_and_does_not_come_is_named(kind: str) -> None:
    wire = Wire(kind)
    wire.line.echo = True
    assert wire.tick() is False
    said = wire.errors[0].message
    assert "the echo differs from the request" in said
    assert re.search(r"came instead of our own \d+ bytes and then ", said), "never like for like"


def test_a_slave_that_lost_its_place_is_found_again_by_a_pause() -> None:
    """One stray byte, and a server without a timer is off by it as long as it is polled."""
    wire = Wire("rtu", timer=False)
    assert wire.run(3) == [True] * 3
    wire.bus.stray(b"\x00")
    assert wire.run(3) == [False] * 3
    silent_from_s = wire.clock.time_s
    while not wire.tick():
        assert "kept silent" in wire.errors[-1].message
    assert 0.6 <= wire.clock.time_s - silent_from_s < 0.6 + 2 * TICK_S
    assert wire.line.counters.pauses == 1
    assert wire.run(20) == [True] * 20
    assert wire.wrong == 0


@pytest.mark.parametrize(("forgets_s", "pauses"), [(0.3, 1), (0.59, 1), (0.7, 2), (1.1, 2)])
def test_a_slave_that_takes_longer_gets_a_longer_pause(forgets_s: float, pauses: int) -> None:
    wire = Wire("rtu", timer=False)
    assert isinstance(wire.slave, RtuSlave)
    wire.slave.forgets_s = forgets_s
    wire.bus.stray(b"\x00")
    while not wire.tick():
        assert wire.clock.time_s < 1004.0
    assert wire.line.counters.pauses == pauses


def test_while_something_may_be_pulling_no_pause_is_made() -> None:
    wire = Wire("rtu", timer=False)
    wire.line.armed = True
    wire.bus.stray(b"\x00")
    assert wire.run(20) == [False] * 20
    assert len(wire.bus.sent) == 20
    assert wire.line.counters.pauses == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_dead_line_stays_an_error_and_a_good_one_comes_at_once_behind_a_pause(kind: str) -> None:
    wire = Wire(kind)
    wire.bus.way.eaten = bytes(range(256))
    assert wire.run(80) == [False] * 80
    wire.bus.way.eaten = b""
    ticks = 0
    while not wire.tick():
        ticks += 1
        assert ticks <= 1 + 1.2 / TICK_S
    pause = [error for error in wire.errors if "kept silent" in error.message]
    assert bool(pause) is (kind != "tcp")


def test_ff_that_is_eaten_loses_what_has_it_and_nothing_else() -> None:
    wire = Wire("rtu")
    wire.bus.way.eaten = b"\xff"
    with pytest.raises(ReplyTimeout, match="unit 1, function 3, 7 bytes was expected"):
        wire.link.read_registers(3, 0x00FF, 1)
    assert wire.link.read_registers(3, 0x00FE, 1) == b"\x00\xfe"


@pytest.mark.parametrize("kind", ["rtu", "tcp"])
def test_a_slave_that_dies_of_an_unknown_function_never_hears_one(kind: str) -> None:
    wire = Wire(kind)
    assert isinstance(wire.slave, RtuSlave)
    wire.slave.functions = {3, 16}
    wire.link._functions = frozenset({3, 16})  # noqa: SLF001
    for ask in (
        lambda: wire.link.read_registers(4, 0, 2),
        lambda: wire.link.write_registers(6, 0, [1]),
        lambda: wire.link.read_write_registers(0, 2, 0, [1]),
    ):
        with pytest.raises(Exception, match="is not one that the profile of unit 1 names"):
            ask()
    assert wire.run(3) == [True] * 3
    assert not wire.slave.deaf


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_came_and_what_was_expected(kind: str) -> None:
    wire = Wire(kind)
    answer = wire.slave.hear
    wire.slave.hear = lambda data, at_s: answer(data, at_s)[:-2]  # type: ignore[method-assign]
    wire.tick()
    (error,) = wire.errors
    words = {
        "rtu": "unit 1, function 3, 9 bytes came within 40 ms instead of unit 1, function 3, 11 ",
        "tcp": "transaction 1, unit 1, function 3, 13 bytes came within 40 ms instead of "
        "transaction 1, unit 1, function 3, 15 bytes",
        "ascii": "7 bytes b'+0001 N' came within 40 ms instead of a line that ends with",
        "unit": "23 bytes b'=012D,012D012E0001*5D00' came within 40 ms instead of =012D, 3 ",
        "order": "+1023,+0365,5F21,0004,0488*",
    }[kind]
    assert words in error.message
    assert isinstance(error, LinkError)
