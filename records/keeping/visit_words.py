"""What people wrote of each visit, recorded or entered from a sheet. Read-only."""

from __future__ import annotations

from records.note.words import AMENDED, SIGNED
from records.store.clinic_chain import EntryKind, entries_of_kind
from records.store.clinic_file import has_chain
from records.store.database import Database, rows


def texts_of_visits(db: Database) -> dict[str, dict[str, str]]:
    """Returns the newest text of each field, of drafts and of signed notes, by visit."""
    said: dict[str, dict[str, str]] = {}
    if not has_chain(db):
        return said
    for session_id, name, value in rows(
        db, "SELECT session_id, name, value FROM draft_word WHERE value IS NOT NULL"
    ):
        said.setdefault(session_id, {})[name] = value
    for entry in entries_of_kind(db, EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED):
        of_session = said.setdefault(entry.detail["session_id"], {})
        of_session |= {
            name: word["value"]
            for name, word in entry.detail["words"].items()
            if word["value"] is not None
        }
    return said


def statuses_of_notes(db: Database) -> dict[str, str]:
    """Returns the status of each signed note, by the session or sheet that names its visit."""
    status = {}
    for entry in entries_of_kind(db, EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED):
        signed = entry.kind is EntryKind.NOTE_SIGNED
        status[str(entry.detail["session_id"])] = SIGNED if signed else AMENDED
    return status
