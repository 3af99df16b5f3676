"""A unit's own page: the live view, and what may be asked of its session."""

from __future__ import annotations

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from workstation.console.acts import shown, site_of
from workstation.console.units import KeptUnit


def routes() -> list[BaseRoute]:
    """The live page and its chart."""
    return [
        Route("/units/{name}", shown(page), methods=["GET"]),
        Route("/units/{name}/chart", chart, methods=["GET"]),
    ]


def unit_path(name: str) -> str:
    """The address of a unit's page."""
    return f"/units/{quote(name, safe='')}"


def unit_named(request: Request) -> KeptUnit:
    """The unit of a page's address; raises HTTPException 404 for none."""
    unit = site_of(request).units.get(request.path_params["name"])
    if unit is None:
        raise HTTPException(404)
    return unit


def page(request: Request) -> Response:
    """The unit as it is at present; it reads no database."""
    unit = unit_named(request)
    return site_of(request).page(request, "unit.html", unit=unit)


async def chart(request: Request) -> Response:
    """The last minute of the unit, for a page that was loaded anew."""
    points = [[p.utc_ms, p.force_n, p.target_n] for p in [*unit_named(request).chart]]
    return JSONResponse({"points": points})
