"""Opens a unit's file to read or check it, and finds what such files follow."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from controller.errors import JournalError
from records.evidence.predecessor import Predecessor, predecessor_of
from records.evidence.stored_session import SessionHead, session_rows_of
from records.evidence.unreadable import refused_in_words
from records.store.database import Database, checking_file, reading_file, rows
from records.store.schema_check import is_begun
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock

LOOK_S: Final = 0.02
LOOKS: Final = 100
"""Two seconds, like the wait for a writer that works on the file."""


@contextmanager
def reading(path: Path) -> Iterator[Database]:
    """Yields a read-only connection; waits for a file that is being made.

    The first session of a unit makes its file, and programs of other units read at that time.
    """
    for _ in range(LOOKS):
        if not _is_being_made(path):
            break
        threading.Event().wait(LOOK_S)
    with reading_file(path, UNIT_SCHEMA) as db:
        yield db


def _is_being_made(path: Path) -> bool:
    if not UnitLock(path).is_held():
        return False
    with checking(path) as db:
        return is_begun(db)


def checking(path: Path) -> AbstractContextManager[Database]:
    """Returns the same for code that reports alterations: it checks the schema itself."""
    return checking_file(path, UNIT_SCHEMA)


def predecessors_among(paths: Iterable[Path]) -> Iterator[tuple[Path, Predecessor]]:
    """Yields the files that follow another one, with what they follow.

    Unreadable ones are skipped; ``verify`` reports their faults.
    """
    for path in paths:
        try:
            with reading(path) as db, refused_in_words(f"what {path} follows"):
                found = predecessor_of(db)
        except JournalError:
            continue
        if found is not None:
            yield path, found


def open_sessions(path: Path) -> list[SessionHead]:
    """Returns sessions without a seal; with the unit's lock free they were interrupted."""
    if not path.exists():
        return []
    with reading(path) as db:
        sealed = {number for (number,) in rows(db, "SELECT session FROM seal")}
        return [head for head in session_rows_of(db) if head.number not in sealed]
