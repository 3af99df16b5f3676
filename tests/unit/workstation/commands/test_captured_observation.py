"""``observe --capture``: an observed session from the file of its line gives the same record."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.ports import Clock, ForceSource
from firmware_bridge.connect_instrument import gauge_on, timeout_of
from firmware_bridge.instruments.transmitter import TransmitterSource
from firmware_bridge.line.capture import CaptureHead, CaptureWriter, read_capture
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import PROMPT_LATENCY_S
from firmware_bridge.line.timing import serial_times
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from records.evidence.reader import read_session
from records.store.record_folder import RecordFolder
from tests.support.observed import observed_on_a_wire, observed_over
from tests.support.played_captures import PlayedCapture, PlayedClock
from tests.support.simulated_instruments import InstrumentProfile, instrument_profile
from tests.unit.workstation.conftest import Traction


def source_over(played: PlayedCapture, profile: InstrumentProfile, clock: Clock) -> ForceSource:
    """What connect_instrument makes of a serial line, on the played one."""
    baudrate, digest = profile.serial.baudrate, instrument_profile(profile.name)[1]
    timeout_s = timeout_of(profile, baudrate, PROMPT_LATENCY_S)
    line = Line(played, clock, serial_times(baudrate))
    if not isinstance(profile, TransmitterProfile):
        return gauge_on(line, profile, digest, clock, timeout_s=timeout_s)
    functions = {read.function for read in profile.reads}
    link = ModbusLink(line, RtuFraming(), unit=1, functions=functions, timeout_s=timeout_s)
    return TransmitterSource(profile, digest, link, clock, close=line.close)


@pytest.mark.parametrize("name", ["laumas_tlb", "sauter_fh"])
def test_an_observed_session_played_back_asks_the_same_and_ends_the_same(
    tmp_path: Path, traction: Traction, name: str
) -> None:
    path = tmp_path / "line.capture"
    digest = instrument_profile(name)[1]

    def capture(uri: str, clock: Clock) -> CaptureWriter:
        return CaptureWriter(path.open("wb"), CaptureHead.of(uri, digest, clock), clock)

    observed = observed_on_a_wire(tmp_path / "first", name, capture)
    head, lumps = read_capture(path)
    clock, again = PlayedClock(), RecordFolder(tmp_path / "again")
    played = PlayedCapture(lumps, clock)
    result = observed_over(
        again,
        head.address,
        name,
        clock,
        lambda uri, profile, _, of: source_over(played, profile, of),
    )
    assert played.left == 0
    assert result.ending == observed.result.ending
    samples = read_session(observed.folder, observed.result.session_id).samples
    assert len(samples) > 500
    played_samples = read_session(again, result.session_id).samples
    assert played_samples["force_1_dn"].tolist() == samples["force_1_dn"].tolist()
    status, said = traction("replay", str(path))
    assert (status, f"profile SHA-256 {digest}" in said) == (0, True)
