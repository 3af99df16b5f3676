"""Arming: what is sent, and what each failure of it means."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from controller.errors import (
    LinkError,
    LinkLost,
    OutcomeUncertain,
    RequestRefused,
    UnitFaulted,
)
from controller.telemetry import UnitState
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import shipped_profile
from tests.unit.firmware_bridge.driving import (
    CUT_POWER,
    FOLLOW,
    RELEASE,
    RELEASE_FAST,
    REQUEST,
    TOKENLESS_RELEASE,
    armed,
    requests,
)
from tests.unit.firmware_bridge.scripted import TOKEN, DeskUnit, framed, with_crc


def test_arming_writes_the_session_block_takes_the_token_and_reads_the_watchdog() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    sent = len(desk.port.sent)
    unit.arm(REQUEST)
    address, values = desk.writes[0]
    assert address == 0x300
    assert values == with_crc("A5A5 0001 0FB7 012C 0258 01F4 0001 0258 0000")
    assert requests(desk, sent) == [16, 3, 3]
    assert [frame[2:6].hex() for frame in desk.port.sent[-2:]] == ["030a0002", "030d0003"]


def test_no_two_reads_of_function_3_beside_each_other_have_the_same_length() -> None:
    """A late answer of one cannot be taken for the other's; the events carry their sequences."""
    profile, _ = shipped_profile("reference_v1", TractionUnitProfile)
    names = ("identity", "capabilities", "measurement", "token", "refusal", "arming_age")
    lengths = [profile.block(name).count for name in names]
    assert len(set(lengths)) == len(names)
    assert lengths[3:] == [2, 1, 3]


# --- the unit refused, or nothing was sent ------------------------------------------------------


def test_a_refused_arming_says_why() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.refuse, desk.session_answer[2] = [3], 0b10_0000_0101
    with pytest.raises(UnitFaulted) as refused:
        unit.arm(REQUEST)
    for words in ("patient switch absent", "emergency stop open", "a limit is out of range"):
        assert words in refused.value.message
    assert "pressed" not in refused.value.message


@pytest.mark.parametrize(
    ("reasons", "lost", "words"),
    [
        (0x0000, [], "refused to arm: reason bits 0x0000; clear it"),
        (0x8000, [], "refused to arm: reason bits 0x8000; clear it"),
        (0x0001, [False, True], "refused to arm: reason unknown .it could not be read.; clear"),
    ],
)
def test_a_refusal_without_known_reasons_is_a_refusal(
    reasons: int, lost: list[bool], words: str
) -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.refuse, desk.session_answer[2], desk.lose = [3], reasons, lost
    with pytest.raises(UnitFaulted, match=words):
        unit.arm(REQUEST)


@pytest.mark.parametrize("may_arm", [False, True])
def test_a_unit_that_may_only_be_observed_is_never_armed(may_arm: bool) -> None:
    desk = DeskUnit()
    if may_arm:
        desk.capability = with_crc("0E37" + "0000" * 22)
    with pytest.raises(RequestRefused, match="may be observed, never armed"):
        desk.connected(may_arm=may_arm).arm(REQUEST)
    assert desk.writes == []


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"force_limit_n": float("nan")}, "force_limit_n=nan is not a finite number; nothing"),
        ({"rate_up_n_per_s": float("inf")}, "rate_up_n_per_s=inf is not a finite number"),
        ({"rate_down_n_per_s": -float("inf")}, "rate_down_n_per_s=-inf is not a finite number"),
        ({"force_limit_n": 6553.6}, "force_limit=65536 does not fit register 0x0302"),
    ],
)
def test_numbers_that_fit_no_register_are_refused_before_anything_is_sent(
    limits: dict[str, Any], words: str
) -> None:
    desk = DeskUnit()
    with pytest.raises(RequestRefused, match=words):
        desk.connected().arm(replace(REQUEST, **limits))
    assert desk.writes == []


# --- the write was sent --------------------------------------------------------------------------


def test_a_lost_arming_answer_is_settled_by_reading() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.swallow = [True]
    unit.arm(REQUEST)
    unit.find_order(120.0)
    assert unit.exchange(FOLLOW).unit_state is UnitState.ARMED


@pytest.mark.parametrize("lost", [[True, True], [True, False]])
def test_a_lost_arming_answer_that_reading_does_not_settle_is_uncertain(lost: list[bool]) -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.lose = lost
    with pytest.raises(OutcomeUncertain, match="does not show that it is armed; if it is, its"):
        unit.arm(REQUEST)


@pytest.mark.parametrize("token", [0, 0xFFFFFFFF, None])
def test_armed_without_a_token_in_hand_is_uncertain_and_released_by_whoever_comes(
    token: int | None,
) -> None:
    desk = DeskUnit()
    unit = desk.connected()
    if token is None:
        desk.lose = [False, True]
    else:
        desk.session_answer[:2] = [token >> 16, token & 0xFFFF]
    with pytest.raises(OutcomeUncertain, match="token was lost; its watchdog releases it"):
        unit.arm(REQUEST)
    sent = len(desk.port.sent)
    for kind in (RELEASE, RELEASE_FAST, CUT_POWER):
        assert unit.exchange(kind).unit_state is UnitState.ARMED
    assert desk.commands == [TOKENLESS_RELEASE] * 3
    assert requests(desk, sent) == [16, 3] * 3


def test_the_token_of_an_earlier_arming_is_not_used_again() -> None:
    desk = DeskUnit()
    unit = armed(desk)
    desk.session_answer[:2] = [0, 0]
    with pytest.raises(OutcomeUncertain):
        unit.arm(REQUEST)
    unit.exchange(RELEASE)
    assert desk.commands[-1] == TOKENLESS_RELEASE


@pytest.mark.parametrize("echo_ms", [0, 499, 2000])
def test_another_watchdog_than_ordered_is_uncertain_and_names_both(echo_ms: int) -> None:
    desk = DeskUnit()
    desk.session_answer[5] = echo_ms
    unit = desk.connected()
    words = f"reports a watchdog of {echo_ms} ms, 500 ms were ordered: a silent host"
    with pytest.raises(OutcomeUncertain, match=words):
        unit.arm(REQUEST)
    unit.exchange(RELEASE)
    assert desk.commands[-1][:4] == [TOKEN >> 16, TOKEN & 0xFFFF, 1, 1]


def test_the_watchdog_that_was_ordered_is_the_one_that_counts() -> None:
    desk = DeskUnit()
    desk.session_answer[5] = 800
    desk.connected().arm(replace(REQUEST, watchdog_s=0.8))
    assert desk.writes[0][1][5] == 800


def test_a_lost_answer_about_the_watchdog_is_asked_for_once_more() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.lose = [False, False, True]
    unit.arm(REQUEST)
    desk.lose = [False, False, True, True]
    with pytest.raises(
        OutcomeUncertain, match=r"could not be read .*; 500 ms were ordered"
    ) as lost:
        unit.arm(REQUEST)
    assert "no answer within 40 ms" in lost.value.message


def test_a_unit_that_does_not_offer_the_watchdog_s_echo_is_asked_once() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    answer = desk.port.answer

    def without_0x30d(frame: bytes) -> bytes:
        refused = framed(bytes([1, 0x83, 2]))
        return refused if frame[2:4] == b"\x03\x0d" else answer(frame)

    desk.port.answer = without_0x30d
    with pytest.raises(OutcomeUncertain, match=r"exception 2 .address not offered."):
        unit.arm(REQUEST)
    assert [frame[2:4].hex() for frame in desk.port.sent[-3:]] == ["0300", "030a", "030d"]


@pytest.mark.parametrize("request_number", range(5))
def test_a_port_that_goes_away_while_arming_is_lost_and_never_called_refused(
    request_number: int,
) -> None:
    """Of the requests: the write, the token, the watchdog, two keep-alives."""
    desk = DeskUnit()
    unit = desk.connected()
    answer, served = desk.port.answer, [0]

    def then_gone(frame: bytes) -> bytes:
        served[0] += 1
        if served[0] == request_number + 1:
            raise LinkLost("the port is gone")
        return answer(frame)

    desk.port.answer = then_gone

    def begin() -> None:
        unit.arm(REQUEST)
        unit.find_order(120.0)

    with pytest.raises(LinkLost):
        begin()


def test_a_port_that_goes_away_behind_a_lost_arming_answer_is_lost() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    answer = desk.port.answer

    def then_gone(frame: bytes) -> bytes:
        if frame[1] == 3:
            desk.port.answer = answer
            raise LinkLost("the port is gone")
        answer(frame)
        return b""

    desk.port.answer = then_gone
    with pytest.raises(LinkLost):
        unit.arm(REQUEST)


def test_whatever_is_lost_while_arming_an_error_tells_whether_the_write_was_sent() -> None:
    """Every single and double loss of the eight requests that may follow the write."""
    for first in range(8):
        for second in range(first, 8):
            desk = DeskUnit(write_first=False)
            unit = desk.connected()
            desk.lose = [n in (first, second) for n in range(8)]
            with suppress(OutcomeUncertain, LinkError):  # any other error fails the test
                unit.arm(REQUEST)
                unit.find_order(120.0)
            desk.lose = []
            unit.exchange(RELEASE)
            assert desk.commands[-1][3] in (1, 5)


# --- the order of function 23 -------------------------------------------------------------------


def test_before_the_order_is_known_a_release_leaves_by_function_16_and_nothing_else_does() -> None:
    desk = DeskUnit(write_first=False)
    unit = desk.connected()
    unit.arm(REQUEST)
    sent = len(desk.port.sent)
    assert unit.exchange(FOLLOW).unit_state is UnitState.ARMED
    assert desk.commands == []
    assert unit.exchange(RELEASE).sequence_accepted == 1
    assert unit.exchange(RELEASE_FAST).sequence_accepted == 2
    assert [command[2:4] for command in desk.commands] == [[1, 1], [2, 5]]
    assert requests(desk, sent) == [3, 16, 3, 16, 3]


def test_an_unknown_order_is_refused_after_five_keep_alives() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    unit.arm(REQUEST)
    desk.write_first = False
    desk.write = lambda address, values: desk.commands.append(values)  # type: ignore[method-assign]
    with pytest.raises(OutcomeUncertain, match="no known order"):
        unit.find_order(120.0)
    assert [command[2:4] for command in desk.commands] == [[n, 0] for n in range(1, 6)]
    assert all(command[4:7] == [0, 0, 1200] for command in desk.commands)


@pytest.mark.parametrize("write_first", [True, False])
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_keep_alive_leaves_enough_to_find_the_order(write_first: bool, lost: int) -> None:
    desk = DeskUnit(write_first=write_first)
    unit = desk.connected()
    unit.arm(REQUEST)
    desk.lose = [n == lost for n in range(lost + 1)]
    assert unit.find_order(120.0).unit_state is UnitState.ARMED
    unit.exchange(FOLLOW)
    desk.write_first = not write_first
    with pytest.raises(LinkError, match="was echoed"):
        unit.exchange(FOLLOW)
