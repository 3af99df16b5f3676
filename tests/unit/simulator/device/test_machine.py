"""The unit lets go by itself: watchdog, closed connection, switch, emergency stop, guards (B.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from simulator.map_v1 import EventCode, State
from simulator.table.bodies import CERVICAL_SLIDING, LUMBAR_SPLIT, TEST_FIXTURE
from tests.support.typed import now
from tests.unit.simulator.host import FORCE, HOLD, RELEASE, Desk, command

EXPIRED, ACKNOWLEDGE = 1 << 7, 1 << 15


def pulling(force_n: float, *, lumbar: bool = False, **limits: int) -> Desk:
    """A unit that holds ``force_n`` and whose host is alive."""
    desk = Desk(LUMBAR_SPLIT if lumbar else CERVICAL_SLIDING)
    rates = {"region": 1, "rate_up": 500, "rate_down": 1000} if lumbar else {}
    desk.arm(**({"ceiling": round(force_n * 10) + 200} | rates | limits))
    desk.drive(round(force_n * 10), 8.0 + force_n / (45 if lumbar else 9))
    assert desk.true_force_n == pytest.approx(force_n, abs=max(5.0, 0.05 * force_n))
    return desk


# --- watchdog ---------------------------------------------------------------------------------


def test_the_watchdog_lets_go_at_500_ms_without_any_host() -> None:
    desk = pulling(102.0)
    # The last command was one tick ago.
    desk.run(0.44)
    assert desk.state is State.TRACKING
    assert desk.measured()["watchdog_ms"] == 10
    desk.run(0.02)
    block = desk.measured()
    assert block["state"] == State.RELEASING
    assert block["bits_a"] & EXPIRED
    assert block["watchdog_ms"] == 0
    before_n = desk.true_force_n
    assert desk.seconds_until(15.0, 6.0) > 3.0
    desk.run(0.2)
    assert before_n < 107.0
    block = desk.measured()
    assert block["state"] == State.SAFE_LATCHED
    assert block["bits_a"] & ACKNOWLEDGE
    assert block["first_fault"] == EventCode.WATCHDOG_EXPIRED
    assert not desk.firmware.plant.clutch_closed
    assert desk.read(0x30A, 2) == [0, 0]
    disarmed = desk.entries[-1]
    assert (disarmed.code, disarmed.value_1) == (EventCode.DISARMED, desk.sequence)


@pytest.mark.parametrize(("force_n", "lumbar"), [(40.0, False), (177.0, False), (400.0, True)])
def test_after_expiry_15_n_are_reached_within_6_s(force_n: float, lumbar: bool) -> None:
    desk = pulling(force_n, lumbar=lumbar)
    desk.run(0.46)
    assert desk.state is State.RELEASING
    desk.seconds_until(15.0, 6.0)


@pytest.mark.parametrize(("lumbar", "run_on_n"), [(False, 5.0), (True, 20.0)])
def test_run_on_on_a_ramp_after_the_host_died(lumbar: bool, run_on_n: float) -> None:
    desk = Desk(LUMBAR_SPLIT if lumbar else CERVICAL_SLIDING)
    desk.arm(**({"region": 1, "ceiling": 6000, "rate_up": 300, "rate_down": 600} if lumbar else {}))
    desk.drive(600, 20.0)
    desk.order(FORCE, 1000)
    last_n = desk.true_force_n
    desk.run(0.2)
    highest_n = 0.0
    while desk.state is not State.RELEASING:
        desk.run(0.01)
    for _ in range(100):
        highest_n = max(highest_n, desk.true_force_n)
        desk.run(0.01)
    # The ramp itself goes on for the 500 ms that the host had.
    assert highest_n - last_n - 0.5 * (30 if lumbar else 10) <= run_on_n


def test_hold_then_ramp_keeps_the_force_for_the_agreed_time() -> None:
    desk = pulling(80.0, action=2, safe_hold=1500)
    desk.run(0.46)
    assert desk.state is State.RELEASING
    desk.run(1.4)
    assert desk.true_force_n > 75.0
    desk.seconds_until(15.0, 6.0)


def test_the_fast_safe_action_pays_out_at_once() -> None:
    desk = pulling(80.0, action=3)
    desk.run(0.46)
    assert desk.seconds_until(15.0, 2.0) < 1.0


def test_a_returning_host_cannot_resume_after_expiry() -> None:
    desk = pulling(60.0)
    desk.run(0.6)
    order = command(desk.token, desk.sequence + 1, FORCE, 600)
    assert desk.refused(0x200, order)[0] == 3
    desk.seconds_until(15.0, 6.0)
    desk.run(60.0)
    assert desk.state is State.SAFE_LATCHED
    assert desk.true_force_n < 5.0


def test_force_that_stays_after_7_s_is_released_faster_and_told() -> None:
    desk = pulling(80.0)
    desk.firmware.winch.jam()
    desk.run(0.5 + 7.2)
    assert EventCode.FORCE_STILL_ON in desk.codes()
    assert desk.true_force_n > 60.0
    desk.run(6.0)
    # The jammed motor does not help; opening the clutch does.
    assert desk.true_force_n < 15.0
    assert desk.state is State.SAFE_LATCHED


def test_a_closed_connection_counts_as_expiry_after_100_ms() -> None:
    desk = pulling(60.0)
    desk.order(FORCE, 600)
    desk.firmware.connection_lost(desk.now_s)
    desk.run(0.09)
    assert now(desk.state) is State.TRACKING
    desk.run(0.02)
    assert now(desk.state) is State.RELEASING
    assert EventCode.WATCHDOG_EXPIRED in desk.codes()


def test_a_closed_connection_cannot_be_fed_by_another_one() -> None:
    desk = pulling(60.0)
    desk.firmware.connection_lost(desk.now_s)
    desk.order(FORCE, 600)
    desk.run(0.11)
    assert desk.state is State.RELEASING


def test_a_closed_connection_of_an_idle_unit_does_nothing() -> None:
    desk = Desk()
    desk.firmware.connection_lost(desk.now_s)
    desk.run(1.0)
    desk.arm()
    desk.drive(200, 0.5)
    assert desk.state is State.TRACKING


# --- the unit's own stops ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("force_n", "lumbar", "limit_s"),
    [(102.0, False, 0.9), (177.0, False, 1.5), (400.0, True, 2.0), (800.0, True, 2.4)],
)
def test_a_press_of_the_switch_reverses_within_100_ms(
    force_n: float, lumbar: bool, limit_s: float
) -> None:
    """0.70 s from 102 N, 1.3 s from 177 N, 1.8 s from 400 N, 1.9 s from 800 N (plant.md)."""
    desk = pulling(force_n, lumbar=lumbar)
    desk.firmware.switch.press()
    desk.run(0.03)
    desk.firmware.switch.release()
    assert now(desk.state) is State.RELEASING
    desk.run(0.07)
    assert desk.firmware.plant.speed_mm_per_s < 0.0
    assert 0.1 + desk.seconds_until(15.0, limit_s) <= limit_s
    pressed = next(entry for entry in desk.entries if entry.code == EventCode.SWITCH_PRESSED)
    assert abs(pressed.value_1 / 10 - force_n) <= max(5.0, 0.05 * force_n)
    position_mm = desk.firmware.plant.position_mm
    desk.run(60.0)
    assert now(desk.state) is State.SAFE_LATCHED
    assert desk.firmware.plant.position_mm <= position_mm + 0.1


def test_the_emergency_stop_cuts_the_motor_and_opens_the_clutch() -> None:
    desk = pulling(102.0)
    desk.firmware.estop.press()
    desk.run(0.02)
    block = desk.measured()
    assert block["bits_a"] & 0b10_1001 == 0b10_0001
    assert desk.seconds_until(15.0, 3.0) < 1.0
    desk.run(0.2)
    assert desk.state is State.SAFE_LATCHED


def _unplug(desk: Desk) -> None:
    desk.firmware.switch.unplug()


def _snap(desk: Desk) -> None:
    desk.firmware.cord.snap()


def _stick(desk: Desk) -> None:
    desk.firmware.cell.stick()


def _open_second(desk: Desk) -> None:
    assert desk.firmware.second_cell is not None
    desk.firmware.second_cell.open()


def _misread_second(desk: Desk) -> None:
    assert desk.firmware.second_cell is not None
    desk.firmware.second_cell.gain(0.7)


def _spasm(desk: Desk) -> None:
    desk.firmware.body.spasm(70.0)


@pytest.mark.parametrize(
    ("happens", "cause", "within_s"),
    [
        (_unplug, EventCode.SWITCH_UNPLUGGED, 0.05),
        (_snap, EventCode.CORD_BREAK, 0.1),
        (_open_second, EventCode.CELL_OPEN, 0.05),
        (_misread_second, EventCode.CHANNELS_DISAGREE, 0.4),
        (_stick, EventCode.CELL_STUCK, 3.1),
        (_spasm, EventCode.OVER_RATE, 0.6),
    ],
)
def test_each_of_the_unit_s_own_stops_is_told_with_its_first_cause(
    happens: Callable[[Desk], None], cause: EventCode, within_s: float
) -> None:
    desk = pulling(60.0, ceiling=650)
    happens(desk)
    waited_s = 0.0
    while desk.state is State.TRACKING and waited_s < within_s:
        desk.drive(600, 0.05)
        waited_s += 0.05
    block = desk.measured()
    assert block["state"] in (State.RELEASING, State.SAFE_LATCHED)
    assert block["first_fault"] == cause
    desk.run(10.0)
    assert desk.state is State.SAFE_LATCHED
    assert desk.true_force_n < 15.0
    assert desk.codes().count(cause) == 1


def test_over_force_trips_above_the_ceiling_of_the_command() -> None:
    desk = pulling(60.0, ceiling=1200)
    desk.order(FORCE, 600, ceiling=600)
    desk.firmware.body.spasm(40.0)
    desk.run(0.45)
    assert desk.measured()["first_fault"] == EventCode.OVER_FORCE
    assert desk.measured()["bits_b"] & 1 << 9


def test_a_winch_that_winds_in_20_mm_without_force_is_stopped() -> None:
    desk = Desk()
    desk.firmware.cord.snap()
    desk.arm()
    while desk.state in (State.ARMED, State.TRACKING):
        assert desk.now_s < 14.0
        desk.drive(500, 0.05)
    assert desk.measured()["first_fault"] == EventCode.SLACK
    assert desk.firmware.plant.position_mm < 21.0


def test_the_end_of_the_stroke_releases_and_is_shown() -> None:
    desk = Desk(replace(CERVICAL_SLIDING, stroke_mm=15.0))
    desk.arm()
    while desk.state in (State.ARMED, State.TRACKING):
        assert desk.now_s < 14.0
        shown = desk.measured()["bits_a"]
        desk.drive(1000, 0.05)
    assert not shown & 1 << 8
    assert desk.measured()["bits_a"] & 1 << 8
    assert desk.measured()["first_fault"] == EventCode.STROKE_END
    desk.seconds_until(15.0, 5.0)


# --- motion -----------------------------------------------------------------------------------


def test_an_armed_unit_may_pay_out_and_never_winds_in() -> None:
    desk = Desk()
    desk.arm(watchdog=2000)
    highest_mm = desk.firmware.plant.position_mm
    for _ in range(100):
        desk.run(0.01)
        highest_mm = max(highest_mm, desk.firmware.plant.position_mm)
    assert highest_mm <= 0.1


def test_slack_is_taken_up_at_2_mm_per_s() -> None:
    desk = Desk()
    desk.arm()
    fastest = 0.0
    for _ in range(60):
        desk.drive(1000, 0.05)
        if desk.true_force_n < 4.0:
            fastest = max(fastest, desk.firmware.plant.speed_mm_per_s)
    assert 1.5 < fastest < 2.5


def test_the_rate_of_a_command_limits_the_ramp() -> None:
    desk = pulling(40.0)
    for _ in range(40):
        desk.order(FORCE, 600, rate=20)
        desk.run(0.05)
    assert desk.firmware.setpoint_n == pytest.approx(44.0, abs=0.3)


def test_steady_force_and_overshoot_meet_the_acceptance_figures() -> None:
    desk = Desk()
    desk.arm(ceiling=1220)
    highest_n, held = 0.0, []
    for tick in range(600):
        desk.order(FORCE, 1020)
        desk.run(0.05)
        highest_n = max(highest_n, desk.true_force_n)
        if tick > 400:
            held.append(desk.true_force_n)
    assert highest_n <= 102.0 + 5.1
    assert all(abs(force_n - 102.0) <= 5.0 for force_n in held)


def test_the_frame_test_at_500_n_is_quiet() -> None:
    desk = Desk(TEST_FIXTURE)
    desk.arm(region=1, ceiling=5200, rate_up=500, rate_down=500)
    desk.drive(5000, 30.0)
    seen = []
    for _ in range(200):
        desk.drive(5000, 0.05)
        seen.append(desk.true_force_n)
    assert max(seen) - min(seen) < 8.0


def test_a_hold_is_taken_over_by_a_release() -> None:
    desk = pulling(60.0)
    desk.order(HOLD)
    desk.order(RELEASE)
    assert desk.state is State.RELEASING
