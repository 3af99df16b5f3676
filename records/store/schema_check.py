"""Whether the schema of a file is the program's own: the schema is part of the record.

The schema of the newest version is known by its digest, so that nothing has to be made or compared
for an intact file. Any other file is compared part by part (`records/store/schema_comparison.py`).
Code that reads rows checks here first: a view in the place of a table, or a lowered version, would
give other rows than those that were written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from records.store.connection import Database
from records.store.schema import (
    KEPT_SCHEMAS,
    LISTED,
    SCHEMA_ROWS,
    Schema,
    SchemaDifference,
    all_rows,
    one_value,
)

_Said = tuple[int, str, tuple[tuple[Any, ...], ...]]
"""Version, encoding, and the rows of the schema's table."""
_NEWEST: set[tuple[_Said, str]] = set()
"""Rows found to have the newest digest: only texts of the program, since no other has it."""


def schema_differences(db: Database, schema: Schema) -> list[SchemaDifference]:
    """Returns what differs from the schema of the file's own version; empty for an intact one."""
    with _one_moment(db):
        if _is_newest(db, schema):
            return []
        # Loaded for an older or an altered file.
        from records.store.schema_comparison import look_at

        found = look_at(db)
    return found.differences(schema)


def is_begun(db: Database) -> bool:
    """Returns True for a file with no table but the list of migrations: nothing was stored yet."""
    with _one_moment(db):
        if one_value(db, "PRAGMA user_version"):
            return False
        from records.store.schema_comparison import look_at

        return look_at(db).is_begun


def schema_digest(db: Database) -> str:
    """Returns SHA-256 of version, encoding and all texts: equal for files of the same tables.

    Columns are not read. SQLite makes them from the texts and from nothing else.
    """
    return _digest_of(_said(db))


def _said(db: Database) -> _Said:
    things = tuple(all_rows(db, SCHEMA_ROWS))
    return one_value(db, "PRAGMA user_version"), one_value(db, "PRAGMA encoding"), things


def _digest_of(said: _Said) -> str:
    version, encoding, things = said
    text = repr((version, encoding, sorted(repr(row) for row in things)))
    return hashlib.sha256(text.encode()).hexdigest()


def _is_newest(db: Database, schema: Schema) -> bool:
    """Returns whether it is; the list of migrations is read from a table known to be genuine.

    Texts that had the digest once are cached, since files are opened all the time.
    """
    said = _said(db)
    if (said, schema.digest) not in _NEWEST:
        if _digest_of(said) != schema.digest:
            return False
        if len(_NEWEST) >= KEPT_SCHEMAS:
            _NEWEST.clear()
        _NEWEST.add((said, schema.digest))
    steps = schema.migrations.steps
    listed = [(number, schema.migrations.name, name) for number, name in enumerate(steps, start=1)]
    return all_rows(db, LISTED) == listed


@contextmanager
def _one_moment(db: Database) -> Iterator[None]:
    """Read everything at one moment, also while another program migrates the file."""
    if db.conn.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
