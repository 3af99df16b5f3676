"""A disk that fails on demand: SQLite's own file layer, replaced by APSW's.

The program's one place that makes writing connections (``records.store.database.connect``) is
pointed here. Everything above it, SQLite included, is real; only xWrite, xSync and xTruncate of
database and log may fail, by their count.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import pytest

from records.store import database

FAULTS: dict[str, type[apsw.Error]] = {
    "disk full": apsw.FullError,
    "I/O error": apsw.IOError,
    "read-only": apsw.ReadOnlyError,
}
_names = count(1)


@dataclass
class FaultPlan:
    """Fails operation number ``at`` (from 0) with ``error``; if ``lasting``, all later ones too."""

    error: type[apsw.Error]
    at: int
    lasting: bool = False
    operations: int = 0
    failed: list[int] = field(default_factory=list)

    def step(self) -> None:
        """Count one operation; raise the error if it is the one to fail."""
        number, self.operations = self.operations, self.operations + 1
        if number == self.at or (self.lasting and number > self.at):
            self.failed.append(number)
            raise self.error("made to fail by the test")

    def heal(self) -> None:
        """Let the disk work again."""
        self.at, self.lasting = -1, False


class _FaultyFile(apsw.VFSFile):
    def __init__(self, base: str, name: Any, flags: list[int], plan: FaultPlan) -> None:
        super().__init__(base, name, flags)
        self._plan = plan

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._plan.step()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._plan.step()
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._plan.step()
        super().xTruncate(size)


class _FaultyVfs(apsw.VFS):
    def __init__(self, name: str, plan: FaultPlan) -> None:
        super().__init__(name, "")
        self._plan = plan

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _FaultyFile("", name, flags, self._plan)


class _Rows:
    """The part of a sqlite3 cursor that the program uses."""

    def __init__(self, rows: list[tuple[Any, ...]], names: Sequence[str], lastrowid: int) -> None:
        self._rows = rows
        self.lastrowid = lastrowid
        self.description = [(name,) for name in names] or None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)


class _Connection:
    """An APSW connection with the few methods of sqlite3 that the program uses."""

    isolation_level: str | None = None
    """APSW begins no transaction by itself."""

    def __init__(self, path: Path, vfs: str, busy_timeout_s: float) -> None:
        with _as_sqlite3():
            self._connection = apsw.Connection(str(path), vfs=vfs)
            self._connection.set_busy_timeout(round(busy_timeout_s * 1000))

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> _Rows:
        with _as_sqlite3():
            names: list[str] = []

            def learn_names(running: apsw.Cursor, statement: str, bound: Any) -> bool:
                names.extend(column[0] for column in running.get_description())
                return True

            cursor = self._connection.cursor()
            cursor.exec_trace = learn_names
            cursor.execute(sql, tuple(parameters))
            return _Rows(cursor.fetchall(), names, self._connection.last_insert_rowid())

    def close(self) -> None:
        with _as_sqlite3():
            self._connection.close()


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise sqlite3.DatabaseError(str(error)) from error
    except apsw.ConstraintError as error:
        raise sqlite3.IntegrityError(str(error)) from error
    except apsw.Error as error:
        raise sqlite3.OperationalError(str(error)) from error


@contextmanager
def faulty_disk(plan: FaultPlan) -> Iterator[FaultPlan]:
    """Route every writing connection to a unit's file through the plan."""
    real_connect = database.connect

    def connect(path: Path, busy_timeout_s: float) -> Any:
        if path.parent.name != "units":
            return real_connect(path, busy_timeout_s)
        return _Connection(path, name, busy_timeout_s)

    name = f"faulty-{next(_names)}"
    vfs = _FaultyVfs(name, plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "connect", connect)
        try:
            yield plan
        finally:
            vfs.unregister()
