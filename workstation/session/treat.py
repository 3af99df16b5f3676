"""One session: unit, clock, journal, order and people put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from controller.errors import JournalError
from controller.ports import Clock, TractionUnit
from controller.runtime.lateness import Lateness
from controller.runtime.recorder import Recorder
from controller.runtime.session import Session
from controller.runtime.session_ports import SessionPorts
from controller.session.inputs_and_effects import Ending
from controller.start.before_start import check_order_fits_unit
from firmware_bridge.connect import connect_unit
from records.clinic.session_register import note_seals
from records.evidence.journal import COMMIT_INTERVAL_S, open_session
from records.evidence.start_check import check_before_start, free_bytes_at
from records.keeping.private_check import check_private
from records.keys.key_folder import key_history
from records.keys.signing import SigningKey, load_or_create_key
from records.order.order import PlannedOrder
from records.store.author import Author
from records.store.record_folder import RecordFolder
from workstation.login import login_name
from workstation.session.new_year import close_last_year
from workstation.session.opening import Identifiers, opening_of, random_identifiers, start_facts
from workstation.session.operators import SessionOperator, check_somebody_answers
from workstation.session.recover import recover
from workstation.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """What ``treat`` did. ``recovered`` are the sessions that it found open and closed.

    ``lateness`` is of this run, in milliseconds, and stands in no record.
    """

    session_id: str
    ending: Ending
    recovered: tuple[str, ...]
    lateness: dict[str, float]


def treat(
    uri: str,
    planned: PlannedOrder,
    *,
    folder: RecordFolder,
    clock: Clock,
    operator: SessionOperator,
    settings: Settings,
    identifiers: Identifiers | None = None,
    opened: Callable[[str], None] = lambda session_id: None,
    connect: Callable[[str, Clock], TractionUnit] = connect_unit,
    key: SigningKey | None = None,
    commit_interval_s: float = COMMIT_INTERVAL_S,
    warn: Callable[[str], None] = lambda text: None,
    free_bytes: Callable[[Path], int] = free_bytes_at,
) -> SessionResult:
    """One session from the address to the sealed record; raises TractionError.

    ``opened`` is told the session's id once its record is open; ``connect`` finds the unit.
    ``key`` signs the record (default: the workstation's); a simulated session may commit less
    often than every 0.1 s. ``warn`` is told of a disk that fills up.
    """
    order = planned.order
    identifiers = identifiers or random_identifiers()
    unit = connect(uri, clock)
    identified_at_s = clock.now_s()
    try:
        check_order_fits_unit(order.prescription, unit.capabilities, unit.identity.model)
        check_private(folder, settings.readers_group)
        key = key or load_or_create_key(folder)
        for warning in check_before_start(
            folder, unit.identity.unit_id, key, free_bytes=free_bytes
        ):
            warn(warning)
        if unit.verified:
            check_somebody_answers(
                order.prescription,
                scripted=operator.scripted,
                terminal=operator.at_terminal,
                verified=True,
            )
        facts = start_facts(order, unit, folder, identified_at_s=identified_at_s)
        recovered = recover(unit, folder, clock, key, warn)
        close_last_year(folder, unit.identity.unit_id, clock, key, settings, warn)
        session_id = identifiers.session_id(clock.utc_ms())
        origin_s = clock.now_s()
        author = _program(folder, clock, key)
        opening = opening_of(
            session_id, uri, planned, unit, clock, settings, folder, identifiers, author
        )
        journal = open_session(folder, opening, clock, key=key, commit_interval_s=commit_interval_s)
        lateness = Lateness()
        try:
            opened(session_id)
            ending = Session(
                ports=SessionPorts.of(unit, clock, Recorder(journal, clock, origin_s), operator),
                plan=planned.plan,
                facts=facts,
                lateness=lateness,
            ).run()
        finally:
            journal.close()
        _note_seals(folder, replace(author, at_utc_ms=clock.utc_ms()), warn)
        return SessionResult(
            session_id=session_id,
            ending=ending,
            recovered=tuple(recovered),
            lateness=lateness.report(),
        )
    finally:
        unit.close()


def _program(folder: RecordFolder, clock: Clock, key: SigningKey) -> Author:
    """Returns who writes the register of sessions: the account that runs the session."""
    user = login_name()
    return Author(
        by=user,
        user=user,
        at_utc_ms=clock.utc_ms(),
        key=key,
        key_records=key_history(folder).head,
    )


def _note_seals(folder: RecordFolder, author: Author, warn: Callable[[str], None]) -> None:
    """The register may wait: what is not noted now is noted by the next writer of clinic.db."""
    try:
        note_seals(folder, author)
    except JournalError as error:
        warn(f"the seal is not noted in clinic.db yet: {error.message}")
