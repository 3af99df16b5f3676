"""The driver of reference map v1 on a unit in memory: what it believes, sends and says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.errors import (
    FrameCorrupt,
    LinkError,
    LinkLost,
    ReplyTimeout,
    StaleAnswer,
    UnitNotVerified,
    UnitRejected,
)
from controller.order.prescription import Region
from controller.ports import UnitCapabilities
from controller.telemetry import CommandKind, ForceCommand, PatientSwitch, UnitState
from firmware_bridge.modbus.registers import words_to_bytes
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import shipped_profile
from firmware_bridge.units import freshness, reference_unit
from tests.support.typed import said
from tests.unit.firmware_bridge.driving import FOLLOW, OBSERVE, armed
from tests.unit.firmware_bridge.scripted import (
    TOKEN,
    DeskUnit,
    crc,
    framed,
    rtu_link,
    with_crc,
)

# --- identification ---------------------------------------------------------------------------


def test_identity_and_capabilities_are_read_and_nothing_is_written() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    assert unit.identity.unit_id == "0011223344556677"
    assert (unit.identity.model, unit.identity.serial_number) == ("Reference table", 77)
    assert (unit.identity.firmware, unit.identity.map_version) == ("1.02.3", "1.0")
    assert (unit.identity.calibrated_on, unit.identity.calibration_due) == (
        "2026-01-01",
        "2027-01-01",
    )
    assert unit.identity.boot_count == 9
    assert unit.identity.raw_block[:4] == b"TRC1"
    assert unit.capabilities.regions == {Region.CERVICAL, Region.LUMBAR}
    assert unit.capabilities.rated_force_n == 1000.0
    assert unit.capabilities.watchdog_max_s == 2.0
    assert unit.capabilities.second_channel
    assert desk.writes == []


@pytest.mark.parametrize(
    ("came", "error", "words"),
    [
        ([12, 0, 0, 0], FrameCorrupt, "12 bytes came"),
        ([0, 12, 30, 0], FrameCorrupt, "30 bytes came"),
        ([0, 0, 0, 0], ReplyTimeout, "no answer"),
    ],
)
def test_of_several_failures_the_newest_in_which_bytes_came_is_told(
    came: list[int], error: type[LinkError], words: str
) -> None:
    """A gateway that is stopped by an answer is silent ever after: the answer says why."""
    desk = DeskUnit()
    sizes = list(came)
    desk.port.answer = lambda frame: desk.answer(frame)[: sizes.pop(0)]
    with pytest.raises(error, match=words):
        desk.connected()
    assert sizes == []


def test_every_number_of_the_capabilities_is_read_in_the_core_s_units() -> None:
    desk = DeskUnit()
    desk.capability = with_crc(
        "0034 0002 2710 2AF8 0096 000A 01F4 03E8 0258 FF38 0BB8 0258 00C8 07D0 0005 000A"
        "05DC 03E8 0708 0003 0100 0020 0000"
    )
    assert desk.connected().capabilities == UnitCapabilities(
        regions=frozenset({Region.LUMBAR}),
        features=0x34,
        rated_force_n=1000.0,
        cut_off_force_n=1100.0,
        pretension_floor_n=15.0,
        max_rate_up_n_per_s=50.0,
        max_rate_down_n_per_s=100.0,
        fast_release_rate_n_per_s=60.0,
        watchdog_min_s=0.2,
        watchdog_max_s=2.0,
        sample_period_s=0.005,
        maximum_answer_time_s=0.01,
        second_channel=True,
        force_shows_noise=True,
        cell_capacity_n=1000.0,
        event_ring_size=32,
        days_since_stop_test=3,
        patient_switch_sensed=True,
        patient_switch_two_channel=True,
        emergency_stop_hard_wired=False,
        releases_on_power_loss=False,
        raw_block=words_to_bytes(desk.capability),
    )


def test_the_capacity_of_a_channel_that_is_not_fitted_does_not_count() -> None:
    desk = DeskUnit()
    desk.capability[0] ^= 1 << 2
    desk.capability[0x11] = 0
    desk.capability[-1] = crc(words_to_bytes(desk.capability[:-1]))
    said = desk.connected().capabilities
    assert (said.second_channel, said.cell_capacity_n) == (False, 1500.0)


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
        (put(0, 0x4142, 0x4344), "reports 'ABCD', not 'TRC1'; it is another device"),
        (put(0, 0x4331, 0x5452), "words are swapped"),
        (put(0, 0x5254, 0x3143), "bytes are swapped"),
        (put(0, 0x0000, 0x5452, 0x4331), "one register too high"),
        (put(2, 0x0203), "map version 2.3, this program knows 1.x; update"),
        (put(4, 0x0304, 0x0102), "words are swapped .order probe 0x03040102 instead of 0x01020304"),
        (put(4, 0x0201, 0x0403), "order probe 0x02010403 received, 0x01020304 expected"),
        (put(3, 0x3039), "sign probe 12345 received, -12345 expected"),
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
    begun_s = desk.clock.time_s
    desk.connected()
    assert desk.clock.time_s - begun_s > 0.6, "silent, so that the unit finds its place"
    desk.swallow = [True] * 4
    with pytest.raises(ReplyTimeout):
        desk.connected()


def test_a_refused_block_and_a_port_that_is_gone_are_not_asked_for_again() -> None:
    desk = DeskUnit()
    desk.port.answer = lambda _: framed(b"\x01\x83\x02")
    words = r"does not offer registers 0x0000-0x001F .*exception 2 .*it is not a traction unit"
    with pytest.raises(UnitNotVerified, match=words):
        desk.connected()
    assert len(desk.port.sent) == 1
    answers: list[Exception] = [LinkLost("the port is gone")]
    answer = desk.answer

    def gone_once(frame: bytes) -> bytes:
        if answers:
            raise answers.pop()
        return answer(frame)

    desk.port.answer = gone_once
    with pytest.raises(LinkLost):
        desk.connected()


# --- the tick ---------------------------------------------------------------------------------


def test_a_command_leaves_rounded_to_tenths_with_token_and_crc() -> None:
    desk = DeskUnit()
    armed(desk).exchange(FOLLOW)
    *body, block_crc = desk.commands[-1]
    assert body == [TOKEN >> 16, TOKEN & 0xFFFF, 3, 2, 1023, 100, 1200]
    raw = b"".join(word.to_bytes(2, "big") for word in body)
    assert block_crc == crc(raw)


def test_a_hold_names_no_force() -> None:
    desk = DeskUnit()
    hold = ForceCommand(kind=CommandKind.HOLD, force_n=80.0, rate_n_per_s=5.0, ceiling_n=120.0)
    armed(desk).exchange(hold)
    assert desk.commands[-1][3:7] == [3, 0, 50, 1200]


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
    assert (reading.sample_age_s, reading.sample_number, reading.newest_event) == (0.004, 24353, 3)
    assert (reading.setpoint_in_effect_n, reading.command_result) == (102.3, 1)
    assert (reading.uptime_s, reading.first_fault_code) == (round(desk.clock.time_s - 900, 3), 0)
    assert reading.unit_state is UnitState.IDLE
    assert reading.patient_switch is PatientSwitch.OPEN


def test_a_channel_that_is_not_valid_has_no_force() -> None:
    desk = DeskUnit()
    desk.faults, desk.force_2 = 0x0000, 1021
    reading = desk.connected().exchange(OBSERVE)
    assert reading.force_n is None
    assert reading.second_force_n is None


def test_a_channel_that_is_not_fitted_has_no_force_though_the_unit_calls_it_valid() -> None:
    desk = DeskUnit()
    desk.faults, desk.force_2 = 0x0003, 0x8000
    reading = desk.connected().exchange(OBSERVE)
    assert reading.force_n is not None
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
    sent = len(desk.commands)
    unit.exchange(FOLLOW)
    assert len(desk.commands) == sent + 1


def test_sequence_65535_is_followed_by_1(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = DeskUnit(write_first=False)
    unit = armed(desk)
    last, after = desk.sequence, freshness.next_sequence
    monkeypatch.setattr(reference_unit, "next_sequence", lambda n: after(65533 if n == last else n))
    unit.exchange(FOLLOW)
    assert desk.commands[-1][2] == 65534
    for expected in (65535, 1, 2):
        unit.exchange(FOLLOW)
        assert desk.commands[-1][2] == expected


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


def old_echo(desk: DeskUnit) -> None:
    desk.sequence_shift = -1


def old_uptime(desk: DeskUnit) -> None:
    desk.uptime_shift_ms = -400


def unknown_state(desk: DeskUnit) -> None:
    desk.state = 17


def torn_block(desk: DeskUnit) -> None:
    desk.block_crc_flip = 1


@pytest.mark.parametrize("spoil", [old_echo, old_uptime, unknown_state, torn_block])
def test_behind_a_reading_that_is_not_believed_the_right_answer_is_thrown_away(
    spoil: Callable[[DeskUnit], None],
) -> None:
    """It comes 70 ms after its request; the next request leaves when nothing can come any more."""
    desk = DeskUnit()
    unit = armed(desk)
    right = unit.exchange(FOLLOW)
    spoil(desk)
    with pytest.raises(FrameCorrupt):
        unit.exchange(FOLLOW)
    spoiled_at_s = desk.port.sent_at_s[-1]
    desk.sequence_shift = desk.uptime_shift_ms = desk.block_crc_flip = 0
    desk.state = int(right.unit_state)
    late = desk.answer(desk.port.sent[-1])
    desk.port.comes(late, spoiled_at_s + 0.070 - desk.clock.time_s)
    assert unit.exchange(FOLLOW).sequence_accepted == said(right.sequence_accepted) + 2
    assert desk.port.sent_at_s[-1] - spoiled_at_s == pytest.approx(0.080, abs=0.001)


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


@pytest.mark.parametrize(
    "kind", [CommandKind.RELEASE, CommandKind.RELEASE_FAST, CommandKind.CUT_POWER]
)
def test_a_release_leaves_one_silence_behind_a_time_out_and_other_commands_wait(
    kind: CommandKind,
) -> None:
    desk = DeskUnit()
    unit = armed(desk)
    waited_s = []
    for command in (ForceCommand(kind=kind), FOLLOW):
        desk.swallow = [True]
        with pytest.raises(ReplyTimeout):
            unit.exchange(FOLLOW)
        timed_out_s = desk.clock.time_s
        unit.exchange(command)
        waited_s.append(desk.port.sent_at_s[-1] - timed_out_s)
    assert waited_s == [pytest.approx(0.00175, abs=0.0018), pytest.approx(0.040)]


def test_a_lost_answer_is_a_missed_reading_and_the_next_one_is_good() -> None:
    desk = DeskUnit()
    unit = armed(desk)
    desk.swallow = [True]
    with pytest.raises(ReplyTimeout, match="no answer within 40 ms"):
        unit.exchange(FOLLOW)
    assert unit.exchange(FOLLOW).sequence_accepted == 4


# --- events -----------------------------------------------------------------------------------


def test_events_are_read_by_sequence_also_across_the_end_of_the_ring() -> None:
    desk = DeskUnit()
    desk.events = {31: [64, 10, 0, 5000, 0x7FFF, 365], 0: [65, 30, 1, 0, 0xFFFF, 0x8000]}
    first, second = desk.connected().read_events(64, 2)
    assert (first.boot_count, first.sequence, first.code, first.uptime_ms) == (9, 64, 10, 5000)
    assert (second.sequence, second.code, second.uptime_ms) == (65, 30, 65536)
    assert (first.value_1, first.value_2) == (32767, 365)
    assert (second.value_1, second.value_2) == (-1, -32768)


def test_each_event_of_one_answer_must_be_the_one_that_was_asked_for() -> None:
    desk = DeskUnit()
    desk.events = {slot: [slot + 1, 10 + slot, 0, 0, 0, 0] for slot in range(5)}
    unit = desk.connected()
    assert [event.code for event in unit.read_events(2, 3)] == [11, 12, 13]
    desk.events[3][0] = 36
    with pytest.raises(FrameCorrupt, match="event 4 was expected, 36 is in its slot"):
        unit.read_events(2, 3)


def test_events_go_on_behind_65535() -> None:
    desk = DeskUnit()
    desk.events = {30: [65535, 10, 0, 0, 0, 0], 31: [0, 11, 0, 0, 0, 0], 0: [1, 12, 0, 0, 0, 0]}
    events = desk.connected().read_events(65535, 3)
    assert [(event.sequence, event.code) for event in events] == [(65535, 10), (0, 11), (1, 12)]


def test_an_overwritten_event_is_refused() -> None:
    desk = DeskUnit()
    desk.events = {1: [34, 10, 0, 0, 0, 0]}
    unit = desk.connected()
    with pytest.raises(FrameCorrupt, match="event 2 was expected, 34 is in its slot"):
        unit.read_events(2, 1)
    # It may be another request's answer: the line is drained.
    refused_at_s = desk.port.sent_at_s[-1]
    unit.exchange(OBSERVE)
    assert desk.port.sent_at_s[-1] - refused_at_s == pytest.approx(0.080)


@pytest.mark.parametrize("said_of", [True, False])
def test_the_profile_tells_whether_a_unit_s_forces_show_noise(said_of: bool) -> None:
    profile, digest = shipped_profile("reference_v1", TractionUnitProfile)
    assert profile.force_shows_noise
    told = profile.model_copy(update={"force_shows_noise": said_of})
    link = rtu_link(DeskUnit().port)
    unit = reference_unit.identify_unit(link, told, digest, tick_s=0.05, may_arm=True)
    assert unit.capabilities.force_shows_noise is said_of
