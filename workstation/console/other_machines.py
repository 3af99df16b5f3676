"""Restricts a page on another machine to watching the units and stopping them.

Only the address of the connection decides, never a part of the request. Machines that a setting
names may do what this one may. Everything that is not listed here is refused, so that a new page is
closed to them until somebody adds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from workstation.hosts import LOOPBACK, host_of
from workstation.station.stop_request import unit_in

WATCHES: Final = (
    "This machine may watch and stop. Everything else is done at the workstation beside the "
    "tables, or at a machine that its setting console_acting_addresses names. STOP works."
)
WATCHED: Final = re.compile(r"/|/events|/units/[^/]+|/units/[^/]+/chart|/static/.*")
"""Pages without a patient's name."""


class OtherMachines:
    """Wraps the application. ``acting`` are addresses; ``refused`` makes the page of a refusal."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        acting: frozenset[str],
        refused: Callable[[Request], Response],
    ) -> None:
        self._app = app
        self._acting = acting
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check where the request comes from, before anything is done."""
        if scope["type"] != "http" or self._may_act(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.watches = True
        if _is_watching(request):
            await self._app(scope, receive, send)
            return
        await self._refused(request)(scope, receive, send)

    def _may_act(self, scope: Scope) -> bool:
        client = HTTPConnection(scope).client
        address = host_of(client.host.partition("%")[0]) if client else ""
        return address in LOOPBACK or address in self._acting


def watches_only(request: HTTPConnection) -> bool:
    """Returns whether a request comes from a machine that may only watch and stop."""
    return bool(getattr(request.state, "watches", False))


def _is_watching(request: Request) -> bool:
    path = request.scope["path"]
    if unit_in(path) is not None:
        return request.method in ("GET", "HEAD", "POST")
    return request.method in ("GET", "HEAD") and WATCHED.fullmatch(path) is not None
