"""The evidence file of one unit: its tables.

A migration record, which the workstation signs, names what an older file had when it was brought to
schema 4: sessions without session keys are trusted only when they are named there.

`DIR/units/<unit id>.db` is written by the unit's control process only. Its lock shows liveness
(records/store/unit_lock.py): a session without an end whose lock is free was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.errors import JournalUnavailable
from records.store.database import Database, Migrations, Schema

MigrationRecorder = Callable[[Database], None]
"""Writes the migration record of a file that held sessions before schema 4."""

NEWEST_DIGEST = "8886019763023b22212c6090f91e790eda8030b9b6da0c69727a3e9160c4e838"
"""``schema_digest`` of a file in schema 5."""
_APPEND_ONLY = """
CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_never_shrinks BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""


def _m001_first_schema(db: Database) -> None:
    """Create append-only sessions, events, links and seals; sample blocks are repacked once."""
    for statement in (
        """CREATE TABLE session (
            number INTEGER PRIMARY KEY, session_id TEXT NOT NULL UNIQUE, unit_id TEXT NOT NULL,
            started_utc_ms INTEGER NOT NULL, utc_offset_min INTEGER NOT NULL) STRICT""",
        """CREATE TABLE event (
            session INTEGER NOT NULL REFERENCES session(number), sequence INTEGER NOT NULL,
            at_ms INTEGER NOT NULL, utc_ms INTEGER NOT NULL, kind INTEGER NOT NULL,
            version INTEGER NOT NULL, detail TEXT NOT NULL,
            PRIMARY KEY (session, sequence)) STRICT""",
        """CREATE TABLE link (
            session INTEGER NOT NULL REFERENCES session(number), number INTEGER NOT NULL,
            first_event INTEGER NOT NULL, event_count INTEGER NOT NULL,
            first_sample INTEGER NOT NULL, sample_count INTEGER NOT NULL, digest BLOB NOT NULL,
            PRIMARY KEY (session, number)) STRICT""",
        """CREATE TABLE sample_block (
            session INTEGER NOT NULL REFERENCES session(number), first_sample INTEGER NOT NULL,
            sample_count INTEGER NOT NULL, sealed INTEGER NOT NULL, data BLOB NOT NULL,
            PRIMARY KEY (session, first_sample, sealed)) STRICT""",
        """CREATE TABLE seal (
            session INTEGER PRIMARY KEY REFERENCES session(number), last_link BLOB NOT NULL,
            session_digest BLOB NOT NULL, event_count INTEGER NOT NULL,
            sample_count INTEGER NOT NULL, link_count INTEGER NOT NULL,
            previous_seal BLOB NOT NULL, digest BLOB NOT NULL) STRICT""",
    ):
        db.execute(statement)
    for table in ("session", "event", "link", "seal"):
        _make_append_only(db, table)
    db.execute("PRAGMA user_version = 1")


def _m002_signatures(db: Database) -> None:
    """Add one signature per seal, and the checkpoint that was made for it."""
    db.execute(
        """CREATE TABLE signature (
            session INTEGER PRIMARY KEY REFERENCES seal(session), key_id TEXT NOT NULL,
            public_key BLOB NOT NULL, signature BLOB NOT NULL, checkpoint TEXT NOT NULL) STRICT"""
    )
    _make_append_only(db, "signature")
    db.execute("PRAGMA user_version = 2")


def _m003_removal(db: Database) -> None:
    """Allow the removal of a sealed session's content after a signed row; chain and seal stay."""
    db.execute(
        """CREATE TABLE removal (
            session INTEGER PRIMARY KEY REFERENCES seal(session), removed_utc_ms INTEGER NOT NULL,
            removed_by TEXT NOT NULL, rule TEXT NOT NULL, public_key BLOB NOT NULL,
            signature BLOB NOT NULL) STRICT"""
    )
    _make_append_only(db, "removal")
    db.execute("DROP TRIGGER event_never_shrinks")
    db.execute(
        """CREATE TRIGGER event_never_shrinks BEFORE DELETE ON event
        WHEN NOT EXISTS (SELECT 1 FROM removal WHERE session = OLD.session)
        BEGIN SELECT RAISE(ABORT, 'event is append-only'); END"""
    )
    db.execute("PRAGMA user_version = 3")


def _make_append_only(db: Database, table: str) -> None:
    for trigger in _APPEND_ONLY.format(table=table).strip().split("END;"):
        if trigger.strip():
            db.execute(trigger + "END;")


def _m004_session_keys(db: Database, recorded_by: MigrationRecorder | None) -> None:
    """Add tags of links while a session is open, signatures meanwhile, packed links at its seal."""
    for statement in (
        """CREATE TABLE open_link (
            session INTEGER NOT NULL REFERENCES session(number), number INTEGER NOT NULL,
            event_count INTEGER NOT NULL, sample_count INTEGER NOT NULL, digest BLOB NOT NULL,
            tag BLOB NOT NULL, PRIMARY KEY (session, number)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE chain_signature (
            session INTEGER NOT NULL REFERENCES session(number), link_count INTEGER NOT NULL,
            signature BLOB NOT NULL, PRIMARY KEY (session, link_count)) STRICT""",
        """CREATE TABLE packed_links (
            session INTEGER PRIMARY KEY REFERENCES seal(session), ranges BLOB NOT NULL,
            digest BLOB NOT NULL) STRICT""",
        """CREATE TABLE migration (
            version INTEGER PRIMARY KEY, utc_ms INTEGER NOT NULL, last_session INTEGER NOT NULL,
            open_sessions TEXT NOT NULL, unsigned_sessions TEXT NOT NULL,
            public_key BLOB NOT NULL, signature BLOB NOT NULL) STRICT""",
        """CREATE TABLE predecessor (
            last_session INTEGER PRIMARY KEY, kind TEXT NOT NULL, file TEXT NOT NULL,
            digest BLOB NOT NULL, utc_ms INTEGER NOT NULL, reason TEXT NOT NULL,
            public_key BLOB NOT NULL, signature BLOB NOT NULL) STRICT""",
    ):
        db.execute(statement)
    for table in ("chain_signature", "packed_links", "migration", "predecessor"):
        _make_append_only(db, table)
    for table in ("link", "open_link"):
        db.execute(f"DROP TRIGGER IF EXISTS {table}_never_shrinks")
        db.execute(
            f"""CREATE TRIGGER {table}_never_shrinks BEFORE DELETE ON {table}
            WHEN NOT EXISTS (SELECT 1 FROM packed_links WHERE session = OLD.session)
            BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
        )
    db.execute(
        """CREATE TRIGGER open_link_never_changes BEFORE UPDATE ON open_link
        BEGIN SELECT RAISE(ABORT, 'open_link is append-only'); END"""
    )
    if recorded_by is not None:
        recorded_by(db)
    elif db.execute("SELECT 1 FROM session").fetchone():
        raise JournalUnavailable(
            "the file holds sessions of an older schema; only a start with the workstation's key "
            "may bring it to the present one"
        )
    db.execute("PRAGMA user_version = 4")


def _m005_packed_sessions(db: Database) -> None:
    """Make a commit of an open session one row, and pack the content of a sealed one in one row.

    Existing rows are not moved: sessions that older files left open continue in the new table,
    sealed ones are packed by ``records.keeping.repack``.
    """
    for statement in (
        """CREATE TABLE open_batch (
            session INTEGER NOT NULL REFERENCES session(number), number INTEGER NOT NULL,
            event_count INTEGER NOT NULL, samples BLOB NOT NULL, link BLOB NOT NULL,
            tag BLOB NOT NULL, PRIMARY KEY (session, number)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE packed_session (
            session INTEGER PRIMARY KEY REFERENCES seal(session), event_count INTEGER NOT NULL,
            newest_utc_ms INTEGER NOT NULL, sample_count INTEGER NOT NULL,
            data BLOB NOT NULL) STRICT""",
    ):
        db.execute(statement)
    for table in ("open_batch", "packed_session"):
        _make_append_only(db, table)
    for trigger in (
        "open_batch_never_shrinks",
        "packed_session_never_shrinks",
        "event_never_shrinks",
    ):
        db.execute(f"DROP TRIGGER {trigger}")
    for statement in (
        """CREATE TRIGGER open_batch_never_shrinks BEFORE DELETE ON open_batch
        WHEN NOT EXISTS (SELECT 1 FROM packed_links WHERE session = OLD.session)
        BEGIN SELECT RAISE(ABORT, 'open_batch is append-only'); END""",
        """CREATE TRIGGER packed_session_never_shrinks BEFORE DELETE ON packed_session
        WHEN NOT EXISTS (SELECT 1 FROM removal WHERE session = OLD.session)
        BEGIN SELECT RAISE(ABORT, 'packed_session is append-only'); END""",
        """CREATE TRIGGER event_never_shrinks BEFORE DELETE ON event
        WHEN NOT EXISTS (SELECT 1 FROM removal WHERE session = OLD.session)
        AND NOT EXISTS (SELECT 1 FROM packed_session WHERE session = OLD.session
            AND OLD.sequence BETWEEN 1 AND event_count)
        BEGIN SELECT RAISE(ABORT, 'event is append-only'); END""",
    ):
        db.execute(statement)
    db.execute("PRAGMA user_version = 5")


def unit_schema(recorded_by: MigrationRecorder | None = None) -> Schema:
    """Returns the unit's schema.

    ``recorded_by`` signs what an older file had when it came to schema 4.
    """
    plain = None if recorded_by is None else UNIT_SCHEMA.migrations
    migrations = Migrations("traction-unit")
    migrations(name="m001_first_schema")(_m001_first_schema)
    migrations(name="m002_signatures")(_m002_signatures)
    migrations(name="m003_removal")(_m003_removal)

    @migrations()
    def m004_session_keys(db: Database) -> None:
        _m004_session_keys(db, recorded_by)

    migrations(name="m005_packed_sessions")(_m005_packed_sessions)
    return Schema("the unit's evidence", 5, migrations, plain, NEWEST_DIGEST)


UNIT_SCHEMA = unit_schema()
"""For readers, and for writers of a new file or one with the present schema."""
