"""The patient's switch and the emergency stop, sampled every 10 ms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.map_v1 import EventCode
from simulator.table.inputs import EmergencyStop, SwitchOnPlug


def sampled(switch: SwitchOnPlug, cycles: int, start_s: float = 0.0) -> list[EventCode]:
    events = [switch.sample(start_s + 0.01 * (cycle + 1)) for cycle in range(cycles)]
    return [event for event in events if event is not None]


def test_a_tap_of_30_ms_counts_and_is_shown_for_a_second() -> None:
    switch = SwitchOnPlug()
    switch.press()
    assert sampled(switch, 3) == [EventCode.SWITCH_PRESSED]
    switch.release()
    assert sampled(switch, 10, 0.03) == [EventCode.SWITCH_RELEASED]
    assert not switch.pressed
    assert switch.shown(1.0)
    assert not switch.shown(1.06)


def test_a_glitch_of_one_sample_does_not_count() -> None:
    switch = SwitchOnPlug()
    switch.press()
    assert sampled(switch, 1) == []
    switch.release()
    assert sampled(switch, 20, 0.01) == []
    assert not switch.shown(0.02)


def test_arming_sees_the_contact_before_it_is_debounced() -> None:
    switch = SwitchOnPlug()
    switch.press()
    assert switch.closed
    assert not switch.pressed


def test_pulling_the_plug_is_absent_not_open() -> None:
    switch = SwitchOnPlug()
    switch.unplug()
    assert sampled(switch, 3) == [EventCode.SWITCH_UNPLUGGED]
    assert not switch.present
    switch.plug()
    assert sampled(switch, 3) == [EventCode.SWITCH_PLUGGED]
    assert switch.present


def test_a_press_behind_a_pulled_plug_is_not_seen() -> None:
    switch = SwitchOnPlug()
    switch.unplug()
    sampled(switch, 3)
    switch.press()
    assert sampled(switch, 5) == []
    assert not switch.closed


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_presses_and_releases_alternate(contact: list[bool]) -> None:
    switch = SwitchOnPlug()
    seen: list[EventCode] = []
    for cycle, closed in enumerate(contact):
        (switch.press if closed else switch.release)()
        event = switch.sample(0.01 * cycle)
        seen += [] if event is None else [event]
    expected = [EventCode.SWITCH_PRESSED, EventCode.SWITCH_RELEASED] * len(seen)
    assert seen == expected[: len(seen)]


@pytest.mark.parametrize("pressed", [True, False])
def test_the_emergency_stop_opens_and_closes_at_once(pressed: bool) -> None:
    stop = EmergencyStop()
    assert stop.sample() is None
    stop.press()
    assert stop.sample() is EventCode.EMERGENCY_STOP_OPEN
    assert stop.open
    if not pressed:
        stop.release()
        assert stop.sample() is EventCode.EMERGENCY_STOP_CLOSED
        assert not stop.open
    assert stop.sample() is None
