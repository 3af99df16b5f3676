"""Loads the visit of a session on file, for the program itself or for a person who reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from controller.errors import JournalCorrupt, RecordNotFound, TractionError
from controller.order.force_unit import ForceUnit
from controller.runtime.clock import SystemClock
from records.clinic.audit import record_read
from records.clinic.filed_orders import filed_order
from records.clinic.standing_used import StandingUsed
from records.clinic.visit_sessions import Visits, visits_of
from records.evidence.believed import CheckedRecord, read_checked, refusal_of
from records.evidence.reader import find_kept
from records.evidence.unreadable import UNREADABLE
from records.note.treatment_note import draft_note
from records.store.author import Person
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from records.visit.face import face_of
from records.visit.visit import Visit
from records.visit.words import PLACE, visit_words


class Practice(Protocol):
    """The practice's data for a visit: its name, unit of force, time zone at a moment."""

    @property
    def clinic(self) -> str:
        """Returns the practice's name."""

    @property
    def unit_of_force(self) -> ForceUnit:
        """Returns the leading unit of force."""

    def zone_at(self, utc_ms: int) -> tzinfo:
        """Returns the time zone at a moment."""


def load_visit(
    folder: RecordFolder, session_id: str, practice: Practice, *, altered_too: bool = False
) -> Visit:
    """Returns the whole visit of a session, with all its sessions.

    Raises RecordNotFound, or JournalCorrupt for an altered record. Evidence and entries of every
    session are checked in the same read. With ``altered_too`` an altered record is returned with
    its mark. To show it to a person use ``audited_visit``.
    """
    asked = read_checked(folder, session_id)
    if not asked.record.events:
        find_kept(folder, session_id)  # a rule removed them: it says who and why
    visits = _visits(folder, asked.record.head.session_id)
    checked = list(_of_visit(folder, asked, visits))
    for each in checked:
        if each.altered and not altered_too:
            raise refusal_of(each.record.head.session_id, each.altered)
    records = [each.record for each in checked]
    words = visit_words(folder, records, visits)
    altered = next(filter(None, (*(each.altered for each in checked), words.altered)), "")
    if altered and not altered_too:
        raise refusal_of(records[0].head.session_id, altered)
    standing = words.note.standing
    zone = words.note.zone or _zone(practice, standing, records[0].head.started_utc_ms)
    note = draft_note(
        records[0],
        words.order,
        zone,
        spoken=words.note,
        last_visit=words.last_visit,
        further=words.further,
    ).in_clinic_with(practice.unit_of_force)
    return Visit(
        record=records[0],
        order=words.order,
        note=note,
        face=face_of(note),
        zone=zone,
        made_at=datetime.fromtimestamp(SystemClock().utc_ms() // 1000, zone),
        clinic=standing.said_of_clinic("name") or practice.clinic,
        altered=altered,
        acceptances=words.acceptances,
        sent=words.sent,
        further=words.further,
        asked_for=asked.record.head.session_id,
        standing=standing,
        steps=words.note.steps,
    )


def _zone(practice: Practice, standing: StandingUsed, utc_ms: int) -> tzinfo:
    """Returns the zone in the clinic's record when the order was filed, else the settings'."""
    name = standing.said_of_clinic("time_zone")
    return ZoneInfo(name) if name else practice.zone_at(utc_ms)


def _visits(folder: RecordFolder, session_id: str) -> Visits:
    try:
        return visits_of(folder)
    except JournalCorrupt as error:
        raise refusal_of(session_id, f"{PLACE}: {error.message}") from error


def _of_visit(
    folder: RecordFolder, asked: CheckedRecord, visits: Visits
) -> Iterator[CheckedRecord]:
    """Returns every session of the visit, first the one that it is named after."""
    own = asked.record.head.session_id
    for name in visits.sessions_with(own):
        if name == own:
            yield asked
            continue
        try:
            find_kept(folder, name)
            yield read_checked(folder, name)
        except RecordNotFound as error:
            raise RecordNotFound(
                f"session {own} is one visit with session {name}, and {error.message}"
            ) from error


def audited_visit(
    folder: RecordFolder,
    session_id: str,
    practice: Practice,
    person: Person,
    what: str,
    *,
    altered_too: bool = False,
) -> Visit:
    """Returns the same, after the row of this access was kept.

    Raises AuditUnavailable when it cannot be.

    ``what`` names the access in the audit: "show", "note", "export csv".
    """
    whole_id = keep_reading(folder, session_id, person, what)
    return load_visit(folder, whole_id, practice, altered_too=altered_too)


@contextmanager
def altered_is_said(visit: Visit) -> Iterator[None]:
    """Turn errors at altered values into a refusal that names them."""
    try:
        yield
    except (TractionError, *UNREADABLE) as error:
        if not visit.altered:
            raise
        raise refusal_of(visit.session_id, visit.altered) from error


def keep_reading(folder: RecordFolder, session_id: str, person: Person, what: str) -> str:
    """Keep the audit row of each session of a visit before it is read; returns the whole id."""
    head = find_kept(folder, session_id)
    try:
        with clinic_reading(folder) as db:
            patient_key = filed_order(db, head.session_id).patient_key
    except RecordNotFound as error:
        raise refusal_of(head.session_id, f"{PLACE}: {error.message}") from error
    for name in _visits(folder, head.session_id).sessions_with(head.session_id):
        record_read(folder, person, what, session_id=name, patient_key=patient_key)
    return head.session_id
