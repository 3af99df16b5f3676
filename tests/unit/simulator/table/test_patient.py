"""Patients who press the switch: what they wait for, and what they never do."""

from __future__ import annotations

from simulator.map_v1 import State
from simulator.table.patient import PassivePatient, PressTestPatient, StopsDuring
from tests.support.typed import now
from tests.unit.simulator.host import Desk, service


def presses(desk: Desk, seconds: float, *, poll: bool) -> list[tuple[float, bool]]:
    """Changes of the switch with the time since the start, polled each 50 ms or left alone."""
    changes, last, started_s = [], desk.firmware.switch.pressed, desk.now_s
    for _ in range(round(seconds / 0.05)):
        if poll:
            desk.measured()
        desk.run(0.05)
        now = desk.firmware.switch.pressed
        if now != last:
            changes.append((round(desk.now_s - started_s, 2), now))
            last = now
    return changes


def test_half_a_second_on_the_switch_one_second_after_the_first_read() -> None:
    desk = Desk(patient=PressTestPatient())
    assert presses(desk, 5.0, poll=False) == []
    (pressed_s, pressed), (released_s, released) = presses(desk, 5.0, poll=True)
    assert (pressed, released) == (True, False)
    assert 1.0 <= pressed_s <= 1.15
    assert abs(released_s - pressed_s - 0.5) <= 0.06


def test_the_test_is_repeated_after_two_seconds_without_a_request() -> None:
    desk = Desk(patient=PressTestPatient())
    assert len(presses(desk, 4.0, poll=True)) == 2
    assert presses(desk, 2.2, poll=False) == []
    assert len(presses(desk, 4.0, poll=True)) == 2


def test_the_test_is_repeated_for_a_host_that_asks_anew_who_the_unit_is() -> None:
    desk = Desk(patient=PressTestPatient())
    desk.read(0x000, 0x20)
    assert len(presses(desk, 4.0, poll=True)) == 2
    assert presses(desk, 4.0, poll=True) == []
    desk.read(0x000, 0x20)
    assert len(presses(desk, 4.0, poll=True)) == 2


def test_the_test_is_repeated_after_disarming_and_never_done_while_armed() -> None:
    desk = Desk(patient=PressTestPatient())
    presses(desk, 3.0, poll=True)
    desk.arm()
    desk.drive(200, 5.0)
    assert now(desk.state) is State.TRACKING
    desk.write(0x600, service(6))
    assert now(desk.state) is State.IDLE
    assert len(presses(desk, 3.0, poll=True)) == 2


def test_a_passive_patient_never_presses() -> None:
    desk = Desk(patient=PassivePatient())
    assert presses(desk, 5.0, poll=True) == []


def test_a_stop_comes_in_the_hold_it_was_meant_for() -> None:
    desk = Desk(patient=StopsDuring(2, 1.0))
    presses(desk, 3.0, poll=True)
    desk.arm(ceiling=500)

    def drive(setpoint: int, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            if desk.state is State.TRACKING or desk.state is State.ARMED:
                desk.order(2, setpoint, 0, 500)
            desk.run(0.05)

    drive(500, 15.0)
    drive(200, 5.0)
    assert now(desk.state) is State.TRACKING
    drive(500, 3.0)
    assert now(desk.state) is State.TRACKING
    drive(500, 3.0)
    assert now(desk.state) is State.SAFE_LATCHED
