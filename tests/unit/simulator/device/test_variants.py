"""Units that are not the plain one: what each variant changes, and that it changes nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.device.register_image import UnitDescription
from simulator.map_v1 import EventCode, RegisterRefused, State
from tests.support.typed import now, second_cell
from tests.unit.simulator.host import (
    FAST_RELEASE,
    FORCE,
    MOTOR_OFF,
    RELEASE,
    Desk,
    service,
    session,
)

OPEN_RELEASE = [0xFFFF, 0xFFFF, 0, 5, 0, 0, 0, 0x0231]
"""The tokenless fast release, written out by hand."""
WATCHDOG_ARMED, BRAKE_ON = 1 << 6, 1 << 4


def pulling(desk: Desk, tenths: int = 800) -> Desk:
    """Armed and at the force, 0.1 N."""
    desk.arm()
    desk.drive(tenths, 14.0)
    assert desk.true_force_n == pytest.approx(tenths / 10, abs=5.0)
    return desk


# --- the set-point register ---------------------------------------------------------------------


def shown_on_a_ramp(desk: Desk, seconds: float) -> list[int]:
    """Register 0x108 in every device cycle of a ramp of 10 N/s."""
    shown = []
    for cycle in range(round(seconds / 0.01)):
        if cycle % 5 == 0:
            desk.order(FORCE, 1000)
        desk.run(0.01)
        shown.append(desk.measured()["setpoint"])
    return shown


@pytest.mark.parametrize(("period_s", "phase_s"), [(0.07, 0.0), (0.25, 0.0), (0.25, 0.13)])
def test_a_slow_register_stands_between_its_renewals(period_s: float, phase_s: float) -> None:
    desk = Desk()
    desk.firmware.renew_set_point_register(period_s, 0.1, phase_s)
    pulling(desk, 200)
    plain = pulling(Desk(), 200)
    shown, true = shown_on_a_ramp(desk, 2.0), shown_on_a_ramp(plain, 2.0)
    changes = [at for at in range(1, len(shown)) if shown[at] != shown[at - 1]]
    apart = {after - before for before, after in pairwise(changes)}
    assert apart == {round(period_s / 0.01)}
    assert all(shown[at] == true[at] for at in changes)
    started_s = desk.now_s - 2.0
    periods = (started_s + 0.01 * (changes[0] + 1) - phase_s) / period_s
    assert periods == pytest.approx(round(periods), abs=1e-6)


def test_a_coarse_register_shows_whole_newtons_and_the_unit_pulls_as_ever() -> None:
    coarse, plain = Desk(), Desk()
    coarse.firmware.renew_set_point_register(0.0, 1.0)
    pulling(coarse, 200)
    pulling(plain, 200)
    shown, true = shown_on_a_ramp(coarse, 2.0), shown_on_a_ramp(plain, 2.0)
    assert {tenths % 10 for tenths in shown} == {0}
    assert max(abs(a - b) for a, b in zip(shown, true, strict=True)) == 5
    assert coarse.true_force_n == plain.true_force_n


@pytest.mark.parametrize(("period_s", "step_n"), [(-0.1, 0.1), (0.1, 0.05), (0.1, 1.1)])
def test_an_impossible_register_is_refused(period_s: float, step_n: float) -> None:
    with pytest.raises(ValueError, match="must be at least 0"):
        Desk().firmware.renew_set_point_register(period_s, step_n)


# --- release orders -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [RELEASE, FAST_RELEASE])
def test_a_unit_that_enters_the_release_anew_never_shows_state_2_behind_an_order(mode: int) -> None:
    desk = Desk()
    desk.firmware.reenters_release = True
    pulling(desk, 300)
    for _ in range(100):
        desk.order(mode)
        assert desk.state is State.RELEASING
        desk.run(0.05)
    assert desk.state is State.ARMED
    assert desk.true_force_n < 15.0


@pytest.mark.parametrize("mode", [RELEASE, FAST_RELEASE])
def test_the_plain_unit_changes_no_state_at_15_n_or_less(mode: int) -> None:
    desk = pulling(Desk(), 300)
    for _ in range(100):
        desk.order(mode)
        desk.run(0.05)
    assert desk.state is State.ARMED
    left_ms = desk.measured()["watchdog_ms"]
    desk.order(mode)
    assert desk.state is State.ARMED
    assert desk.measured()["watchdog_ms"] == 500 > left_ms


@pytest.mark.parametrize("reenters", [False, True])
def test_a_tokenless_release_of_the_latched_unit(reenters: bool) -> None:
    desk = Desk()
    desk.firmware.reenters_release = reenters
    pulling(desk)
    desk.firmware.switch.press()
    desk.run(3.0)
    assert desk.state is State.SAFE_LATCHED
    desk.write(0x200, OPEN_RELEASE)
    assert desk.state is (State.RELEASING if reenters else State.SAFE_LATCHED)
    desk.run(0.02)
    assert desk.state is State.SAFE_LATCHED


def test_a_latched_unit_with_force_on_shows_a_release_for_3_s_when_it_enters_it_anew() -> None:
    desk = Desk()
    desk.firmware.reenters_release = True
    pulling(desk)
    desk.firmware.winch.jam(clutch=True)
    desk.run(20.0)
    assert now(desk.state) is State.SAFE_LATCHED
    desk.write(0x200, OPEN_RELEASE)
    desk.run(2.9)
    assert now(desk.state) is State.RELEASING
    desk.run(0.2)
    assert now(desk.state) is State.SAFE_LATCHED
    assert desk.true_force_n > 60.0


# --- the watchdog -------------------------------------------------------------------------------


def test_a_stopped_watchdog_shows_nothing_and_never_expires() -> None:
    desk = Desk()
    desk.firmware.watchdog.stop()
    pulling(desk)
    block = desk.measured()
    assert (block["bits_a"] & WATCHDOG_ARMED, block["watchdog_ms"]) == (0, 0)
    desk.run(60.0)
    assert desk.state is State.TRACKING
    assert desk.true_force_n > 70.0
    assert desk.read(0x30F, 1) == [500]


def test_another_echo_changes_what_is_said_and_nothing_else() -> None:
    desk = Desk()
    desk.firmware.watchdog.echo_ms = 0
    pulling(desk)
    assert desk.read(0x30D, 3)[2] == 0
    assert desk.measured()["bits_a"] & WATCHDOG_ARMED
    desk.run(0.52)
    assert desk.state is State.RELEASING


# --- the winch ----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["silence", "press", "emergency stop", "fault", "host"])
def test_nothing_takes_the_force_of_a_winch_whose_clutch_is_jammed_too(end: str) -> None:
    desk = pulling(Desk())
    desk.firmware.winch.jam(clutch=True)
    if end == "press":
        desk.firmware.switch.press()
    elif end == "emergency stop":
        desk.firmware.estop.press()
    elif end == "fault":
        desk.firmware.corrupt_configuration()
    elif end == "host":
        desk.order(MOTOR_OFF)
    desk.run(30.0)
    assert desk.state is (State.FAULT if end == "fault" else State.SAFE_LATCHED)
    assert desk.true_force_n > 60.0
    desk.firmware.cut_power()
    desk.run(1.0)
    assert desk.true_force_n > 60.0
    desk.firmware.winch.free()
    desk.run(1.0)
    assert desk.true_force_n < 15.0


def test_a_jammed_winch_without_its_clutch_lets_go_when_power_goes() -> None:
    desk = pulling(Desk())
    desk.firmware.winch.jam()
    desk.order(FAST_RELEASE)
    desk.run(0.4)
    assert desk.true_force_n > 60.0
    desk.firmware.cut_power()
    desk.run(1.0)
    assert desk.true_force_n < 15.0


def test_a_drive_that_winds_in_by_itself_obeys_nobody_but_the_clutch() -> None:
    desk = Desk()
    pulling(desk)
    desk.firmware.machine.blind()
    desk.firmware.winch.run_in(3.0)
    before_mm = desk.firmware.plant.position_mm
    for _ in range(60):
        desk.order(RELEASE)
        desk.run(0.05)
    wound_mm = desk.firmware.plant.position_mm - before_mm
    assert wound_mm == pytest.approx(9.0, abs=0.5)
    assert desk.true_force_n > 90.0
    desk.order(MOTOR_OFF)
    desk.run(1.0)
    assert desk.true_force_n < 15.0


def test_a_drive_that_winds_in_only_in_a_release_follows_until_then_and_again_when_free() -> None:
    desk = Desk()
    pulling(desk)
    desk.firmware.machine.blind()
    desk.firmware.winch.run_in(3.0, only_releasing=True)
    desk.drive(800, 2.0)
    assert desk.true_force_n == pytest.approx(80.0, abs=5.0)
    desk.order(RELEASE)
    desk.run(0.4)
    desk.order(RELEASE)
    desk.run(0.4)
    assert desk.true_force_n > 83.0
    desk.firmware.winch.free()
    desk.order(FAST_RELEASE)
    assert desk.seconds_until(15.0, 2.0) > 0.0


# --- channels and capabilities ------------------------------------------------------------------


def test_a_second_channel_that_vanishes_says_nothing_but_that_it_is_not_there() -> None:
    desk = pulling(Desk())
    sound = desk.measured()["bits_b"]
    second_cell(desk.firmware).vanish()
    desk.run(5 * 0.05)
    block = desk.measured()
    assert sound == 0b11
    assert (block["force_2"], block["bits_b"], block["first_fault"]) == (0x8000, 0b01, 0)
    desk.drive(800, 2.0)
    assert desk.state is State.TRACKING
    desk.firmware.switch.press()
    assert desk.seconds_until(15.0, 2.0) > 0.0
    desk.firmware.switch.release()
    desk.run(2.0)
    desk.write(0x600, service(4))
    assert desk.refused(0x300, session())[0] == 3
    assert desk.read(0x30C, 1) == [1 << 3]


def test_bits_of_the_capability_word_can_be_taken_away_one_by_one() -> None:
    whole = UnitDescription().features
    for bit in (2, 4, 5, 6, 8, 9, 12):
        assert Desk(unit=UnitDescription().without(bit)).read(0x20, 1) == [whole & ~(1 << bit)]
    assert UnitDescription().without(4, 8).features == whole & ~0x110
    assert UnitDescription().without(1).features == whole


def test_a_unit_that_senses_no_plug_takes_an_unplugged_switch_for_an_open_one() -> None:
    desk = pulling(Desk(unit=UnitDescription().without(4)))
    desk.firmware.switch.unplug()
    desk.drive(800, 1.0)
    assert desk.state is State.TRACKING
    assert desk.measured()["bits_a"] & 1 << 2
    desk.firmware.switch.press()
    desk.drive(800, 1.0)
    assert desk.state is State.TRACKING


def test_a_unit_without_a_ring_has_no_events_and_one_without_function_23_refuses_it() -> None:
    desk = Desk(unit=UnitDescription().without(9, 12))
    assert desk.measured()["newest_event"] == 0
    with pytest.raises(RegisterRefused, match="exception 02"):
        desk.read(0x400, 4)
    desk.arm()
    with pytest.raises(RegisterRefused, match="exception 01"):
        desk.firmware.read_write(0x200, OPEN_RELEASE, 0x100, 20)
    assert desk.state is State.ARMED


# --- power --------------------------------------------------------------------------------------


def test_a_restart_in_a_hold_lets_a_plain_unit_go_and_counts_from_0() -> None:
    desk = pulling(Desk())
    desk.firmware.power_cycle(0.2)
    desk.run(0.19)
    assert not desk.firmware.powered
    desk.run(0.5)
    block = desk.measured()
    assert (block["state"], block["bits_a"] & BRAKE_ON) == (State.IDLE, 0)
    assert block["uptime_low"] == pytest.approx(490, abs=15)
    assert desk.firmware.unit.boot_count == 2
    assert desk.true_force_n < 15.0
    assert desk.firmware.lived_s == pytest.approx(desk.now_s, abs=0.03)


@pytest.mark.parametrize("says_so", [True, False])
def test_a_unit_with_a_brake_restarts_with_the_force_on_and_a_release_order_opens_it(
    says_so: bool,
) -> None:
    desk = Desk(unit=UnitDescription().without(8) if says_so else None)
    assert desk.firmware.keeps_force_without_power is says_so
    desk.firmware.keeps_force_without_power = True
    pulling(desk)
    desk.firmware.power_cycle(0.0)
    desk.run(5.0)
    block = desk.measured()
    assert (block["state"], block["bits_a"] & BRAKE_ON) == (State.IDLE, BRAKE_ON)
    assert block["force_1"] > 600
    assert desk.refused(0x300, session())[0] == 3
    desk.write(0x200, OPEN_RELEASE)
    assert desk.seconds_until(15.0, 1.0) > 0.0
    assert not desk.measured()["bits_a"] & BRAKE_ON


def test_the_variants_live_through_a_loss_of_power() -> None:
    desk = Desk(reads_first=True)
    firmware = desk.firmware
    firmware.reenters_release = True
    firmware.watchdog.stop()
    firmware.renew_set_point_register(0.0, 1.0)
    firmware.machine.blind()
    firmware.power_cycle(0.1)
    desk.run(0.5)
    assert firmware.unit.boot_count == 2
    pulling(desk, 305)
    assert desk.measured()["setpoint"] in (300, 310)
    firmware.body.spasm(150.0)
    desk.run(10.0)
    assert now(desk.state) is State.TRACKING
    assert EventCode.OVER_FORCE not in desk.codes()
    assert firmware.reads_first
    desk.order(RELEASE)
    desk.run(10.0)
    desk.order(RELEASE)
    assert now(desk.state) is State.RELEASING
