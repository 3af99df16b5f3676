"""Services, the tokenless release, and that no number keeps a release back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.errors import (
    LinkError,
    LinkLost,
    OutcomeUncertain,
    ReplyTimeout,
    RequestRefused,
    UnitRejected,
)
from controller.telemetry import CommandKind, ForceCommand, UnitState
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import shipped_profile
from firmware_bridge.units.reference_unit import ReferenceUnit
from tests.unit.firmware_bridge.driving import FOLLOW, OBSERVE, TOKENLESS_RELEASE, armed
from tests.unit.firmware_bridge.scripted import DeskUnit, tcp_link

# --- services and the tokenless release -----------------------------------------------------------


def test_services_carry_opcode_and_sequence() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    unit.acknowledge()
    unit.disarm()
    assert [(a, v[:3]) for a, v in desk.writes] == [(0x600, [4, 0, 1]), (0x600, [6, 0, 2])]
    desk.swallow = [True]
    with pytest.raises(OutcomeUncertain, match=r"answer to the disarming was lost .no answer"):
        unit.disarm()
    desk.swallow = [True]
    with pytest.raises(OutcomeUncertain, match="answer to the acknowledgement was lost"):
        unit.acknowledge()
    desk.refuse = [3]
    with pytest.raises(UnitRejected, match="function 16 with exception 3"):
        unit.disarm()
    unit.close()
    with pytest.raises(LinkLost):
        unit.disarm()


def test_the_tokenless_release_goes_to_everybody_only_when_the_unit_does_not_answer() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    for _ in range(3):
        unit.release_without_token()
    assert [frame[0] for frame in desk.port.sent[-3:]] == [1, 1, 1]
    desk.swallow = [True]
    unit.release_without_token()
    assert [frame[0] for frame in desk.port.sent[-2:]] == [1, 0]
    assert [values for _, values in desk.writes] == [TOKENLESS_RELEASE] * 5


def test_a_port_that_is_gone_gets_no_broadcast() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    answer = desk.port.answer

    def gone_once(frame: bytes) -> bytes:
        desk.port.answer = answer
        raise LinkLost("the port is gone")

    desk.port.answer = gone_once
    sent = len(desk.port.sent)
    with pytest.raises(LinkLost):
        unit.release_without_token()
    assert len(desk.port.sent) == sent + 1


@pytest.mark.parametrize("code", [3, 4, 6])
def test_a_refused_tokenless_release_was_answered_and_is_not_broadcast(code: int) -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.refuse = [code]
    with pytest.raises(UnitRejected) as refused:
        unit.release_without_token()
    assert refused.value.exception_code == code
    assert desk.port.sent[-1][0] == 1


def test_beside_the_tick_s_reading_the_tokenless_release_waits_for_one_silence_only() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    desk.swallow = [True]
    with pytest.raises(ReplyTimeout):
        unit.exchange(OBSERVE)
    timed_out_s = desk.clock.time_s
    unit.release_without_token()
    assert desk.port.sent_at_s[-1] - timed_out_s <= 0.00176
    desk.swallow = [True]
    begun_s = desk.clock.time_s
    unit.release_without_token()
    assert desk.port.sent_at_s[-2] - begun_s <= 0.00176
    # No answer within the time-out of 40 ms; the broadcast follows after one silence.
    assert desk.port.sent_at_s[-1] - desk.port.sent_at_s[-2] <= 0.0418
    assert unit.exchange(OBSERVE).unit_state is UnitState.IDLE


def test_on_tcp_the_tokenless_release_is_sent_twice_and_then_it_is_an_error() -> None:
    desk = DeskUnit()
    asked = desk.connected()
    answered: list[bool] = []

    def answer(frame: bytes) -> bytes:
        return frame[:5] + b"\x06" + frame[6:12] if answered.pop(0) else b""

    desk.port.answer = answer
    link = tcp_link(desk.port)
    profile, digest = shipped_profile("reference_v1", TractionUnitProfile)
    unit = ReferenceUnit(
        link,
        profile,
        digest,
        identity=asked.identity,
        capabilities=asked.capabilities,
        tick_s=asked.tick_s,
        may_arm=True,
    )
    answered[:] = [False, True]
    unit.release_without_token()
    assert len(desk.port.sent[-2:]) == 2
    answered[:] = [False, False]
    with pytest.raises(ReplyTimeout):
        unit.release_without_token()
    assert answered == []
    answered[:] = [False, False]
    desk.port.reading_takes_s = 0.0001
    desk.port.babble(every_s=0.0)
    begun_s = desk.clock.time_s
    with pytest.raises(LinkError):
        unit.release_without_token()
    assert desk.port.sent_at_s[-1] - begun_s < 0.002


def lose_three(desk: DeskUnit, unit: ReferenceUnit) -> float:
    """Three answers in a row are lost with nothing armed; returns when."""
    desk.lose = [True] * 3
    for _ in range(3):
        with pytest.raises(ReplyTimeout):
            unit.exchange(OBSERVE)
    return desk.clock.time_s


def test_an_acknowledgement_waits_for_the_pause_that_a_lost_unit_gets() -> None:
    desk = DeskUnit()
    unit = desk.connected()
    lost_s = lose_three(desk, unit)
    unit.acknowledge()
    assert desk.port.sent_at_s[-1] - lost_s == pytest.approx(0.6)


def test_an_armed_unit_gets_no_pause_and_one_that_is_disarmed_does() -> None:
    desk = DeskUnit()
    unit = armed(desk)
    lose_three(desk, unit)
    assert desk.lose == []
    sent = len(desk.port.sent)
    unit.exchange(OBSERVE)
    assert len(desk.port.sent) == sent + 1
    unit.disarm()
    lose_three(desk, unit)
    with pytest.raises(ReplyTimeout, match="kept silent"):
        unit.exchange(OBSERVE)


def test_who_releases_without_a_token_gets_no_pause() -> None:
    """Whoever comes to a unit that pulls does not know that it is armed until it is told."""
    desk = DeskUnit()
    unit = desk.connected()
    unit.release_without_token()
    lose_three(desk, unit)
    assert unit.exchange(OBSERVE).unit_state


def test_seconds_since_arming_leave_the_token_alone() -> None:
    desk = DeskUnit()
    desk.session_answer[3:5] = [1, 42]
    assert desk.connected().seconds_since_arming() == 65536 + 42
    assert desk.port.sent[-1][:6] == bytes.fromhex("0103030D0003")


# --- no number keeps a release back ---------------------------------------------------------------


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, 1e9])
@pytest.mark.parametrize(
    "kind", [CommandKind.RELEASE, CommandKind.RELEASE_FAST, CommandKind.CUT_POWER]
)
def test_a_release_leaves_whatever_numbers_are_asked_for_with_it(
    kind: CommandKind, number: float
) -> None:
    desk = DeskUnit()
    unit = armed(desk)
    unit.exchange(ForceCommand(kind=kind, force_n=number, rate_n_per_s=number, ceiling_n=number))
    assert desk.commands[-1][4:7] == [0, 0, 0]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"force_n": float("nan")}, "force_n=nan is not a finite number"),
        ({"rate_n_per_s": float("nan")}, "rate_n_per_s=nan"),
        ({"ceiling_n": float("inf")}, "ceiling_n=inf"),
        ({"force_n": 3276.8}, "set_point=32768 does not fit"),
        ({"rate_n_per_s": -0.1}, "rate=-1 does not fit"),
    ],
)
def test_another_command_with_such_a_number_is_refused_and_not_sent(
    numbers: dict[str, Any], words: str
) -> None:
    desk = DeskUnit()
    unit = armed(desk)
    sent = len(desk.port.sent)
    with pytest.raises(RequestRefused, match=words):
        unit.exchange(replace(FOLLOW, **numbers))
    assert len(desk.port.sent) == sent
    assert unit.exchange(FOLLOW).unit_state is UnitState.ARMED
