"""What a gauge's source asks, and the settings that must hold before it is believed."""

from __future__ import annotations

import pytest

from controller.errors import FrameCorrupt, InstrumentFaulted, LinkError, ReplyTimeout
from controller.runtime.clock import VirtualClock
from controller.telemetry import InstrumentFault
from firmware_bridge.instruments.gauge import GaugeSource
from firmware_bridge.instruments.liveliness import PUSH_LIMIT_N
from firmware_bridge.line.line import ECHO
from firmware_bridge.profile_kinds.gauge import GaugeProfile, HeldAnswer
from firmware_bridge.profiles import shipped_profile

MARK_10, DIGEST = shipped_profile("mark10_series5", GaugeProfile)
POLARITY = HeldAnswer(
    name="polarity",
    request="LIST\r",
    grammar=r"V[0-9.]{1,5};LBF;FULL;MIT;POL;B[0-3]",
    otherwise=InstrumentFault.SIGN_INVERTED,
    means="polarity of the output",
    source="test",
    grade="ours",
)
STRICT = MARK_10.model_copy(update={"held": (POLARITY,)})


class ScriptedAsker:
    def __init__(self, *answers: bytes | LinkError) -> None:
        self._answers = list(answers)
        self.asked: list[bytes] = []

    def ask(self, request: bytes) -> bytes:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, LinkError):
            raise answer
        return answer


def source_of(
    *answers: bytes | LinkError, profile: GaugeProfile = MARK_10
) -> tuple[GaugeSource, ScriptedAsker]:
    asker = ScriptedAsker(*answers)
    return GaugeSource(profile, DIGEST, asker, VirtualClock(), close=lambda: None), asker


def test_one_request_one_sample() -> None:
    source, asker = source_of(b"-102.3 N\r\n", b"-102.4 N\r\n")
    assert [source.read().net_n for _ in range(2)] == [102.3, 102.4]
    assert asker.asked == [b"?C\r", b"?C\r"]


def test_no_answer_is_no_sample() -> None:
    source, _ = source_of(ReplyTimeout("nothing came"), b"-102.3 N\r\n")
    with pytest.raises(ReplyTimeout):
        source.read()
    assert source.read().net_n == 102.3


def test_what_is_no_answer_says_where_to_look_as_long_as_no_force_was_read() -> None:
    """Another gauge ends its lines otherwise, so that the line has no end for this one."""
    other = FrameCorrupt("4 bytes b'ERR\\r' came")
    source, _ = source_of(other, b"-1.0 N\r\n", other)
    with pytest.raises(FrameCorrupt, match="came; check model, profile, baud rate and parity"):
        source.read()
    source.read()
    with pytest.raises(FrameCorrupt, match=r"came \[2004\]$"):
        source.read()
    echoed, _ = source_of(FrameCorrupt(f"{ECHO}: 3 bytes came"))
    with pytest.raises(FrameCorrupt, match=r"bytes came \[2004\]$"):
        echoed.read()


def test_settings_are_asked_once_and_before_the_first_sample() -> None:
    good = b"V1.00;LBF;FULL;MIT;POL;B0\r\n"
    source, asker = source_of(good, b"-1.0 N\r\n", b"-2.0 N\r\n", profile=STRICT)
    source.read()
    source.read()
    assert asker.asked == [b"LIST\r", b"?C\r", b"?C\r"]


@pytest.mark.parametrize(
    "answer", [b"V1.00;LBF;FULL;MIT;NPOL;B0\r\n", b"*10\r\n", b"V1;POL;B0\r", b"\xffPOL;B0\r\n"]
)
def test_a_setting_that_does_not_hold_gives_no_sample_until_it_does(answer: bytes) -> None:
    good = b"V1.00;LBF;FULL;MIT;POL;B0\r\n"
    source, asker = source_of(answer, answer, good, b"-1.0 N\r\n", profile=STRICT)
    for _ in range(2):
        with pytest.raises(InstrumentFaulted, match="polarity of the output") as told:
            source.read()
        assert told.value.fault == "sign_inverted"
    assert source.read().net_n == 1.0
    assert asker.asked[:2] == [b"LIST\r", b"LIST\r"]


def test_a_setting_that_is_asked_again_is_asked_when_it_is_due_and_believed_no_longer() -> None:
    good, bad, value = (
        b"V1.00;LBF;FULL;MIT;POL;B0\r\n",
        b"V1.00;LBF;FULL;MIT;NPOL;B0\r\n",
        b"-1.0 N\r\n",
    )
    again = POLARITY.model_copy(update={"every_ms": 2000})
    profile = MARK_10.model_copy(update={"held": (again,)})
    asker, clock = ScriptedAsker(good, value, value, good, value, bad, good, value), VirtualClock()
    source = GaugeSource(profile, DIGEST, asker, clock, close=lambda: None)
    began_s = clock.now_s()
    for at_s in (0.0, 1.9, 2.0):
        clock.sleep_until(began_s + at_s)
        assert source.read().net_n == 1.0
    assert asker.asked == [b"LIST\r", b"?C\r", b"?C\r", b"LIST\r", b"?C\r"]
    clock.sleep_until(began_s + 4.0)
    with pytest.raises(InstrumentFaulted, match="polarity of the output"):
        source.read()
    clock.sleep_until(began_s + 4.1)
    assert source.read().net_n == 1.0
    assert asker.asked[-3:] == [b"LIST\r", b"LIST\r", b"?C\r"], "anew before the next sample"


def test_of_two_settings_that_are_due_the_longer_due_one_is_asked_before_a_sample() -> None:
    good, value = b"V1.00;LBF;FULL;MIT;POL;B0\r\n", b"-1.0 N\r\n"
    first = POLARITY.model_copy(update={"every_ms": 1000, "request": "A\r"})
    second = POLARITY.model_copy(update={"name": "units", "request": "B\r", "every_ms": 900})
    profile = MARK_10.model_copy(update={"held": (first, second)})
    asker, clock = ScriptedAsker(good, good, value, good, value, good, value), VirtualClock()
    source = GaugeSource(profile, DIGEST, asker, clock, close=lambda: None)
    began_s = clock.now_s()
    for at_s in (0.0, 5.0, 5.1):
        clock.sleep_until(began_s + at_s)
        source.read()
    asked = [b"A\r", b"B\r", b"?C\r", b"B\r", b"?C\r", b"A\r", b"?C\r"]
    assert asker.asked == asked


def test_the_poll_period_has_room_for_a_setting_that_is_asked_again() -> None:
    again = POLARITY.model_copy(update={"every_ms": 2000})
    seldom = MARK_10.model_copy(update={"held": (POLARITY,)})
    often = MARK_10.model_copy(update={"held": (again,)})
    assert seldom.sample_ms() == MARK_10.sample_ms()
    assert often.sample_ms() == seldom.sample_ms() + often.exchange_ms(115200)


def test_a_push_is_a_reading_down_to_the_limit_and_a_fault_below_it() -> None:
    source, _ = source_of(b"20.0 N\r\n", b"20.1 N\r\n", b"-5.0 N\r\n")
    assert source.read().net_n == PUSH_LIMIT_N
    with pytest.raises(InstrumentFaulted, match=r"a push of 20\.1 N"):
        source.read()
    assert source.read().net_n == 5.0


def test_closing_gives_the_port_back() -> None:
    closed = []
    GaugeSource(
        MARK_10, DIGEST, ScriptedAsker(), VirtualClock(), close=lambda: closed.append(1)
    ).close()
    assert closed == [1]


def test_a_display_may_show_one_number_for_ten_minutes() -> None:
    """Nothing is ordered of an observed table: its force may stand still as long as it likes."""
    asker, clock = ScriptedAsker(*[b"-102.3 N\r\n"] * 600), VirtualClock()
    source = GaugeSource(MARK_10, DIGEST, asker, clock, close=lambda: None)
    for second in range(600):
        clock.sleep_until(clock.now_s() + 1.0)
        assert source.read().net_n == 102.3, second
