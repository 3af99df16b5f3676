"""Notes that wait for words or for a signature, and what the claims of a day still lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused, TractionError
from records.clinic.audit import record_read, standing_field
from records.note.fields import clinician_fields
from records.visit.worklist import ListedVisit, VisitState, list_visits
from workstation.console.acts import shown_to_person, site_of
from workstation.console.site import Site
from workstation.visit.claiming import claim_lacks, scrubbed_visit
from workstation.visit.day import WHY_NOT

LOOKED_BACK: Final = timedelta(days=30)
"""So far back a note that nobody signed is looked for, as `traction visit --resume` does."""
DAYS_OF_CLAIMS: Final = 7
WITH_A_NOTE: Final = (VisitState.TO_COMPLETE, VisitState.TO_SIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """A visit in a list: ``lacks`` is what keeps its note or its claim back.

    ``in_lines``: each of it is a sentence.
    """

    session_id: str
    reference: str
    began: str
    state: str
    lacks: tuple[str, ...] = ()
    in_lines: bool = True
    has_a_note: bool = True


def routes() -> list[BaseRoute]:
    """The list; with ?claims=DAY also the claims of a day."""
    return [Route("/notes", shown_to_person(page), methods=["GET"])]


def page(request: Request, person: str) -> Response:
    """Notes of the last weeks that nobody signed, by day; and the claims of a day that is asked."""
    site = site_of(request)
    today = site.words.at(site.clock.utc_ms()).date()
    waiting = _listed(site, (today - LOOKED_BACK, today), unsigned_only=True)
    asked = _day(request.query_params.get("claims", ""))
    of_day = _listed(site, (asked, asked)) if asked else []
    _keep_access(site, person, [*waiting, *of_day])
    notes = [each for each in waiting if each.state in WITH_A_NOTE]
    return site.page(
        request,
        "note/notes.html",
        days=[*_by_day(site, notes)],
        looked_back=LOOKED_BACK.days,
        claim_days=[today - timedelta(days=back) for back in range(DAYS_OF_CLAIMS)],
        asked_day=asked,
        claims=[_claim_line(site, each, person) for each in of_day],
    )


def _listed(
    site: Site, days: tuple[date, date], *, unsigned_only: bool = False
) -> list[ListedVisit]:
    settings = site.words.settings
    return list_visits(site.folder, settings, settings.day_at, days, unsigned_only=unsigned_only)


def _day(text: str) -> date | None:
    """The day that was asked for; raises RequestRefused for what is none."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RequestRefused("claims is not a day as in 2026-11-30; choose one below") from error


def _keep_access(site: Site, person: str, listed: Iterable[ListedVisit]) -> None:
    """A list of patients is handed out once the row of the access is kept."""
    named = dict.fromkeys(standing_field("patient", each.reference) for each in listed)
    if named:
        record_read(site.folder, site.who_reads(person), "notes", fields=[*named])


def _by_day(site: Site, listed: list[ListedVisit]) -> Iterator[tuple[date, list[WaitingLine]]]:
    """The newest day first; within a day by the beginning of the session."""

    def day_of(each: ListedVisit) -> date:
        return site.words.at(each.began_utc_ms).date()

    newest_first = sorted(listed, key=lambda each: -day_of(each).toordinal())
    for day, of_day in groupby(newest_first, key=day_of):
        yield day, [_note_line(site, each) for each in of_day]


def _note_line(site: Site, each: ListedVisit) -> WaitingLine:
    labels = {field.name: field.label for field in clinician_fields(stopped=True, adjusted=True)}
    lacks = tuple(labels.get(name, name) for name in each.open_fields)
    return replace(_line(site, each, lacks), in_lines=False)


def _claim_line(site: Site, each: ListedVisit, person: str) -> WaitingLine:
    if each.state is not VisitState.TO_CLAIM:
        lacks = WHY_NOT.get(each.state, "")
        return _line(site, each, (lacks,) if lacks else ())
    try:
        visit = scrubbed_visit(
            site.folder,
            site.words.settings,
            each.session_id,
            lambda _folder: site.who_reads(person),
        )
        return _line(site, each, tuple(claim_lacks(visit)) or ("ready: nothing keeps it back",))
    except TractionError as refusal:
        return _line(site, each, (refusal.message,))


def _line(site: Site, each: ListedVisit, lacks: tuple[str, ...]) -> WaitingLine:
    return WaitingLine(
        session_id=each.session_id,
        reference=each.reference or "(nobody named)",
        began=f"{site.words.at(each.began_utc_ms):%H:%M %Z}",
        state=each.state.value,
        lacks=lacks,
        has_a_note=bool(each.session_id)
        and each.state not in (VisitState.RUNNING, VisitState.LEFT_OPEN),
    )
