"""The driver of a unit on lines of text: what it believes, sends and says."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import (
    FrameCorrupt,
    LinkLost,
    OutcomeUncertain,
    ReplyTimeout,
    RequestRefused,
    StaleAnswer,
    UnitFaulted,
    UnitNotVerified,
    UnitRejected,
)
from controller.safety.coverage import CHECKED_FIELDS, unknown_in
from controller.telemetry import CommandKind, ForceCommand, UnitState
from firmware_bridge.units.ascii_unit import AsciiUnit
from tests.unit.firmware_bridge.driving import (
    CUT_POWER,
    FOLLOW,
    OBSERVE,
    RELEASE,
    RELEASE_FAST,
    REQUEST,
)
from tests.unit.firmware_bridge.line.bus import text_line
from tests.unit.firmware_bridge.scripted import TOKEN
from tests.unit.firmware_bridge.units.text_desk import TextDesk

TOKENLESS = b"?\r" + text_line(b">", b"Q")


def armed(desk: TextDesk) -> AsciiUnit:
    """Armed, with the two keep-alives answered."""
    unit = desk.on_lines()
    unit.arm(REQUEST)
    unit.find_order(120.0)
    desk.state = 3
    return unit


# --- identification and readings --------------------------------------------------------------


def test_identity_and_capabilities_are_read_in_pieces_and_nothing_is_written() -> None:
    desk = TextDesk()
    unit = desk.on_lines()
    assert desk.lines == [
        text_line(b"?", fields).rstrip()
        for fields in (b"0000,20", b"0014,12", b"0020,20", b"0034,04")
    ]
    assert (unit.identity.unit_id, unit.identity.model) == ("0011223344556677", "Reference table")
    assert (unit.identity.boot_count, unit.identity.raw_block[:4]) == (9, b"TRC1")
    assert unit.capabilities.rated_force_n == 1000.0


def test_a_force_of_more_than_four_digits_counts_as_the_end_of_the_cell() -> None:
    """The cell goes to 1500 N, the line to 999.9 N: row 8 counts from there."""
    assert TextDesk().on_lines().capabilities.cell_capacity_n == 999.9


def test_another_device_at_the_address_is_named() -> None:
    desk = TextDesk()
    desk.identity[0] = 0x4142
    with pytest.raises(UnitNotVerified, match="reports 'ABC1', not 'TRC1'"):
        desk.on_lines()


def test_an_order_s_answer_is_a_reading_and_what_it_lacks_is_none() -> None:
    desk = TextDesk()
    unit = armed(desk)
    reading = unit.exchange(FOLLOW)
    assert (reading.sequence_accepted, reading.command_result) == (3, 1)
    assert reading.unit_state is UnitState.TRACKING
    assert (reading.force_n, reading.second_force_n) == (101.9, None)
    assert (reading.setpoint_in_effect_n, reading.extension_mm) == (102.3, 36.5)
    assert (reading.sample_number, reading.sample_age_s) == (0x5F21, 0.004)
    assert reading.watchdog_left_s == 0.488
    assert unknown_in(reading) == {"gross_force_n", "speed_mm_per_s", "uptime_s"}
    lacking = {
        name
        for name in (*CHECKED_FIELDS, "motor_current_a", "newest_event")
        if getattr(reading, name) is None
    }
    assert lacking == unit.unknown_in_motion | {"uptime_s"}


def test_a_look_says_everything() -> None:
    desk = TextDesk()
    reading = desk.on_lines().exchange(OBSERVE)
    assert unknown_in(reading) == frozenset()
    assert (reading.gross_force_n, reading.speed_mm_per_s) == (102.1, -1.0)
    assert reading.uptime_s == pytest.approx(100.01, abs=0.02)
    assert reading.newest_event == 3
    assert reading.taken_at_s == pytest.approx(desk.port.sent_at_s[-1] - 0.004)


def test_the_reading_behind_the_keep_alives_says_everything() -> None:
    desk = TextDesk()
    unit = desk.on_lines()
    unit.arm(REQUEST)
    assert unknown_in(unit.find_order(120.0)) == frozenset()


# --- orders -----------------------------------------------------------------------------------


def test_an_order_as_it_leaves() -> None:
    desk = TextDesk()
    unit = armed(desk)
    unit.exchange(FOLLOW)
    assert desk.port.sent[-1] == text_line(b">", b"0003,%08X,F,+1023,0100,1200" % TOKEN)
    unit.exchange(ForceCommand(kind=CommandKind.HOLD, force_n=80.0, ceiling_n=120.0))
    assert desk.port.sent[-1] == text_line(b">", b"0004,%08X,H,+0000,0000,1200" % TOKEN)


@pytest.mark.parametrize(
    ("command", "letter"), [(RELEASE, b"R"), (RELEASE_FAST, b"Q"), (CUT_POWER, b"O")]
)
def test_a_release_leaves_without_its_numbers_whatever_they_are(
    command: ForceCommand, letter: bytes
) -> None:
    desk = TextDesk()
    unit = armed(desk)
    hostile = ForceCommand(kind=command.kind, force_n=float("nan"), rate_n_per_s=-1e9)
    for each in (command, hostile):
        unit.exchange(each)
        fields = b"%04X,%08X,%b,+0000,0000,0000" % (desk.sequence, TOKEN, letter)
        assert desk.port.sent[-1] == b"?\r" + text_line(b">", fields)


@pytest.mark.parametrize(
    "numbers",
    [
        {"force_n": 1000.0},
        {"force_n": -0.1},
        {"force_n": float("nan")},
        {"rate_n_per_s": 1000.0},
        {"ceiling_n": 1e9},
    ],
)
def test_a_number_that_does_not_fit_its_digits_is_never_sent(numbers: dict[str, Any]) -> None:
    desk = TextDesk()
    unit = armed(desk)
    sent = len(desk.port.sent)
    with pytest.raises(RequestRefused):
        unit.exchange(ForceCommand(kind=CommandKind.FOLLOW, **numbers))
    assert len(desk.port.sent) == sent


def test_the_answer_of_another_order_is_refused_and_the_line_drained() -> None:
    desk = TextDesk()
    unit = armed(desk)
    desk.sequence_shift = -1
    with pytest.raises(StaleAnswer, match="sequence 2 was echoed, 3 was expected"):
        unit.exchange(FOLLOW)
    desk.sequence_shift = 0
    at_s = desk.port.sent_at_s[-1]
    assert unit.exchange(FOLLOW).sequence_accepted == 4
    assert desk.port.sent_at_s[-1] - at_s >= 0.08, "the whole time-out twice (unmeasured line)"


def test_an_order_that_is_late_is_never_the_next_one_s_reading() -> None:
    desk = TextDesk()
    unit = armed(desk)
    desk.port.late_s = [0.06]
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    assert unit.exchange(FOLLOW).sequence_accepted == 4


def test_a_refused_order_is_looked_behind_and_is_no_reading() -> None:
    desk = TextDesk()
    unit = armed(desk)
    desk.refuse = [3]
    with pytest.raises(UnitRejected, match=r"result 3 \(out of range\)"):
        unit.exchange(FOLLOW)
    assert unit.reading_after_refusal is not None
    assert unknown_in(unit.reading_after_refusal) == frozenset()
    assert unit.exchange(FOLLOW).sequence_accepted == 4, "a refused sequence is not used again"
    assert unit.reading_after_refusal is None


def test_a_unit_state_that_is_not_in_the_map_is_no_reading() -> None:
    desk = TextDesk()
    unit = armed(desk)
    desk.measurement = lambda: [1, 1, 42, *[0] * 17]  # type: ignore[method-assign]
    with pytest.raises(FrameCorrupt):
        unit.exchange(OBSERVE)


# --- arming -----------------------------------------------------------------------------------


def test_the_session_block_and_the_services_are_written_whole() -> None:
    desk = TextDesk()
    unit = armed(desk)
    unit.disarm()
    unit.acknowledge()
    assert [address for address, _ in desk.writes] == [0x300, 0x600, 0x600]
    assert desk.writes[0][1][:3] == [0xA5A5, 1, 4023]


def test_a_unit_that_refuses_to_arm_says_why() -> None:
    desk = TextDesk()
    unit = desk.on_lines()
    desk.refuse, desk.session_answer[2] = [3], 0b101
    with pytest.raises(UnitFaulted, match="refused to arm: patient switch absent, emergency stop"):
        unit.arm(REQUEST)
    assert not unit.link.line.armed


def test_a_slow_line_arms_nothing() -> None:
    with pytest.raises(RequestRefused, match="below 19200 Bd"):
        TextDesk().on_lines(may_arm=False).arm(REQUEST)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_keep_alives_may_be_lost_as_long_as_two_in_a_row_are_answered(lost: int) -> None:
    desk = TextDesk()
    unit = desk.on_lines()
    unit.arm(REQUEST)
    desk.lose = [True] * lost
    unit.find_order(120.0)
    assert [order[1] for order in desk.commands] == [0, 0]


def test_a_unit_that_reads_first_is_not_driven_on_lines() -> None:
    desk = TextDesk()
    unit = desk.on_lines()
    unit.arm(REQUEST)
    desk.sequence_shift = -1
    with pytest.raises(OutcomeUncertain, match="with the order's own sequence"):
        unit.find_order(120.0)
    sent = len(desk.port.sent)
    desk.sequence_shift = 0
    unit.exchange(FOLLOW)
    assert desk.port.sent[sent:] == [text_line(b"?", b"0100,20")] or desk.port.sent[sent:] == [
        b"?\r" + text_line(b"?", b"0100,20")
    ], "a look in place of the order"
    unit.exchange(RELEASE)
    assert desk.commands[-1][1] == 1


def test_orders_leave_again_only_behind_the_next_arming_s_keep_alives() -> None:
    desk = TextDesk()
    unit = armed(desk)
    unit.exchange(FOLLOW)
    unit.arm(REQUEST)
    unit.exchange(FOLLOW)
    assert desk.lines[-1].startswith(b"?0100")
    unit.find_order(120.0)
    unit.exchange(FOLLOW)
    assert desk.lines[-1].startswith(b">0003")


# --- releases ---------------------------------------------------------------------------------


def test_without_a_token_every_release_is_the_tokenless_one() -> None:
    for command in (RELEASE, RELEASE_FAST, CUT_POWER):
        desk = TextDesk()
        unit = desk.on_lines()
        desk.state = 5
        reading = unit.exchange(command)
        assert desk.port.sent[-2:] == [TOKENLESS, text_line(b"?", b"0100,20")]
        assert (desk.tokenless, reading.unit_state) == (1, UnitState.RELEASING)
        assert unit.link.line.armed


def test_a_release_never_waits_for_a_doubt_on_the_line() -> None:
    """The late window would be 80 ms; one silence is 1.75 ms."""
    desk = TextDesk()
    unit = armed(desk)
    desk.lose = [True]
    with pytest.raises(ReplyTimeout):
        unit.exchange(FOLLOW)
    at_s = desk.clock.time_s
    unit.release_without_token()
    assert desk.port.sent[-2] == TOKENLESS
    assert desk.port.sent_at_s[-2] - at_s <= 0.002
    at_s = desk.clock.time_s
    unit.exchange(RELEASE_FAST)
    assert desk.port.sent_at_s[-1] - at_s <= 0.002


def test_a_release_is_heard_behind_half_a_line() -> None:
    """The order before it lost its CR: what it held must swallow no release."""
    for order in (FOLLOW, ForceCommand(kind=CommandKind.HOLD)):
        desk = TextDesk()
        unit = armed(desk)
        hears = desk.answer

        def loses_the_end(frame: bytes, hears: Any = hears) -> bytes:
            return bytes(hears(frame.rstrip(b"\r\n")))

        desk.port.answer = loses_the_end
        with pytest.raises(ReplyTimeout):
            unit.exchange(order)
        desk.port.answer = hears
        obeyed = len(desk.commands)
        unit.release_without_token()
        assert desk.tokenless >= 1
        assert len(desk.commands) == obeyed, "an order of before is not obeyed late"


def test_an_unanswered_tokenless_release_is_said_once_more_and_not_waited_for() -> None:
    desk = TextDesk()
    unit = armed(desk)
    desk.swallow = [True, True]
    unit.release_without_token()
    assert desk.port.sent[-2:] == [TOKENLESS, TOKENLESS]
    assert desk.tokenless == 2
    assert desk.port.sent_at_s[-1] - desk.port.sent_at_s[-2] < 0.05
    assert desk.clock.time_s == pytest.approx(desk.port.sent_at_s[-1] + 0.002)


def test_an_answer_that_still_shows_a_pull_confirms_no_release() -> None:
    """It may be that of an order before it."""
    for state, times in ((2, 2), (3, 2), (4, 2), (5, 1), (6, 1), (1, 1)):
        desk = TextDesk()
        unit = armed(desk)
        desk.state = state
        unit.release_without_token()
        assert desk.tokenless == times


def test_a_port_that_is_gone_is_told() -> None:
    desk = TextDesk()
    unit = armed(desk)
    unit.close()
    for command in (FOLLOW, RELEASE_FAST, OBSERVE):
        with pytest.raises(LinkLost):
            unit.exchange(command)
    with pytest.raises(LinkLost):
        unit.release_without_token()


# --- a unit that was switched off and on ------------------------------------------------------


def test_a_restarted_unit_refuses_the_next_order_and_is_seen_by_its_boot_counter() -> None:
    desk = TextDesk()
    unit = armed(desk)
    desk.clock.time_s += 20.0
    unit.exchange(FOLLOW)
    desk.restart()
    desk.clock.time_s += 0.2
    seen = []
    for _ in range(4):
        desk.clock.time_s += 0.05
        with pytest.raises(UnitRejected, match="not armed"):
            unit.exchange(FOLLOW)
        seen.append(unit.reading_after_refusal)
        if unit.reading_after_refusal is not None:
            break
    assert seen[-1] is not None
    assert (seen[-1].unit_state, unit.identity.boot_count) == (UnitState.IDLE, 10)
    assert seen[-1].uptime_s is not None
    assert seen[-1].uptime_s < 1.0
    unit.exchange(RELEASE)
    assert desk.tokenless == 1, "no token of ours is left"


def test_the_uptime_of_a_look_guards_against_an_old_answer() -> None:
    desk = TextDesk()
    unit = desk.on_lines()
    unit.exchange(OBSERVE)
    desk.uptime_shift_ms = -400
    with pytest.raises(StaleAnswer):
        unit.exchange(OBSERVE)


# --- events -----------------------------------------------------------------------------------


def test_events_are_read_by_threes_and_never_in_halves() -> None:
    desk = TextDesk()
    desk.events = {n: [n + 1, 10, 0, 500 + n, 0xFFFF, 365] for n in range(32)}
    unit = desk.on_lines()
    entries = unit.read_events(28, 5)
    assert [entry.sequence for entry in entries] == [28, 29, 30, 31, 32]
    assert [entry.value_1 for entry in entries] == [-1] * 5
    assert [line[:8] for line in desk.lines[4:]] == [b"?04B2,18", b"?04C4,12"]
