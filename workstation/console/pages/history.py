"""The history: treatments found by patient, day, outcome, words and table, in pages of 50."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.events import Outcome
from records.clinic.audit import record_read
from records.evidence.reader import NOT_CLOSED, REMOVED, RUNNING
from records.keeping.session_facts import delivered_minutes
from records.keeping.session_names import CalledTreatment
from records.keeping.unfollowed_orders import NO_SESSION
from records.note.paper_note import minutes_of
from records.standing.kinds import UnitRecord
from workstation.console.acts import shown_to_person, site_of
from workstation.console.site import Site
from workstation.console.unit_names import called_by_clinic
from workstation.history.finding import FoundTreatments, find_treatments_told
from workstation.history.query_form import FIELDS, read_query

ON_A_PAGE: Final = 50
OUTCOMES: Final = (*(str(each) for each in Outcome), NOT_CLOSED, RUNNING, REMOVED, NO_SESSION)
NOT_CHECKED: Final = (
    "This list checks nothing: the page of a session checks that session, and `traction verify "
    "--all` checks every one."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """A treatment in the list, as text; one from paper has a note and no curve.

    ``was_begun`` is False for an order that no session followed: it has neither.
    """

    called: str
    on_paper: bool
    was_begun: bool
    began: str
    patient: str
    table: str
    minutes: str
    outcome: str
    note: str


def routes() -> list[BaseRoute]:
    """Returns the routes of the list with its form."""
    return [Route("/sessions", shown_to_person(page), methods=["GET"])]


def page(request: Request, person: str) -> Response:
    """The form and the matches; every look leaves its row in the audit."""
    site, typed = site_of(request), dict(request.query_params)
    tables = [each.record for each in site.standing().units]
    read = read_query({name: typed.get(name, "").strip() for name in FIELDS}, tables)
    number = page_number(typed.get("page", ""))
    context: dict[str, Any] = {
        "typed": typed,
        "faults": read.faults,
        "tables": tables,
        "outcomes": OUTCOMES,
        "not_checked": NOT_CHECKED,
    }
    if read.faults:
        return site.page(request, "history/list.html", status=422, rows=None, **context)
    day_of = site.words.settings.day_at
    found = find_treatments_told(
        site.folder, read.query, day_of, refused_too=bool(typed.get("refused"))
    )
    part = found.part((number - 1) * ON_A_PAGE, ON_A_PAGE)
    called = part.every
    if called or (site.folder.clinic_database.exists() and any(typed.values())):
        ids = [one.called for one in called]
        record_read(site.folder, site.author(person), "search", fields=ids)
    return site.page(
        request,
        "history/list.html",
        rows=[*_rows(site, part, tables)],
        found=found,
        number=number,
        pages=max(1, -(-found.count // ON_A_PAGE)),
        link=lambda to: f"/sessions?{urlencode(_asked(typed) | {'page': str(to)})}",
        **context,
    )


def page_number(text: str) -> int:
    """Returns a page of a list by its number; the first for anything invalid."""
    return int(text) if text.isdecimal() and 0 < len(text) < 7 and int(text) > 0 else 1


def _asked(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: typed[name] for name in (*FIELDS, "refused") if typed.get(name)}


def _rows(site: Site, part: FoundTreatments, tables: Sequence[UnitRecord]) -> Iterator[HistoryRow]:
    minutes = delivered_minutes(site.folder, [one.head.session_id for one in part.sessions])
    notes = {one.head.session_id: one.note_status for one in part.sessions}
    for sheet in part.sheets:
        minutes[sheet.kept.sheet.sheet_id] = minutes_of(sheet.kept.sheet)
        notes[sheet.kept.sheet.sheet_id] = sheet.note_status
    for one in part.every:
        yield _row(site, one, tables, minutes.get(one.called), notes.get(one.called, ""))


def _row(
    site: Site, one: CalledTreatment, tables: Sequence[UnitRecord], minutes: int | None, note: str
) -> HistoryRow:
    return HistoryRow(
        called=one.called,
        on_paper=one.on_paper,
        was_begun=one.was_begun,
        began=site.words.day_and_time(one.began_utc_ms),
        patient=one.reference or "no patient",
        table=one.unit if one.on_paper else called_by_clinic(one.unit, tables),
        minutes=_minutes(one, minutes),
        outcome=one.state,
        note=note,
    )


def _minutes(one: CalledTreatment, minutes: int | None) -> str:
    if not one.was_begun:
        return "none"
    return "unknown" if minutes is None else f"{minutes} min"
