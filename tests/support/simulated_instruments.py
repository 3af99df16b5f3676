"""Simulated instruments in virtual time: in memory, on a pseudo-terminal or a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.errors import ReplyTimeout, UnitRejected
from controller.ports import Clock, ForceSource
from controller.runtime.clock import VirtualClock
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.instruments.gauge import GaugeSource
from firmware_bridge.instruments.transmitter import TransmitterSource
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import load_profile, shipped_names
from simulator.instruments.gauges import SimulatedGauge
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.shipped import GAUGES, TRANSMITTERS
from simulator.instruments.transmitters import SimulatedTransmitter
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.line.text_server import TextServer
from simulator.map_v1 import RegisterRefused

PROFILES = Path("firmware_bridge/device_profiles")
Instrument = SimulatedTransmitter | SimulatedGauge
InstrumentProfile = TransmitterProfile | GaugeProfile


def instrument_profile(name: str) -> tuple[InstrumentProfile, str]:
    profile, digest = load_profile(PROFILES / f"{name}.toml")
    assert isinstance(profile, TransmitterProfile | GaugeProfile)
    return profile, digest


SHIPPED_INSTRUMENTS = [name for name in shipped_names() if name != "reference_v1"]


def simulated(name: str, cell: HangingCell) -> Instrument:
    """The simulated instrument of a shipped profile."""
    return TRANSMITTERS[name](cell) if name in TRANSMITTERS else GAUGES[name](cell)


def own_requests(profile: InstrumentProfile, gauge: SimulatedGauge) -> set[bytes]:
    """Every request that may be sent to a gauge, without its terminator."""
    assert isinstance(profile, GaugeProfile)
    return {request.encode().removesuffix(gauge.ends_with) for request in profile.sent()}


class MemoryTalker:
    """Queries a simulated instrument without a wire. Implements RegisterReader and LineAsker."""

    def __init__(self, instrument: Instrument, clock: Clock) -> None:
        self._instrument = instrument
        self._clock = clock
        self.reads: list[tuple[int, int, int]] = []

    def read_registers(self, function: int, address: int, count: int) -> bytes:
        assert isinstance(self._instrument, SimulatedTransmitter)
        self.reads.append((function, address, count))
        self._instrument.advance_to(self._clock.now_s())
        try:
            words = self._instrument.read_registers(address, count)
        except RegisterRefused as refused:
            code = int(refused.exception_code)
            raise UnitRejected(f"exception {code}", exception_code=code) from refused
        return b"".join(word.to_bytes(2, "big") for word in words)

    def write_registers(self, function: int, address: int, values: object) -> None:
        raise AssertionError("nothing is ever written to an instrument")

    def ask(self, request: bytes) -> bytes:
        assert isinstance(self._instrument, SimulatedGauge)
        answer = b"".join(self._instrument.hear(request, self._clock.now_s()))
        if not answer:
            raise ReplyTimeout("nothing came")
        return answer


def in_memory(profile: InstrumentProfile, instrument: Instrument, clock: Clock) -> ForceSource:
    talker = MemoryTalker(instrument, clock)
    if isinstance(profile, TransmitterProfile):
        return TransmitterSource(profile, "00", talker, clock, close=lambda: None)
    return GaugeSource(profile, "00", talker, clock, close=lambda: None)


@contextmanager
def served_on(
    profile: InstrumentProfile, instrument: Instrument, clock: VirtualClock, wire: str
) -> Iterator[str]:
    """The address of an instrument that is served at its profile's baud rate."""
    time = VirtualDeviceTime(clock)
    server: SimulatedUnit | TextServer
    if isinstance(instrument, SimulatedTransmitter):
        unit = SimulatedUnit(instrument, time)
        server = unit.serve_rtu(profile.serial.baudrate) if wire == "pty" else unit.serve_tcp()
    else:
        text = TextServer(instrument, time, baudrate=profile.serial.baudrate)
        server = text.serve_pty() if wire == "pty" else text.serve_tcp()
    with server:
        yield server.uri


@contextmanager
def on_a_wire(
    profile: InstrumentProfile, instrument: Instrument, clock: VirtualClock, wire: str
) -> Iterator[ForceSource]:
    """A source that reads the instrument over a pseudo-terminal or a socket."""
    with served_on(profile, instrument, clock, wire) as uri:
        source = connect_instrument(uri, profile, "00", clock)
        try:
            yield source
        finally:
            source.close()
