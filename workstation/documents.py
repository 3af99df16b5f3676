"""From a session on file to its note, its charge line and their files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable, KeyUnavailable
from controller.runtime.clock import SystemClock
from controller.words import check_name
from records.claim.charge_line import ChargeLine, accepted_modifiers, charge_line
from records.claim.context import ClaimContext
from records.claim.rules.offers import Offer
from records.claim.rules.scrubber import ScrubReport
from records.clinic.acceptance import Acceptance, acceptances
from records.clinic.audit import record_read
from records.clinic.filed_orders import filed_order, sessions_of_patient
from records.clinic.readings import offer_readings_folder, only_reads, take_up_readings
from records.evidence.believed import read_checked
from records.evidence.reader import SessionRecord, find_session, refuse_removed
from records.exports.face import face_of
from records.exports.formats import PLAIN, Choices, file_name, written
from records.exports.visit import Visit
from records.keeping.search import last_visit_of
from records.keys.key_folder import key_history
from records.keys.signing import load_or_create_key
from records.note.lifecycle import note_words
from records.note.spoken import spoken_words
from records.note.treatment_note import TreatmentNote, draft_note
from records.note.words import LastVisit
from records.order.order import Order
from records.order.order_file import parse_order
from records.store.author import Author, Person
from records.store.private_files import write_private
from workstation.login import login_name
from workstation.settings import Settings


@dataclass(frozen=True, slots=True)
class Dossier:
    """A session with everything that is known of it.

    ``context`` is what the practice's system says of the claim, ``report`` what the rules say of
    both, ``accepted`` what a named person accepted of it.
    """

    record: SessionRecord
    order: Order
    note: TreatmentNote
    zone: tzinfo
    accepted: tuple[Acceptance, ...] = ()
    clinic: str = ""
    mark: str = ""
    """What says that the record was altered, on every page; "" for one that fits."""
    context: ClaimContext | None = None
    report: ScrubReport | None = None
    offers: tuple[Offer, ...] = ()

    @property
    def note_file(self) -> str:
        """Name of the note's file, as the charge line cites it."""
        return file_name(self.record.head.session_id, "pdf")

    def charge(self) -> ChargeLine:
        """The charge line; raises RequestRefused when no treatment was given."""
        return charge_line(
            self.record, self.order, self.note, note_file=self.note_file, zone=self.zone,
            context=self.context, accepted=accepted_modifiers(self.accepted),
        )  # fmt: skip

    def visit(self, made_utc_ms: int) -> Visit:
        """The session as the exports see it, written at that moment."""
        return Visit(
            record=self.record, order=self.order, note=self.note, zone=self.zone,
            face=face_of(self.note, self.report), context=self.context, report=self.report,
            offers=self.offers, acceptances=self.accepted,
            accepted=accepted_modifiers(self.accepted), clinic=self.clinic,
            made_at=datetime.fromtimestamp(made_utc_ms // 1000, self.zone),
        )  # fmt: skip

    def export(self, format_name: str, choices: Choices = PLAIN) -> bytes:
        """The bytes of one export; raises RequestRefused where there is nothing to export."""
        return written(self.visit(SystemClock().utc_ms()), format_name, choices)


def load_dossier(
    data_dir: Path, session_id: str, settings: Settings, *, altered_too: bool = False
) -> Dossier:
    """Everything of one session; raises RecordNotFound, or JournalCorrupt for an altered record.

    With ``altered_too`` such a record is handed out with its mark. Whoever shows it to a person
    goes through ``audited_dossier``.
    """
    checked = read_checked(data_dir, session_id)
    record = checked.record if altered_too else checked.believed()
    order = _filed(data_dir, record.head.session_id)
    if order.digest != record.opening.detail["order_digest"]:
        raise JournalCorrupt(
            f"the order of session {record.head.session_id} in clinic.db is not the one that the "
            "evidence names: it was altered; restore clinic.db from a copy"
        )
    zone = settings.zone_at(record.head.started_utc_ms)
    note = draft_note(
        record,
        order,
        zone,
        spoken=note_words(data_dir, record.head.session_id),
        last_visit=_last_visit(data_dir, record),
    )
    accepted = tuple(acceptances(data_dir, record.head.session_id))
    return Dossier(record, order, note, zone, accepted, settings.clinic, checked.mark)


def audited_dossier(
    data_dir: Path,
    session_id: str,
    settings: Settings,
    person: Person,
    what: str,
    *,
    altered_too: bool = False,
) -> Dossier:
    """The same, after the row of this access was kept; raises AuditUnavailable when it cannot be.

    ``what`` names the access in the audit: "show", "note", "export csv".
    """
    whole_id = keep_reading(data_dir, session_id, person, what)
    return load_dossier(data_dir, whole_id, settings, altered_too=altered_too)


def keep_reading(data_dir: Path, session_id: str, person: Person, what: str) -> str:
    """Keep the row of an access to a session; answers its whole id."""
    head = find_session(data_dir, session_id)
    refuse_removed(data_dir, head)
    patient_key = filed_order(data_dir, head.session_id).patient_key
    record_read(data_dir, person, what, session_id=head.session_id, patient_key=patient_key)
    return head.session_id


def author_now(data_dir: Path, by: str = "") -> Author:
    """The person at the keyboard; ``by`` names them, else the account of the system does.

    What readers without a key left is taken up into the chain first. Raises RequestRefused when
    ``by`` is no name that a record may hold, KeyUnavailable for an account that may only read.
    """
    if only_reads(data_dir):
        raise KeyUnavailable(
            f"the records in {data_dir} belong to another account; this one may read them, and "
            "signs nothing. Ask whoever keeps them"
        )
    user = login_name()
    author = Author(
        by=check_name("by", by) if by else user,
        user=user,
        at_utc_ms=SystemClock().utc_ms(),
        key=load_or_create_key(data_dir),
        key_records=key_history(data_dir).head,
    )
    offer_readings_folder(data_dir)
    take_up_readings(data_dir, author)
    return author


def reader_now(data_dir: Path, by: str = "") -> Person:
    """The same for reading, for which an account needs neither the key nor the right to write."""
    if not only_reads(data_dir):
        return author_now(data_dir, by)
    user = login_name()
    return Person(
        by=check_name("by", by) if by else user, user=user, at_utc_ms=SystemClock().utc_ms()
    )


def _filed(data_dir: Path, session_id: str) -> Order:
    return parse_order(filed_order(data_dir, session_id).order_text, f"of session {session_id}")


def _last_visit(data_dir: Path, record: SessionRecord) -> LastVisit | None:
    """What was said at the patient's visit before this one."""
    key = str(record.opening.detail["patient_key"])
    known = set(sessions_of_patient(data_dir, key))
    session_id = last_visit_of(data_dir, record.head, known)
    if session_id is None:
        return None
    words = spoken_words(_filed(data_dir, session_id), note_words(data_dir, session_id))
    return LastVisit(session_id=session_id, words=words)


def write_file(path: Path, content: bytes) -> Path:
    """Write an export; raises JournalUnavailable when the place cannot be written."""
    try:
        write_private(path, content)
    except OSError as error:
        raise JournalUnavailable(
            f"{path} cannot be written ({error.strerror}); choose another place with --out"
        ) from error
    return path
