"""The last visits of a patient: when, what was delivered, how it ended and was tolerated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.errors import JournalCorrupt
from controller.order.force_unit import ForceUnit
from records.clinic.paper_sheets import sheets_on_file
from records.clinic.visit_sessions import visits_of
from records.evidence.reader import REMOVED
from records.keeping.search import FoundSession, SessionQuery, find_sessions
from records.note.led_forces import led_field
from records.note.treatment_note import TreatmentNote
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.note_status import status_text
from records.visit.paper_visit import load_paper
from workstation.settings import Settings

MOST: Final = 5
"""Most that are shown; the history has every one."""
DELIVERED: Final = (
    ("delivered_minutes", "{}"),
    ("mean_hold_force", "mean in hold {}"),
    ("peak_force", "peak {}"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVisit:
    """One visit, named by its session or sheet; "" for missing or removed entries.

    ``altered`` says what of its record or entries is altered; nothing else of it is shown then.
    """

    session_id: str
    began_utc_ms: int
    outcome: str = ""
    note_status: str = ""
    delivered: str = ""
    tolerance: str = ""
    altered: str = ""


def past_visits(folder: RecordFolder, settings: Settings, reference: str) -> list[PastVisit]:
    """Returns the newest visits of a patient, newest first, without refused attempts.

    The caller keeps the row of the access before a person sees them.
    """
    found = [
        each
        for each in find_sessions(folder, SessionQuery(patient=reference), settings.day_at)
        if not each.refused
    ]
    told = [*_recorded(folder, settings, found), *_on_paper(folder, settings, reference)]
    return sorted(told, key=lambda each: each.began_utc_ms, reverse=True)[:MOST]


def _recorded(
    folder: RecordFolder, settings: Settings, found: list[FoundSession]
) -> Iterator[PastVisit]:
    visits = visits_of(folder)
    together: dict[str, FoundSession] = {}
    for each in found:
        together.setdefault(visits.named(each.head.session_id), each)
    for name, newest in [*together.items()][:MOST]:
        began_ms = newest.head.started_utc_ms
        if not newest.sealed or newest.outcome == REMOVED:
            yield PastVisit(session_id=name, began_utc_ms=began_ms, outcome=newest.outcome)
            continue
        try:
            note = load_visit(folder, name, settings).note
        except JournalCorrupt as error:
            yield PastVisit(session_id=name, began_utc_ms=began_ms, altered=error.message)
            continue
        yield _told(name, began_ms, note, settings.unit_of_force)


def _on_paper(folder: RecordFolder, settings: Settings, reference: str) -> Iterator[PastVisit]:
    sheets = [each.sheet for each in sheets_on_file(folder) if each.sheet.reference == reference]
    for sheet in sheets[-MOST:]:
        try:
            note = load_paper(folder, sheet.sheet_id, settings).note
        except JournalCorrupt as error:
            yield PastVisit(
                session_id=sheet.sheet_id, began_utc_ms=sheet.began_utc_ms, altered=error.message
            )
            continue
        yield _told(sheet.sheet_id, sheet.began_utc_ms, note, settings.unit_of_force)


def _told(name: str, began_ms: int, note: TreatmentNote, forces: ForceUnit) -> PastVisit:
    fields = (*note.fixed_fields, *note.clinician_fields)
    values = {each.name: led_field(each, forces).value for each in fields}
    delivered = (text.format(value) for key, text in DELIVERED if (value := values.get(key)))
    paper = "on paper, not recorded by the device" if note.on_paper else ""
    return PastVisit(
        session_id=name,
        began_utc_ms=began_ms,
        outcome=values.get("outcome") or note.outcome,
        note_status=status_text(note),
        delivered=", ".join(filter(None, (*delivered, paper))),
        tolerance=values.get("tolerance") or "",
    )
