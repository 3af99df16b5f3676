"""The migration record: sessions of a file from before session keys, signed at its migration.

statement = that of ``records.store.chain`` for ("migration", unit's id, last session's number)
            whose seal is SHA-256("traction-migration/1" LF utc_ms LF last session LF
            open sessions LF unsigned sessions LF), in UTF-8; lists as JSON without spaces

A session that is open without a session key, or sealed without a signature, is trusted only when
this record names it; nobody without the workstation's key can add one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from records.store.chain import Subject, compute_lines_digest, compute_statement
from records.store.database import Database, Schema, rows, schema_version
from records.store.ed25519 import SigningKey, fault_of_signature
from records.store.unit_file import unit_schema

SESSION_KEYS_SINCE_SCHEMA: Final = 4
_STATEMENT: Final = "traction-migration/1"
_SUBJECT: Final = "migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationRecord:
    """The sessions when a file came to schema 4. ``last_session`` is the highest number."""

    utc_ms: int
    last_session: int
    open_sessions: tuple[str, ...]
    unsigned_sessions: tuple[str, ...]
    public_key: bytes
    signature: bytes


def recording_schema(key: SigningKey, utc_ms: Callable[[], int]) -> Schema:
    """Returns the unit's schema for a writer that holds the workstation's key."""

    def record(db: Database) -> None:
        found = rows(db, "SELECT number, unit_id FROM session ORDER BY number DESC LIMIT 1")
        if found:
            _write(db, key, utc_ms(), unit_id=found[0][1], last=found[0][0])

    return unit_schema(record)


def migration_of(db: Database) -> MigrationRecord | None:
    """Returns the record of a file that held sessions before schema 4; None for one that never did.

    Raises ValueError when its lists are not lists of texts.
    """
    if schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
        return None
    found = rows(
        db,
        "SELECT utc_ms, last_session, open_sessions, unsigned_sessions, public_key, signature "
        "FROM migration WHERE version = ?",
        (SESSION_KEYS_SINCE_SCHEMA,),
    )
    if not found:
        return None
    utc_ms, last, left_open, unsigned, public_key, signature = found[0]
    return MigrationRecord(
        utc_ms=utc_ms,
        last_session=last,
        open_sessions=_ids(left_open),
        unsigned_sessions=_ids(unsigned),
        public_key=public_key,
        signature=signature,
    )


def fault_of_migration(
    record: MigrationRecord, unit_id: str, known_keys: Mapping[str, bytes]
) -> str:
    """Returns why the record cannot be trusted; "" when it can."""
    statement = _statement(
        unit_id, record.utc_ms, record.last_session, record.open_sessions, record.unsigned_sessions
    )
    return fault_of_signature(record.public_key, statement, record.signature, known_keys)


def _write(db: Database, key: SigningKey, utc_ms: int, *, unit_id: str, last: int) -> None:
    left_open = _column(
        db,
        "SELECT session_id FROM session WHERE number NOT IN (SELECT session FROM seal) "
        "ORDER BY number",
    )
    unsigned = _column(
        db,
        "SELECT session_id FROM session WHERE number IN (SELECT session FROM seal) "
        "AND number NOT IN (SELECT session FROM signature) ORDER BY number",
    )
    statement = _statement(unit_id, utc_ms, last, left_open, unsigned)
    db.execute(
        "INSERT INTO migration VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            SESSION_KEYS_SINCE_SCHEMA,
            utc_ms,
            last,
            _json(left_open),
            _json(unsigned),
            key.public_key,
            key.sign(statement),
        ),
    )


def _statement(
    unit_id: str, utc_ms: int, last: int, left_open: tuple[str, ...], unsigned: tuple[str, ...]
) -> bytes:
    digest = compute_lines_digest(
        _STATEMENT, str(utc_ms), str(last), _json(left_open), _json(unsigned)
    )
    return compute_statement(Subject(name=_SUBJECT, place=unit_id, number=last), digest)


def _column(db: Database, sql: str) -> tuple[str, ...]:
    return tuple(value for (value,) in rows(db, sql))


def _json(ids: tuple[str, ...]) -> str:
    return json.dumps(ids, separators=(",", ":"), ensure_ascii=False)


def _ids(text: str) -> tuple[str, ...]:
    ids = json.loads(text)
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ValueError("a list in the migration record is not a list of texts")
    return tuple(ids)
