"""An open SQLite file: statements, and transactions that are kept whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import sqlite3


class Database:
    """A connection on which only ``atomic`` and an explicit BEGIN begin a transaction.

    Python's own mode begins one before each statement that writes, which then waits for a commit.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        if connection.isolation_level is not None:  # setting it again ends an open transaction
            connection.isolation_level = None
        self.conn = connection
        # Without it a row that replaces another one deletes that one without its triggers.
        connection.execute("PRAGMA recursive_triggers = ON")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run one statement; what it writes is kept at once, or with the open transaction."""
        return self.conn.execute(sql, parameters)

    @contextmanager
    def atomic(self) -> Iterator[Self]:
        """Keep all that the block writes, or nothing; an inner block is part of the outer."""
        if self.conn.in_transaction:
            yield self
            return
        self.execute("BEGIN")
        try:
            yield self
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        """Keep what the open transaction wrote."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the open transaction; an error may have ended it already."""
        if self.conn.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file; an open transaction is undone."""
        self.conn.close()
