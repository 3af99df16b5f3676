"""A probe of simulated instruments and of a simulated unit, over real terminals and sockets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import LinkLost, UnitBusy
from controller.order.prescription import Region
from controller.ports import ArmingRequest
from controller.runtime.clock import VirtualClock
from controller.start.self_check import CheckItem, CheckState
from controller.telemetry import InstrumentFault
from firmware_bridge.commissioning.items import fault_item
from firmware_bridge.commissioning.probe import Probed, probe_unit
from firmware_bridge.commissioning.round_trips import RoundTrips
from firmware_bridge.commissioning.who import Tried, find_out, harm_of
from firmware_bridge.connect import connect_unit
from firmware_bridge.force_decoding.decoded import faulted
from firmware_bridge.profile_kinds.data import InstrumentProfile
from firmware_bridge.profile_kinds.gauge import GaugeProfile, RequestData
from firmware_bridge.profile_kinds.quantity import HeldRegister, RegisterPlace
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import known_profiles
from simulator.device.firmware import ReferenceFirmware
from simulator.instruments.gauges import SimulatedGauge, SimulatedImadaDst, SimulatedMark10
from simulator.instruments.hanging_cell import ForceAt, HangingCell
from simulator.instruments.transmitters import (
    SimulatedCasCi600d,
    SimulatedDinRailScale,
    SimulatedLaumas,
    SimulatedTransmitter,
)
from simulator.table.patient import PassivePatient
from simulator.units import virtual_unit
from tests.support.probed import probed_instrument
from tests.support.simulated_instruments import (
    SHIPPED_INSTRUMENTS,
    Instrument,
    instrument_profile,
    served_on,
    simulated,
)

WIRES = ("pty", "socket") if hasattr(os, "openpty") else ("socket",)
KNOWN, _ = known_profiles(Path("no such folder"))
KEPT_BACK = {"laumas_text", "rinstrum_text"}
"""Their requests hold digits that a Sauter takes as commands: they must be named."""


@contextmanager
def served(
    instrument: Instrument, clock: VirtualClock, name: str, wire: str = WIRES[0]
) -> Iterator[str]:
    """The address of an instrument that is served at its profile's baud rate."""
    profile, _ = instrument_profile(name)
    with served_on(profile, instrument, clock, wire) as uri:
        yield uri


def free_cell(force_n: float = 0.4) -> HangingCell:
    return HangingCell(lambda _: force_n)


def probed(name: str, instrument: Instrument, wire: str = WIRES[0]) -> Probed:
    clock = VirtualClock()
    profile, digest = instrument_profile(name)
    with served(instrument, clock, name, wire) as uri:
        return probed_instrument(uri, profile, digest, clock, trips=RoundTrips())


def found_at(uri: str, clock: VirtualClock) -> list[Tried]:
    return find_out(uri, KNOWN, clock, None, lambda _: None)


def item(found: Probed, name: str) -> CheckItem:
    (one,) = (each for each in found.items if each.name == name)
    return one


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", [name for name in SHIPPED_INSTRUMENTS if name not in KEPT_BACK])
def test_each_shipped_instrument_is_found_without_a_name_and_alone(name: str, wire: str) -> None:
    clock = VirtualClock()
    instrument = simulated(name, free_cell())
    with served(instrument, clock, name, wire) as uri:
        tried = found_at(uri, clock)
    assert [one.name for one in tried if one.fits] == [name]
    if isinstance(instrument, SimulatedTransmitter):
        assert instrument.writes == 0


@pytest.mark.parametrize("name", sorted(KEPT_BACK))
def test_who_must_be_named_is_not_asked_its_own_request_without(name: str) -> None:
    clock = VirtualClock()
    gauge, profile = simulated(name, free_cell()), KNOWN[name][0]
    assert isinstance(gauge, SimulatedGauge)
    assert isinstance(profile, GaugeProfile)
    with served(gauge, clock, name) as uri:
        tried = found_at(uri, clock)
    assert not any(one.fits for one in tried)
    (kept_back,) = (one for one in tried if one.name == name)
    assert f"--profile {name}" in kept_back.why
    assert profile.request.encode().removesuffix(gauge.ends_with) not in gauge.heard


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", SHIPPED_INSTRUMENTS)
def test_a_sound_free_instrument_has_nothing_against_it(name: str, wire: str) -> None:
    found = probed(name, simulated(name, free_cell()), wire)
    assert found.good, [one.text for one in found.items if one.state is CheckState.FAILED]
    names = [one.name for one in found.items]
    assert names == [
        *("instrument", "settings", "unit", "word_order", "zero", "noise", "drift", "answers"),
    ]
    assert found.watched is not None
    assert found.watched.lasted_s == pytest.approx(60.0, abs=0.3)
    assert found.times is not None
    assert found.times.lost == 0
    assert 0 < found.times.p50_s <= found.times.p999_s <= found.times.longest_s < 0.1


def test_no_instrument_is_said_to_have_told_who_it_is() -> None:
    told = item(probed("laumas_tlb", simulated("laumas_tlb", free_cell())), "instrument")
    assert told.state is CheckState.NOT_COVERED
    assert "Bosche WTS" in told.todo


def test_word_order_is_shown_by_a_reading_that_is_impossible_the_other_way_only() -> None:
    shown = probed("laumas_tlb", simulated("laumas_tlb", free_cell(2.0)))
    assert item(shown, "word_order").state is CheckState.PASSED
    cell = HangingCell(lambda _: 0.0, noise_n=0.0)
    at_zero = item(probed("laumas_tlb", simulated("laumas_tlb", cell)), "word_order")
    assert at_zero.state is CheckState.NOT_COVERED
    assert "weight test" in at_zero.todo


def test_a_display_that_stands_still_is_said_to_show_nothing() -> None:
    cell = HangingCell(lambda _: 0.0, noise_n=0.0)
    still = item(probed("sauter_fh", simulated("sauter_fh", cell)), "noise")
    assert still.state is CheckState.NOT_COVERED


@pytest.mark.parametrize(
    ("force_at", "noise_n", "failing"),
    [
        (lambda _: 3.5, 0.05, "zero"),
        (lambda _: 0.0, 1.5, "noise"),
        (lambda now_s: (now_s - 1000.0) * 0.03, 0.05, "drift"),
    ],
)
def test_a_free_cell_that_is_not_at_rest_is_found(
    force_at: ForceAt, noise_n: float, failing: str
) -> None:
    cell = HangingCell(force_at, noise_n=noise_n)
    found = probed("din_rail_scale", simulated("din_rail_scale", cell))
    assert not found.good
    assert [one.name for one in found.items if one.state is CheckState.FAILED] == [failing]


def _zero_tracking() -> Instrument:
    scale = SimulatedDinRailScale(free_cell())
    scale.zero_tracking = 10
    return scale


def _other_unit() -> Instrument:
    gauge = SimulatedMark10(free_cell(), b"?C")
    gauge.unit = "lbF"
    return gauge


def _grams() -> Instrument:
    scale = SimulatedLaumas(free_cell())
    scale.unit_code = 1
    return scale


def _peak() -> Instrument:
    gauge = SimulatedImadaDst(free_cell())
    gauge.mode = "P"
    return gauge


def _inverted() -> Instrument:
    cell = free_cell(60.0)
    cell.inverted = True
    return SimulatedImadaDst(cell)


def _open_cell() -> Instrument:
    cell = free_cell()
    cell.opened = True
    return SimulatedLaumas(cell)


def _frozen() -> Instrument:
    cell = free_cell()
    cell.frozen = True
    return SimulatedDinRailScale(cell)


class _AnotherMaker(SimulatedGauge):
    """Takes the request of a Mark-10 and answers as an Imada does."""

    def answer(self, request: bytes, now_s: float) -> bytes:
        return f"{self.cell.force_n(now_s):+06.1f}NTO\r\n".encode()


@pytest.mark.parametrize(
    ("name", "instrument", "failing", "words"),
    [
        ("din_rail_scale", _zero_tracking(), "settings", "zero tracking is on"),
        ("mark10_series5", _other_unit(), "unit", "it shows lbf, the profile wants N"),
        ("laumas_tlb", _grams(), "unit", "it shows gf, the profile wants kgf"),
        ("imada_dst", _peak(), "settings", "it shows a peak"),
        ("imada_dst", _inverted(), "sign", "its sign is inverted"),
        ("laumas_tlb", _open_cell(), "cell", "the cell is not connected"),
        ("din_rail_scale", _frozen(), "cell", "its converter stands still"),
        (
            "laumas_tlb",
            SimulatedCasCi600d(free_cell(), zero_count=0x0005_0000),
            "instrument",
            "it is another family",
        ),
        ("mark10_series5", _AnotherMaker(free_cell()), "instrument", "not this model's"),
    ],
)
def test_an_instrument_that_is_set_wrong_fails_the_item_in_its_own_words(
    name: str, instrument: Instrument, failing: str, words: str
) -> None:
    found = probed(name, instrument)
    assert not found.good
    assert found.watched is None
    (failed,) = (one for one in found.items if one.state is CheckState.FAILED)
    assert failed.name == failing
    assert words in failed.value


def test_compression_only_and_every_other_setting_that_a_profile_holds_is_told() -> None:
    """As a profile of the Seneca family says it: 1 clips what traction produces."""
    clock = VirtualClock()
    profile, digest = instrument_profile("din_rail_scale")
    assert isinstance(profile, TransmitterProfile)
    held = HeldRegister(
        name="direction",
        place=RegisterPlace(function=3, address=97),
        equals=(0,),
        otherwise=InstrumentFault.COMPRESSION_ONLY,
        means="traction and compression",
        source="test",
        grade="ours",
    )
    clips = profile.model_copy(update={"held": (held,)})
    with served(simulated("din_rail_scale", free_cell()), clock, "din_rail_scale") as uri:
        found = probed_instrument(uri, clips, digest, clock, trips=RoundTrips())
    assert item(found, "settings").state is CheckState.FAILED
    assert "it measures a push only" in item(found, "settings").value


@pytest.mark.parametrize("fault", list(InstrumentFault))
def test_every_fault_fails_an_item_that_the_page_describes(fault: InstrumentFault) -> None:
    failed = fault_item(faulted("some_profile", fault))
    assert failed.state is CheckState.FAILED
    page = Path("docs/reference/commissioning.md").read_text(encoding="utf-8")
    assert f"`{failed.name}`" in page


def test_decimals_that_change_while_it_is_watched_end_the_probe() -> None:
    clock = VirtualClock()
    scale = SimulatedLaumas(HangingCell(lambda now_s: _changes(scale, now_s)))
    profile, digest = instrument_profile("laumas_tlb")
    with served(scale, clock, "laumas_tlb") as uri:
        found = probed_instrument(uri, profile, digest, clock, trips=RoundTrips())
    assert "decimals were changed in use" in item(found, "settings").value


def _changes(scale: SimulatedLaumas, now_s: float) -> float:
    if now_s > 1030.0:
        scale.division_code, scale.digits = 9, 10
    return 0.4


class Swallows(SimulatedGauge):
    """Takes the first request of each connection for another one's and keeps silent."""

    def __init__(self, gauge: SimulatedGauge) -> None:
        super().__init__(gauge.cell)
        self._gauge = gauge
        self.swallowed = 0

    def answer(self, request: bytes, now_s: float) -> bytes:
        if not self.swallowed:
            self.swallowed += 1
            return b""
        return self._gauge.answer(request, now_s)


def test_a_slave_that_swallows_one_request_is_asked_twice() -> None:
    gauge = Swallows(SimulatedMark10(free_cell(), b"?C"))
    found = probed("mark10_series5", gauge)
    assert gauge.swallowed == 1
    assert found.good


def test_where_nobody_answers_no_profile_did() -> None:
    clock = VirtualClock()
    dead = simulated("laumas_tlb", free_cell())
    dead.powered = False
    with served(dead, clock, "laumas_tlb") as uri:
        tried = found_at(uri, clock)
    assert len(tried) == 4
    assert not any(one.answered or one.fits for one in tried)


@pytest.mark.skipif("pty" not in WIRES, reason="needs pseudo-terminals")
def test_a_rate_that_is_too_slow_for_a_unit_is_no_answer_of_one() -> None:
    clock = VirtualClock()
    dead = simulated("laumas_tlb", free_cell())
    dead.powered = False
    with served(dead, clock, "laumas_tlb") as uri:
        tried = found_at(uri.replace("baudrate=9600", "baudrate=4800"), clock)
    assert "at 4800 Bd" in tried[0].why
    assert not any(one.answered or one.fits for one in tried)


def test_a_port_that_is_not_there_ends_the_search_at_once() -> None:
    with pytest.raises(LinkLost):
        found_at("modbus-rtu:///dev/no-such-port?unit=1", VirtualClock())


def test_a_request_that_harms_another_known_gauge_is_not_sent_without_its_name() -> None:
    clock = VirtualClock()
    profile, digest = KNOWN["sauter_fh"]
    assert isinstance(profile, GaugeProfile)
    never = RequestData(request="9", means="switches it off", source="test", grade="ours")
    other = profile.model_copy(update={"name": "other", "request": "x", "never_sent": (never,)})
    gauge = simulated("sauter_fh", free_cell())
    assert isinstance(gauge, SimulatedGauge)
    with served(gauge, clock, "sauter_fh") as uri:
        tried = find_out(uri, {**KNOWN, "other": (other, digest)}, clock, None, lambda _: None)
    (kept_back,) = (one for one in tried if one.name == "sauter_fh")
    assert "switches it off" in kept_back.why
    assert "--profile sauter_fh" in kept_back.why
    assert b"9" not in gauge.heard


def test_of_the_shipped_gauges_only_those_whose_request_has_a_sauter_s_digits_must_be_named() -> (
    None
):
    kept_back = {
        profile.name: harm
        for profile, _ in KNOWN.values()
        if isinstance(profile, InstrumentProfile) and (harm := harm_of(profile, KNOWN))
    }
    assert kept_back.keys() == KEPT_BACK
    assert all("on sauter_fh changes" in harm for harm in kept_back.values())


def test_what_asks_for_a_setting_is_not_sent_to_who_takes_it_for_a_command() -> None:
    profile, digest = KNOWN["laumas_text"]
    assert isinstance(profile, GaugeProfile)
    never = RequestData(request="$01D", means="switches it off", source="test", grade="ours")
    other = profile.model_copy(update={"name": "other", "never_sent": (never,)})
    assert "'$01D45\\r' contains '$01D'" in harm_of(profile, {"other": (other, digest)})


@pytest.mark.parametrize("wire", WIRES)
def test_a_unit_names_itself_and_its_channels_are_watched(wire: str) -> None:
    clock, trips = VirtualClock(), RoundTrips()
    with virtual_unit(clock, "lumbar_split", PassivePatient(), seed=1) as unit:
        unit.serve_rtu(38400) if wire == "pty" else unit.serve_tcp()
        assert [(one.name, one.fits) for one in found_at(unit.uri, clock)] == [
            ("reference_v1", True)
        ]
        connected = connect_unit(unit.uri, clock, capture=trips)
        kept_s = connected.link.timeout_s
        found = probe_unit(connected, clock, trips=trips)
        assert connected.link.timeout_s == kept_s
        connected.close()
    assert found.good
    assert found.watched is not None
    assert len(found.watched.channels) == 2
    assert found.times is not None
    assert found.times.trips > 1000
    assert "SIM Lumbar 1" in item(found, "unit_identity").value


@pytest.mark.skipif("pty" not in WIRES, reason="needs pseudo-terminals")
def test_a_unit_on_lines_of_text_is_probed_when_it_is_named() -> None:
    clock, trips = VirtualClock(), RoundTrips()
    with virtual_unit(clock, "lumbar_split", PassivePatient(), seed=1) as unit:
        unit.serve_ascii(115200)
        connected = connect_unit(unit.uri, clock, capture=trips)
        found = probe_unit(connected, clock, trips=trips)
        connected.close()
    assert found.good, [one.text for one in found.items if one.state is CheckState.FAILED]
    assert found.times is not None
    assert found.times.trips > 1000


@pytest.mark.parametrize(
    ("shows_noise", "words", "state"),
    [
        (True, "not one step in", CheckState.FAILED),
        (False, "the display stands still", CheckState.NOT_COVERED),
    ],
)
def test_a_unit_whose_cell_stands_still_fails_where_its_forces_have_noise(
    shows_noise: bool, words: str, state: CheckState
) -> None:
    clock, trips = VirtualClock(), RoundTrips()
    with virtual_unit(clock, "lumbar_split", PassivePatient(), seed=1) as unit:
        unit.serve_tcp()
        assert isinstance(unit.firmware, ReferenceFirmware)
        assert unit.firmware.second_cell is not None
        unit.firmware.second_cell.stick()
        connected = connect_unit(unit.uri, clock, capture=trips)
        connected.capabilities = replace(connected.capabilities, force_shows_noise=shows_noise)
        found = probe_unit(connected, clock, trips=trips)
        connected.close()
    assert words in item(found, "noise").value
    assert item(found, "noise").state is state


def test_a_unit_that_is_driven_is_left_alone() -> None:
    clock, trips = VirtualClock(), RoundTrips()
    with virtual_unit(clock, "lumbar_split", PassivePatient(), seed=1) as unit:
        unit.serve_tcp()
        driven = connect_unit(unit.uri, clock)
        driven.arm(
            ArmingRequest(
                region=Region.LUMBAR,
                force_limit_n=100.0,
                rate_up_n_per_s=10.0,
                rate_down_n_per_s=20.0,
            )
        )
        asked = connect_unit(unit.uri, clock, capture=trips)
        with pytest.raises(UnitBusy, match="is in state armed, not at rest"):
            probe_unit(asked, clock, trips=trips)
        asked.close()
        driven.close()
