"""A unit that reads first within function 23: a lost request or answer counts once."""

from __future__ import annotations

import pytest

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout, StaleAnswer, UnitRejected
from controller.telemetry import ForceCommand
from firmware_bridge.units.reference_unit import ReferenceUnit
from tests.unit.firmware_bridge.driving import (
    CUT_POWER,
    FOLLOW,
    OBSERVE,
    RELEASE,
    RELEASE_FAST,
    REQUEST,
    armed,
    requests,
)
from tests.unit.firmware_bridge.scripted import DeskUnit, framed


def in_a_hold() -> tuple[DeskUnit, ReferenceUnit]:
    """Three commands accepted, the next sequence is 4."""
    desk = DeskUnit(write_first=False)
    unit = armed(desk)
    unit.exchange(FOLLOW)
    return desk, unit


def lose_one(desk: DeskUnit, *, arrives: bool) -> None:
    """The next request is lost, or the answer to it when the request ``arrives``."""
    (desk.swallow if arrives else desk.lose)[:] = [True]


def failures(unit: ReferenceUnit, desk: DeskUnit, command: ForceCommand, ticks: int) -> list[str]:
    """What each of so many ticks failed with, without those that brought a reading."""
    found = []
    for _ in range(ticks):
        desk.clock.time_s += 0.05
        try:
            unit.exchange(command)
        except LinkError as error:
            found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("arrives", [False, True])
def test_a_lost_request_or_answer_counts_once_and_the_next_but_one_order_is_sent(
    arrives: bool,
) -> None:
    desk, unit = in_a_hold()
    sent = len(desk.port.sent)
    lose_one(desk, arrives=arrives)
    assert failures(unit, desk, FOLLOW, 6) == ["ReplyTimeout"]
    assert requests(desk, sent) == [23, 3, 23, 23, 23, 23]
    heard = [order[2] for order in desk.commands[3:]]
    assert heard == ([4] if arrives else []) + [5, 6, 7, 8]


def test_the_reading_in_place_of_the_order_tells_what_was_accepted() -> None:
    desk, unit = in_a_hold()
    desk.lose = [True]
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    assert unit.exchange(FOLLOW).sequence_accepted == 3
    assert unit.exchange(FOLLOW).sequence_accepted == 3
    assert unit.exchange(FOLLOW).sequence_accepted == 5


def test_when_that_reading_is_lost_too_it_is_asked_for_again() -> None:
    desk, unit = in_a_hold()
    sent = len(desk.port.sent)
    desk.lose = [True, True, True]
    assert failures(unit, desk, FOLLOW, 6) == ["ReplyTimeout"] * 3
    assert requests(desk, sent) == [23, 3, 3, 3, 23, 23]


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda answer: answer[:-1] + bytes([answer[-1] ^ 1]), "FrameCorrupt"),
        (lambda answer: answer[:-5], "FrameCorrupt"),
        (lambda answer: framed(answer[:4] + b"\x09" + answer[5:-2]), "FrameCorrupt"),
    ],
)
def test_a_broken_answer_counts_once(spoil: object, name: str) -> None:
    desk, unit = in_a_hold()
    answer, left = desk.port.answer, [spoil]
    desk.port.answer = lambda frame: left.pop()(answer(frame)) if left else answer(frame)  # type: ignore[operator]
    assert failures(unit, desk, FOLLOW, 5) == [name]


def test_an_echo_of_another_request_counts_once() -> None:
    desk, unit = in_a_hold()
    desk.sequence = 2
    with pytest.raises(StaleAnswer, match="sequence 2 was echoed, 3 was expected"):
        unit.exchange(FOLLOW)
    assert failures(unit, desk, FOLLOW, 4) == []


def test_a_late_answer_is_not_taken_for_the_reading() -> None:
    """The answer of function 23 comes when that of function 3 is already waited for."""
    desk, unit = in_a_hold()
    desk.port.late_s = [0.100, 0.030]
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    with pytest.raises(FrameCorrupt, match="function 23 came instead of 3"):
        unit.exchange(FOLLOW)
    assert failures(unit, desk, FOLLOW, 4) == []


def test_a_unit_that_writes_first_is_never_asked_in_between() -> None:
    desk = DeskUnit()
    unit = armed(desk)
    sent = len(desk.port.sent)
    desk.lose = [True]
    assert failures(unit, desk, FOLLOW, 4) == ["ReplyTimeout"]
    assert requests(desk, sent) == [23, 23, 23, 23]


@pytest.mark.parametrize("command", [RELEASE, RELEASE_FAST, CUT_POWER])
@pytest.mark.parametrize("arrives", [False, True])
def test_a_release_behind_a_lost_answer_goes_out_in_its_tick(
    command: ForceCommand, arrives: bool
) -> None:
    desk, unit = in_a_hold()
    sent = len(desk.port.sent)
    lose_one(desk, arrives=arrives)
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    timed_out_s = desk.clock.time_s
    reading = unit.exchange(command)
    assert desk.port.sent_at_s[sent + 1] - timed_out_s <= 0.00176
    assert reading.sequence_accepted == 5
    assert requests(desk, sent) == [23, 16, 3]
    assert unit.exchange(command).sequence_accepted == 5
    assert requests(desk, sent)[3:] == [23]
    modes = [order[3] for order in desk.commands[-2:]]
    assert modes[0] == modes[1] != 2


def test_a_release_whose_own_answer_is_lost_is_repeated_with_a_new_sequence() -> None:
    desk, unit = in_a_hold()
    desk.lose, desk.swallow = [False, False, True], [True, True]
    assert failures(unit, desk, RELEASE, 3) == ["ReplyTimeout"] * 3
    assert failures(unit, desk, RELEASE, 3) == []
    assert [order[2:4] for order in desk.commands[3:]] == [[4, 1], [5, 1], [7, 1], [8, 1], [9, 1]]


def test_a_refused_release_is_followed_by_a_reading_and_an_old_reading_is_not_kept() -> None:
    desk, unit = in_a_hold()
    desk.refuse = [3]
    with pytest.raises(UnitRejected):
        unit.exchange(FOLLOW)
    assert unit.reading_after_refusal is not None
    desk.lose = [True]
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    assert unit.reading_after_refusal is None
    desk.refuse = [4]
    with pytest.raises(UnitRejected, match="function 16 with exception 4"):
        unit.exchange(RELEASE)
    assert unit.reading_after_refusal is not None
    desk.refuse, desk.lose = [4], [False, True]
    with pytest.raises(UnitRejected):
        unit.exchange(RELEASE)
    assert unit.reading_after_refusal is None


def test_a_new_arming_leaves_no_doubt_of_the_session_before() -> None:
    desk, unit = in_a_hold()
    desk.lose = [True]
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    unit.arm(REQUEST)
    unit.find_order(120.0)
    sent = len(desk.port.sent)
    unit.exchange(FOLLOW)
    assert requests(desk, sent) == [23]


def test_a_plain_reading_ends_the_doubt() -> None:
    desk, unit = in_a_hold()
    desk.lose = [True]
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    unit.exchange(OBSERVE)
    sent = len(desk.port.sent)
    unit.exchange(FOLLOW)
    assert requests(desk, sent) == [23]
