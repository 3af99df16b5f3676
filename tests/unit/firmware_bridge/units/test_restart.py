"""A unit that restarts is told as such; no late or cached answer is ever taken for a restart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count

import pytest

from controller.errors import LinkError, LinkLost, ReplyTimeout, StaleAnswer, UnitRejected
from controller.telemetry import ForceCommand, Telemetry, UnitState
from firmware_bridge.units.reference_unit import ReferenceUnit
from tests.contract.test_fault_table import REFUSED
from tests.support.faulty_server import Fault
from tests.support.typed import said
from tests.unit.firmware_bridge.driving import FOLLOW, OBSERVE, RELEASE, RELEASE_FAST, armed
from tests.unit.firmware_bridge.scripted import IDENTITY_HEX, DeskUnit, with_crc

MODULUS_MS = 2**32


def tick(unit: ReferenceUnit, desk: DeskUnit) -> Telemetry | None:
    """One tick as the loop does it: the reading, the one behind a refusal, or none."""
    due_s = desk.clock.time_s + 0.05
    try:
        reading: Telemetry | None = unit.exchange(FOLLOW)
    except UnitRejected:
        reading = unit.reading_after_refusal
    except StaleAnswer:
        reading = None
    desk.clock.sleep_until(due_s)
    return reading


def in_a_hold(**changes: bool) -> tuple[DeskUnit, ReferenceUnit, Telemetry]:
    """A session under way, with its newest reading."""
    desk = DeskUnit(**changes)
    unit = armed(desk)
    reading = unit.exchange(FOLLOW)
    desk.clock.time_s += 0.05
    return desk, unit, reading


@pytest.mark.parametrize("write_first", [True, False])
def test_the_second_reading_behind_a_restart_shows_that_the_uptime_went_back(
    write_first: bool,
) -> None:
    desk, unit, before = in_a_hold(write_first=write_first)
    desk.restart()
    assert tick(unit, desk) is None
    reading = tick(unit, desk)
    assert reading is not None
    assert said(reading.uptime_s) < said(before.uptime_s)
    assert (reading.unit_state, reading.sequence_accepted) == (UnitState.IDLE, 0)
    assert unit.identity.boot_count == 10
    sent = len(desk.port.sent)
    later = tick(unit, desk)
    assert later is not None
    assert said(later.uptime_s) > said(reading.uptime_s)
    # Believed from now on as it stands: nobody asks who it is again.
    assert desk.port.sent[sent:] == [bytes.fromhex("0103010000144439")]


def test_it_is_seen_while_only_observing_too() -> None:
    desk, unit, before = in_a_hold()
    desk.restart()
    with pytest.raises(StaleAnswer, match="went back"):
        unit.exchange(OBSERVE)
    desk.clock.time_s += 0.05
    assert said(unit.exchange(OBSERVE).uptime_s) < said(before.uptime_s)


def test_a_restarted_unit_holds_no_token_so_a_release_is_the_tokenless_one() -> None:
    desk, unit, _ = in_a_hold()
    desk.restart()
    tick(unit, desk)
    tick(unit, desk)
    sent = len(desk.commands)
    for command in (RELEASE, RELEASE_FAST):
        assert unit.exchange(command).unit_state is UnitState.IDLE
    assert [order[:4] for order in desk.commands[sent:]] == [[0xFFFF, 0xFFFF, 0, 5]] * 2


def test_the_events_of_the_new_start_carry_its_boot_counter() -> None:
    desk, unit, _ = in_a_hold()
    desk.restart(boot_count=11)
    tick(unit, desk)
    tick(unit, desk)
    desk.events = {0: [1, 1, 0, 0, 11, 0]}
    assert unit.read_events(1, 1)[0].boot_count == 11


@pytest.mark.parametrize("left_ms", [400, 1000, 7000, 50_000])
def test_a_restart_shortly_before_the_uptime_overflows_is_seen(left_ms: int) -> None:
    desk = DeskUnit()
    desk.uptime_shift_ms = MODULUS_MS - left_ms - 100_000
    unit = armed(desk)
    before = unit.exchange(FOLLOW)
    desk.clock.time_s += 0.05
    desk.uptime_shift_ms = 0
    desk.restart()
    assert tick(unit, desk) is None
    reading = tick(unit, desk)
    assert reading is not None
    assert said(before.uptime_s) > 4_294_900.0
    assert said(reading.uptime_s) < 1.0


def test_an_overflow_is_no_restart() -> None:
    desk = DeskUnit()
    desk.uptime_shift_ms = MODULUS_MS - 100_200
    unit = armed(desk)
    uptimes_s = []
    for _ in range(10):
        reading = tick(unit, desk)
        assert reading is not None
        uptimes_s.append(reading.uptime_s)
    assert said(uptimes_s[0]) > 4_294_967.0
    assert said(uptimes_s[-1]) < 1.0
    assert unit.identity.boot_count == 9


# --- what is no restart ---------------------------------------------------------------------------


def test_an_uptime_that_goes_back_without_another_boot_counter_is_never_believed() -> None:
    desk, unit, _ = in_a_hold()
    desk.booted_at_s = desk.clock.time_s
    for _ in range(20):
        assert tick(unit, desk) is None
    assert desk.commands[-1][2] == 23


def test_another_unit_at_the_address_is_never_believed() -> None:
    desk, unit, _ = in_a_hold()
    desk.restart()
    desk.identity = with_crc(IDENTITY_HEX.replace("44556677", "44556678")[:-4] + "0001")
    for _ in range(20):
        assert tick(unit, desk) is None
    assert unit.identity.unit_id == "0011223344556677"


def test_an_old_identity_that_comes_late_proves_nothing() -> None:
    desk, unit, _ = in_a_hold()
    old = list(desk.identity)
    desk.restart()
    desk.identity = old
    assert [tick(unit, desk) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("fault", ["lost", "broken", "no identity"])
def test_while_the_boot_counter_cannot_be_read_the_reading_stays_refused(fault: str) -> None:
    desk, unit, _ = in_a_hold()
    desk.restart()
    assert tick(unit, desk) is None
    sound = desk.identity
    if fault == "lost":
        desk.lose = [False, False, True]
    elif fault == "broken":
        desk.identity = [*sound[:5], sound[5] ^ 1, *sound[6:]]
    else:
        desk.identity = [0] * 32
    assert tick(unit, desk) is None
    desk.identity = sound
    assert tick(unit, desk) is not None


def test_a_lost_answer_about_the_boot_counter_is_told_as_an_old_reading() -> None:
    desk, unit, _ = in_a_hold()
    desk.restart()
    for lost in ([False], [False, True]):
        desk.lose = lost
        with pytest.raises(StaleAnswer, match="went back"):
            unit.exchange(OBSERVE)
        desk.clock.time_s += 0.05
    assert said(unit.exchange(OBSERVE).uptime_s) < 1.0


def test_a_port_that_is_gone_meanwhile_is_told_as_that() -> None:
    desk, unit, _ = in_a_hold()
    desk.restart()
    tick(unit, desk)
    answer = desk.port.answer

    def gone_for_identity(frame: bytes) -> bytes:
        if frame[2:4] == b"\0\0":
            raise LinkLost("the port is gone")
        return answer(frame)

    desk.port.answer = gone_for_identity
    with pytest.raises(LinkLost):
        unit.exchange(OBSERVE)


@pytest.mark.parametrize("fault", [row[0] for row in REFUSED], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("write_first", [True, False])
def test_no_fault_of_the_wire_is_taken_for_a_restart(
    fault: Callable[[str], Fault], write_first: bool
) -> None:
    """The table of wire faults, on runs of three answers out of eight."""
    desk, unit, _ = in_a_hold(write_first=write_first)
    answer, spoil, served = desk.port.answer, fault("rtu"), count()

    def spoiled(frame: bytes) -> bytes:
        right = answer(frame)
        if next(served) % 8 > 2:
            return right
        for late_s, piece in spoil(right):
            desk.port.comes(piece, late_s)
        return b""

    desk.port.answer = spoiled
    read = 0
    for _ in range(120):
        desk.clock.time_s += 0.05
        with suppress(LinkError):
            unit.exchange(FOLLOW)
            read += 1
    assert 20 < read < 120
    assert unit.identity.boot_count == 9
    assert desk.port.sent.count(desk.port.sent[0]) == 1  # who it is was asked at connect only


@pytest.mark.parametrize("command", [FOLLOW, OBSERVE])
@pytest.mark.parametrize("behind", [4, 40])
def test_a_gateway_that_answers_from_its_cache_is_no_restart(
    command: ForceCommand, behind: int
) -> None:
    """From some time on every answer is the one of so many requests before, at the tick's pace."""
    desk, unit, _ = in_a_hold()
    answer, kept = desk.port.answer, [b""]

    def cached(frame: bytes) -> bytes:
        kept.append(answer(frame))
        return kept[-1 - behind] if len(kept) > 60 else kept[-1]

    desk.port.answer = cached
    accepted = 0
    for _ in range(120):
        desk.clock.time_s += 0.05
        with suppress(StaleAnswer, ReplyTimeout):
            unit.exchange(command)
            accepted += 1
    assert accepted == 59
    assert unit.identity.boot_count == 9
    assert desk.port.sent.count(desk.port.sent[0]) == 1  # who it is was asked at connect only
