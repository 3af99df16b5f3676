"""What a transmitter's source asks, when, and what it does about refusals and lost answers."""

from __future__ import annotations

import pytest

from controller.errors import InstrumentFaulted, LinkError, ReplyTimeout, UnitRejected
from controller.runtime.clock import VirtualClock
from firmware_bridge.instruments.transmitter import TransmitterSource
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import shipped_profile

DIN_RAIL, DIGEST = shipped_profile("din_rail_scale", TransmitterProfile)
LAUMAS, _ = shipped_profile("laumas_tlb", TransmitterProfile)
SETTINGS = "00" * 16 + "00 01"


class ScriptedReader:
    """Answers by address; an error there is raised once, or always where it is the last one."""

    def __init__(self, answers: dict[int, list[bytes | LinkError]], clock: VirtualClock) -> None:
        self.answers = answers
        self.asked: list[int] = []
        self._clock = clock

    def read_registers(self, function: int, address: int, count: int) -> bytes:
        assert function == 3
        self.asked.append(address)
        self._clock.sleep_until(self._clock.now_s() + 0.010)
        script = self.answers[address]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, LinkError):
            raise answer
        assert len(answer) == 2 * count
        return answer

    def write_registers(self, function: int, address: int, values: object) -> None:
        raise AssertionError("nothing is ever written")


def din_rail(**scripts: list[bytes | LinkError]) -> tuple[TransmitterSource, ScriptedReader]:
    answers: dict[int, list[bytes | LinkError]] = {
        8: [bytes.fromhex("0802")],
        80: [bytes.fromhex("00 00 04 D2 00 00 01 F4")],
        44: [bytes([0, 0, 0, n]) for n in range(1, 200)],
        96: [bytes.fromhex(SETTINGS)],
    }
    answers |= {int(key.removeprefix("at_")): script for key, script in scripts.items()}
    clock = VirtualClock()
    reader = ScriptedReader(answers, clock)
    return TransmitterSource(DIN_RAIL, DIGEST, reader, clock, close=lambda: None), reader


def wait(source: TransmitterSource, reader: ScriptedReader, seconds: float) -> None:
    clock = reader._clock  # noqa: SLF001 - of this file
    clock.sleep_until(clock.now_s() + seconds)
    assert source.poll_period_s == 0.12


def test_the_source_says_whose_profile_it_uses() -> None:
    source, _ = din_rail()
    assert (source.profile_name, source.profile_digest) == ("din_rail_scale", DIGEST)
    assert source.verified is False
    assert source.stale_limit_s == 0.3


def test_everything_is_read_before_the_first_sample_and_the_rare_in_turn() -> None:
    source, reader = din_rail()
    source.read()
    assert reader.asked == [44, 96, 8, 80]
    reader.asked.clear()
    source.read()
    assert reader.asked == [8, 80]
    wait(source, reader, 1.2)
    reader.asked.clear()
    source.read()
    source.read()
    assert reader.asked == [44, 8, 80, 96, 8, 80]


def test_a_sample_is_as_old_as_its_first_request() -> None:
    source, reader = din_rail()
    before_s = reader._clock.now_s()  # noqa: SLF001 - of this file
    sample = source.read()
    assert sample.taken_at_s == pytest.approx(before_s + 0.020)
    assert sample.raw == bytes.fromhex("0802 00 00 04 D2 00 00 01 F4")
    assert sample.net_n == pytest.approx(5.00 * 9.80665e-3)


@pytest.mark.parametrize("address", [8, 80, 44, 96])
def test_a_lost_answer_is_no_sample_and_what_was_lost_is_read_again(address: int) -> None:
    source, reader = din_rail()
    good = reader.answers[address]
    reader.answers[address] = [ReplyTimeout("no answer"), *good]
    with pytest.raises(ReplyTimeout):
        source.read()
    reader.asked.clear()
    source.read()
    assert address in reader.asked


def test_rare_ranges_that_fail_in_use_are_not_replaced_by_what_they_were() -> None:
    source, reader = din_rail()
    source.read()
    reader.answers[96] = [ReplyTimeout("no answer")]
    wait(source, reader, 1.2)
    source.read()
    for _ in range(3):
        with pytest.raises(ReplyTimeout):
            source.read()


@pytest.mark.parametrize("code", [1, 2])
def test_registers_that_are_not_offered_mean_another_family(code: int) -> None:
    source, _ = din_rail(at_8=[UnitRejected("refused", exception_code=code)])
    with pytest.raises(InstrumentFaulted, match="registers 8 to 8: refused") as told:
        source.read()
    assert told.value.fault == "other_family"


@pytest.mark.parametrize("code", [3, 4, 6])
def test_another_exception_is_the_instrument_s_word_and_passes(code: int) -> None:
    good = bytes.fromhex("0802")
    source, _ = din_rail(at_8=[UnitRejected("busy", exception_code=code), good])
    with pytest.raises(UnitRejected):
        source.read()
    assert source.read().net_n > 0


def test_decimals_of_the_first_sample_hold_even_when_they_come_back() -> None:
    source, _ = din_rail(at_8=[bytes.fromhex(w) for w in ("0802", "0801", "0802")])
    source.read()
    with pytest.raises(InstrumentFaulted, match="from 2 to 1"):
        source.read()
    source.read()


def laumas(words: list[str]) -> TransmitterSource:
    clock = VirtualClock()
    data = "08 00  00 00 00 00  00 00 01 F4  00 00 00 00  00 0C  "
    answers: list[bytes | LinkError] = [bytes.fromhex(data + word) for word in words]
    return TransmitterSource(
        LAUMAS, DIGEST, ScriptedReader({6: answers}, clock), clock, close=lambda: None
    )


def test_a_register_that_must_stay_is_watched_before_the_first_sample_and_ever_after() -> None:
    assert laumas(["0000"]).read().net_n == pytest.approx(49.03325)
    for moved_at in (1, 2, 3):
        source = laumas(["1234"] * moved_at + ["1235"])
        with pytest.raises(InstrumentFaulted, match="went from 4660 to 4661"):
            source.read()
    source = laumas(["1234"] * 4 + ["1235"])
    source.read()
    with pytest.raises(InstrumentFaulted, match="went from 4660 to 4661"):
        source.read()


def test_closing_gives_the_port_back() -> None:
    closed = []
    clock = VirtualClock()
    reader = ScriptedReader({}, clock)
    TransmitterSource(LAUMAS, DIGEST, reader, clock, close=lambda: closed.append(1)).close()
    assert closed == [1]
