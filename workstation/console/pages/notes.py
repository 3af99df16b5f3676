"""Open and unsigned notes, and what the claims of a day still lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused, TractionError
from records.clinic.audit import record_read, standing_field
from records.note.fields import clinician_fields
from records.times_in_words import zone_in_words
from records.visit.worklist import ListedVisit, VisitState, list_visits
from workstation.console.acts import shown_to_person, site_of
from workstation.console.site import Site
from workstation.visit.claiming import claim_lacks, scrubbed_visit
from workstation.visit.day import WHY_NOT

LOOKED_BACK: Final = timedelta(days=30)
"""How far back unsigned notes are looked for, as in `traction visit --resume`."""
DAYS_OF_CLAIMS: Final = 7
LONGEST_SPAN: Final = timedelta(days=31)
"""Longest span of claims: each is judged by every rule for its line."""
STATES: Final = (
    VisitState.TO_COMPLETE,
    VisitState.TO_SIGN,
    VisitState.TO_CLAIM,
    VisitState.CLAIMED,
    VisitState.NOTHING_TO_CLAIM,
)
"""States that a biller selects by in a span of days."""
WITH_A_NOTE: Final = (VisitState.TO_COMPLETE, VisitState.TO_SIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """A visit in a list: ``lacks`` is what its note or its claim still needs.

    ``in_lines``: each item is a sentence.
    """

    session_id: str
    reference: str
    began: str
    state: str
    lacks: tuple[str, ...] = ()
    in_lines: bool = True
    has_a_note: bool = True


def routes() -> list[BaseRoute]:
    """Returns the list; ?claims=DAY adds the claims of a day, &to=DAY those of a span."""
    return [Route("/notes", shown_to_person(page), methods=["GET"])]


def page(request: Request, person: str) -> Response:
    """Unsigned notes of the last weeks, by day; and the claims that are asked for."""
    site = site_of(request)
    today = site.words.at(site.clock.utc_ms()).date()
    waiting = _listed(site, (today - LOOKED_BACK, today), unsigned_only=True)
    span = _span(request.query_params)
    state = request.query_params.get("state", "")
    of_span = [each for each in _listed(site, span) if state in ("", each.state)] if span else []
    _keep_access(site, person, [*waiting, *of_span])
    notes = [each for each in waiting if each.state in WITH_A_NOTE]
    return site.page(
        request,
        "note/notes.html",
        days=[*_by_day(site, notes, partial(_note_line, site))],
        looked_back=LOOKED_BACK.days,
        claim_days=[today - timedelta(days=back) for back in range(DAYS_OF_CLAIMS)],
        month=(today - LONGEST_SPAN + timedelta(days=1), today),
        states=STATES,
        span=span,
        state=state,
        claims=[*_by_day(site, of_span, partial(_claim_line, site, person))],
    )


def _span(asked: Mapping[str, str]) -> tuple[date, date] | None:
    """Returns the days that were asked for; raises RequestRefused for invalid ones."""
    first, last = _day("claims", asked), _day("to", asked)
    if first is None:
        return None
    last = last or first
    if not timedelta(0) <= last - first < LONGEST_SPAN:
        raise RequestRefused(
            f"from {first} to {last} are not 1 to {LONGEST_SPAN.days} days; ask for fewer, the "
            "first day before the last"
        )
    return first, last


def _listed(
    site: Site, days: tuple[date, date], *, unsigned_only: bool = False
) -> list[ListedVisit]:
    settings = site.words.settings
    return list_visits(site.folder, settings, settings.day_at, days, unsigned_only=unsigned_only)


def _day(name: str, asked: Mapping[str, str]) -> date | None:
    text = asked.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RequestRefused(f"{name} is not a day as in 2026-11-30; choose one below") from error


def _keep_access(site: Site, person: str, listed: Iterable[ListedVisit]) -> None:
    """Record the access before a list of patients is handed out."""
    named = dict.fromkeys(standing_field("patient", each.reference) for each in listed)
    if named:
        record_read(site.folder, site.who_reads(person), "notes", fields=[*named])


def _by_day(
    site: Site, listed: list[ListedVisit], line: Callable[[ListedVisit], WaitingLine]
) -> Iterator[tuple[date, list[WaitingLine]]]:
    """Returns the newest day first; within a day by the beginning of the session."""

    def day_of(each: ListedVisit) -> date:
        return site.words.at(each.began_utc_ms).date()

    newest_first = sorted(listed, key=lambda each: -day_of(each).toordinal())
    for day, of_day in groupby(newest_first, key=day_of):
        yield day, [line(each) for each in of_day]


def _note_line(site: Site, each: ListedVisit) -> WaitingLine:
    labels = {field.name: field.label for field in clinician_fields(stopped=True, adjusted=True)}
    lacks = tuple(labels.get(name, name) for name in each.open_fields)
    return replace(_line(site, each, lacks), in_lines=False)


def _claim_line(site: Site, person: str, each: ListedVisit) -> WaitingLine:
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
    at = site.words.at(each.began_utc_ms)
    return WaitingLine(
        session_id=each.session_id,
        reference=each.reference or "(nobody named)",
        began=f"{at:%H:%M} {zone_in_words(at)}",
        state=each.state.value,
        lacks=lacks,
        has_a_note=bool(each.session_id)
        and each.state not in (VisitState.RUNNING, VisitState.LEFT_OPEN),
    )
