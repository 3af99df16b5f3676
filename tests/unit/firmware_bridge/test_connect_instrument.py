"""An instrument's address against its profile, and what lines do to single exchanges."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

import pytest

from controller.errors import (
    AddressInvalid,
    FrameCorrupt,
    InstrumentFaulted,
    LinkError,
    LinkLost,
    ReplyTimeout,
)
from controller.runtime.clock import VirtualClock
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.instruments.gauge import GaugeSource
from firmware_bridge.instruments.source import InstrumentSource
from simulator.instruments.gauges import SimulatedGauge
from simulator.instruments.hanging_cell import HangingCell
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.text_server import TextServer
from tests.support.simulated_instruments import instrument_profile, on_a_wire, simulated

needs_terminals = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")


@pytest.mark.parametrize(
    ("name", "uri", "words"),
    [
        ("sauter_fh", "modbus-rtu:///dev/ttyUSB0", "is a gauge; give an address that begins with"),
        ("laumas_tlb", "ascii:///dev/ttyUSB0", "is a transmitter; give an address that begins"),
        ("laumas_tlb", "modbus-rtu:///dev/ttyUSB0?baudrate=2400", "at 2400 Bd a sample of laumas"),
        ("sauter_fh", "ascii:///dev/ttyUSB0?baudrate=1200", "its poll period is 100 ms"),
    ],
)
def test_an_address_that_does_not_fit_the_profile(name: str, uri: str, words: str) -> None:
    profile, digest = instrument_profile(name)
    with pytest.raises(AddressInvalid) as refused:
        connect_instrument(uri, profile, digest, VirtualClock())
    assert words in refused.value.message


@pytest.mark.parametrize("uri", ["ascii:///dev/no-such-port", "ascii+socket://127.0.0.1:1"])
def test_a_port_that_is_not_there(uri: str) -> None:
    profile, digest = instrument_profile("sauter_fh")
    with pytest.raises(LinkLost):
        connect_instrument(uri, profile, digest, VirtualClock())


@needs_terminals
@pytest.mark.parametrize("late_s", [0.060, 0.120])
def test_a_line_that_comes_after_its_time_is_thrown_away(late_s: float) -> None:
    """Mark-10 answers 60 or 120 ms late once, while the force has gone on: 0 old values."""
    clock, force = VirtualClock(), [10.0]
    profile, digest = instrument_profile("mark10_series5")
    instrument = simulated("mark10_series5", HangingCell(lambda _: force[0], noise_n=0.0))
    assert isinstance(instrument, SimulatedGauge)
    with TextServer(instrument, VirtualDeviceTime(clock)).serve_pty() as server:
        source = connect_instrument(server.uri, profile, digest, clock)
        assert isinstance(source, GaugeSource)
        assert source.read().net_n == 10.0
        lateness = [late_s]
        server.spoil = lambda answer: (lateness.pop() if lateness else 0.0, answer)
        taken = []
        for tick in range(20):
            force[0] = 100.0 + tick
            with suppress(ReplyTimeout, FrameCorrupt):
                taken.append((source.read().net_n, force[0]))
            clock.sleep_until(clock.now_s() + source.poll_period_s)
        source.close()
    assert len(taken) >= 15
    assert all(read_n == true_n for read_n, true_n in taken), taken


@needs_terminals
@pytest.mark.parametrize("name", ["mark10_series5", "sauter_fh", "imada_dst", "laumas_tlb"])
def test_an_instrument_that_is_switched_off_gives_no_sample(name: str) -> None:
    clock = VirtualClock()
    profile, _ = instrument_profile(name)
    instrument = simulated(name, HangingCell(lambda _: 50.0, noise_n=0.0))
    with on_a_wire(profile, instrument, clock, "pty") as source:
        assert source.read().net_n == pytest.approx(50.0, abs=0.1)
        instrument.powered = False
        for _ in range(5):
            with pytest.raises(ReplyTimeout):
                source.read()
        instrument.powered = True
        clock.sleep_until(clock.now_s() + 2.0)
        assert source.read().net_n == pytest.approx(50.0, abs=0.1)


@dataclass
class LosesOne:
    """Takes the character at ``place`` out of one answer."""

    place: int
    left: int = 1

    def __call__(self, answer: bytes) -> tuple[float, bytes]:
        if not self.left:
            return 0.0, answer
        self.left -= 1
        return 0.0, answer[: self.place] + answer[self.place + 1 :]


@needs_terminals
@pytest.mark.parametrize("name", ["sauter_fh", "imada_dst", "dini_argeo_text", "flintec_dad141"])
def test_a_lost_character_of_an_answer_of_fixed_width_is_never_another_force(name: str) -> None:
    """One answer loses a character, at each place in turn; what is believed is what hangs."""
    clock = VirtualClock()
    profile, digest = instrument_profile(name)
    instrument = simulated(name, HangingCell(lambda _: 117.7, noise_n=0.0))
    assert isinstance(instrument, SimulatedGauge)
    taken = []
    with TextServer(instrument, VirtualDeviceTime(clock)).serve_pty() as server:
        source = connect_instrument(server.uri, profile, digest, clock)
        whole = source.read()
        for place in range(len(whole.raw)):
            server.spoil = loses = LosesOne(place)
            for _ in range(6):
                with suppress(LinkError, InstrumentFaulted):
                    taken.append(source.read().net_n)
                clock.sleep_until(clock.now_s() + source.poll_period_s)
            assert loses.left == 0
            clock.sleep_until(clock.now_s() + 2.0)
        source.close()
    assert len(taken) >= 2 * len(whole.raw)
    assert set(taken) == {whole.net_n}


@needs_terminals
@pytest.mark.parametrize("name", ["mark10_series5", "laumas_tlb"])
def test_a_measured_line_is_asked_again_as_soon_as_nothing_can_be_late(name: str) -> None:
    """Behind a lost answer the next request leaves after the time-out, not after twice of it."""
    profile, _ = instrument_profile(name)
    waited_s = []
    for slowest_s in (None, 0.001):
        clock = VirtualClock()
        instrument = simulated(name, HangingCell(lambda _: 50.0, noise_n=0.0))
        with on_a_wire(profile, instrument, clock, "pty") as source:
            assert isinstance(source, InstrumentSource)
            if slowest_s is not None:
                source.know_slowest_answer(slowest_s)
            source.read()
            instrument.powered = False
            with pytest.raises(ReplyTimeout):
                source.read()
            instrument.powered = True
            assert source.talker is not None
            lost_at_s = clock.now_s()
            source.read()
            waited_s.append(source.talker.line.sent_at_s - lost_at_s)
            timeout_s = source.talker.timeout_s
    assert waited_s[0] == pytest.approx(timeout_s, abs=0.005)
    assert waited_s[1] < 0.005
