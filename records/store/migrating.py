"""Applies declared steps to a file: the only module that imports sqlite_utils.

The library keeps the list of steps in the file and applies each in one transaction with its row.
Loading it takes a tenth of a short command, so this module is imported only where a file has to be
made or migrated.
"""

from __future__ import annotations

from sqlite_utils import Database as LibraryDatabase
from sqlite_utils import Migrations as LibraryMigrations

from records.store.connection import Database
from records.store.migrations import Migrations

MIGRATIONS_TABLE = LibraryMigrations.migrations_table


def finish_list(db: Database) -> None:
    """Make the missing index of a list of steps.

    The library makes the list and its index one after the other; the power may fail between. It
    never makes the index of an existing list, so the file would be refused for ever.
    """
    table = _wrapped(db).table(MIGRATIONS_TABLE)
    if table.exists():
        table.create_index(["migration_set", "name"], unique=True, if_not_exists=True)


def pending_steps(db: Database, migrations: Migrations) -> list[str]:
    """Returns the names of the steps that the file has not had."""
    return [step.name for step in _library(db, migrations).pending(_wrapped(db))]


def apply_next(db: Database, migrations: Migrations) -> None:
    """Apply the first step that the file has not had, in one transaction."""
    behind_it = pending_steps(db, migrations)[1:]
    _library(db, migrations).apply(_wrapped(db), stop_before=behind_it)


def empty_in_memory() -> Database:
    """Returns a file in memory only, to see what steps make."""
    return Database(LibraryDatabase(memory=True, execute_plugins=False).conn)


def _wrapped(db: Database) -> LibraryDatabase:
    return LibraryDatabase(db.conn, execute_plugins=False)


def _library(db: Database, migrations: Migrations) -> LibraryMigrations:
    """Returns the steps in the library's form.

    Each gets our connection instead of the library's.
    """
    made = LibraryMigrations(migrations.name)
    for name, step in migrations.steps.items():
        made(name=name)(lambda _, step=step: step(db))
    return made
