"""A unit's own page: the checks before a start, the live view, the end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from workstation.console.acts import shown, site_of
from workstation.console.chart import TOLERANCE
from workstation.console.other_machines import watches_only
from workstation.console.possible import WHO
from workstation.console.unit_view import outcome_words, unit_view
from workstation.console.units import KeptUnit

NOBODY: Final = "nobody named"
"""The reader named in the audit while nobody has given a name."""

PROCESS: Final = secrets.token_hex(4)
"""This process in its pages: the times at which they are drawn compare within one alone."""


def routes() -> list[BaseRoute]:
    """The page and its chart."""
    return [
        Route("/units/{name}", shown(page), methods=["GET"]),
        Route("/units/{name}/chart", chart, methods=["GET"]),
    ]


def unit_path(name: str) -> str:
    """The address of a unit's page."""
    return f"/units/{quote(name, safe='')}"


def unit_named(request: Request) -> KeptUnit:
    """Returns the unit of a page's address; raises HTTPException 404 for none."""
    unit = site_of(request).units.get(request.path_params["name"])
    if unit is None:
        raise HTTPException(404)
    return unit


def page(request: Request) -> Response:
    """The unit's present state; it waits for no database."""
    return unit_page(request, unit_named(request))


def unit_page(
    request: Request,
    unit: KeptUnit,
    *,
    fault: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Returns the page, with what was wrong with a form sent from it, and the form's content."""
    site = site_of(request)
    person = site.people.named(request)
    # Before the parts, which are never older.
    drawn_us = round(site.clock.now_s() * 1e6)
    shape = site.frames.present().of(unit.name).shape
    view = unit_view(unit, site.words, person)
    if view.facts is not None and not watches_only(request):
        site.reader.note_view(person or NOBODY, view.facts)
    asked = unit.asked(request.query_params.get("asked", ""))
    return site.page(
        request,
        "unit/unit.html",
        status=422 if fault else 200,
        unit=unit,
        view=view,
        shape=shape,
        drawn=(PROCESS, drawn_us),
        outcome=fault or outcome_words(asked, site.words),
        fault=fault,
        typed={"act": "", "words": "", **(typed or {})},
        still="still" in request.query_params,
        path=unit_path(unit.name),
        who=WHO,
    )


async def chart(request: Request) -> Response:
    """The last minute of the unit, for a page that was loaded again."""
    kept = unit_named(request).chart
    return JSONResponse(
        {
            "points": [[p.utc_ms, p.force_n, p.target_n] for p in kept.points],
            "marks": [[m.utc_ms, m.kind, m.text] for m in kept.marks],
            "tolerance": TOLERANCE,
        }
    )
