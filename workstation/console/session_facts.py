"""What identifies a session to people: patient, region, forces, from its order on file."""

from __future__ import annotations

from dataclasses import dataclass

from controller.errors import TractionError
from controller.order.prescription import Prescription
from records.clinic.filed_orders import filed_order
from records.note.words import filing_of
from records.order.order_file import parse_order
from records.standing.kinds import PatientRecord
from records.standing.versions import read_standing
from records.store.clinic_chain import entries_of_session
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """``initials`` and ``reference`` are "" where the order names nobody."""

    session_id: str
    patient_key: str
    reference: str
    initials: str
    order: Prescription
    opened_by: str = ""
    """Who asked for the session."""

    @property
    def patient(self) -> str:
        """Returns initials and reference, which may be visible across a room."""
        return " ".join(filter(None, (self.initials, self.reference))) or "no patient named"


def read_facts(folder: RecordFolder, session_id: str) -> SessionFacts:
    """Returns the facts of a session whose order is on file; raises TractionError."""
    with clinic_reading(folder) as db:
        filed = filed_order(db, session_id)
        filing = filing_of(entries_of_session(db, session_id))
    order = parse_order(filed.order_text, f"of session {session_id}")
    return SessionFacts(
        session_id=session_id,
        patient_key=filed.patient_key,
        reference=order.patient_reference,
        initials=_initials(folder, order.patient_reference),
        order=order.prescription,
        opened_by="" if filing is None else filing.by,
    )


def _initials(folder: RecordFolder, reference: str) -> str:
    try:
        found = read_standing(folder).patient_exactly(reference)
    except TractionError:
        return ""  # without initials the reference identifies the patient
    return "" if found is None else initials_of(found.record)


def initials_of(patient: PatientRecord) -> str:
    """Returns the first name's initial before the family name's: "J.D."."""
    names = (patient.first_name, patient.last_name)
    return "".join(f"{name.strip()[:1].upper()}." for name in names if name.strip())
