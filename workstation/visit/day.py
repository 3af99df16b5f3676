"""The claims of some days in one go: ready ones are written, for the others it reports why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from controller.errors import TractionError
from records.note.fields import open_in_words
from records.provenance import NOT_RECORDED_TEXT
from records.visit.worklist import ListedVisit, VisitState
from workstation.session.workplace import Workplace
from workstation.visit.claiming import ClaimResult, NewPerson, export_when_ready, scrubbed_visit

WHY_NOT = {
    VisitState.BEGUN: "no session yet",
    VisitState.RUNNING: "the session is running",
    VisitState.LEFT_OPEN: "its record was left open",
    VisitState.ALTERED: "its record or its words were altered",
    VisitState.TO_COMPLETE: "the note is not complete",
    VisitState.TO_SIGN: "the note is not signed",
    VisitState.ON_PAPER: f"T-001: entered from a downtime sheet, {NOT_RECORDED_TEXT}",
}


def export_claims(
    workplace: Workplace,
    listed: Iterable[ListedVisit],
    documents: Path,
    day: date,
    person: NewPerson,
) -> list[ClaimResult]:
    """Scrub and write every claim that is ready; visits that have one already are skipped."""
    return [
        _exported(workplace, each, documents / day.isoformat(), person)
        for each in listed
        if not each.is_finished or each.state is VisitState.ON_PAPER
    ]


def _exported(
    workplace: Workplace, each: ListedVisit, place: Path, person: NewPerson
) -> ClaimResult:
    if each.state is not VisitState.TO_CLAIM:
        lacks = WHY_NOT[each.state]
        if each.open_fields:
            lacks = f"{lacks}: {open_in_words(each.open_fields)}"
        return ClaimResult(session_id=each.session_id, reference=each.reference, lacks=(lacks,))
    folder = workplace.folder
    try:
        visit = scrubbed_visit(folder, workplace.settings, each.session_id, person)
        return export_when_ready(folder, visit, place, person)
    except TractionError as refusal:
        return ClaimResult(
            session_id=each.session_id, reference=each.reference, lacks=(refusal.message,)
        )


def summary_lines(results: Sequence[ClaimResult]) -> Iterator[str]:
    """Yields what was written, what was not and why, and how many of both."""
    for each in results:
        if each.file is not None:
            yield f"written  {each.reference}  {each.file}"
    for each in results:
        if each.file is None:
            yield f"not      {each.reference}  session {each.session_id or 'none yet'}"
            yield from (f"           {text}" for text in each.lacks)
    written = sum(each.file is not None for each in results)
    yield f"{written} claims written, {len(results) - written} not"
