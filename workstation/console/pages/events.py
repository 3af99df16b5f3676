"""The live events of a page, and its confirmation that somebody can see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from workstation.console.acts import check_token, site_of
from workstation.console.browsers import browser_of
from workstation.console.live_pages import LiveStream
from workstation.console.other_machines import watches_only
from workstation.console.site import Site


def routes() -> list[BaseRoute]:
    """The stream and the confirmation."""
    return [
        Route("/events", stream, methods=["GET"]),
        Route("/events/{stream_id}/seen", seen, methods=["POST"]),
    ]


async def stream(request: Request) -> Response:
    """Server-sent events: first the stream's id, then the newest frame repeatedly."""
    site = site_of(request)
    opening = site.pages.opened(
        browser_of(request) or "none",
        patients=not watches_only(request),
        instead_of=request.query_params.get("instead_of", ""),
    )
    return StreamingResponse(_events(site, opening), media_type="text/event-stream")


async def _events(site: Site, opening: AbstractContextManager[LiveStream]) -> AsyncIterator[bytes]:
    with opening as opened:
        yield f"retry: 500\nevent: stream\ndata: {opened.id}\n\n".encode()
        yield site.frames.encoded(patients=opened.patients)
        while (frame := await opened.next()) is not None:
            yield frame
        yield b"event: taken\ndata: another tab\n\n"


async def seen(request: Request) -> Response:
    """A visible page has drawn a frame."""
    check_token(request)
    known = site_of(request).pages.confirm(request.path_params["stream_id"])
    return Response(status_code=204 if known else 410)
