"""The first page: every table with what it does and what keeps it from being ready."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from workstation.console.acts import shown, site_of


def routes() -> list[BaseRoute]:
    """The overview."""
    return [Route("/", shown(page), methods=["GET"])]


def page(request: Request) -> Response:
    """A card for every table."""
    return site_of(request).page(request, "overview.html")
