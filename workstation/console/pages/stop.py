"""STOP under the console's own address: the second way beside the stop door, with its rules."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from workstation.console.acts import site_of
from workstation.station.stop_request import SITE_HEADER, Head, press_named

LOOK_S: Final = 0.01


def routes() -> list[BaseRoute]:
    """Returns ``/stop`` for all tables, ``/stop/NAME`` for one; GET never stops."""
    return [
        Route("/stop", stop, methods=["GET", "POST"]),
        Route("/stop/{name}", stop, methods=["GET", "POST"]),
    ]


async def stop(request: Request) -> Response:
    """Order the release and report what became of it, within a quarter of a second."""
    site = site_of(request)
    head = Head(
        method=request.method,
        path=request.scope["path"],
        hosts=tuple(request.headers.getlist("host")),
        origins=tuple(request.headers.getlist("origin")),
        sites=tuple(request.headers.getlist(SITE_HEADER)),
        press=press_named(request.url.query),
    )
    source = request.client.host if request.client else "unknown"
    pending = site.stop_desk.answer(head, source)
    while not pending.is_ready(site.clock.now_s()):
        await asyncio.sleep(LOOK_S)
    answer = pending.content()
    code = int(answer.status.partition(" ")[0])
    return Response(answer.content, status_code=code, headers=answer.headers)
