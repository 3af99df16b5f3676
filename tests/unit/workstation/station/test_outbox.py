"""What could not be sent at once: messages in order, of frames the newest."""

from __future__ import annotations

from workstation.station.outbox import MOST_WAITING, Outbox


def test_messages_go_before_frames_and_of_frames_the_newest() -> None:
    outbox = Outbox()
    for number in range(3):
        outbox.show(f"frame {number}")
        outbox.put(number)
    assert [outbox.next() for _ in range(4)] == [0, 1, 2, "frame 2"]


def test_nothing_may_overtake_what_waits_or_is_being_sent() -> None:
    outbox = Outbox()
    assert outbox.is_idle
    outbox.put("message")
    assert not outbox.is_idle, "it waits"
    assert outbox.next() == "message"
    assert not outbox.is_idle, "the writer sends it"
    outbox.show("frame")
    assert outbox.next() == "frame"
    assert not outbox.is_idle
    outbox.end()
    assert outbox.next() is None
    assert not outbox.is_idle, "nothing goes behind the end"


def test_a_newer_frame_does_not_go_past_one_that_waits() -> None:
    """The older one would come behind it, and stay on the screen until the next."""
    outbox = Outbox()
    outbox.show("older")
    assert not outbox.is_idle
    outbox.show("newer")
    assert outbox.next() == "newer"


def test_a_connection_that_is_not_read_is_given_up() -> None:
    outbox = Outbox()
    for number in range(MOST_WAITING + 1):
        outbox.put(number)
    assert outbox.next() is None
    outbox.put("later")
    assert outbox.next() is None


def test_what_waits_is_sent_before_the_end_but_not_after_a_drop() -> None:
    outbox = Outbox()
    outbox.put("last")
    outbox.end()
    outbox.put("too late")
    assert [outbox.next(), outbox.next()] == ["last", None]
    outbox = Outbox()
    outbox.put("last")
    outbox.drop()
    assert outbox.next() is None
