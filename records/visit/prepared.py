"""What was typed for a visit that has no session yet: a draft, so that nothing is typed twice.

It stands among the drafts of notes, under the visit's name, until its session has it.
"""

from __future__ import annotations

from collections.abc import Mapping

from records.note.lifecycle import draft_in, keep_words
from records.note.typed import TYPED
from records.note.words import Word
from records.store.author import Author
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.record_folder import RecordFolder

VISIT = "visit-"
"""Begins the name of a visit that has no session yet; no session is called so."""
KEPT_MS = 24 * 60 * 60 * 1000
"""A visit that was left is taken up on its day; what is older is dropped."""


def keep_prepared(
    folder: RecordFolder, visit_id: str, texts: Mapping[str, str], author: Author
) -> None:
    """Keep what was typed for a visit, in place of what was typed for it before."""
    said = {
        name: Word(
            value=text,
            not_assessed=False,
            source=TYPED,
            said_by=author.by.strip(),
            said_utc_ms=author.at_utc_ms,
        )
        for name, text in texts.items()
    }
    with clinic_writing(folder) as db:
        db.execute(
            "DELETE FROM draft_word WHERE substr(session_id, 1, ?) = ? AND said_utc_ms < ?",
            (len(VISIT), VISIT, author.at_utc_ms - KEPT_MS),
        )
        keep_words(db, visit_id, said)


def prepared_texts(folder: RecordFolder, visit_id: str) -> dict[str, str]:
    """What was typed for a visit; nothing once its session has it."""
    found = prepared_words(folder, visit_id)
    return {name: word.value for name, word in found.items() if word.value is not None}


def prepared_words(folder: RecordFolder, visit_id: str) -> dict[str, Word]:
    """The same with who typed it, and when."""
    with clinic_reading(folder) as db:
        return draft_in(db, visit_id)


def forget_prepared(folder: RecordFolder, visit_id: str) -> None:
    """Drop it, once order and note of the session have it."""
    with clinic_writing(folder) as db:
        db.execute("DELETE FROM draft_word WHERE session_id = ?", (visit_id,))
