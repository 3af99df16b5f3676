"""A connection to SQLite, and the numbered steps that make the tables of a file.

The list of the steps that were taken has the name and the text that the library sqlite-utils gave
it, because files that were made with that library are read and checked like all others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

MIGRATIONS_TABLE: Final = "_sqlite_migrations"
_LIST_OF_STEPS = (
    f'CREATE TABLE IF NOT EXISTS "{MIGRATIONS_TABLE}" (\n   "id" INTEGER PRIMARY KEY,\n'
    '   "migration_set" TEXT,\n   "name" TEXT,\n   "applied_at" TEXT\n)',
    f'CREATE UNIQUE INDEX IF NOT EXISTS "idx_{MIGRATIONS_TABLE}_migration_set_name"\n'
    f'    ON "{MIGRATIONS_TABLE}" ("migration_set", "name")',
)


class Database:
    """A connection; what is written outside of ``atomic`` is committed statement by statement."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn
        # What REPLACE deletes meets the triggers that keep a table append-only, too.
        self.execute("PRAGMA recursive_triggers = on")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.conn.execute(sql, parameters)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """One transaction: all of it is kept, or nothing; in another one, a part of that."""
        inside = self.conn.in_transaction
        self.execute("SAVEPOINT part" if inside else "BEGIN")
        try:
            yield
            self.execute("RELEASE part" if inside else "COMMIT")
        except BaseException:
            self._undo("ROLLBACK TO part" if inside else "ROLLBACK")
            raise

    def rollback(self) -> None:
        """Undo what the open transaction did."""
        self._undo("ROLLBACK")

    def _undo(self, statement: str) -> None:
        if self.conn.in_transaction:  # SQLite may have undone everything by itself
            self.execute(statement)

    def close(self) -> None:
        """Close the file."""
        self.conn.close()


class Migration(NamedTuple):
    """One migration: its name in the list, and what it does."""

    name: str
    run: Callable[[Database], None]


class Migrations:
    """The steps of one kind of file, in their order. Each is taken once, whole or not at all."""

    def __init__(self, name: str, *steps: Callable[[Database], None]) -> None:
        self.name = name
        self._steps = [Migration(run.__name__.lstrip("_"), run) for run in steps]

    def pending(self, db: Database) -> list[Migration]:
        """Returns the steps that a file has not taken yet; writes nothing."""
        is_there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        if db.execute(is_there, (MIGRATIONS_TABLE,)).fetchone() is None:
            return list(self._steps)
        asked = f"SELECT name FROM {MIGRATIONS_TABLE} WHERE migration_set = ?"
        taken = {name for (name,) in db.execute(asked, (self.name,))}
        return [step for step in self._steps if step.name not in taken]

    def apply(self, db: Database, step: Migration) -> None:
        """Take a step, and note in the list that it was taken."""
        with db.atomic():
            for statement in _LIST_OF_STEPS:
                db.execute(statement)
            step.run(db)
            db.execute(
                f"INSERT INTO {MIGRATIONS_TABLE} (migration_set, name, applied_at) "
                "VALUES (?, ?, strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'))",
                (self.name, step.name),
            )
