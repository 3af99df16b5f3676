"""One session: assembles unit, clock, journal, order and people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from controller.ports import Clock, Operator, StartFacts, TractionUnit, WeightTest
from controller.runtime.lateness import Lateness
from controller.runtime.recorder import Recorder
from controller.runtime.session import Session
from controller.runtime.session_ports import SessionPorts
from controller.session.inputs_and_effects import Ending
from controller.start.before_start import check_order_fits_unit
from firmware_bridge.connect import connect_unit
from firmware_bridge.units.map_unit import MapUnit
from records.clinic.order_filing import NewSession
from records.clinic.standing_used import StandingUsed
from records.evidence.journal import SqliteJournal, open_session
from records.evidence.start_check import check_before_start
from records.keeping.private_check import check_private
from records.keys.signing import SigningKey, load_or_create_key
from records.order.order import Order
from records.order.planned_order import PlannedOrder
from workstation.session.commissioned import known_of, unit_as_commissioned
from workstation.session.filing import file_session
from workstation.session.identified import check_identified
from workstation.session.new_year import close_last_year
from workstation.session.opening import opening_of, start_facts
from workstation.session.operators import check_somebody_answers
from workstation.session.recorded_refusal import recorded_as
from workstation.session.recover import recover
from workstation.session.register import note_new_seals, program_author
from workstation.session.standing import Prepared, prepared
from workstation.session.workplace import AS_ALWAYS, FiledSession, Recording, Workplace

CHECKING: Final = "checking the records"
SEALING: Final = "sealing the record"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """The result of ``treat``. ``recovered`` are the sessions that it found open and closed.

    ``lateness`` is of this run, in milliseconds, and is in no record; empty where nobody drove.
    """

    session_id: str
    ending: Ending
    recovered: tuple[str, ...]
    lateness: dict[str, float]


class PersonOfSession(Operator, Protocol):
    """Who answers in a session; ``scripted``: a script answers where it may."""

    scripted: bool

    @property
    def at_terminal(self) -> bool:
        """Returns True while somebody can be asked."""
        ...


def treat(
    uri: str,
    planned: PlannedOrder,
    *,
    workplace: Workplace,
    operator: PersonOfSession,
    connect: Callable[[str, Clock], TractionUnit] | None = None,
    recording: Recording = AS_ALWAYS,
) -> SessionResult:
    """Run one session from the address to the sealed record; raises TractionError.

    ``connect`` finds the unit; None: by its address. A refusal once the record is open carries the
    session's id (``session_id``).
    """
    with workplace.working(CHECKING):
        ready = prepared(workplace, planned.order)
    workplace = ready.workplace
    clock = workplace.clock
    unit = connect(uri, clock) if connect else connect_unit(uri, clock, workplace.warn)
    found = _Found(uri=uri, unit=unit, identified_at_s=clock.now_s())
    try:
        with workplace.working(CHECKING):
            opened = _opened(ready, found, planned, operator, recording)
        journal, lateness = opened.journal, Lateness()
        with recorded_as(opened.session_id):
            try:
                recorder = Recorder(journal, clock, opened.origin_s)
                ports = SessionPorts.of(unit, clock, recorder, operator, opened.session_id)
                ports = replace(ports, console_lost_s=float(workplace.settings.console_lost))
                ending = Session(
                    ports=ports, plan=planned.plan, facts=opened.facts, lateness=lateness
                ).run()
            finally:
                with workplace.working(SEALING):
                    journal.close()
            if recording.filed is None:
                with workplace.working(SEALING):
                    note_new_seals(workplace, opened.key)
        return SessionResult(
            session_id=opened.session_id,
            ending=ending,
            recovered=opened.recovered,
            lateness=lateness.report(),
        )
    finally:
        unit.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The unit that answered at an address, and when."""

    uri: str
    unit: TractionUnit
    identified_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A session whose record is open. ``recovered`` are those that were found open and closed."""

    session_id: str
    journal: SqliteJournal
    key: SigningKey
    facts: StartFacts
    origin_s: float
    recovered: tuple[str, ...]


def _opened(
    ready: Prepared,
    found: _Found,
    planned: PlannedOrder,
    operator: PersonOfSession,
    recording: Recording,
) -> _Opened:
    """Check records and unit, close what was left open, and open the record of this session."""
    workplace, unit = ready.workplace, found.unit
    folder, clock = workplace.folder, workplace.clock
    key = _check_before_start(unit, planned.order, operator, workplace, recording)
    standing = ready.standing.on(found.uri, unit, planned.order)
    facts = start_facts(
        planned.order,
        unit,
        workplace,
        identified_at_s=found.identified_at_s,
        weight_test=_weight_test(found.uri, unit, workplace),
    )
    recovered = recover(unit, workplace, key)
    close_last_year(workplace, unit.identity.unit_id, key)
    origin_s = clock.now_s()
    filing = _Filing(unit.identity.unit_id, standing.used, key)
    filed = recording.filed or filing.file(planned.order, workplace, recording)
    opening = opening_of(filed.session_id, found.uri, planned, unit, workplace, filed.patient_key)
    journal = open_session(
        folder, opening, clock, key=key, commit_interval_s=recording.commit_interval_s
    )
    if workplace.beside_loop is not None:
        workplace.beside_loop(journal.writer)
    return _Opened(
        session_id=filed.session_id,
        journal=journal,
        key=key,
        facts=replace(facts, flags=standing.flags),
        origin_s=origin_s,
        recovered=tuple(recovered),
    )


@dataclass(frozen=True, slots=True)
class _Filing:
    """What the order of a session is filed with, where nobody filed it before."""

    unit_id: str
    used: StandingUsed
    key: SigningKey

    def file(self, order: Order, workplace: Workplace, recording: Recording) -> FiledSession:
        """File it by the account that runs the session."""
        new = NewSession(
            session_id=recording.identifiers.session_id(workplace.clock.utc_ms()),
            unit_id=self.unit_id,
            used=self.used,
            begun=recording.begun,
        )
        return file_session(
            workplace,
            order,
            new,
            author=program_author(workplace, self.key),
            new_key=recording.identifiers.patient_key,
        )


def _check_before_start(
    unit: TractionUnit,
    order: Order,
    operator: PersonOfSession,
    workplace: Workplace,
    recording: Recording,
) -> SigningKey:
    """Refuse what can be refused before anything is written; returns the key that signs."""
    check_order_fits_unit(order.prescription, unit.capabilities, unit.identity.model)
    check_private(workplace.folder, workplace.settings.readers_group)
    key = recording.key or load_or_create_key(workplace.folder)
    for warning in check_before_start(
        workplace.folder, unit.identity.unit_id, key, free_bytes=recording.free_bytes
    ):
        workplace.warn(warning)
    if unit.verified:
        order.check_patient_is_named()
        check_identified(recording.begun)
        check_somebody_answers(
            order.prescription,
            scripted=operator.scripted,
            terminal=operator.at_terminal,
            verified=True,
        )
    return key


def _weight_test(uri: str, unit: TractionUnit, workplace: Workplace) -> WeightTest:
    """Returns the present standing of a commissioning on file.

    Sets the limits of its line as measured.
    """
    known = known_of(unit_as_commissioned(unit), workplace)
    slowest_s = known.slowest_answer_s(uri)
    if isinstance(unit, MapUnit) and slowest_s is not None:
        unit.link.line.know_slowest_answer(slowest_s, timeout_s=unit.link.timeout_s)
    return known.weight_test
