"""The same contract for every shipped instrument: in memory, on a pseudo-terminal, on a socket.

Transmitters are served by pymodbus' own server, which is third-party code. The simulated
instruments are written from the makers' tables and share nothing with profiles and decoders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.errors import InstrumentFaulted, ReplyTimeout
from controller.ports import ForceSource
from controller.runtime.clock import VirtualClock
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.shipped import GAUGES, TRANSMITTERS
from simulator.instruments.transmitters import SimulatedCasCi600d, SimulatedTransmitter
from tests.support.simulated_instruments import (
    SHIPPED_INSTRUMENTS,
    in_memory,
    instrument_profile,
    on_a_wire,
    own_requests,
    simulated,
)

WIRES = ("memory", "pty", "socket") if hasattr(os, "openpty") else ("memory", "socket")
DIVISION_N = 0.1
"""A division of the coarsest simulated instrument, newtons: 0.01 kg."""


class Bench:
    """A load cell with a force that the test sets, its instrument, and the source that reads it."""

    def __init__(self, name: str) -> None:
        self.force_n = 0.0
        self.name = name
        self.clock = VirtualClock()
        self.cell = HangingCell(lambda _: self.force_n, noise_n=0.0)
        self.instrument = simulated(name, self.cell)
        self.profile, _ = instrument_profile(name)
        self.source: ForceSource

    @contextmanager
    def connected(self, wire: str) -> Iterator[Bench]:
        if wire == "memory":
            self.source = in_memory(self.profile, self.instrument, self.clock)
            yield self
            return
        with on_a_wire(self.profile, self.instrument, self.clock, wire) as self.source:
            yield self

    def fault(self) -> str:
        """The fault of the next reading, which must have one."""
        with pytest.raises(InstrumentFaulted) as raised:
            self.source.read()
        assert self.name in raised.value.message
        assert "no reading was taken" in raised.value.message
        return raised.value.fault

    def wait(self) -> None:
        self.clock.sleep_until(self.clock.now_s() + self.source.poll_period_s)


@pytest.fixture(params=[(n, w) for n in SHIPPED_INSTRUMENTS for w in WIRES], ids="-".join)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    name, wire = request.param
    with Bench(name).connected(wire) as connected:
        yield connected


def test_every_shipped_profile_has_a_simulated_instrument() -> None:
    assert set(SHIPPED_INSTRUMENTS) == TRANSMITTERS.keys() | GAUGES.keys()


def test_a_pull_is_positive_and_right_to_a_division(bench: Bench) -> None:
    for force_n in (0.0, 15.0, 102.3, 176.5, 450.0, 899.9):
        bench.force_n = force_n
        asked_at_s = bench.clock.now_s()
        sample = bench.source.read()
        assert sample.net_n == pytest.approx(force_n, abs=DIVISION_N)
        assert sample.raw
        assert asked_at_s <= sample.taken_at_s <= bench.clock.now_s()
        assert sample.age_s(bench.clock.now_s()) <= bench.source.stale_limit_s
        bench.wait()


def test_a_small_push_is_a_reading_below_zero(bench: Bench) -> None:
    bench.force_n = -12.0
    assert bench.source.read().net_n == pytest.approx(-12.0, abs=0.1)


def test_an_inverted_sign_is_told_and_gives_no_reading(bench: Bench) -> None:
    bench.force_n = 102.3
    bench.cell.inverted = True
    assert bench.fault() == "sign_inverted"
    bench.cell.inverted = False
    bench.wait()
    assert bench.source.read().net_n == pytest.approx(102.3, abs=0.1)


def test_nothing_is_ever_written_and_only_the_request_is_sent(bench: Bench) -> None:
    for _ in range(20):
        bench.source.read()
        bench.wait()
    if isinstance(bench.instrument, SimulatedTransmitter):
        assert bench.instrument.writes == 0
    else:
        assert set(bench.instrument.heard) == own_requests(bench.profile, bench.instrument)


OVERLOAD_IS_TOLD = [*TRANSMITTERS, "imada_dst", "dini_argeo_text", "laumas_text"]
UNDERLOAD_IS_TOLD = [*TRANSMITTERS, "dini_argeo_text"]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", OVERLOAD_IS_TOLD)
def test_overload_is_no_reading_and_passes(name: str, wire: str) -> None:
    with Bench(name).connected(wire) as bench:
        bench.cell.overloaded = True
        assert bench.fault() == "overload"
        bench.cell.overloaded = False
        bench.wait()
        assert bench.source.read().net_n == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("name", UNDERLOAD_IS_TOLD)
def test_underload_is_no_reading(name: str) -> None:
    with Bench(name).connected("memory") as bench:
        bench.cell.underloaded = True
        assert bench.fault() in ("underload", "out_of_range", "overload")


@pytest.mark.parametrize("name", ["laumas_tlb", "laumas_text"])
def test_an_open_cell_is_no_reading_where_the_instrument_tells_it(name: str) -> None:
    with Bench(name).connected("socket") as bench:
        bench.cell.opened = True
        assert bench.fault() == "open_cell"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("laumas_tlb", {"unit_code": 1}),
        ("din_rail_scale", {"unit_code": 2}),
        ("mark10_series4", {"unit": "lbF"}),
        ("mark10_series5", {"unit": "kgF"}),
        ("imada_dst", {"unit": "K"}),
        ("dini_argeo_text", {"unit": "lb"}),
        ("rinstrum_text", {"unit": "lb"}),
    ],
)
def test_another_unit_is_told_at_the_next_reading(name: str, change: dict[str, object]) -> None:
    with Bench(name).connected("memory") as bench:
        bench.force_n = 50.0
        bench.source.read()
        for key, value in change.items():
            assert hasattr(bench.instrument, key)
            setattr(bench.instrument, key, value)
        bench.clock.sleep_until(bench.clock.now_s() + 1.1)
        if name == "din_rail_scale":
            bench.source.read()  # of two ranges that are read rarely, one is read beside a sample
        assert bench.fault() in ("other_unit", "unknown_code")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("laumas_tlb", {"division_code": 9, "digits": 10}),
        ("din_rail_scale", {"decimals": 1}),
        ("mark10_series4", {"decimals": 2}),
        ("rinstrum_text", {"decimals": 1}),
    ],
)
def test_decimals_that_change_in_use_give_no_reading_until_connected_anew(
    name: str, change: dict[str, int]
) -> None:
    with Bench(name).connected("memory") as bench:
        bench.force_n = 50.0
        bench.source.read()
        for key, value in change.items():
            setattr(bench.instrument, key, value)
        for _ in range(3):
            assert bench.fault() == "decimals_changed"
            bench.wait()
    with bench.connected("memory"):
        assert bench.source.read().net_n == pytest.approx(50.0, abs=0.6)


def test_decimals_that_no_line_tells_are_asked_before_the_first_sample() -> None:
    with Bench("laumas_text").connected("memory") as bench:
        assert hasattr(bench.instrument, "decimals")
        bench.instrument.decimals = 1
        assert bench.fault() == "unknown_code"
        bench.instrument.decimals = 2
        bench.force_n = 50.0
        assert bench.source.read().net_n == pytest.approx(50.0, abs=0.1)
        bench.instrument.decimals = 3
        bench.clock.sleep_until(bench.clock.now_s() + 2.1)
        assert bench.fault() == "unknown_code", "changed in use"


def test_a_peak_that_is_held_is_no_present_force() -> None:
    with Bench("imada_dst").connected("memory") as bench:
        assert hasattr(bench.instrument, "mode")
        bench.instrument.mode = "P"
        assert bench.fault() == "peak_hold"


def test_a_sign_that_is_left_out_in_the_menu_is_told() -> None:
    with Bench("mark10_series4").connected("memory") as bench:
        bench.force_n = 102.3
        assert hasattr(bench.instrument, "omits_sign")
        bench.instrument.omits_sign = True
        assert bench.fault() == "sign_inverted"


def test_a_converter_that_stands_still_is_told_after_three_seconds_and_not_before() -> None:
    with Bench("din_rail_scale").connected("memory") as bench:
        bench.force_n = 50.0
        bench.source.read()
        bench.cell.frozen = True
        began_s = bench.clock.now_s()
        while bench.clock.now_s() < began_s + 2.9:
            bench.source.read()
            bench.wait()
        bench.clock.sleep_until(began_s + 3.6)
        assert bench.fault() == "frozen"


def test_a_display_that_stands_still_is_not_judged() -> None:
    with Bench("laumas_tlb").connected("memory") as bench:
        bench.cell.frozen = True
        for _ in range(100):
            bench.source.read()
            bench.wait()


def test_zero_tracking_that_is_switched_on_in_use_is_told() -> None:
    with Bench("din_rail_scale").connected("memory") as bench:
        bench.source.read()
        assert hasattr(bench.instrument, "zero_tracking")
        bench.instrument.zero_tracking = 30
        bench.clock.sleep_until(bench.clock.now_s() + 1.1)
        bench.source.read()  # one rarely read range is due at longer intervals than the settings
        bench.wait()
        assert bench.fault() == "zero_tracking"


def test_a_cas_ci_600d_is_not_taken_for_a_laumas() -> None:
    """Its converter count is where the Laumas has units: it moves, or is no unit."""
    bench = Bench("laumas_tlb")
    bench.force_n = 50.0
    for count in (0x0000_1234, 0x0009_0000, 0x0019_3B67, 0x0012_FFFF):
        cell = HangingCell(lambda _: bench.force_n, noise_n=0.05)
        bench.instrument = SimulatedCasCi600d(cell, count)
        with bench.connected("memory"):
            for _ in range(3):
                assert bench.fault() in ("other_family", "unknown_code")


def test_a_tare_on_the_instrument_is_told_by_the_sample() -> None:
    with Bench("dini_argeo_dgt").connected("memory") as bench:
        bench.force_n = 102.3
        assert hasattr(bench.instrument, "tare")
        bench.instrument.tare = 500
        sample = bench.source.read()
        assert sample.net_n == pytest.approx(102.3 - 49.03, abs=0.1)
        assert sample.gross_n == pytest.approx(102.3, abs=0.1)
        assert {fault.value for fault in sample.faults} == {"tare_active"}


@pytest.mark.parametrize("name", SHIPPED_INSTRUMENTS)
def test_another_shipped_instrument_at_the_address_gives_no_reading(name: str) -> None:
    for other in SHIPPED_INSTRUMENTS:
        if other == name or (other in GAUGES) != (name in GAUGES):
            continue
        bench = Bench(name)
        bench.force_n = 50.0
        bench.instrument = simulated(other, bench.cell)
        with (
            bench.connected("memory"),
            pytest.raises((InstrumentFaulted, ReplyTimeout)) as refused,
        ):
            bench.source.read()
        assert refused.value.message
