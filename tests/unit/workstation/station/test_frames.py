"""Frames of all connections: of each the newest, at most 20 a second; none waits at the tick."""

from __future__ import annotations

import threading

import pytest

from controller.runtime.clock import SystemClock, VirtualClock
from tests.support.real_time import PATIENCE_S
from workstation.station.frames import FrameSender


class Screen:
    """Shows what comes, and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.shown: list[tuple[object, float]] = []

    def pass_on(self, frame: object) -> None:
        self.shown.append((frame, self._clock.now_s()))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    """A second has gone, and the sender's thread leaves the work to the test."""
    monkeypatch.setattr("threading.Thread.start", lambda thread: None)
    made = VirtualClock()
    made.sleep_until(made.now_s() + 1.0)
    return made


def test_each_connection_gets_its_newest_frame_and_only_once(clock: VirtualClock) -> None:
    sender = FrameSender(clock)
    first, second = Screen(clock), Screen(clock)
    for number in range(3):
        sender.show(first, number)
    sender.show(second, 2)
    sender.send_waiting()
    assert [frame for frame, _ in first.shown] == [2]
    assert [frame for frame, _ in second.shown] == [2]
    sender.show(first, 3)
    sender.send_waiting()
    assert [frame for frame, _ in first.shown] == [2, 3]
    assert [frame for frame, _ in second.shown] == [2]


def test_frames_that_come_at_the_tick_do_not_wait_for_each_other_s_jitter(
    clock: VirtualClock,
) -> None:
    sender, screen = FrameSender(clock), Screen(clock)
    begun_s = clock.now_s()
    for tick in range(100):
        clock.sleep_until(begun_s + 0.05 * tick + (0.002 if tick % 2 else 0.0))
        sender.show(screen, tick)
        before_s = clock.now_s()
        sender.send_waiting()
        assert screen.shown[-1] == (tick, before_s)


def test_ticks_that_begin_between_two_turns_have_the_turns_come_round_to_them(
    clock: VirtualClock,
) -> None:
    sender, screen = FrameSender(clock), Screen(clock)
    sender.show(screen, -1)
    sender.send_waiting()
    begun_s = clock.now_s() + 0.026
    waited_s = list[float]()
    for tick in range(200):
        clock.sleep_until(begun_s + 0.05 * tick)
        sender.show(screen, tick)
        sender.send_waiting()
        waited_s.append(screen.shown[-1][1] - (begun_s + 0.05 * tick))
    assert waited_s[0] == pytest.approx(0.024, abs=0.001)
    assert max(waited_s[100:]) < 1e-9
    assert [frame for frame, _ in screen.shown] == list(range(-1, 200)), "none is left out"


def test_no_more_than_twenty_frames_a_second_are_sent(clock: VirtualClock) -> None:
    sender, screen = FrameSender(clock), Screen(clock)
    begun_s = clock.now_s()
    for frame in range(201):
        sender.show(screen, frame)
        sender.send_waiting()
    assert [frame for frame, _ in screen.shown] == list(range(201))
    assert clock.now_s() - begun_s > 9.9


def test_the_thread_that_sends_is_told() -> None:
    told = list[threading.Thread]()
    sent_by = list[threading.Thread]()
    sent = threading.Event()

    class Heard:
        def pass_on(self, frame: object) -> None:
            sent_by.append(threading.current_thread())
            sent.set()

    sender = FrameSender(SystemClock(), told.append)
    sender.show(Heard(), 1)
    assert sent.wait(PATIENCE_S)
    sender.close()
    assert told == sent_by
    assert threading.current_thread() not in told
