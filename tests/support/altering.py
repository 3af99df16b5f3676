"""Edits of a database with its triggers off; they are back when the edit is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from records.evidence.packed_session import pack_session, unpack_session
from records.store.canonical import EventRow


@contextmanager
def altering(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection on which no trigger and no foreign key refuses a change."""
    db = sqlite3.connect(path, isolation_level=None)
    add_edits(db)
    try:
        db.execute("PRAGMA synchronous = OFF")
        kept = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        db.execute("BEGIN")
        for name, _ in kept:
            db.execute(f'DROP TRIGGER "{name}"')
        yield db
        for _, text in kept:
            db.execute(text)
        db.execute("COMMIT")
    finally:
        db.close()


def add_edits(db: sqlite3.Connection) -> None:
    """Add SQL functions that edit the ``data`` of a packed session and keep its packed form valid.

    ``edited(data, sequence, column, value)`` changes a value of an event; ``without(data,
    sequence)`` removes an event, and later ones move up.
    """
    db.create_function("edited", 4, _edited, deterministic=True)
    db.create_function("without", 2, _without, deterministic=True)


def _edited(data: bytes, sequence: int, column: str, value: Any) -> bytes:
    events, block = _unpacked(data)
    names = {"detail": "detail_json"}
    events[sequence - 1] = events[sequence - 1]._replace(**{names.get(column, column): value})
    return pack_session(events, b"") + block


def _without(data: bytes, sequence: int) -> bytes:
    events, block = _unpacked(data)
    del events[sequence - 1]
    return pack_session(events, b"") + block


def _unpacked(data: bytes) -> tuple[list[EventRow], bytes]:
    """Unpack without the column of counts: the right count is the one that fits."""
    for count in range(1, 1000):
        with suppress(ValueError):
            packed = unpack_session(data, count, 0)
            return packed.events, packed.block
    raise AssertionError("the session holds no packed events")


@contextmanager
def altering_schema(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may write into the schema's own table."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA writable_schema = ON")
        yield db
    finally:
        db.close()


@contextmanager
def altering_loosely(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can put any value into any cell; the schema is restored afterwards.

    Types and NOT NULL are removed from the tables' definitions meanwhile, as somebody with a
    database tool could do. A number that is the row's own key stays one.
    """
    with altering_schema(path) as db:
        kept = db.execute("SELECT rowid, type, sql FROM sqlite_master").fetchall()
        db.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
        for row, kind, text in kept:
            if kind == "table" and text.endswith(" STRICT"):
                loose = text.removesuffix(" STRICT").replace(" NOT NULL", "")
                for kind_of_column in (" INTEGER", " TEXT"):
                    loose = loose.replace(f"{kind_of_column} PRIMARY", " §PRIMARY")
                    loose = loose.replace(kind_of_column, " BLOB")
                    loose = loose.replace(" §PRIMARY", f"{kind_of_column} PRIMARY")
                db.execute("UPDATE sqlite_master SET sql = ? WHERE rowid = ?", (loose, row))
        triggers = [text for _, kind, text in kept if kind == "trigger"]
    loosened = sqlite3.connect(path, isolation_level=None)
    try:
        loosened.execute("PRAGMA synchronous = OFF")
        loosened.execute("BEGIN")
        yield loosened
        loosened.execute("COMMIT")
    finally:
        loosened.close()
    with altering_schema(path) as db:
        for row, kind, text in kept:
            if kind == "table":
                db.execute("UPDATE sqlite_master SET sql = ? WHERE rowid = ?", (text, row))
    again = sqlite3.connect(path, isolation_level=None)
    for text in triggers:
        again.execute(text)
    again.close()
