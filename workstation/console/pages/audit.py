"""The audit: who looked at patients' data, who wrote them, and when; newest first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.words import NAME_CHARACTERS, fault_of
from records.clinic.audit import Access, altered_audit
from records.keeping.audit_search import look_at_accesses
from workstation.console.acts import shown_to_person, site_of
from workstation.console.pages.history import page_number
from workstation.console.site import Site

ON_A_PAGE: Final = 100
FIELDS: Final = ("session", "patient", "by")


def routes() -> list[BaseRoute]:
    """The list, with or without a check of its rows."""
    return [Route("/audit", shown_to_person(page), methods=["GET"])]


def page(request: Request, person: str) -> Response:
    """A part of the rows; with ``check`` their chain is recomputed, which takes time."""
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
    """Returns the matching rows, newest first."""
    found = look_at_accesses(
        site.folder,
        site.words.settings.day_at,
        partial(site.author, person),
        session=asked["session"],
        patient=asked["patient"],
    )
    by = asked["by"].casefold()
    return [row for row in reversed(found) if by in row.by.casefold()]


def _checked(site: Site) -> str:
    """Returns the result of checking the rows, in words."""
    altered = altered_audit(site.folder)
    if altered:
        return f"The rows of accesses were altered: {altered}"
    return "Checked now: no row was altered, and none is missing between the first and the last."


def _moment(site: Site, row: Access) -> str:
    return site.words.moment(row.at_utc_ms)
