"""clinic.db: people's words. The order of each session and the key that stands for a patient.

The evidence holds an opaque key only; which patient it stands for is known here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.errors import RecordNotFound
from records.database import (
    Database,
    Migrations,
    Schema,
    failures_in_words,
    open_for_reading,
    open_for_writing,
    rows,
)

_migrations = Migrations("traction-clinic")


@_migrations()
def m001_first_schema(db: Database) -> None:
    """Orders as they were written, and patient keys."""
    db.execute("CREATE TABLE patient (key TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE) STRICT")
    db.execute(
        "CREATE TABLE session_order (session_id TEXT PRIMARY KEY, patient_key TEXT NOT NULL "
        "REFERENCES patient(key), order_digest TEXT NOT NULL, order_text TEXT NOT NULL) STRICT"
    )
    db.execute("PRAGMA user_version = 1")


CLINIC_SCHEMA = Schema("the clinic's words", 1, _migrations)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledOrder:
    """An order as it was filed with its session."""

    patient_key: str
    order_digest: str
    order_text: str


def clinic_database(data_dir: Path) -> Path:
    """Where people's words live."""
    return data_dir / "clinic.db"


def file_order(
    data_dir: Path,
    *,
    session_id: str,
    patient_reference: str,
    order_digest: str,
    order_text: str,
    new_key: Callable[[], str],
) -> str:
    """File a session's order and answer the patient's key, made by ``new_key`` at the first visit.

    Raises JournalUnavailable when nothing can be kept.
    """
    path = clinic_database(data_dir)
    with failures_in_words(path, "opened for an order"):
        db = open_for_writing(path, CLINIC_SCHEMA)
        try:
            with db.atomic():
                key = _patient_key(db, patient_reference, new_key)
                db.execute(
                    "INSERT INTO session_order VALUES (?, ?, ?, ?)",
                    (session_id, key, order_digest, order_text),
                )
            return key
        finally:
            db.close()


def filed_order(data_dir: Path, session_id: str) -> FiledOrder:
    """The order of a session; raises RecordNotFound."""
    path = clinic_database(data_dir)
    with failures_in_words(path, "read"):
        db = open_for_reading(path, CLINIC_SCHEMA)
        try:
            found = rows(
                db,
                "SELECT patient_key, order_digest, order_text FROM session_order "
                "WHERE session_id = ?",
                (session_id,),
            )
        finally:
            db.close()
    if not found:
        raise RecordNotFound(f"the order of session {session_id} is not on file in {path}")
    key, digest, text = found[0]
    return FiledOrder(patient_key=key, order_digest=digest, order_text=text)


def _patient_key(db: Database, reference: str, new_key: Callable[[], str]) -> str:
    found = rows(db, "SELECT key FROM patient WHERE reference = ?", (reference,))
    if found:
        return str(found[0][0])
    key = new_key()
    db.execute("INSERT INTO patient VALUES (?, ?)", (key, reference))
    return key
