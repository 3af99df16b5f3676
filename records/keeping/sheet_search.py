"""Finds downtime sheets by the same queries as sessions, because they share a list. Read-only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from records.clinic.paper_sheets import KeptSheet, PaperSheet, sheets_on_file
from records.keeping.search import SessionQuery
from records.keeping.visit_words import statuses_of_notes, texts_of_visits
from records.note.fields import PATIENT_REFERENCE
from records.note.paper_note import outcome_of
from records.note.words import DRAFT
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder

TABLE = "table"
"""Name of the table on a sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSheet:
    """A sheet in a list; ``reference`` is the patient's by the newest entry of its note."""

    kept: KeptSheet
    reference: str
    note_status: str

    @property
    def references(self) -> frozenset[str]:
        """Returns every reference in sheet and note."""
        return frozenset({self.kept.sheet.reference, self.reference})

    @property
    def outcome(self) -> str:
        """Returns how the treatment ended, by the sheet."""
        return outcome_of(self.kept.sheet)


def find_sheets(
    folder: RecordFolder, query: SessionQuery, day_of: Callable[[int], date]
) -> list[FoundSheet]:
    """Returns matching sheets, newest first. ``day_of`` turns UTC ms into the clinic's day."""
    on_file = sheets_on_file(folder)
    if not on_file:
        return []
    with clinic_reading(folder) as db:
        said, status = texts_of_visits(db), statuses_of_notes(db)
    found = []
    for kept in reversed(on_file):
        sheet = kept.sheet
        words = said.get(sheet.sheet_id, {})
        one = FoundSheet(
            kept=kept,
            reference=words.get(PATIENT_REFERENCE.name) or sheet.reference,
            note_status=status.get(sheet.sheet_id, DRAFT),
        )
        texts = "\n".join([*_texts(sheet), *words.values()]).lower()
        table = sheet.values.get(TABLE, "")
        if query.fits(one.outcome, one.references, texts, table) and query.fits_day(
            sheet.began_utc_ms, day_of
        ):
            found.append(one)
    return found


def _texts(sheet: PaperSheet) -> list[str]:
    return [*sheet.values.values(), *sheet.words.values(), sheet.written_by]
