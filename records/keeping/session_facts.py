"""Facts of a list of sessions besides the search: minutes, and claim."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from controller.errors import JournalError, TractionError
from records.clinic.readings import EXPORTED, left_readings
from records.clinic.visit_sessions import visits_in
from records.evidence.reader import SessionHead, load_session
from records.evidence.stored_session import session_rows_named
from records.evidence.unit_reading import reading
from records.evidence.unreadable import UNREADABLE, refused_in_words
from records.note.delivered_dose import compute_dose, traction_minutes
from records.store.clinic_chain import EntryKind
from records.store.clinic_file import clinic_reading, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.strict_json import parse_object

_EXPORTS = (
    f"SELECT detail FROM entry WHERE kind = {int(EntryKind.RECORD_READ)} "
    f"AND instr(detail, '\"{EXPORTED}\"') ORDER BY sequence"
)
"""Most readings are not of a claim: those are not even parsed."""


def delivered_minutes(folder: RecordFolder, session_ids: Collection[str]) -> dict[str, int | None]:
    """Returns whole minutes of traction; None where the content was removed or is unreadable."""
    found: dict[str, int | None] = dict.fromkeys(session_ids)
    for path in folder.readable_databases():
        with suppress(JournalError), reading(path) as db:
            for head in session_rows_named(db, session_ids):
                found[head.session_id] = _minutes(db, path, head)
    return found


def _minutes(db: Database, path: Path, head: SessionHead) -> int | None:
    try:
        minutes = traction_minutes(load_session(db, path, head, with_samples=False))
        if minutes is None:
            return compute_dose(load_session(db, path, head)).delivered_minutes
        return minutes
    except (TractionError, *UNREADABLE):
        return None


def claims_sent(folder: RecordFolder) -> dict[str, list[str]]:
    """Returns formats of claims that left without errors, by session of the visit, oldest first."""
    if not folder.clinic_database.exists():
        return {}
    with refused_in_words(f"the exports of claims in {folder}"), clinic_reading(folder) as db:
        if not has_chain(db):
            return {}
        visits = visits_in(db)
        read = [parse_object(detail) for (detail,) in rows(db, _EXPORTS)]
    left = (one.detail for one in left_readings(folder) if one.detail is not None)
    sent: dict[str, list[str]] = {}
    for detail in (*read, *left):
        export = detail.get(EXPORTED)
        if isinstance(export, dict) and export.get("ready"):
            for name in visits.sessions_with(str(detail["session_id"])):
                sent.setdefault(name, []).append(str(export["format"]))
    return sent
