"""An apsw connection with the part of sqlite3's interface that the program and sqlite_utils use.

Only apsw lets a test intervene between SQLite and the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

_FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI


class _Cursor:
    """All rows are fetched at once."""

    def __init__(self, connection: apsw.Connection, sql: str, parameters: Any) -> None:
        self.description: Sequence[Any] | None = None
        cursor = connection.cursor()
        cursor.exec_trace = self._take_description
        self._rows = iter(list(cursor.execute(sql, parameters)))
        self.lastrowid = connection.last_insert_rowid()
        self.rowcount = connection.changes()

    def _take_description(self, cursor: apsw.Cursor, sql: str, parameters: Any) -> bool:
        self.description = cursor.get_description() or None
        return True

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class ApswConnection:
    """``path`` may be a URI; ``vfs`` names a storage, None the system's.

    Text is UTF-8 here, so ``text_factory`` has no effect.
    """

    isolation_level = ""
    text_factory: Any = str

    def __init__(self, path: Path | str, vfs: str | None, busy_timeout_s: float) -> None:
        self._connection = apsw.Connection(str(path), flags=_FLAGS, vfs=vfs)
        self._connection.set_busy_timeout(round(busy_timeout_s * 1000))

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        return _Cursor(self._connection, sql, parameters)

    def backup(self, target: ApswConnection) -> None:
        with target._connection.backup("main", self._connection, "main") as copying:
            copying.step()

    def close(self) -> None:
        self._connection.close()
