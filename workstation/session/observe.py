"""One observed session: assembles instrument, clock, journal, order and people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from controller.errors import ProfileInvalid
from controller.event_details.opening import RecordedObservation, RecordedProfile
from controller.ports import Clock, ForceSource, Operator
from controller.runtime.observation import Observation, ObservationPorts
from controller.runtime.recorder import Recorder
from controller.session.inputs_and_effects import Ending
from controller.words import check_name
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.line.uri import TcpAddress, parse_uri
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import find_profile
from records.clinic.order_filing import NewSession, file_order
from records.evidence.journal import SqliteJournal, open_session
from records.evidence.observed import shows_hold
from records.evidence.start_check import check_before_start
from records.keeping.private_check import check_private
from records.keys.signing import SigningKey, load_or_create_key
from records.order.planned_order import PlannedOrder
from records.standing.for_session import SessionStanding
from workstation.session.commissioned import (
    instrument_as_commissioned,
    instrument_id,
    instrument_item,
    known_of,
)
from workstation.session.new_year import close_last_year
from workstation.session.opening import ObservedPlace, observed_opening_of
from workstation.session.operators import SessionOperator
from workstation.session.recorded_refusal import recorded_as
from workstation.session.recover import recover_observed
from workstation.session.register import note_new_seals, program_author
from workstation.session.standing import prepared
from workstation.session.treat import SessionResult
from workstation.session.workplace import AS_ALWAYS, Recording, Workplace

InstrumentProfile = TransmitterProfile | GaugeProfile
Connect = Callable[[str, InstrumentProfile, str, Clock], ForceSource]

SLOW_PERIOD_S: Final = 0.100
FAST_PERIOD_S: Final = 0.050
FAST_BAUDRATE: Final = 38400
"""A transmitter is read 10 times a second; from this rate on, and on a network, 20 times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTable:
    """A table that cannot be read, the instrument beside it, and what people enter about both.

    ``address`` and ``profile`` are the instrument's; ``serial`` and ``calibrated`` are texts about
    the instrument with its cell, ``table`` names the table beside it, ``set_by`` who set the force
    there. ``simulated``: table and instrument are. Raises RequestRefused for texts that no record
    could show.
    """

    address: str
    profile: str
    serial: str
    calibrated: str
    table: str
    set_by: str
    simulated: bool = False

    def __post_init__(self) -> None:
        for name in ("serial", "calibrated", "table"):
            check_name(f"--{name}", getattr(self, name))
        check_name("--set-by", self.set_by)


def observe(
    table: ObservedTable,
    planned: PlannedOrder,
    *,
    workplace: Workplace,
    operator: SessionOperator,
    connect: Connect = connect_instrument,
    recording: Recording = AS_ALWAYS,
) -> SessionResult:
    """Run one session from the address to the sealed record; writes nothing to the instrument.

    Raises TractionError; one raised after the record is open carries the session's id.
    """
    profile, digest = instrument_profile(table.profile, workplace)
    period_s = period_of(table.address, profile)
    asked = prepared(workplace, planned.order)
    standing, workplace = asked.standing, asked.workplace
    thing = instrument_as_commissioned(profile.name, digest, table.serial)
    known = known_of(thing, workplace)
    source = connect(table.address, profile, digest, workplace.clock)
    try:
        if source.verified:
            planned.order.check_patient_is_named()
        weight_test = instrument_item(source, known, table.address)
        place = _place(source, table, period_s)
        key = _check_before_start(place, workplace, recording)
        recovered = recover_observed(place.unit_id, workplace, key)
        close_last_year(workplace, place.unit_id, key)
        ready = _Ready(key=key, standing=standing)
        opened = _opened(table.address, planned, place, workplace, recording, ready)
        for flag in standing.flags:
            operator.tell(f"lasting flag {flag.number}: {flag.words}")
        with recorded_as(opened.session_id):
            ports = opened.ports(source, workplace.clock, operator)
            planned_s = planned.plan.times.traction_s
            ports.recorder.event(weight_test.recorded, now_s=workplace.clock.now_s())
            operator.tell(weight_test.text)
            ending = _observed(opened.journal, ports, period_s, planned_s)
            note_new_seals(workplace, key)
        return SessionResult(
            session_id=opened.session_id, ending=ending, recovered=tuple(recovered), lateness={}
        )
    finally:
        source.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """The key that signs, and what standing data say about the session."""

    key: SigningKey
    standing: SessionStanding


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """An open record; ``origin_s`` is the second at which its time begins."""

    session_id: str
    journal: SqliteJournal
    origin_s: float

    def ports(self, source: ForceSource, clock: Clock, operator: Operator) -> ObservationPorts:
        """Returns the parts of the session."""
        return ObservationPorts(
            source=source,
            clock=clock,
            recorder=Recorder(self.journal, clock, self.origin_s),
            operator=operator,
            session_id=self.session_id,
            shows_hold=shows_hold,
        )


def _observed(
    journal: SqliteJournal, ports: ObservationPorts, period_s: float, planned_s: float
) -> Ending:
    """Observe and seal; after a failure the next start closes the record."""
    try:
        ending = Observation(ports, tick_s=period_s, planned_s=planned_s).run()
    except BaseException:
        journal.abandon()
        raise
    journal.close()
    return ending


def instrument_profile(name: str, workplace: Workplace) -> tuple[InstrumentProfile, str]:
    """Returns the profile of an instrument and its digest; raises ProfileInvalid."""
    profile, digest = find_profile(name, workplace.folder.path)
    if isinstance(profile, TractionUnitProfile):
        raise ProfileInvalid(
            f"profile {name}: kind = 'traction_unit', which is driven; observe takes the profile "
            "of a transmitter or a gauge (`traction profiles` lists them)"
        )
    return profile, digest


def period_of(uri: str, profile: InstrumentProfile) -> float:
    """Returns the interval at which the instrument is read, seconds: a gauge at its own rate."""
    own_s = profile.timing.poll_period_ms / 1000
    if isinstance(profile, GaugeProfile):
        return own_s
    address = parse_uri(uri)
    baudrate = FAST_BAUDRATE
    if not isinstance(address, TcpAddress):
        baudrate = address.baudrate or profile.serial.baudrate
    return max(own_s, FAST_PERIOD_S if baudrate >= FAST_BAUDRATE else SLOW_PERIOD_S)


def _place(source: ForceSource, table: ObservedTable, period_s: float) -> ObservedPlace:
    return ObservedPlace(
        unit_id=instrument_id(source.profile_name, table.serial),
        profile=RecordedProfile(name=source.profile_name, digest=source.profile_digest),
        told=RecordedObservation(
            serial=table.serial,
            calibrated=table.calibrated,
            table=table.table,
            set_by=table.set_by,
            period_ms=round(period_s * 1000),
            simulated=table.simulated,
        ),
    )


def _check_before_start(
    place: ObservedPlace, workplace: Workplace, recording: Recording
) -> SigningKey:
    """Refuse what can be refused before anything is written; returns the key that signs."""
    check_private(workplace.folder, workplace.settings.readers_group)
    key = recording.key or load_or_create_key(workplace.folder)
    for warning in check_before_start(
        workplace.folder, place.unit_id, key, free_bytes=recording.free_bytes
    ):
        workplace.warn(warning)
    return key


def _opened(
    uri: str,
    planned: PlannedOrder,
    place: ObservedPlace,
    workplace: Workplace,
    recording: Recording,
    ready: _Ready,
) -> _Opened:
    """File the order and open the record."""
    folder, clock = workplace.folder, workplace.clock
    session_id = recording.identifiers.session_id(clock.utc_ms())
    origin_s = clock.now_s()
    patient_key = file_order(
        folder,
        planned.order,
        NewSession(session_id=session_id, unit_id=place.unit_id, used=ready.standing.used),
        author=program_author(workplace, ready.key),
        new_key=recording.identifiers.patient_key,
    )
    opening = observed_opening_of(session_id, uri, planned, place, workplace, patient_key)
    journal = open_session(
        folder, opening, clock, key=ready.key, commit_interval_s=recording.commit_interval_s
    )
    return _Opened(session_id=session_id, journal=journal, origin_s=origin_s)
