"""The driver of reference map v1 on a unit in memory: what it believes, sends and says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.errors import (
    FrameCorrupt,
    OutcomeUncertain,
    ReplyTimeout,
    RequestRefused,
    StaleAnswer,
    UnitFaulted,
    UnitNotVerified,
    UnitRejected,
)
from controller.ports import ArmingRequest, CommandKind, ForceCommand
from controller.prescription import Region
from controller.telemetry import PatientSwitch, UnitState
from firmware_bridge.units.reference_unit import ReferenceUnit
from tests.unit.firmware_bridge.scripted import TOKEN, DeskUnit, crc, with_crc

REQUEST = ArmingRequest(
    region=Region.LUMBAR, force_limit_n=402.34, rate_up_n_per_s=30.0, rate_down_n_per_s=60.0
)
OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)
FOLLOW = ForceCommand(kind=CommandKind.FOLLOW, force_n=102.34, rate_n_per_s=10.0, ceiling_n=120.0)


def armed(desk: DeskUnit) -> ReferenceUnit:
    unit = desk.connected()
    unit.arm(REQUEST)
    unit.find_order(120.0)
    return unit


# --- identification ---------------------------------------------------------------------------


def test_identity_and_capabilities_are_read_and_nothing_is_written() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    assert unit.identity.unit_id == "0011223344556677"
    assert (unit.identity.model, unit.identity.serial_number) == ("Reference table", 77)
    assert (unit.identity.firmware, unit.identity.map_version) == ("1.02.3", "1.0")
    assert (unit.identity.calibrated_on, unit.identity.calibration_due) == (
        "2026-01-01", "2027-01-01",
    )  # fmt: skip
    assert unit.identity.boot_count == 9
    assert unit.identity.raw_block[:4] == b"TRC1"
    assert unit.capabilities.regions == {Region.CERVICAL, Region.LUMBAR}
    assert unit.capabilities.rated_force_n == 1000.0
    assert unit.capabilities.watchdog_max_s == 2.0
    assert unit.capabilities.second_channel
    assert desk.writes == []


SAFETY_FEATURES = {
    4: "patient_switch_sensed",
    5: "patient_switch_two_channel",
    6: "emergency_stop_hard_wired",
    8: "releases_on_power_loss",
}


@pytest.mark.parametrize("bit", SAFETY_FEATURES)
def test_each_word_on_the_unit_s_safety_has_its_bit(bit: int) -> None:
    desk = DeskUnit()
    desk.capability = with_crc(f"{1 << bit:04X}" + "0000" * 22)
    said = desk.connected().capabilities
    assert [n for n, name in SAFETY_FEATURES.items() if getattr(said, name)] == [bit]


def put(start: int, *words: int) -> Callable[[list[int]], None]:
    def change(block: list[int]) -> None:
        block[start : start + len(words)] = words

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put(0, 0x4142, 0x4344), "says 'ABCD', not 'TRC1'; it is another device"),
        (put(0, 0x4331, 0x5452), "words are swapped"),
        (put(0, 0x5254, 0x3143), "bytes are swapped"),
        (put(0, 0x0000, 0x5452, 0x4331), "one register too high"),
        (put(2, 0x0203), "map version 2.3, this program knows 1.x; update"),
        (put(4, 0x0304, 0x0102), "words are swapped .order probe 0x03040102 instead of 0x01020304"),
        (put(4, 0x0201, 0x0403), "order probe 0x02010403 came, 0x01020304 is right"),
        (put(3, 0x3039), "sign probe 12345 came, -12345 is right"),
        (put(6, 0x0001), "identification: block identity: CRC"),
    ],
)
def test_another_device_is_refused_in_words(
    change: Callable[[list[int]], None], words: str
) -> None:
    desk = DeskUnit()
    change(desk.identity)
    with pytest.raises(UnitNotVerified, match=words):
        desk.connected()
    assert desk.writes == []


def test_capabilities_with_a_wrong_crc_are_refused() -> None:
    desk = DeskUnit()
    desk.capability[2] += 1
    with pytest.raises(UnitNotVerified, match="capabilities: block capabilities: CRC"):
        desk.connected()


def test_a_lost_answer_at_connect_is_asked_for_again_but_not_for_ever() -> None:
    desk = DeskUnit()
    desk.swallow = [True, True, False]
    desk.connected()
    desk.swallow = [True] * 3
    with pytest.raises(ReplyTimeout):
        desk.connected()


# --- the tick ---------------------------------------------------------------------------------


def test_a_command_leaves_rounded_to_tenths_with_token_and_crc() -> None:
    desk = DeskUnit()
    armed(desk).exchange(FOLLOW)
    *body, block_crc = desk.commands[-1]
    assert body == [TOKEN >> 16, TOKEN & 0xFFFF, 3, 2, 1023, 100, 1200]
    raw = b"".join(word.to_bytes(2, "big") for word in body)
    assert block_crc == crc(raw)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        (CommandKind.RELEASE, 1),
        (CommandKind.FOLLOW, 2),
        (CommandKind.HOLD, 3),
        (CommandKind.RELEASE_FAST, 5),
        (CommandKind.CUT_POWER, 6),
    ],
)
def test_every_kind_has_its_mode_and_every_command_a_new_sequence(
    kind: CommandKind, mode: int
) -> None:
    desk = DeskUnit()
    unit = armed(desk)
    for sequence in (3, 4, 5):
        unit.exchange(ForceCommand(kind=kind))
        assert desk.commands[-1][2:4] == [sequence, mode]


def test_a_reading_is_never_newer_than_the_truth() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    before_s = desk.clock.now_s()
    reading = unit.exchange(OBSERVE)
    assert before_s - 0.004 <= reading.taken_at_s <= desk.clock.now_s() - 0.004
    assert (reading.force_n, reading.second_force_n, reading.gross_force_n) == (101.9, None, 102.1)
    assert (reading.extension_mm, reading.speed_mm_per_s) == (36.5, -1.0)
    assert (reading.motor_current_a, reading.watchdog_left_s) == (0.51, 0.488)
    assert reading.unit_state is UnitState.IDLE
    assert reading.patient_switch is PatientSwitch.OPEN


def test_a_channel_that_is_not_valid_has_no_force() -> None:
    desk = DeskUnit()
    desk.faults, desk.force_2 = 0x0000, 1021
    reading = desk.connected().exchange(OBSERVE)
    assert reading.force_n is None
    assert reading.second_force_n is None


def test_a_state_that_the_map_does_not_know_is_no_reading() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.state = 17
    with pytest.raises(FrameCorrupt, match="unit state 17 is not in the map"):
        unit.exchange(OBSERVE)


@pytest.mark.parametrize("write_first", [True, False])
def test_both_orders_are_found_and_then_only_that_echo_is_believed(write_first: bool) -> None:
    desk = DeskUnit(write_first=write_first)
    unit = armed(desk)
    for _ in range(3):
        unit.exchange(FOLLOW)
    desk.write_first = not write_first
    with pytest.raises(StaleAnswer, match="was echoed"):
        unit.exchange(FOLLOW)
    desk.write_first = write_first
    unit.exchange(FOLLOW)


def test_sequence_65535_is_followed_by_1() -> None:
    desk = DeskUnit(write_first=False)
    unit = armed(desk)
    unit._sequence = unit._accepted = desk.sequence = 65534
    for expected in (65535, 1, 2):
        unit.exchange(FOLLOW)
        assert desk.commands[-1][2] == expected


def test_an_unknown_order_is_tried_twice_and_then_refused() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    unit.arm(REQUEST)
    desk.write_first = False
    desk._write = lambda address, values: desk.commands.append(values)  # type: ignore[method-assign]
    with pytest.raises(OutcomeUncertain, match="no known order"):
        unit.find_order(120.0)
    assert [command[2:4] for command in desk.commands] == [[1, 0], [2, 0], [3, 0], [4, 0]]


def test_a_lagging_uptime_is_refused_also_when_only_observing() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    unit.exchange(OBSERVE)
    desk.uptime_shift_ms = -160
    desk.clock.time_s += 1.0
    with pytest.raises(StaleAnswer, match=r"lags by 1[56]"):
        unit.exchange(OBSERVE)
    desk.uptime_shift_ms = 0
    unit.exchange(OBSERVE)


def test_a_refused_command_is_followed_by_one_reading_and_its_sequence_is_not_used_again() -> None:
    desk = DeskUnit(write_first=False)
    unit = armed(desk)
    unit.exchange(FOLLOW)
    desk.refuse = [3]
    sent = len(desk.port.sent)
    with pytest.raises(UnitRejected, match="exception 3"):
        unit.exchange(FOLLOW)
    assert [frame[1] for frame in desk.port.sent[sent:]] == [23, 3]
    assert unit.reading_after_refusal is not None
    assert unit.reading_after_refusal.sequence_accepted == 3
    assert unit.exchange(FOLLOW).sequence_accepted == 3
    assert unit.reading_after_refusal is None
    assert desk.commands[-1][2] == 5


def test_a_lost_answer_is_a_missed_reading_and_the_next_one_is_good() -> None:
    desk = DeskUnit()
    unit = armed(desk)
    desk.swallow = [True]
    with pytest.raises(ReplyTimeout, match="no answer within 40 ms"):
        unit.exchange(FOLLOW)
    assert unit.exchange(FOLLOW).sequence_accepted == 4


# --- arming, service, release -----------------------------------------------------------------


def test_arming_writes_the_session_block() -> None:
    desk = DeskUnit()
    desk.connected().arm(REQUEST)
    address, values = desk.writes[0]
    assert address == 0x300
    assert values == with_crc("A5A5 0001 0FB7 012C 0258 01F4 0001 0258 0000")


def test_a_refused_arming_says_why() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.refuse, desk.session_answer[2] = [3], 0b10_0000_0101
    with pytest.raises(UnitFaulted) as refused:
        unit.arm(REQUEST)
    for words in ("patient switch absent", "emergency stop open", "a limit is out of range"):
        assert words in refused.value.message


def test_a_lost_arming_answer_is_settled_by_reading() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.swallow = [True]
    unit.arm(REQUEST)
    unit.find_order(120.0)
    assert unit.exchange(FOLLOW).unit_state is UnitState.ARMED


@pytest.mark.parametrize("token", [0, 0xFFFFFFFF])
def test_armed_without_a_token_in_hand_is_uncertain(token: int) -> None:
    desk = DeskUnit()
    desk.session_answer[:2] = [token >> 16, token & 0xFFFF]
    with pytest.raises(OutcomeUncertain, match="token was lost; it lets go by its watchdog"):
        desk.connected().arm(REQUEST)


@pytest.mark.parametrize("may_arm", [False, True])
def test_a_unit_that_may_only_be_observed_is_never_armed(may_arm: bool) -> None:
    desk = DeskUnit()
    if may_arm:
        desk.capability = with_crc("0E37" + "0000" * 22)
    with pytest.raises(RequestRefused, match="may be observed, never armed"):
        desk.connected(may_arm=may_arm).arm(REQUEST)
    assert desk.writes == []


def test_services_carry_opcode_and_sequence() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    unit.acknowledge()
    unit.disarm()
    assert [(a, v[:3]) for a, v in desk.writes] == [(0x600, [4, 0, 1]), (0x600, [6, 0, 2])]
    desk.swallow = [True]
    with pytest.raises(OutcomeUncertain, match="answer to the disarming was lost"):
        unit.disarm()


def test_the_tokenless_release_goes_to_the_unit_and_then_to_everybody() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    unit.release_without_token()
    desk.swallow = [True]
    unit.release_without_token()
    assert [frame[0] for frame in desk.port.sent[-3:]] == [1, 1, 0]
    assert all(values[:2] == [0xFFFF, 0xFFFF] for _, values in desk.writes)
    assert all(values[3] == 5 for _, values in desk.writes)


def test_seconds_since_arming_leave_the_token_alone() -> None:
    desk = DeskUnit()
    assert desk.connected().seconds_since_arming() == 42
    assert desk.port.sent[-1][:6] == bytes.fromhex("0103030D0002")


# --- events -----------------------------------------------------------------------------------


def test_events_are_read_by_sequence_also_across_the_end_of_the_ring() -> None:
    desk = DeskUnit()
    desk.events = {31: [64, 10, 0, 5000, 1019, 365], 0: [65, 30, 1, 0, 0xFFFF, 0xFFFE]}
    first, second = desk.connected().read_events(64, 2)
    assert (first.boot_count, first.sequence, first.code, first.uptime_ms) == (9, 64, 10, 5000)
    assert (second.sequence, second.code, second.uptime_ms) == (65, 30, 65536)
    assert (second.value_1, second.value_2) == (-1, -2)


def test_an_overwritten_event_is_refused() -> None:
    desk = DeskUnit()
    desk.events = {1: [34, 10, 0, 0, 0, 0]}
    with pytest.raises(FrameCorrupt, match="event 2 was expected, 34 stands in its slot"):
        desk.connected().read_events(2, 1)
