"""Messages in order, of frames the newest, at most 20 a second."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from controller.runtime.clock import VirtualClock
from workstation.station.outbox import MOST_WAITING, Outbox


def test_messages_go_before_frames_and_of_frames_the_newest() -> None:
    outbox = Outbox(VirtualClock())
    for number in range(3):
        outbox.show(f"frame {number}")
        outbox.put(number)
    outbox.end()
    assert [outbox.next() for _ in range(4)] == [0, 1, 2, None]


def test_the_newest_frame_waits_for_its_time() -> None:
    clock = VirtualClock()
    outbox = Outbox(clock)
    outbox.show("first")
    assert outbox.next() == "first"
    outbox.show("second")
    outbox.show("third")
    outbox.put("message")
    assert outbox.next() == "message"
    clock.sleep_until(clock.now_s() + 0.05)
    assert outbox.next() == "third"


def test_frames_that_come_at_the_tick_do_not_wait_for_each_other_s_jitter() -> None:
    clock = VirtualClock()
    outbox = Outbox(clock)
    clock.sleep_until(clock.now_s() + 1.0)
    begun_s = clock.now_s()
    for tick in range(100):
        clock.sleep_until(begun_s + 0.05 * tick + (0.002 if tick % 2 else 0.0))
        outbox.show(tick)
        before_s = clock.now_s()
        assert outbox.next() == tick
        assert clock.now_s() == before_s


def test_no_more_than_twenty_frames_a_second_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    outbox = Outbox(clock)

    def wait(seconds: float) -> None:
        clock.sleep_until(clock.now_s() + min(seconds, 0.001))

    monkeypatch.setattr(outbox, "_changed", MagicMock(wait=wait))
    clock.sleep_until(clock.now_s() + 1.0)
    begun_s = clock.now_s()
    for frame in range(201):
        outbox.show(frame)
        assert outbox.next() == frame
    assert clock.now_s() - begun_s > 9.9


def test_a_connection_that_is_not_read_is_given_up() -> None:
    outbox = Outbox(VirtualClock())
    for number in range(MOST_WAITING + 1):
        outbox.put(number)
    assert outbox.next() is None
    outbox.put("later")
    assert outbox.next() is None


def test_what_waits_is_sent_before_the_end_but_not_after_a_drop() -> None:
    outbox = Outbox(VirtualClock())
    outbox.put("last")
    outbox.end()
    outbox.put("too late")
    assert [outbox.next(), outbox.next()] == ["last", None]
    outbox = Outbox(VirtualClock())
    outbox.put("last")
    outbox.drop()
    assert outbox.next() is None
