"""clinic.db as a file: its tables, its migrations with a backup before each, and its opening.

``entry`` and ``link`` are append-only by trigger and form the file's chain
(records/store/clinic_chain.py). ``draft_word`` has the entries of notes that nobody has signed yet;
it is not covered.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from records.store.database import (
    Database,
    Migrations,
    Schema,
    checking_file,
    reading_file,
    schema_version,
    writing_file,
)
from records.store.record_folder import RecordFolder

_migrations = Migrations("traction-clinic")

CHAINED_SINCE = 2
"""The first schema that has the chain; an older file is read as one without entries."""
COVERED_TABLES = ("entry", "link")


@_migrations()
def m001_first_schema(db: Database) -> None:
    """Create orders as they were written, and patient keys."""
    db.execute("CREATE TABLE patient (key TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE) STRICT")
    db.execute(
        "CREATE TABLE session_order (session_id TEXT PRIMARY KEY, patient_key TEXT NOT NULL "
        "REFERENCES patient(key), order_digest TEXT NOT NULL, order_text TEXT NOT NULL) STRICT"
    )
    db.execute("PRAGMA user_version = 1")


@_migrations()
def m002_note_life(db: Database) -> None:
    """Create the chain of entries, and the entries of notes that are still drafts.

    The two columns that entries are found by are computed from the covered text, never stored.
    """
    found_by = ", ".join(
        f"{name} TEXT GENERATED ALWAYS AS "
        f"(iif(json_valid(detail), json_extract(detail, '$.{name}'), NULL)) VIRTUAL"
        for name in ("session_id", "patient_key")
    )
    db.execute(
        "CREATE TABLE entry (sequence INTEGER PRIMARY KEY, utc_ms INTEGER NOT NULL, "
        f"kind INTEGER NOT NULL, version INTEGER NOT NULL, detail TEXT NOT NULL, {found_by}) STRICT"
    )
    db.execute("CREATE INDEX entry_of_session ON entry (session_id, kind)")
    db.execute("CREATE INDEX entry_of_patient ON entry (patient_key)")
    db.execute(
        "CREATE TABLE link (number INTEGER PRIMARY KEY, first_entry INTEGER NOT NULL, "
        "entry_count INTEGER NOT NULL, digest BLOB NOT NULL, key_id TEXT NOT NULL, "
        "signature BLOB NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE draft_word (session_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT, "
        "not_assessed INTEGER NOT NULL, source TEXT NOT NULL, said_by TEXT NOT NULL, "
        "said_utc_ms INTEGER NOT NULL, PRIMARY KEY (session_id, name)) STRICT"
    )
    for table in COVERED_TABLES:
        for verb, action in (("changes", "UPDATE"), ("shrinks", "DELETE")):
            db.execute(
                f"CREATE TRIGGER {table}_never_{verb} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    db.execute("PRAGMA user_version = 2")


CLINIC_SCHEMA = Schema(
    "the clinic's words",
    2,
    _migrations,
    digest="f284e5f6e411eb0000dd3df678587cc164b72957ea2150c883eff3c82f58fd3d",
)


def clinic_reading(folder: RecordFolder) -> AbstractContextManager[Database]:
    """Yields a read-only connection; raises JournalUnavailable or JournalCorrupt."""
    return reading_file(folder.clinic_database, CLINIC_SCHEMA)


def clinic_checking(folder: RecordFolder) -> AbstractContextManager[Database]:
    """Yields the same for code that reports alterations: it checks the schema itself."""
    return checking_file(folder.clinic_database, CLINIC_SCHEMA)


def clinic_writing(folder: RecordFolder) -> AbstractContextManager[Database]:
    """Hold one transaction with the file's only right to write, so that the chain never forks."""
    return writing_file(folder.clinic_database, CLINIC_SCHEMA)


def has_chain(db: Database) -> bool:
    """Returns False for a file of schema 1 that was only read so far."""
    return schema_version(db) >= CHAINED_SINCE
