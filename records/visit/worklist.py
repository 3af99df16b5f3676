"""The visits of some days and what each of them still lacks, derived from the records only.

There is no file of states: its record, its note and its exports define where a visit is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from controller.errors import JournalCorrupt, RecordNotFound
from records.claim.decision import NO_BILL, decision_of
from records.clinic.filed_orders import reference_of
from records.clinic.paper_sheets import sheets_on_file
from records.clinic.visit_sessions import visits_of
from records.clinic.visit_steps import VisitStep, steps_on_file
from records.evidence.reader import NOT_CLOSED, REMOVED, RUNNING, is_on_file
from records.keeping.search import FoundSession, SessionQuery, find_sessions
from records.note.words import DRAFT
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from records.times_in_words import DayOf
from records.visit.load import Practice, load_visit
from records.visit.paper_visit import load_paper
from records.visit.visit import Visit

NO_VISIT = ("refused", REMOVED)
"""Outcomes of sessions that make no visit."""


class VisitState(StrEnum):
    """The state of a visit; lists show the value."""

    BEGUN = "begun, no session yet"
    RUNNING = "running"
    LEFT_OPEN = "left open by a program that ended"
    ALTERED = "altered, `traction verify` says where"
    TO_COMPLETE = "to complete"
    TO_SIGN = "to sign"
    TO_CLAIM = "to claim"
    CLAIMED = "claimed"
    NOTHING_TO_CLAIM = "signed, nothing to claim"
    ON_PAPER = "signed, entered from paper: no claim from here (T-001)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVisit:
    """One visit in a list.

    ``session_id`` is "" before the first session, ``visit_id`` is "" after it; ``open_fields`` are
    its note's.
    """

    reference: str
    state: VisitState
    began_utc_ms: int
    session_id: str = ""
    visit_id: str = ""
    open_fields: tuple[str, ...] = ()
    steps: tuple[VisitStep, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Returns True when nothing is left to be done in it."""
        done = (VisitState.CLAIMED, VisitState.NOTHING_TO_CLAIM, VisitState.ON_PAPER)
        return self.state in done


def list_visits(
    folder: RecordFolder,
    practice: Practice,
    day_of: DayOf,
    days: tuple[date, date],
    *,
    reference: str | None = None,
    unsigned_only: bool = False,
) -> list[ListedVisit]:
    """Returns visits from the first to the last day, by their beginning; of one patient only.

    Sessions that were refused make none. A visit with an altered record or entries is listed as
    such. With ``unsigned_only`` visits with a signed note are skipped without being read.
    """
    query = SessionQuery(first_day=days[0], last_day=days[1], patient=reference or "")
    found = find_sessions(folder, query, day_of)
    if unsigned_only:
        found = _unsigned(folder, found)
    return visits_among(folder, practice, found, day_of, days, reference)


def visits_among(
    folder: RecordFolder,
    practice: Practice,
    found: Sequence[FoundSession],
    day_of: DayOf,
    days: tuple[date, date],
    reference: str | None,
) -> list[ListedVisit]:
    """Returns the same, where the sessions of the days, and of the patient, were found before."""
    listed = [
        *_with_sessions(folder, practice, found),
        *_without_session(folder, day_of, days),
        *_on_paper(folder, practice, day_of, days, reference),
    ]
    return sorted(
        (each for each in listed if _is_told(each, listed, reference)),
        key=lambda each: (each.began_utc_ms, each.session_id),
    )


def seen_on(
    folder: RecordFolder, found: Sequence[FoundSession], day_of: DayOf, day: date
) -> frozenset[str]:
    """Returns references of the patients with a visit on a day, without reading records.

    ``found`` are the sessions of the day. Those that were refused do not count.
    """
    treated = (each for each in found if each.outcome not in NO_VISIT)
    return frozenset(
        reference
        for reference in (
            *(each.reference for each in treated),
            *(each.reference for each in _without_session(folder, day_of, (day, day))),
            *(
                kept.sheet.reference
                for kept in sheets_on_file(folder)
                if day_of(kept.sheet.began_utc_ms) == day
            ),
        )
        if reference
    )


def _unsigned(folder: RecordFolder, found: list[FoundSession]) -> list[FoundSession]:
    """Returns sessions of visits whose one note nobody has signed."""
    visits = visits_of(folder)
    signed = {visits.named(each.head.session_id) for each in found if each.note_status != DRAFT}
    return [each for each in found if visits.named(each.head.session_id) not in signed]


def _is_told(each: ListedVisit, listed: list[ListedVisit], reference: str | None) -> bool:
    """Returns whether it is listed: unfinished steps before another treatment are not a visit."""
    if reference is not None and each.reference != reference:
        return False
    return each.state is not VisitState.BEGUN or not any(
        other.session_id and other.reference == each.reference
        for other in listed
        if other.began_utc_ms >= each.began_utc_ms
    )


def state_of(visit: Visit) -> VisitState:
    """Returns the state of a visit whose sessions are closed."""
    if not visit.note.versions:
        return VisitState.TO_COMPLETE if visit.note.open_fields else VisitState.TO_SIGN
    if any(export.ready for export in visit.sent):
        return VisitState.CLAIMED
    decision = decision_of(visit.acceptances)
    if not visit.note.reached_holding or (decision is not None and decision.value == NO_BILL):
        return VisitState.NOTHING_TO_CLAIM
    return VisitState.TO_CLAIM


def _with_sessions(
    folder: RecordFolder, practice: Practice, found: Sequence[FoundSession]
) -> Iterator[ListedVisit]:
    visits = visits_of(folder)
    together: dict[str, list[FoundSession]] = {}
    for each in found:
        if each.outcome not in NO_VISIT:
            together.setdefault(visits.named(each.head.session_id), []).append(each)
    for name, sessions in together.items():
        began = min(each.head.started_utc_ms for each in sessions)
        outcomes = {each.outcome for each in sessions}
        if outcomes & {RUNNING, NOT_CLOSED}:
            state = VisitState.RUNNING if RUNNING in outcomes else VisitState.LEFT_OPEN
            yield ListedVisit(
                reference=_reference(folder, name),
                state=state,
                began_utc_ms=began,
                session_id=name,
            )
            continue
        try:
            visit = load_visit(folder, name, practice)
        except JournalCorrupt:
            reference, state = _reference(folder, name), VisitState.ALTERED
            yield ListedVisit(reference=reference, state=state, began_utc_ms=began, session_id=name)
            continue
        yield ListedVisit(
            reference=visit.patient_reference,
            state=state_of(visit),
            began_utc_ms=began,
            session_id=name,
            open_fields=tuple(visit.note.open_fields),
        )


def _without_session(
    folder: RecordFolder, day_of: DayOf, days: tuple[date, date]
) -> Iterator[ListedVisit]:
    """Returns visits that were begun and have no session yet; per patient the newest of a day.

    A session that was requested but never began does not count.
    """
    newest: dict[tuple[str, date], ListedVisit] = {}
    on_file = steps_on_file(folder)
    for visit_id, steps in on_file.by_visit().items():
        day = day_of(steps[0].at_utc_ms)
        asked = on_file.sessions.get(visit_id, ())
        if days[0] <= day <= days[1] and not any(is_on_file(folder, each) for each in asked):
            newest[steps[0].reference, day] = ListedVisit(
                reference=steps[0].reference,
                state=VisitState.BEGUN,
                began_utc_ms=steps[0].at_utc_ms,
                visit_id=visit_id,
                steps=steps,
            )
    yield from newest.values()


def _on_paper(
    folder: RecordFolder,
    practice: Practice,
    day_of: DayOf,
    days: tuple[date, date],
    reference: str | None,
) -> Iterator[ListedVisit]:
    """Returns visits that were entered from downtime sheets, on the days of their treatments."""
    for kept in sheets_on_file(folder):
        sheet = kept.sheet
        if not days[0] <= day_of(sheet.began_utc_ms) <= days[1]:
            continue
        if reference not in (None, sheet.reference):
            continue
        try:
            note = load_paper(folder, sheet.sheet_id, practice).note
            open_fields = tuple(note.open_fields)
            state = VisitState.TO_COMPLETE if open_fields else VisitState.TO_SIGN
            state = VisitState.ON_PAPER if note.versions else state
        except JournalCorrupt:
            open_fields, state = (), VisitState.ALTERED
        yield ListedVisit(
            reference=sheet.reference,
            state=state,
            began_utc_ms=sheet.began_utc_ms,
            session_id=sheet.sheet_id,
            open_fields=open_fields,
        )


def _reference(folder: RecordFolder, session_id: str) -> str:
    """Returns the reference in a session's order; "" where no order is on file."""
    try:
        with clinic_reading(folder) as db:
            return reference_of(db, session_id)
    except RecordNotFound:
        return ""
