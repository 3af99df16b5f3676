"""An instrument or a probe behind a serial server: what is checked, and what is reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout
from controller.ports import ForceSource
from controller.runtime.clock import SystemClock
from controller.start.self_check import CheckState
from controller.telemetry import ForceSample
from firmware_bridge.commissioning import probe as probe_module
from firmware_bridge.commissioning.probe import Probed
from firmware_bridge.commissioning.round_trips import RoundTrips
from firmware_bridge.commissioning.who import find_out, not_one
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from tests.support.probed import probed_instrument
from tests.support.serial_server import GRAM_N, Filter, Transmitter, serving
from tests.support.simulated_instruments import instrument_profile
from tests.unit.firmware_bridge.modbus.test_transparency import FlowControl, telnet

NOTHING_BEHIND = "the gateway at .* took the connection: .* has the instrument's settings"

# --- a transmitter behind a gateway ---------------------------------------------------------------


def transmitter_at(uri: str, say: Callable[[str], None] = lambda _: None) -> ForceSource:
    profile, digest = instrument_profile("din_rail_scale")
    return connect_instrument(uri, profile, digest, SystemClock(), say=say)


def test_a_transmitter_behind_a_sound_gateway_is_read_and_nothing_is_said() -> None:
    said: list[str] = []
    transmitter = Transmitter()
    with serving(transmitter=transmitter) as uri:
        source = transmitter_at(uri, said.append)
        assert source.read().net_n == pytest.approx(-0.1, abs=0.01)
        source.close()
    profile, _ = instrument_profile("din_rail_scale")
    assert isinstance(profile, TransmitterProfile)
    assert (said, transmitter.instrument.writes) == ([], 0)
    assert transmitter.functions == {read.function for read in profile.reads}


@pytest.mark.parametrize(
    ("passes", "words"),
    [
        (telnet, "loses the byte FF.*first of all every small push.*raw TCP"),
        (FlowControl(), "loses the byte 11"),
    ],
)
def test_a_gateway_that_loses_bytes_of_a_transmitter_is_refused_before_a_force(
    passes: Filter, words: str
) -> None:
    with serving(passes, transmitter=Transmitter()) as uri, pytest.raises(LinkError, match=words):
        transmitter_at(uri)


def test_a_gateway_without_a_transmitter_behind_it_leaves_the_check_undone_and_gives_no_force() -> (
    None
):
    said: list[str] = []
    with serving(answers=False) as uri:
        source = transmitter_at(uri, said.append)
        with pytest.raises(ReplyTimeout, match=NOTHING_BEHIND):
            source.read()
        source.close()
    assert len(said) == 1
    assert "not done" in said[0]


def test_a_gateway_without_a_gauge_behind_it_is_named() -> None:
    profile, digest = instrument_profile("mark10_series5")
    with serving(answers=False) as uri:
        text_uri = uri.replace("modbus-rtu+socket", "ascii+socket")
        source = connect_instrument(text_uri, profile, digest, SystemClock())
        with pytest.raises(ReplyTimeout, match=NOTHING_BEHIND):
            source.read()
        source.close()


def loses_13_on_the_way_back(data: bytes) -> bytes:
    """Lose 13, as a port that reads XON and XOFF from the instrument's side only."""
    is_request = len(data) == 8
    return data if is_request else data.replace(b"\x13", b"")


def test_a_byte_that_is_lost_on_the_way_back_from_a_transmitter_is_told_with_the_first_force() -> (
    None
):
    transmitter = Transmitter(0x13 * GRAM_N)
    with serving(loses_13_on_the_way_back, transmitter=transmitter) as uri:
        source = transmitter_at(uri)
        assert "stops at the byte 13: software flow control" in first_refusal(source)
        transmitter.force_n = 0x20 * GRAM_N
        assert first_sample(source).net_n == pytest.approx(0x20 * GRAM_N)
        transmitter.answers = False
        with pytest.raises(ReplyTimeout, match="stops at the byte 13: software flow control"):
            source.read()
        source.close()


TRIES = 30
"""A busy machine answers late, and a line is kept silent behind what it refused."""


def first_refusal(source: ForceSource) -> str:
    for _ in range(TRIES):
        try:
            source.read()
        except ReplyTimeout:
            continue
        except FrameCorrupt as refused:
            return refused.message
    raise AssertionError(f"nothing was refused in {TRIES}")


def first_sample(source: ForceSource) -> ForceSample:
    for _ in range(TRIES):
        with suppress(LinkError):
            return source.read()
    raise AssertionError(f"no sample in {TRIES}")


def test_a_lost_answer_of_an_instrument_that_answered_says_nothing_of_the_gateway() -> None:
    transmitter = Transmitter()
    with serving(transmitter=transmitter) as uri:
        source = transmitter_at(uri)
        first_sample(source)
        transmitter.answers = False
        with pytest.raises(ReplyTimeout) as lost:
            source.read()
        source.close()
    assert "gateway" not in lost.value.message


def test_a_search_behind_a_gateway_that_is_silent_names_it_once() -> None:
    known = {name: instrument_profile(name) for name in ("imada_dst", "sauter_fh")}
    with serving(answers=False) as uri:
        text_uri = uri.replace("modbus-rtu+socket", "ascii+socket")
        tried = find_out(text_uri, known, SystemClock(), None, lambda _: None)
        refusal = not_one(text_uri, tried)
    assert re.search(NOTHING_BEHIND, refusal.message)
    assert refusal.message.count("took the connection") == 1


# --- a probe behind a gateway ---------------------------------------------------------------------

WATCHED_S = 1.0
"""Instead of a minute: these probes run in real time."""


def probed_at(uri: str, trips: RoundTrips) -> Probed:
    profile, digest = instrument_profile("din_rail_scale")
    return probed_instrument(uri, profile, digest, SystemClock(), trips=trips)


def test_a_probe_behind_a_sound_gateway_measures_through_it_and_only_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe_module, "DRIFT_S", WATCHED_S)
    transmitter, trips = Transmitter(), RoundTrips(None)
    with serving(transmitter=transmitter) as uri:
        probed = probed_at(uri, trips)
    items = {item.name: item for item in probed.items}
    assert items["zero"].state is CheckState.PASSED
    assert items["zero"].value == "-0.10 N"
    assert probed.times is not None
    assert probed.times.trips >= 5
    assert transmitter.instrument.writes == 0


def test_a_probe_behind_a_gateway_that_loses_bytes_ends_before_a_force() -> None:
    transmitter = Transmitter()
    with serving(telnet, transmitter=transmitter) as uri, pytest.raises(LinkError, match="raw TCP"):
        probed_at(uri, RoundTrips(None))
    assert transmitter.instrument.writes == 0


def test_a_probe_behind_a_gateway_without_an_instrument_says_that_nothing_came() -> None:
    with serving(answers=False) as uri, pytest.raises(ReplyTimeout, match=NOTHING_BEHIND):
        probed_at(uri, RoundTrips(None))
