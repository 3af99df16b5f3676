"""Edits of a database behind its triggers, which stand as before when the edit is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def altering(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose changes no trigger and no reference refuses; nothing else is changed."""
    db = sqlite3.connect(path, isolation_level=None)
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
    """A connection that may put any value into any cell; the schema stands as before afterwards.

    Types and NOT NULL are taken out of the tables' texts for a while, as somebody with a database
    tool can. A number that is the row's own key stays one.
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
