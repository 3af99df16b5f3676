"""Typed text of a note that was not entered yet: kept, so that nothing is typed twice.

It is among the drafts of notes under a name of its own, so that no note, no search and no signature
sees it before a person enters it. It is removed in the transaction that enters the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from records.store.clinic_file import clinic_reading, clinic_writing, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder

TYPING: Final = "typing-"
"""Beginning of the name of typed text; no session has it."""
TYPED: Final = "typed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedText:
    """A text that waits; ``by`` is "" where nobody had given a name."""

    text: str
    by: str
    at_utc_ms: int


def keep_typed(
    folder: RecordFolder, session_id: str, texts: Mapping[str, str], by: str, at_utc_ms: int
) -> None:
    """Keep what was typed for fields of a note, durably; an empty text removes the older one."""
    with clinic_writing(folder) as db:
        drop_typed(db, session_id, [name for name, text in texts.items() if not text])
        for name, text in texts.items():
            if text:
                db.execute(
                    "INSERT OR REPLACE INTO draft_word VALUES (?, ?, ?, 0, ?, ?, ?)",
                    (TYPING + session_id, name, text, TYPED, by, at_utc_ms),
                )


def typed_texts(folder: RecordFolder, session_id: str) -> dict[str, TypedText]:
    """Returns what waits for the fields of a note, by their names."""
    with clinic_reading(folder) as db:
        return typed_in(db, session_id)


def typed_in(db: Database, session_id: str) -> dict[str, TypedText]:
    """Returns the same in a transaction."""
    if not has_chain(db):
        return {}
    found = rows(
        db,
        "SELECT name, value, said_by, said_utc_ms FROM draft_word WHERE session_id = ?",
        (TYPING + session_id,),
    )
    return {name: TypedText(text=text, by=by, at_utc_ms=at) for name, text, by, at in found}


def drop_typed(db: Database, session_id: str, names: Iterable[str] | None = None) -> None:
    """Remove what was typed for some fields; all of it without names."""
    if names is None:
        db.execute("DELETE FROM draft_word WHERE session_id = ?", (TYPING + session_id,))
        return
    for name in names:
        db.execute(
            "DELETE FROM draft_word WHERE session_id = ? AND name = ?", (TYPING + session_id, name)
        )
