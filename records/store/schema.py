"""The required form of a file, the description of a difference, and the query of its schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from records.store.connection import Database
from records.store.migrations import Migrations

MIGRATIONS_TABLE = "_sqlite_migrations"
SCHEMA_ROWS = "SELECT type, name, tbl_name, sql FROM sqlite_master"
LISTED = f"SELECT id, migration_set, name FROM {MIGRATIONS_TABLE} ORDER BY id"
KEPT_SCHEMAS = 64
"""How many the process caches: two kinds of file in every version, and some altered ones."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The required form of a file. The last migration sets ``user_version`` to ``version``.

    Where a migration also changes the rows of one file, ``plain`` are migrations that only make the
    same tables: they are the same for every file. ``digest`` is the ``schema_digest`` of a file
    that they made; without it the file is compared part by part.
    """

    name: str
    version: int
    migrations: Migrations
    plain: Migrations | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDifference:
    """One part of a file's schema that differs from what the program makes.

    ``readable`` is False where queries may find other rows than those that were written.
    """

    where: str
    what: str
    readable: bool


def all_rows(db: Database, sql: str) -> list[tuple[Any, ...]]:
    """Returns all rows of a statement."""
    return list(db.execute(sql).fetchall())


def one_value(db: Database, sql: str) -> Any:
    """Returns the one value of a statement."""
    return db.execute(sql).fetchone()[0]
