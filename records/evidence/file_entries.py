"""Entries of clinic.db's chain about units' files: put aside, accepted, opened, closed, moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from controller.errors import JournalError
from controller.events import JsonValue
from records.evidence.unreadable import refused_in_words
from records.store.author import Author
from records.store.clinic_chain import EntryKind, append_entries, entries_of_kind
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.record_folder import RecordFolder

T = TypeVar("T")
Detail = Mapping[str, Any]


def note_of_file(
    folder: RecordFolder, author: Author, kind: EntryKind, said: Mapping[str, JsonValue]
) -> None:
    """Note it, signed, with the person who says it."""
    with clinic_writing(folder) as db:
        append_entries(db, author, [(kind, {**said, "by": author.by, "user": author.user})])


def entries_of_files(
    folder: RecordFolder, read: Callable[[Detail, int], T], *kinds: EntryKind
) -> list[T]:
    """Returns ``read``'s result for each entry's detail and time (UTC ms), of these kinds in order.

    A missing or unreadable clinic.db gives none; ``verify`` reports its faults.
    """
    if not folder.clinic_database.exists():
        return []
    try:
        with clinic_reading(folder) as db, refused_in_words("what was done with files"):
            return [read(entry.detail, entry.utc_ms) for entry in entries_of_kind(db, *kinds)]
    except JournalError:
        return []
