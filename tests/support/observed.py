"""Runs whole observed sessions in virtual time: a closed table, a load cell, one person."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller.errors import LinkError
from controller.ports import Clock, ForceSource
from controller.runtime.clock import VirtualClock
from controller.snapshot import Snapshot
from controller.telemetry import ForceSample
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.line.capture import CaptureWriter
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.visit import Visit
from simulator.device.closed_table import ClosedTable
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.transmitters import SimulatedTransmitter
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.line.text_server import TextServer
from simulator.table.bodies import BODIES
from simulator.table.plant import TractionPlant
from tests.support.sessions import SETTINGS, SHORT_CERVICAL, fixed_identifiers, fixed_key
from tests.support.simulated_instruments import (
    Instrument,
    InstrumentProfile,
    in_memory,
    instrument_profile,
    simulated,
)
from workstation.session.identifiers import Identifiers
from workstation.session.observe import Connect, ObservedTable, observe
from workstation.session.operators import SessionOperator
from workstation.session.session_script import parse_script
from workstation.session.treat import SessionResult
from workstation.session.workplace import Recording, Workplace

STARTED_AT_S = 2.0
"""When somebody starts the table at its panel, counted from the beginning of the observation."""
TABLE = ObservedTable(
    address="modbus-rtu:///dev/ttyTEST?baudrate=38400&unit=1",
    profile="laumas_tlb",
    serial="TLB 4711",
    calibrated="2026-11-02 by B. Example with 5.00 kg",
    table="Eltra 471, room 2",
    set_by="C. Example, PT",
)
ENDED = '[[step]]\nat = "{at} s"\ndo = "end"\nby = "A. Example, PT"\n'


class SpoiltSource:
    """A source of forces with faulty readings; ``spoil`` raises, or returns a sample."""

    def __init__(
        self, source: ForceSource, clock: Clock, spoil: Callable[[float, ForceSample], ForceSample]
    ) -> None:
        self._source, self._clock, self._spoil = source, clock, spoil
        self._began_s = clock.now_s()
        self.profile_name, self.profile_digest = source.profile_name, source.profile_digest
        self.verified = source.verified
        self.poll_period_s, self.stale_limit_s = source.poll_period_s, source.stale_limit_s

    def read(self) -> ForceSample:
        sample = self._source.read()
        return self._spoil(self._clock.now_s() - self._began_s, sample)

    def close(self) -> None:
        self._source.close()


def sound(_at_s: float, sample: ForceSample) -> ForceSample:
    return sample


def missing(
    *spans: tuple[float, float], error: Callable[[], Exception] = lambda: LinkError("nothing came")
) -> Callable[[float, ForceSample], ForceSample]:
    """Give no reading within each of the spans, in seconds of the observation."""

    def spoil(at_s: float, sample: ForceSample) -> ForceSample:
        if any(start <= at_s < end for start, end in spans):
            raise error()
        return sample

    return spoil


def identifiers_from(number: int) -> Identifiers:
    """Identifiers of a session that is not the first of its folder."""
    return Identifiers(
        session_id=lambda utc_ms: f"session-{number}", patient_key=lambda: f"patient-{number}"
    )


@dataclass(kw_only=True)
class Observed:
    """The outcome of an observation; ``shown`` and ``told`` are what the screen received."""

    result: SessionResult
    folder: RecordFolder
    instrument: object
    shown: list[Snapshot] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def visit(self) -> Visit:
        return load_visit(self.folder, self.result.session_id, SETTINGS)


def observed_session(
    path: Path,
    *,
    order: str = SHORT_CERVICAL,
    script: str = ENDED.format(at=120),
    table: ObservedTable = TABLE,
    spoil: Callable[[float, ForceSample], ForceSample] = sound,
    pulls: bool = True,
    lets_go_at_s: float | None = None,
    identifiers: Identifiers | None = None,
    clock: VirtualClock | None = None,
    verified: bool = False,
) -> Observed:
    """Observe one session in a folder at ``path``; times count from the first pull."""
    clock = clock or VirtualClock()
    began_s = clock.now_s()
    folder = RecordFolder(path)
    planned = PlannedOrder.of(parse_order(order, "order.toml"))
    panel = ClosedTable(TractionPlant(BODIES["cervical_sliding"], random.Random(3)), planned.plan)

    def force_at(now_s: float) -> float:
        elapsed_s = now_s - began_s - STARTED_AT_S
        if lets_go_at_s is not None and elapsed_s >= lets_go_at_s:
            panel.let_go()
        return panel.advance_to(elapsed_s) if pulls else 0.0

    instruments: list[object] = []

    def connect(_uri: str, profile: InstrumentProfile, digest: str, of: Clock) -> ForceSource:
        instrument = simulated(profile.name, HangingCell(force_at, noise_n=0.3))
        instruments.append(instrument)
        source = in_memory(profile, instrument, of)
        source.profile_digest, source.verified = digest, verified
        return SpoiltSource(source, of, spoil)

    shown: list[Snapshot] = []
    told: list[str] = []
    result = observe(
        table,
        planned,
        workplace=Workplace(folder=folder, settings=SETTINGS, clock=clock),
        operator=SessionOperator(
            scripted=True,
            show=shown.append,
            tell=told.append,
            script=parse_script(script, "script.toml"),
        ),
        connect=connect,
        recording=Recording(
            identifiers=identifiers or fixed_identifiers(),
            key=fixed_key(folder),
            commit_interval_s=1.0,
        ),
    )
    return Observed(result=result, folder=folder, instrument=instruments[0], shown=shown, told=told)


def writes_of(observed: Observed) -> int:
    """How many times something was written to the instrument."""
    assert isinstance(observed.instrument, SimulatedTransmitter)
    return observed.instrument.writes


def no_capture(_uri: str, _clock: Clock) -> None:
    """Capture nothing of the line."""


@contextmanager
def served(name: str, clock: VirtualClock, cell: HangingCell) -> Iterator[tuple[str, Instrument]]:
    """Serve a profile's simulated instrument on a pseudo-terminal; gives its address and itself."""
    profile, _ = instrument_profile(name)
    instrument, time = simulated(name, cell), VirtualDeviceTime(clock)
    server: SimulatedUnit | TextServer
    if isinstance(instrument, SimulatedTransmitter):
        server = SimulatedUnit(instrument, time).serve_rtu(profile.serial.baudrate)
    else:
        server = TextServer(instrument, time, baudrate=profile.serial.baudrate).serve_pty()
    with server:
        yield server.uri, instrument


def observed_on_a_wire(
    path: Path, profile: str, capture: Callable[[str, Clock], CaptureWriter | None] = no_capture
) -> Observed:
    """Observe the same session over the real bytes of an instrument's line.

    ``capture`` is called for a writer once the instrument's address is known.
    """
    clock = VirtualClock()
    began_s = clock.now_s()
    panel = ClosedTable(
        TractionPlant(BODIES["cervical_sliding"], random.Random(3)), short_order().plan
    )
    cell = HangingCell(lambda now_s: panel.advance_to(now_s - began_s - STARTED_AT_S), noise_n=0.3)
    with served(profile, clock, cell) as (uri, instrument):
        heard = capture(uri, clock)

        def connect(uri: str, profile: InstrumentProfile, digest: str, of: Clock) -> ForceSource:
            return connect_instrument(uri, profile, digest, of, capture=heard)

        result = observed_over(RecordFolder(path), uri, profile, clock, connect)
        if heard is not None:
            assert not heard.close()
    return Observed(result=result, folder=RecordFolder(path), instrument=instrument)


def short_order() -> PlannedOrder:
    return PlannedOrder.of(parse_order(SHORT_CERVICAL, "order.toml"))


def observed_over(
    folder: RecordFolder, uri: str, profile: str, clock: Clock, connect: Connect
) -> SessionResult:
    """Observe one session of 80 s in ``folder`` over the source that ``connect`` gives."""
    script = parse_script(ENDED.format(at=80), "script.toml")
    return observe(
        replace(TABLE, address=uri, profile=profile),
        short_order(),
        workplace=Workplace(folder=folder, settings=SETTINGS, clock=clock),
        operator=SessionOperator(scripted=True, show=lambda snapshot: None, script=script),
        connect=connect,
        recording=Recording(
            identifiers=fixed_identifiers(), key=fixed_key(folder), commit_interval_s=1.0
        ),
    )
