"""The schema is part of the record: what a file is made of, beside what this program makes.

The known schema of each version is made by running the declared migrations in memory, so a new
version needs no list here. That of the newest one is known by its digest as well, so that nothing
has to be made for a file that is as it should be. Compared are the version, the encoding, the list
of migrations, every table, index, trigger and view with its text (blanks between words do not
count), every column, also generated ones, and STRICT and WITHOUT ROWID. Temporary objects and
attached files cannot be part of a file. Whoever reads rows asks here first: a view in the place of
a table, or a version that was set back, would give other rows than those that were written.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from controller.words import visible
from records.store.connection import Database
from records.store.migrations import Migrations

MIGRATIONS_TABLE = "_sqlite_migrations"
SHOWN_CHARACTERS = 90
"""How much of a text that is not ours a finding repeats."""
MOST_KEPT_CHARACTERS = 20_000
"""Of the rows of a schema that is kept in memory. The program's own are smaller; others may be of
any size."""
_PLAIN_READING = ("trigger", "index")
"""Kinds that have no part in what a query finds in its tables."""
_SCHEMA_ROWS = "SELECT type, name, tbl_name, sql FROM sqlite_master"
_LISTED = f"SELECT id, migration_set, name FROM {MIGRATIONS_TABLE} ORDER BY id"
KEPT_SCHEMAS = 64
"""How many the process remembers: two kinds of file in every version, and some altered ones."""
_MADE: dict[str, _Made] = {}
_Said = tuple[int, str, tuple[tuple[Any, ...], ...]]
"""Version, encoding, and the rows of the schema's table."""
_NEWEST: set[tuple[_Said, str]] = set()
"""What was found to have the digest behind it: texts of the program alone, as no other has it."""
_BLANKS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\s+")


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file must look like. The last migration sets ``user_version`` to ``version``.

    Where a migration also does something to the rows of one file, ``plain`` are migrations that
    make the same tables and nothing else: they are the same for every file. ``digest`` is what
    ``schema_digest`` says of a file that they made; without it the file is compared part by part.
    """

    name: str
    version: int
    migrations: Migrations
    plain: Migrations | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDifference:
    """One thing of a file's schema that is not what the program makes.

    ``readable`` is False where queries may find other rows than those that were written.
    """

    where: str
    what: str
    readable: bool


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
    """``columns``: a table's kind and columns as SQLite has them, by the table's name."""

    things: Counter[_Thing]
    columns: dict[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Look:
    """Everything that is compared."""

    version: int
    encoding: str
    things: Counter[_Thing]
    columns: dict[str, tuple[Any, ...]]
    migrations: tuple[tuple[object, ...], ...]

    def same_tables(self, other: _Look) -> bool:
        return self.things.items() == other.things.items()


def schema_differences(db: Database, schema: Schema) -> list[SchemaDifference]:
    """Returns what differs from the schema of the file's own version; empty when nothing does."""
    with _one_moment(db):
        if _is_newest(db, schema):
            return []
        found = _look(db)
    if _is_begun(found):
        what = "it holds no tables: it was emptied, or the program ended while it made them"
        return [SchemaDifference(where="the file", what=what, readable=False)]
    known = _known_of(schema, found.version)
    if found == known:
        return []
    if known is None or not found.same_tables(known):
        for version in range(1, schema.version + 1):
            other = _known_of(schema, version)
            if other is not None and found.same_tables(other):
                return [_other_version(found.version, version)]
    if known is None:
        what = f"its version is {found.version}, known are 1 to {schema.version}"
        return [SchemaDifference(where="the version", what=what, readable=False)]
    return list(_differences(found, known, schema))


def schema_digest(db: Database) -> str:
    """SHA-256 of version, encoding and all texts: equal for files of the same tables, by letter.

    Columns are not asked for. SQLite makes them from the texts and from nothing else.
    """
    return _digest_of(_said(db))


def _said(db: Database) -> _Said:
    things = tuple(_all(db, _SCHEMA_ROWS))
    return _one(db, "PRAGMA user_version"), _one(db, "PRAGMA encoding"), things


def _digest_of(said: _Said) -> str:
    version, encoding, things = said
    text = repr((version, encoding, sorted(repr(row) for row in things)))
    return hashlib.sha256(text.encode()).hexdigest()


def _is_newest(db: Database, schema: Schema) -> bool:
    """The list of migrations is read from a table that is known to be the program's own.

    What had the digest once has it again, to the letter, and files are opened all the time.
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
    return _all(db, _LISTED) == listed


def is_begun(db: Database) -> bool:
    """True for a file without any table but the list of migrations: nothing was kept in it yet."""
    with _one_moment(db):
        return _one(db, "PRAGMA user_version") == 0 and _is_begun(_look(db))


def _is_begun(found: _Look) -> bool:
    tables = {thing.table for thing in found.things}
    return found.version == 0 and tables <= {MIGRATIONS_TABLE} and not found.migrations


def _other_version(said: int, version: int) -> SchemaDifference:
    what = f"it says {said}, but the tables are those of version {version}: it was changed"
    return SchemaDifference(where="the version", what=what, readable=False)


def _differences(found: _Look, known: _Look, schema: Schema) -> Iterator[SchemaDifference]:
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


def _listed(look: _Look) -> str:
    return ", ".join(str(name) for _, _, name in look.migrations) or "empty"


def _short(text: object) -> str:
    shown = visible(" ".join(str(text).split()))
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}..."


# --- what a file is made of -------------------------------------------------------------------


def _look(db: Database) -> _Look:
    made = _made_of(db)
    return _Look(
        version=_one(db, "PRAGMA user_version"),
        encoding=str(_one(db, "PRAGMA encoding")),
        things=made.things,
        columns=made.columns,
        migrations=_applied(db, made.columns),
    )


def _made_of(db: Database) -> _Made:
    """What the rows of the schema's table come to; known already where another file had them.

    SQLite makes columns from these texts and from nothing else, so the same rows, each value with
    its type, have the same columns.
    """
    found = _all(db, _SCHEMA_ROWS)
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
    """Returns how SQLite understands a table: its kind, WITHOUT ROWID, STRICT, and each column."""
    quoted = '"' + table.replace('"', '""') + '"'
    kinds = [
        (kind, without_rowid, strict)
        for _, name, kind, _, without_rowid, strict in _all(db, f"PRAGMA table_list({quoted})")
        if name == table
    ]
    return (*kinds, *_all(db, f"PRAGMA table_xinfo({quoted})"))


def _applied(db: Database, columns: dict[str, tuple[Any, ...]]) -> tuple[tuple[object, ...], ...]:
    """The list of migrations; none where its table has other columns, which is found apart."""
    names = {row[1] for row in columns.get(MIGRATIONS_TABLE, ())}
    if not {"id", "migration_set", "name"} <= names:
        return ()
    return tuple(_all(db, _LISTED))


def _plain_text(text: object) -> str:
    """A statement with one blank for each run of them; what stands in quotes stays as it is."""

    def plain(found: re.Match[str]) -> str:
        return " " if found[0].isspace() else found[0]

    return "" if text is None else _BLANKS.sub(plain, str(text))


@contextmanager
def _one_moment(db: Database) -> Iterator[None]:
    """All that is looked at is of one moment, also while another program migrates the file."""
    if db.conn.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def _all(db: Database, sql: str) -> list[tuple[Any, ...]]:
    return list(db.execute(sql).fetchall())


def _one(db: Database, sql: str) -> Any:
    return db.execute(sql).fetchone()[0]


# --- what the program makes -------------------------------------------------------------------


def _known_of(schema: Schema, version: int) -> _Look | None:
    return _known(schema.plain or schema.migrations, version)


@lru_cache(maxsize=32)
def _known(migrations: Migrations, version: int) -> _Look | None:
    """The schema of one version; None for a version that the program never made."""
    # Loaded for a file that is older, or not as it should be (see there).
    from records.store.migrating import apply_next, empty_in_memory, pending_steps

    with closing(empty_in_memory()) as db:
        while pending_steps(db, migrations):
            apply_next(db, migrations)
            if _one(db, "PRAGMA user_version") == version:
                return _look(db)
    return None


@lru_cache(maxsize=8)
def _all_names(schema: Schema) -> frozenset[str]:
    """Every name that some version has given, in small letters."""
    looks = (_known_of(schema, version) for version in range(1, schema.version + 1))
    return frozenset(
        thing.name.lower() for look in looks if look is not None for thing in look.things
    )
