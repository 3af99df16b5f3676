"""Messages in order, of frames the newest, at most 20 a second."""

from __future__ import annotations

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
