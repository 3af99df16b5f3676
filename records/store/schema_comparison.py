"""Compares the parts of a file's schema with what the program makes.

The known schema of each version is made by running the declared migrations in memory, so a new
version needs no list here. Compared are the version, the encoding, the list of migrations, every
table, index, trigger and view with its text (blanks between words do not count), every column, also
generated ones, and STRICT and WITHOUT ROWID. Temporary objects and attached files cannot be part of
a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from controller.words import visible
from records.store.connection import Database
from records.store.migrations import Migrations
from records.store.schema import (
    KEPT_SCHEMAS,
    LISTED,
    MIGRATIONS_TABLE,
    SCHEMA_ROWS,
    Schema,
    SchemaDifference,
    all_rows,
    one_value,
)

SHOWN_CHARACTERS = 90
"""How much of a foreign text a finding repeats, in characters."""
MOST_KEPT_CHARACTERS = 20_000
"""Of the rows of a cached schema. The program's own are smaller; others may have any size."""
_PLAIN_READING = ("trigger", "index")
"""Kinds that do not affect what a query finds in its tables."""
_MADE: dict[str, _Made] = {}
_BLANKS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\s+")


@dataclass(frozen=True, slots=True)
class _Thing:
    """A row of the schema's table. ``kind`` is table, index, trigger or view."""

    kind: str
    name: str
    table: str
    text: str

    @property
    def called(self) -> str:
        on = f" on {_short(self.table)}" if self.kind in _PLAIN_READING else ""
        return f"{_short(self.kind)} {_short(self.name)}{on}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """``columns``: a table's kind and columns according to SQLite, by the table's name."""

    things: Counter[_Thing]
    columns: dict[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that is compared of a file's schema."""

    version: int
    encoding: str
    things: Counter[_Thing]
    columns: dict[str, tuple[Any, ...]]
    migrations: tuple[tuple[object, ...], ...]

    def same_tables(self, other: Look) -> bool:
        """Returns whether both have the same tables, indexes, triggers and views, by text."""
        return self.things.items() == other.things.items()

    def differences(self, schema: Schema) -> list[SchemaDifference]:
        """Returns what differs from the schema of its own version; empty for an intact file."""
        if self.is_begun:
            what = "it holds no tables: it was emptied, or the program ended while it made them"
            return [SchemaDifference(where="the file", what=what, readable=False)]
        known = _known_of(schema, self.version)
        if self == known:
            return []
        if known is None or not self.same_tables(known):
            for version in range(1, schema.version + 1):
                other = _known_of(schema, version)
                if other is not None and self.same_tables(other):
                    return [_other_version(self.version, version)]
        if known is None:
            what = f"its version is {self.version}, known are 1 to {schema.version}"
            return [SchemaDifference(where="the version", what=what, readable=False)]
        return list(_differences(self, known, schema))

    @property
    def is_begun(self) -> bool:
        """Returns True while nothing was stored: no table but an empty list of migrations."""
        tables = {thing.table for thing in self.things}
        return self.version == 0 and tables <= {MIGRATIONS_TABLE} and not self.migrations


def _other_version(said: int, version: int) -> SchemaDifference:
    what = f"it says {said}, but the tables are those of version {version}: it was changed"
    return SchemaDifference(where="the version", what=what, readable=False)


def _differences(found: Look, known: Look, schema: Schema) -> Iterator[SchemaDifference]:
    if found.encoding != known.encoding:
        what = f"it is {found.encoding}, the program writes {known.encoding}"
        yield SchemaDifference(where="the encoding", what=what, readable=False)
    left, extra = known.things - found.things, found.things - known.things
    for thing in left.elements():
        instead = next((other for other in extra if other.name == thing.name), None)
        if instead is None:
            what = "it is missing"
        else:
            extra -= Counter([instead])
            what = _changed(thing, instead)
        yield SchemaDifference(where=thing.called, what=what, readable=thing.kind in _PLAIN_READING)
    for thing in extra.elements():
        yield SchemaDifference(
            where=thing.called,
            what=f"it does not belong there: {_short(thing.text)}",
            readable=thing.kind in _PLAIN_READING or thing.name.lower() not in _all_names(schema),
        )
    if not left and {name: found.columns[name] for name in known.columns} != known.columns:
        what = "SQLite sees other columns than the program makes"
        yield SchemaDifference(where="the tables", what=what, readable=False)
    if found.migrations != known.migrations:
        yield SchemaDifference(
            where="the list of migrations",
            what=f"it is {_short(_listed(found))}, not {_listed(known)}",
            readable=True,
        )


def _changed(thing: _Thing, instead: _Thing) -> str:
    if instead.kind != thing.kind:
        return f"a {_short(instead.kind)} stands in its place: {_short(instead.text)}"
    if instead.table != thing.table:
        return f"it is made on {_short(instead.table)}"
    at = next(
        (n for n, (a, b) in enumerate(zip(instead.text, thing.text, strict=False)) if a != b),
        min(len(instead.text), len(thing.text)),
    )
    there = _short(instead.text[max(at - 20, 0) :])
    return f"it is not the one that the program makes, from character {at + 1} on: {there}"


def _listed(look: Look) -> str:
    return ", ".join(str(name) for _, _, name in look.migrations) or "empty"


def _short(text: object) -> str:
    shown = visible(" ".join(str(text).split()))
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}..."


# --- parts of a file -----------------------------------------------------------------------------


def look_at(db: Database) -> Look:
    """Returns the parts of an open file."""
    made = _made_of(db)
    return Look(
        version=one_value(db, "PRAGMA user_version"),
        encoding=str(one_value(db, "PRAGMA encoding")),
        things=made.things,
        columns=made.columns,
        migrations=_applied(db, made.columns),
    )


def _made_of(db: Database) -> _Made:
    """Returns the parts in the rows of the schema's table.

    Cached where another file had them.

    SQLite makes columns from these texts and from nothing else, so the same rows, each value with
    its type, have the same columns.
    """
    found = all_rows(db, SCHEMA_ROWS)
    key = repr(found)
    made = _MADE.get(key)
    if made is None:
        made = _make(db, found)
        if len(key) <= MOST_KEPT_CHARACTERS:
            if len(_MADE) >= KEPT_SCHEMAS:
                _MADE.clear()
            _MADE[key] = made
    return made


def _make(db: Database, found: list[tuple[Any, ...]]) -> _Made:
    things = Counter(
        _Thing(str(kind), str(name), str(table), _plain_text(text))
        for kind, name, table, text in found
    )
    tables = sorted(thing.name for thing in things if thing.kind == "table")
    return _Made(things=things, columns={name: _columns(db, name) for name in tables})


def _columns(db: Database, table: str) -> tuple[Any, ...]:
    """Returns a table according to SQLite: its kind, WITHOUT ROWID, STRICT, and each column."""
    quoted = '"' + table.replace('"', '""') + '"'
    kinds = [
        (kind, without_rowid, strict)
        for _, name, kind, _, without_rowid, strict in all_rows(db, f"PRAGMA table_list({quoted})")
        if name == table
    ]
    return (*kinds, *all_rows(db, f"PRAGMA table_xinfo({quoted})"))


def _applied(db: Database, columns: dict[str, tuple[Any, ...]]) -> tuple[tuple[object, ...], ...]:
    """Returns the list of migrations.

    None where its table has other columns, which is reported separately.
    """
    names = {row[1] for row in columns.get(MIGRATIONS_TABLE, ())}
    if not {"id", "migration_set", "name"} <= names:
        return ()
    return tuple(all_rows(db, LISTED))


def _plain_text(text: object) -> str:
    """Returns a statement with single blanks.

    Quoted text is unchanged.
    """

    def plain(found: re.Match[str]) -> str:
        return " " if found[0].isspace() else found[0]

    return "" if text is None else _BLANKS.sub(plain, str(text))


# --- what the program makes -------------------------------------------------------------------


def _known_of(schema: Schema, version: int) -> Look | None:
    return _known(schema.plain or schema.migrations, version)


@lru_cache(maxsize=32)
def _known(migrations: Migrations, version: int) -> Look | None:
    """Returns the schema of one version; None for a version that the program never made."""
    # sqlite-utils is loaded here and where a file is migrated (see there).
    from records.store.migrating import apply_next, empty_in_memory, pending_steps

    with closing(empty_in_memory()) as db:
        while pending_steps(db, migrations):
            apply_next(db, migrations)
            if one_value(db, "PRAGMA user_version") == version:
                return look_at(db)
    return None


@lru_cache(maxsize=8)
def _all_names(schema: Schema) -> frozenset[str]:
    """Returns every name used by some version, in lower case."""
    looks = (_known_of(schema, version) for version in range(1, schema.version + 1))
    return frozenset(
        thing.name.lower() for look in looks if look is not None for thing in look.things
    )
