"""clinic.db: people's entries. The order of each session and the key that represents a patient.

The evidence has an opaque key only; clinic.db alone knows the patient.
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.errors import RecordNotFound
from records.store.database import Database, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledOrder:
    """An order as it was filed with its session."""

    patient_key: str
    order_digest: str
    order_text: str


def filed_order(db: Database, session_id: str) -> FiledOrder:
    """Returns the order of a session; raises RecordNotFound."""
    found = rows(
        db,
        "SELECT patient_key, order_digest, order_text FROM session_order WHERE session_id = ?",
        (session_id,),
    )
    if not found:
        raise RecordNotFound(f"the order of session {session_id} is not on file in clinic.db")
    key, digest, text = found[0]
    return FiledOrder(patient_key=key, order_digest=digest, order_text=text)


def reference_of(db: Database, session_id: str) -> str:
    """Returns the patient reference that a session's order named; raises RecordNotFound."""
    key = filed_order(db, session_id).patient_key
    found = rows(db, "SELECT reference FROM patient WHERE key = ?", (key,))
    return str(found[0][0]) if found else ""


def sessions_of_patient(db: Database, patient_key: str) -> list[str]:
    """Returns ids of the sessions that were ordered for a patient.

    The key of orders without a patient reference represents nobody, so it has no sessions.
    """
    found = rows(
        db,
        "SELECT session_id FROM session_order JOIN patient ON key = patient_key "
        "WHERE key = ? AND reference <> ''",
        (patient_key,),
    )
    return [session_id for (session_id,) in found]
