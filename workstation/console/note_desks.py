"""A note opened by the person at a browser: found by its session, and put on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.errors import NoteRefused, TractionError
from records.claim.rules.as_read import report_as_read
from records.exports.ready import scrubbed
from records.note.fields import PATIENT_REFERENCE
from records.note.treatment_note import TreatmentNote, sessions_text
from records.note.typed import TypedText, keep_typed, typed_texts
from records.times_in_words import minute_in_words
from records.visit.note_hints import unsaid_texts
from records.visit.note_history import told_versions
from records.visit.one_visit import joinable_sessions
from records.visit.paper_visit import PaperVisit, scrubbed_paper
from records.visit.prepared import forget_prepared, prepared_words
from records.visit.visit import NotedVisit, Visit
from workstation.console.note_form import SIGNATURE, WHOLE_NOTE, PostedNote
from workstation.console.note_view import BesideWords, note_view
from workstation.console.site import Site
from workstation.visit.desk import VisitHolder, holder_called
from workstation.visit.note_desk import NoteDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNote:
    """One note and who has opened it; ``visit`` is as it was read for the program itself."""

    site: Site
    desk: NoteDesk
    holder: VisitHolder
    visit: NotedVisit

    @property
    def note(self) -> TreatmentNote:
        """The note."""
        return self.visit.note

    @property
    def called(self) -> str:
        """Returns the session, or sheet, that the note is named after."""
        return self.note.session_id

    def waiting(self) -> dict[str, TypedText]:
        """Returns what was typed and is in no note yet, before the session or for the note."""
        return {**self._prepared(), **typed_texts(self.site.folder, self.called)}

    def keep(self, texts: Mapping[str, str], by: str, at_utc_ms: int) -> None:
        """Keep what was typed with the note, including what was typed before its session.

        What else is kept of that visit belongs to its own pages.
        """
        before = self._prepared()
        told = {**{name: each.text for name, each in before.items()}, **texts}
        keep_typed(self.site.folder, self.called, told, by, at_utc_ms)
        if before:
            forget_prepared(self.site.folder, self._visit_id, before.keys())

    @property
    def _visit_id(self) -> str:
        steps = self.visit.steps if isinstance(self.visit, Visit) else ()
        return steps[0].visit if steps and not self.note.versions else ""

    def _prepared(self) -> dict[str, TypedText]:
        """Returns it for open fields only: the order that was typed has become the session's."""
        if not self._visit_id:
            return {}
        words = prepared_words(self.site.folder, self._visit_id)
        return {
            name: TypedText(text=word.value, by=word.said_by, at_utc_ms=word.said_utc_ms)
            for name, word in words.items()
            if word.value is not None and name in self.note.open_fields
        }

    def drawn(self, said: PostedNote | None, faults: Mapping[str, str]) -> dict[str, Any]:
        """Returns what the page shows; the access is on record before."""
        visit = self.desk.shown_note("note")
        visit, trouble = _looked_at(self.site, visit)
        report = visit.report if isinstance(visit, Visit | PaperVisit) else None
        note = visit.note
        beside = BesideWords(
            typed=self.waiting(),
            report=report and report_as_read(report, note),
            posted=said,
            faults=faults,
        )
        return {
            "visit": visit,
            "note": note,
            "of": sessions_text(note),
            "patient": note.field(PATIENT_REFERENCE.name).value or "",
            "began": began_text(visit),
            "view": note_view(note, beside),
            "versions": [*told_versions(note)],
            "hints": [*unsaid_texts(visit)] if isinstance(visit, Visit) else [],
            "joinable": self._joinable(visit),
            "joined": [name for name in note.sessions if name != note.session_id],
            "is_recorded": isinstance(visit, Visit),
            "trouble": trouble,
            "holder": self.holder,
            "signature": said.signature if said else "",
            "credentials": said.credentials if said else "",
            "fault_text": faults.get(WHOLE_NOTE, ""),
            "signature_fault": faults.get(SIGNATURE, ""),
            "faults": len(faults),
        }

    def _joinable(self, visit: NotedVisit) -> list[tuple[str, str]]:
        """Returns other sessions of the patient on the day, each with the time of its beginning."""
        if not isinstance(visit, Visit):
            return []
        found = joinable_sessions(self.site.folder, visit)
        return [
            (each.session_id, f"{each.session_id}, {_minute(visit, each.started_utc_ms)}")
            for each in found
        ]


def note_of(site: Site, session: str, person: str, credentials: str = "") -> OpenNote:
    """Returns the note of a session or of a downtime sheet; raises TractionError.

    A note begins when its session has ended: before that it would be incomplete.
    """
    settings = site.words.settings
    holder = VisitHolder(name="")
    if person:
        holder = holder_called(site.standing(), person, credentials)
    desk = NoteDesk(
        (settings, site.folder),
        session,
        holder.name,
        holder.credentials,
        site.clock.utc_ms,
        site.people.account_of(holder.name),
    )
    visit = desk.read_note()
    require_ended(visit.note)
    desk.session = visit.note.session_id
    return OpenNote(site=site, desk=desk, holder=holder, visit=visit)


def require_ended(note: TreatmentNote) -> None:
    """Raises NoteRefused for a session that has not ended."""
    if note.ended_utc_ms is None:
        raise NoteRefused(
            f"session {note.session_id} is {note.outcome}: the note begins when the session has "
            "ended"
        )


def _looked_at(site: Site, visit: NotedVisit) -> tuple[NotedVisit, str]:
    """Returns the visit with what the rules say of its claim, else why they could not judge it."""
    try:
        if isinstance(visit, PaperVisit):
            return scrubbed_paper(site.folder, visit), ""
        if isinstance(visit, Visit) and visit.note.reached_holding:
            return scrubbed(site.folder, visit), ""
    except TractionError as error:
        return visit, error.message
    return visit, ""


def began_text(visit: NotedVisit) -> str:
    """Returns when the visit's session began, by the clinic's clock."""
    if isinstance(visit, PaperVisit):
        return _minute(visit, visit.kept.sheet.began_utc_ms)
    assert isinstance(visit, Visit), "a visit is recorded or on paper"
    return _minute(visit, visit.record.head.started_utc_ms)


def _minute(visit: Visit | PaperVisit, utc_ms: int) -> str:
    moment = datetime.fromtimestamp(utc_ms / 1000, visit.zone)
    return minute_in_words(moment)
