"""Text typed for a visit without a session: a draft, so that nothing is typed twice.

It is among the drafts of notes, under the visit's name, until its session has it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from records.clinic.audit import written_row
from records.note.lifecycle import draft_in, keep_words
from records.note.typed import TYPED
from records.note.words import Word
from records.store.author import Author
from records.store.clinic_chain import append_entries
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.database import rows
from records.store.record_folder import RecordFolder

VISIT = "visit-"
"""Beginning of the name of a visit without a session; no session has it."""
KEPT_MS = 24 * 60 * 60 * 1000
"""An interrupted visit is continued on its day; older ones are dropped."""


def keep_prepared(
    folder: RecordFolder, visit_id: str, texts: Mapping[str, str], author: Author
) -> None:
    """Keep what was typed for a visit, replacing what was typed for it before."""
    with clinic_writing(folder) as db:
        db.execute(
            "DELETE FROM draft_word WHERE substr(session_id, 1, ?) = ? AND said_utc_ms < ?",
            (len(VISIT), VISIT, author.at_utc_ms - KEPT_MS),
        )
        keep_words(db, visit_id, _words(texts, author))


def prepared_texts(folder: RecordFolder, visit_id: str) -> dict[str, str]:
    """Returns what was typed for a visit; nothing once its session has it."""
    found = prepared_words(folder, visit_id)
    return {name: word.value for name, word in found.items() if word.value is not None}


def prepared_words(folder: RecordFolder, visit_id: str) -> dict[str, Word]:
    """Returns the same with who typed it, and when."""
    with clinic_reading(folder) as db:
        return draft_in(db, visit_id)


def claim_prepared(
    folder: RecordFolder, visit_id: str, name: str, text: str, author: Author
) -> str:
    """Keep a text under a name once; returns the stored one, whoever was first."""
    with clinic_writing(folder) as db:
        kept = draft_in(db, visit_id).get(name)
        if kept is not None and kept.value:
            return kept.value
        keep_words(db, visit_id, _words({name: text}, author))
    return text


def visits_prepared_with(folder: RecordFolder, name: str, text: str) -> list[str]:
    """Returns visits for which this was typed under this name, newest first."""
    with clinic_reading(folder) as db:
        found: list[tuple[str]] = rows(
            db,
            "SELECT session_id FROM draft_word WHERE substr(session_id, 1, ?) = ? AND name = ? "
            "AND value = ? ORDER BY said_utc_ms DESC, session_id",
            (len(VISIT), VISIT, name, text),
        )
    return [visit_id for (visit_id,) in found]


def hand_over(
    folder: RecordFolder, texts: Mapping[str, str], session: tuple[str, str], author: Author
) -> None:
    """Move what was typed before a session into its note.

    ``session`` is its id and the key of its patient.
    """
    session_id, patient_key = session
    with clinic_writing(folder) as db:
        keep_words(db, session_id, _words(texts, author))
        row = written_row(
            author,
            "note completed",
            session_id=session_id,
            patient_key=patient_key,
            fields=list(texts),
        )
        append_entries(db, author, [row])


def forget_prepared(folder: RecordFolder, visit_id: str, names: Collection[str] = ()) -> None:
    """Drop what stands under these names, or all of it, once order and note have it."""
    with clinic_writing(folder) as db:
        for name in names:
            db.execute("DELETE FROM draft_word WHERE session_id = ? AND name = ?", (visit_id, name))
        if not names:
            db.execute("DELETE FROM draft_word WHERE session_id = ?", (visit_id,))


def _words(texts: Mapping[str, str], author: Author) -> dict[str, Word]:
    return {
        name: Word(
            value=text,
            not_assessed=False,
            source=TYPED,
            said_by=author.by.strip(),
            said_utc_ms=author.at_utc_ms,
        )
        for name, text in texts.items()
    }
