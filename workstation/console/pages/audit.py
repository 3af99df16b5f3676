"""The audit: who looked at patients' data, who wrote them, and when; newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.words import NAME_CHARACTERS, fault_of
from records.clinic.audit import Access, accesses, altered_audit, record_read, standing_field
from records.keeping.search import SessionQuery
from records.keeping.session_names import find_treatments
from workstation.console.acts import shown_to_person, site_of
from workstation.console.pages.history import page_number
from workstation.console.site import Site

ON_A_PAGE: Final = 100
FIELDS: Final = ("session", "patient", "by")


def routes() -> list[BaseRoute]:
    """The list, with or without a check of its rows."""
    return [Route("/audit", shown_to_person(page), methods=["GET"])]


def page(request: Request, person: str) -> Response:
    """A part of the rows; with ``check`` their chain is recomputed, which takes its time."""
    site, typed = site_of(request), dict(request.query_params)
    asked = {name: typed.get(name, "").strip() for name in FIELDS}
    faults = {
        name: f"{name} {fault}"
        for name, text in asked.items()
        if (fault := fault_of(text, NAME_CHARACTERS))
    }
    context: dict[str, Any] = {"typed": typed, "faults": faults}
    if faults:
        return site.page(request, "more/audit.html", status=422, rows=None, **context)
    number = page_number(typed.get("page", ""))
    rows = _rows(site, person, asked)
    first = (number - 1) * ON_A_PAGE
    kept = {name: text for name, text in asked.items() if text}
    return site.page(
        request,
        "more/audit.html",
        rows=[(_moment(site, row), row) for row in rows[first : first + ON_A_PAGE]],
        count=len(rows),
        number=number,
        pages=max(1, -(-len(rows) // ON_A_PAGE)),
        link=lambda to: f"/audit?{urlencode(kept | {'page': str(to)})}",
        checked=_checked(site) if typed.get("check") else None,
        **context,
    )


def _rows(site: Site, person: str, asked: Mapping[str, str]) -> list[Access]:
    """Those that fit, newest first; the look has a row of its own, which comes with the next."""
    wanted = {asked["session"]} if asked["session"] else None
    ids = _of_patient(site, asked["patient"]) if asked["patient"] else []
    if asked["patient"]:
        of_patient = {*ids, standing_field("patient", asked["patient"])}
        wanted = of_patient if wanted is None else wanted & of_patient
    by = asked["by"].casefold()
    found = accesses(site.folder, wanted)
    if found or (asked["patient"] and site.folder.clinic_database.exists()):
        record_read(site.folder, site.author(person), "audit", fields=ids)
    return [row for row in reversed(found) if by in row.by.casefold()]


def _of_patient(site: Site, reference: str) -> list[str]:
    query = SessionQuery(patient=reference)
    found = find_treatments(site.folder, query, site.words.settings.day_at)
    return [one.called for one in found]


def _checked(site: Site) -> str:
    """What a check of the rows found, in words."""
    altered = altered_audit(site.folder)
    if altered:
        return f"The rows of accesses were altered: {altered}"
    return "Checked now: no row was altered, and none is missing between the first and the last."


def _moment(site: Site, row: Access) -> str:
    return f"{site.words.at(row.at_utc_ms):%Y-%m-%d %H:%M:%S %Z}"
