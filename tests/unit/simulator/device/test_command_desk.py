"""What the unit accepts and refuses: the cases of B.4, the arming of B.5, the services of B.7."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.device.register_image import UnitDescription
from simulator.map_v1 import EventCode, Refusal, RegisterRefused, Result, State
from tests.support.typed import now
from tests.unit.simulator.host import (
    FAST_RELEASE,
    FORCE,
    HOLD,
    KEEP_ALIVE,
    MOTOR_OFF,
    RELEASE,
    VELOCITY,
    Desk,
    command,
    service,
    session,
)


@pytest.fixture
def desk() -> Desk:
    """A cervical unit that follows 40 N."""
    ready = Desk()
    ready.arm()
    ready.drive(400, 12.0)
    assert ready.true_force_n > 35.0
    return ready


# --- the cases of B.4 -------------------------------------------------------------------------


def test_a_repeat_is_answered_not_executed_and_feeds_nothing(desk: Desk) -> None:
    order = command(desk.token, desk.sequence, FORCE, 400)
    desk.run(0.1)
    before = desk.measured()
    desk.write(0x200, order)
    after = desk.measured()
    assert after["result"] == Result.REPEAT
    assert after["watchdog_ms"] == before["watchdog_ms"]
    assert after["sequence"] == desk.sequence


def test_a_new_sequence_feeds_the_watchdog(desk: Desk) -> None:
    desk.run(0.3)
    assert desk.measured()["watchdog_ms"] == 150
    desk.order(KEEP_ALIVE)
    assert desk.measured()["watchdog_ms"] == 500


def test_the_same_sequence_with_other_bytes_is_refused(desk: Desk) -> None:
    order = command(desk.token, desk.sequence, FORCE, 401)
    assert desk.refused(0x200, order) == (3, Result.SEQUENCE_ERROR)


@pytest.mark.parametrize("step", [2, 50, 32767])
def test_a_gap_is_accepted_and_told(desk: Desk, step: int) -> None:
    desk.write(0x200, command(desk.token, desk.sequence + step, FORCE, 400))
    assert desk.measured()["sequence"] == desk.sequence + step
    gap = desk.entries[-1]
    assert (gap.code, gap.value_1) == (32, step)


@pytest.mark.parametrize("step", [-1, -100, 32768])
def test_a_sequence_behind_is_refused(desk: Desk, step: int) -> None:
    behind = (desk.sequence - 1 + step) % 65535 + 1
    assert desk.refused(0x200, command(desk.token, behind, FORCE, 400)) == (3, 7)
    assert desk.measured()["sequence"] == desk.sequence


def test_sequence_0_does_not_exist(desk: Desk) -> None:
    assert desk.refused(0x200, command(desk.token, 0, FORCE, 400)) == (3, Result.SEQUENCE_ERROR)


def test_65535_is_followed_by_1() -> None:
    desk = Desk()
    desk.arm()
    for sequence in (32767, 65534, 65535, 1):
        desk.write(0x200, command(desk.token, sequence, KEEP_ALIVE))
    assert desk.measured()["sequence"] == 1
    assert [entry.value_1 for entry in desk.entries if entry.code == 32] == [32767, 32767]


@pytest.mark.parametrize(
    ("mode", "setpoint", "rate", "ceiling"),
    [
        (FORCE, -1, 0, 0),
        (FORCE, 1201, 0, 0),
        (FORCE, 400, 201, 0),
        (FORCE, 400, 0, 399),
        (FORCE, 400, 0, 1201),
        (KEEP_ALIVE, 0, 0, 300),
        (VELOCITY, 10, 0, 0),
        (7, 0, 0, 0),
    ],
)
def test_ranges_are_refused_not_clamped(
    desk: Desk, mode: int, setpoint: int, rate: int, ceiling: int
) -> None:
    desk.run(0.1)
    order = command(desk.token, desk.sequence + 1, mode, setpoint, rate, ceiling)
    assert desk.refused(0x200, order) == (3, Result.OUT_OF_RANGE)
    block = desk.measured()
    assert (block["sequence"], block["watchdog_ms"]) == (desk.sequence, 350)
    assert desk.firmware.machine.loop.target_n == 40.0
    assert desk.codes()[-1] == 33


def test_a_block_crc_error_changes_nothing_and_is_told(desk: Desk) -> None:
    order = command(desk.token, desk.sequence + 1, FORCE, 500)
    order[4] ^= 1
    assert desk.refused(0x200, order) == (3, Result.CRC_ERROR)
    assert desk.codes()[-1] == 34
    assert desk.firmware.machine.loop.target_n == 40.0


def test_checks_come_in_the_map_s_order(desk: Desk) -> None:
    """CRC, then token, state, sequence, ranges: one fault more each time, the first one is told."""
    behind, out_of_range = desk.sequence - 1, 1500
    order = command(desk.token, behind, FORCE, out_of_range)
    assert desk.refused(0x200, order)[1] is Result.SEQUENCE_ERROR
    desk.order(RELEASE)
    assert desk.refused(0x200, order)[1] is Result.WRONG_STATE
    foreign = command(desk.token ^ 1, behind, FORCE, out_of_range)
    assert desk.refused(0x200, foreign)[1] is Result.WRONG_TOKEN
    foreign[7] ^= 1
    assert desk.refused(0x200, foreign)[1] is Result.CRC_ERROR


def test_the_third_foreign_token_in_10_s_releases_and_latches(desk: Desk) -> None:
    foreign = command(desk.token ^ 0x10, desk.sequence + 1, FORCE, 500)
    for expected in (State.TRACKING, State.TRACKING, State.RELEASING):
        assert desk.refused(0x200, foreign) == (3, Result.WRONG_TOKEN)
        assert desk.state is expected
    assert desk.codes().count(EventCode.BAD_TOKEN) == 3
    # At the normal rate of 20 N/s: 25 N take more than a second.
    assert 0.8 < desk.seconds_until(15.0, 4.0) < 2.5
    desk.run(0.1)
    assert desk.state is State.SAFE_LATCHED
    assert desk.measured()["bits_a"] & 1 << 15
    assert desk.read(0x30A, 2) == [0, 0]


def test_three_foreign_tokens_in_more_than_10_s_do_not_release(desk: Desk) -> None:
    foreign = command(desk.token ^ 0x10, 1, FORCE, 500)
    for _ in range(3):
        desk.refused(0x200, foreign)
        desk.drive(400, 5.2)
    assert desk.state is State.TRACKING


@pytest.mark.parametrize("mode", [RELEASE, FAST_RELEASE, MOTOR_OFF])
@pytest.mark.parametrize("ahead", [1, 0, -3])
def test_releases_are_accepted_with_any_sequence(desk: Desk, mode: int, ahead: int) -> None:
    before = desk.sequence
    desk.write(0x200, command(desk.token, before + ahead, mode, -32768, 65535, 65535))
    assert desk.state is State.RELEASING
    block = desk.measured()
    assert block["result"] == Result.ACCEPTED
    assert block["sequence"] == before + max(0, ahead)


@pytest.mark.parametrize("mode", [RELEASE, FAST_RELEASE])
def test_a_release_by_the_host_ends_armed_with_its_token(desk: Desk, mode: int) -> None:
    for _ in range(80):
        desk.order(mode)
        desk.run(0.05)
        if desk.state is State.ARMED:
            break
    assert now(desk.state) is State.ARMED
    assert desk.firmware.token == desk.token
    assert desk.true_force_n <= 16.0
    desk.order(FORCE, 200)
    assert now(desk.state) is State.TRACKING


@pytest.mark.parametrize("mode", [KEEP_ALIVE, FORCE, HOLD])
def test_a_release_under_way_is_not_revoked(desk: Desk, mode: int) -> None:
    desk.order(RELEASE)
    order = command(desk.token, desk.sequence + 1, mode, 400)
    assert desk.refused(0x200, order) == (3, Result.WRONG_STATE)
    desk.order(FAST_RELEASE)
    assert desk.state is State.RELEASING


def test_hold_stops_at_the_present_force(desk: Desk) -> None:
    desk.drive(1000, 2.0)
    desk.order(HOLD)
    held_n = desk.firmware.setpoint_n
    assert desk.state is State.HOLDING
    for _ in range(40):
        desk.order(KEEP_ALIVE)
        desk.run(0.05)
    assert desk.firmware.setpoint_n == held_n
    assert desk.true_force_n == pytest.approx(held_n, abs=5.0)


def test_without_a_session_an_order_is_not_armed() -> None:
    assert Desk().refused(0x200, command(0x1234, 1, FORCE, 100)) == (3, Result.NOT_ARMED)


def test_the_tokenless_release_works_for_anybody_and_feeds_nothing(desk: Desk) -> None:
    desk.run(0.2)
    before = desk.measured()["watchdog_ms"]
    # By hand: token FFFF FFFF, sequence 0, mode 5, CRC 0x0231.
    desk.write(0x200, [0xFFFF, 0xFFFF, 0, 5, 0, 0, 0, 0x0231])
    block = desk.measured()
    assert (block["result"], block["state"]) == (Result.ACCEPTED, State.RELEASING)
    assert block["watchdog_ms"] == before
    assert block["sequence"] == desk.sequence


@pytest.mark.parametrize("mode", [KEEP_ALIVE, RELEASE, FORCE, HOLD, MOTOR_OFF])
def test_the_open_token_opens_nothing_else(desk: Desk, mode: int) -> None:
    order = command(0xFFFFFFFF, desk.sequence + 1, mode, 500)
    assert desk.refused(0x200, order) == (3, Result.WRONG_TOKEN)


# --- arming (B.5) -----------------------------------------------------------------------------


def test_the_token_is_shown_to_the_first_read_only_and_is_new_each_time() -> None:
    desk = Desk()
    desk.write(0x300, session())
    assert desk.read(0x30D, 2) == [0, 0]
    first = desk.read(0x30A, 2)
    assert desk.read(0x30A, 2) == [0xFFFF, 0xFFFF]
    assert first not in ([0, 0], [0xFFFF, 0xFFFF])
    desk.write(0x600, service(6))
    assert desk.read(0x30A, 2) == [0, 0]
    desk.write(0x300, session())
    assert desk.read(0x30A, 2) != first


def test_the_session_answer_counts_seconds_and_echoes_the_watchdog() -> None:
    desk = Desk()
    desk.arm(watchdog=2000)
    desk.run(1.95)
    desk.order(KEEP_ALIVE)
    desk.run(1.5)
    assert desk.read(0x30C, 4) == [0, 0, 3, 2000]


def _unplug(desk: Desk) -> None:
    desk.firmware.switch.unplug()


def _press(desk: Desk) -> None:
    desk.firmware.switch.press()


def _open_emergency_stop(desk: Desk) -> None:
    desk.firmware.estop.press()


def _open_cell(desk: Desk) -> None:
    assert desk.firmware.second_cell is not None
    desk.firmware.second_cell.open()


def _drift(desk: Desk) -> None:
    desk.firmware.cell.drift(60_000.0)


@pytest.mark.parametrize(
    ("prepare", "bit"),
    [
        (_unplug, Refusal.SWITCH_ABSENT),
        (_press, Refusal.SWITCH_PRESSED),
        (_open_emergency_stop, Refusal.EMERGENCY_STOP_OPEN),
        (_open_cell, Refusal.CHANNEL_INVALID),
        (_drift, Refusal.FORCE_ON),
    ],
)
def test_arming_is_refused_while_the_unit_is_not_ready(
    prepare: Callable[[Desk], None], bit: Refusal
) -> None:
    desk = Desk()
    prepare(desk)
    desk.run(0.05)
    assert desk.refused(0x300, session()) == (3, Result.OUT_OF_RANGE)
    assert desk.read(0x30C, 1) == [bit]
    assert desk.state is State.IDLE
    assert desk.read(0x30A, 2) == [0, 0]


def test_arming_is_refused_when_the_stop_test_is_due() -> None:
    desk = Desk(unit=UnitDescription(days_since_stop_test=2))
    assert desk.refused(0x300, session()) == (3, Result.OUT_OF_RANGE)
    assert desk.read(0x30C, 1) == [Refusal.STOP_TEST_DUE]
    assert desk.measured()["bits_b"] & 1 << 13


def test_arming_is_refused_outside_idle_and_for_bad_blocks(desk: Desk) -> None:
    assert desk.refused(0x300, session()) == (3, Result.WRONG_STATE)
    assert desk.read(0x30C, 1)[0] & Refusal.WRONG_STATE
    block = session()
    block[9] ^= 1
    assert desk.refused(0x300, block) == (3, Result.CRC_ERROR)
    assert desk.state is State.TRACKING


def test_all_reasons_of_a_refusal_stand_together() -> None:
    desk = Desk(unit=UnitDescription(days_since_stop_test=2))
    desk.firmware.switch.unplug()
    desk.firmware.estop.press()
    desk.run(0.05)
    desk.refused(0x300, session(watchdog=100))
    assert desk.read(0x30C, 1) == [
        Refusal.SWITCH_ABSENT
        | Refusal.EMERGENCY_STOP_OPEN
        | Refusal.STOP_TEST_DUE
        | Refusal.LIMIT_OUT_OF_RANGE
    ]


# --- service (B.7) ----------------------------------------------------------------------------


def test_disarm_by_hand_written_bytes_opens_the_clutch() -> None:
    desk = Desk()
    desk.arm()
    desk.write(0x600, [6, 0, 1, 0xDB49])
    assert desk.state is State.IDLE
    assert not desk.firmware.plant.clutch_closed
    assert desk.codes()[-1] == EventCode.DISARMED
    assert desk.entries[-1].value_2 == 1


def test_disarm_is_refused_above_20_n(desk: Desk) -> None:
    assert desk.refused(0x600, service(6)) == (3, Result.OUT_OF_RANGE)
    assert desk.state is State.TRACKING


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5])
def test_other_services_wait_for_idle(desk: Desk, opcode: int) -> None:
    assert desk.refused(0x600, service(opcode)) == (3, Result.WRONG_STATE)


def test_tare_zeroes_both_channels_in_ram_and_can_be_cleared() -> None:
    desk = Desk(unit=UnitDescription())
    desk.firmware.cell.gain(1.0)
    desk.firmware.cell.drift(600.0)
    desk.run(1.0)
    desk.firmware.cell.drift(0.0)
    desk.run(1.5)
    assert desk.measured()["force_1"] > 80
    desk.write(0x600, service(1))
    desk.run(0.1)
    block = desk.measured()
    assert (block["force_1"] + 20) & 0xFFFF <= 40
    assert block["gross_1"] > 80
    assert block["bits_a"] & 1 << 14
    assert EventCode.TARE in desk.codes()
    desk.write(0x600, service(2))
    desk.run(0.1)
    assert desk.measured()["force_1"] > 80
    assert not desk.measured()["bits_a"] & 1 << 14


@pytest.mark.parametrize("moving_n_per_min", [300.0, -300.0])
def test_tare_needs_a_second_of_rest(moving_n_per_min: float) -> None:
    desk = Desk()
    desk.firmware.cell.drift(moving_n_per_min)
    desk.run(2.0)
    assert desk.refused(0x600, service(1)) == (3, Result.OUT_OF_RANGE)


def test_the_stop_test_is_not_offered_by_this_unit() -> None:
    desk = Desk()
    assert desk.read(0x20, 1)[0] & 1 << 10 == 0
    assert desk.refused(0x600, service(3)) == (3, Result.OUT_OF_RANGE)


def test_the_self_test_makes_the_unit_busy_for_a_second() -> None:
    desk = Desk()
    desk.write(0x600, service(5))
    assert now(desk.state) is State.SELF_TEST
    assert desk.refused(0x300, session()) == (6, Result.WRONG_STATE)
    assert desk.refused(0x200, command(1, 1, FORCE, 100)) == (6, Result.WRONG_STATE)
    desk.run(1.05)
    assert now(desk.state) is State.IDLE


def test_a_fault_is_exception_4_and_no_acknowledgement_clears_it() -> None:
    desk = Desk()
    desk.arm()
    desk.firmware.corrupt_configuration()
    assert desk.state is State.FAULT
    assert desk.refused(0x200, command(desk.token, 1, FORCE, 100)) == (4, Result.WRONG_STATE)
    assert desk.refused(0x600, service(4)) == (4, Result.WRONG_STATE)
    desk.write(0x200, command(0xFFFFFFFF, 1, FAST_RELEASE))


def test_acknowledging_leads_back_to_idle_below_20_n_only(desk: Desk) -> None:
    desk.firmware.switch.press()
    desk.run(0.1)
    desk.firmware.switch.release()
    assert desk.refused(0x600, service(4)) == (3, Result.WRONG_STATE)
    desk.run(3.0)
    assert desk.state is State.SAFE_LATCHED
    assert desk.refused(0x300, session())[1] is Result.WRONG_STATE
    desk.write(0x600, [4, 0, 1, 0x1B30])
    block = desk.measured()
    assert (block["state"], block["first_fault"]) == (State.IDLE, 0)
    assert not block["bits_a"] & 1 << 15


def test_a_service_block_with_a_wrong_crc_is_refused() -> None:
    block = service(5)
    block[3] ^= 0x8000
    assert Desk().refused(0x600, block) == (3, Result.CRC_ERROR)


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(RegisterRefused):
        Desk().write(0x600, service(99))
