"""Finds cells of another type than their column: STRICT tables refuse them, files may have them.

Read from the schema, so a new table or column is covered by being declared. SQLite checks only the
types, so that whole files take little more than the time of reading them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from records.store.database import Database, rows

MOST_FAULTS = 20
"""Most rows of one table that are named; an extensively altered table needs no more."""
_TYPES = {"INTEGER": "integer", "INT": "integer", "TEXT": "text", "BLOB": "blob"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFault:
    """``row`` names it by its key, ``session`` is the number of its session; 0: none."""

    table: str
    row: str
    session: int
    what: str


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    may_be_null: bool
    in_key: bool

    @property
    def fault(self) -> str:
        """Returns the condition that is true where the cell is not a value of the column."""
        types = f"'{self.type}', 'null'" if self.may_be_null else f"'{self.type}'"
        return f"typeof({self.name}) NOT IN ({types})"


@dataclass(frozen=True)
class _Table:
    """Its statements are built once: each session of a file uses the same."""

    name: str
    columns: tuple[_Column, ...]

    @cached_property
    def session_column(self) -> str:
        """Returns the column with a row's session; "" where there is none."""
        if self.name == "session":
            return "number"
        return "session" if any(column.name == "session" for column in self.columns) else ""

    @cached_property
    def keys(self) -> list[str]:
        """Returns the columns that name a row."""
        return [column.name for column in self.columns if column.in_key]

    @cached_property
    def faulty_rows(self) -> str:
        """Returns a SELECT of session, key and types of faulty rows; a condition must follow."""
        faults = " OR ".join(column.fault for column in self.columns)
        shown = ", ".join(f"typeof({column.name})" for column in self.columns)
        key = ", ".join(f"quote({name})" for name in self.keys)
        return (
            f"SELECT {self.session_column or '0'}, {key}, {shown} FROM {self.name} "
            f"WHERE ({faults}) AND "
        )


class CellCheck:
    """The strict tables of one file, whose schema was compared before; each has a key."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tables = [
            _table(db, name)
            for _, name, kind, _, _, strict in rows(db, "PRAGMA main.table_list")
            if kind == "table" and strict
        ]

    def of_session(self, number: int, only: tuple[str, ...] = ()) -> Iterator[CellFault]:
        """Yields faults in the rows of one session and its own row, in the tables ``only``."""
        for table in self._tables:
            if table.session_column and (not only or table.name in only):
                yield from self._faults(table, f"{table.session_column} = ?", (number,))

    def of_table(self, name: str) -> Iterator[CellFault]:
        """Yields faults in every row of a table; none where the file has no such table."""
        for table in self._tables:
            if table.name == name:
                yield from self._faults(table, "TRUE", ())

    def _faults(
        self, table: _Table, where: str, parameters: tuple[int, ...]
    ) -> Iterator[CellFault]:
        keys = table.keys
        for session, *values in rows(
            self._db, f"{table.faulty_rows}{where} LIMIT {MOST_FAULTS}", parameters
        ):
            named = zip(keys, values, strict=False)
            yield CellFault(
                table=table.name,
                row=", ".join(f"{name} {str(value)[:20]}" for name, value in named),
                session=session,
                what=", ".join(_faults_of(table, values[len(keys) :])),
            )


def _faults_of(table: _Table, types: list[str]) -> Iterator[str]:
    for column, found in zip(table.columns, types, strict=True):
        if found != column.type and not (column.may_be_null and found == "null"):
            yield f"{column.name} is {found}, not {column.type}"


def _table(db: Database, name: str) -> _Table:
    return _Table(
        name,
        tuple(
            _Column(column, _TYPES[kind.upper()], not not_null and not key, bool(key))
            for _, column, kind, not_null, _, key, hidden in rows(db, f"PRAGMA table_xinfo({name})")
            if not hidden
        ),
    )
