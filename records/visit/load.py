"""From a session on file to its visit, for the program itself and for a person who reads it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Protocol

from controller.errors import JournalCorrupt
from controller.runtime.clock import SystemClock
from records.clinic.acceptance import acceptances
from records.clinic.audit import record_read
from records.clinic.claim_exports import claim_exports
from records.clinic.filed_orders import filed_order, sessions_of_patient
from records.evidence.believed import read_checked
from records.evidence.reader import SessionRecord, find_session, refuse_removed
from records.keeping.search import last_visit_of
from records.note.lifecycle import note_words
from records.note.spoken import spoken_words
from records.note.treatment_note import draft_note
from records.note.words import LastVisit
from records.order.order import Order
from records.order.order_file import parse_order
from records.store.author import Person
from records.store.record_folder import RecordFolder
from records.visit.face import face_of
from records.visit.visit import Visit


class Practice(Protocol):
    """What a visit says of the practice: its name, and its time zone at a moment."""

    @property
    def clinic(self) -> str:
        """The practice's name."""

    def zone_at(self, utc_ms: int) -> tzinfo:
        """The time zone that held at a moment."""


def load_visit(
    folder: RecordFolder, session_id: str, practice: Practice, *, altered_too: bool = False
) -> Visit:
    """Everything of one session; raises RecordNotFound, or JournalCorrupt for an altered record.

    With ``altered_too`` such a record is handed out with its mark. Whoever shows it to a person
    goes through ``audited_visit``.
    """
    checked = read_checked(folder, session_id)
    record = checked.record if altered_too else checked.believed()
    order = _filed(folder, record.head.session_id)
    if order.digest != record.started.session.order_digest:
        raise JournalCorrupt(
            f"the order of session {record.head.session_id} in clinic.db is not the one that the "
            "evidence names: it was altered; restore clinic.db from a copy"
        )
    zone = practice.zone_at(record.head.started_utc_ms)
    note = draft_note(
        record,
        order,
        zone,
        spoken=note_words(folder, record.head.session_id),
        last_visit=_last_visit(folder, record),
    )
    return Visit(
        record=record,
        order=order,
        note=note,
        face=face_of(note),
        zone=zone,
        made_at=datetime.fromtimestamp(SystemClock().utc_ms() // 1000, zone),
        clinic=practice.clinic,
        mark=checked.mark,
        acceptances=tuple(acceptances(folder, record.head.session_id)),
        sent=claim_exports(folder, record.head.session_id),
    )


def audited_visit(
    folder: RecordFolder,
    session_id: str,
    practice: Practice,
    person: Person,
    what: str,
    *,
    altered_too: bool = False,
) -> Visit:
    """The same, after the row of this access was kept; raises AuditUnavailable when it cannot be.

    ``what`` names the access in the audit: "show", "note", "export csv".
    """
    whole_id = keep_reading(folder, session_id, person, what)
    return load_visit(folder, whole_id, practice, altered_too=altered_too)


def keep_reading(folder: RecordFolder, session_id: str, person: Person, what: str) -> str:
    """Keep the row of an access to a session; returns its whole id."""
    head = find_session(folder, session_id)
    refuse_removed(folder, head)
    patient_key = filed_order(folder, head.session_id).patient_key
    record_read(folder, person, what, session_id=head.session_id, patient_key=patient_key)
    return head.session_id


def _filed(folder: RecordFolder, session_id: str) -> Order:
    return parse_order(filed_order(folder, session_id).order_text, f"of session {session_id}")


def _last_visit(folder: RecordFolder, record: SessionRecord) -> LastVisit | None:
    """What was said at the patient's visit before this one."""
    key = record.started.session.patient_key
    known = set(sessions_of_patient(folder, key))
    session_id = last_visit_of(folder, record.head, known)
    if session_id is None:
        return None
    words = spoken_words(_filed(folder, session_id), note_words(folder, session_id))
    return LastVisit(session_id=session_id, words=words)
