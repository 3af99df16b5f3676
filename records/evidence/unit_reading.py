"""Opening a unit's file to read it or to check it, and what such files follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from controller.errors import JournalError
from records.evidence.predecessor import Predecessor, predecessor_of
from records.evidence.stored_session import SessionHead, session_rows_of
from records.evidence.unreadable import refused_in_words
from records.store.database import Database, checking_file, reading_file, rows
from records.store.unit_file import UNIT_SCHEMA


def reading(path: Path) -> AbstractContextManager[Database]:
    """A read-only connection for a while."""
    return reading_file(path, UNIT_SCHEMA)


def checking(path: Path) -> AbstractContextManager[Database]:
    """The same for code that says what was altered: it asks about the schema itself."""
    return checking_file(path, UNIT_SCHEMA)


def predecessors_among(paths: Iterable[Path]) -> Iterator[tuple[Path, Predecessor]]:
    """The files that follow another one, with what they follow.

    One that cannot be read follows nothing here; ``verify`` says what is wrong with it.
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
    """Sessions without a seal; with the unit's lock free they were interrupted."""
    if not path.exists():
        return []
    with reading(path) as db:
        sealed = {number for (number,) in rows(db, "SELECT session FROM seal")}
        return [head for head in session_rows_of(db) if head.number not in sealed]
