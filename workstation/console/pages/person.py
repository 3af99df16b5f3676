"""Who sits here: asked before the first act, changed without leaving the page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused, TractionError
from workstation.console.acts import Form, came_from, open_to_all, own_path, shown, site_of, to


def routes() -> list[BaseRoute]:
    """The page and its two acts."""
    return [
        Route("/person", shown(page), methods=["GET"]),
        Route("/person", open_to_all(take), methods=["POST"]),
        Route("/person/leave", open_to_all(leave), methods=["POST"]),
        Route("/person/touched", touched, methods=["POST"]),
        Route("/person/here", here, methods=["GET"]),
    ]


def page(request: Request) -> Response:
    """The people on file as buttons, and a field for who is not on file."""
    back = own_path(request.query_params.get("back") or came_from(request))
    return _page(request, back, "")


def _page(request: Request, back: str, fault: str, typed: str = "") -> Response:
    site = site_of(request)
    try:
        people = [each.record for each in site.standing().people if each.record.in_use]
    except TractionError:
        people = []  # STOP and the live view need nobody's name
    return site.page(
        request,
        "person.html",
        status=422 if fault else 200,
        people=people,
        back=back,
        fault=fault,
        typed=typed,
    )


def take(request: Request, form: Form, _person: str) -> Response:
    """Keep the name in this browser."""
    back = own_path(form.text("back"))
    response = to(back)
    try:
        site_of(request).people.keep(response, form.text("name"))
    except RequestRefused as refusal:
        return _page(request, back, refusal.message, form.text("name"))
    return response


def leave(request: Request, form: Form, _person: str) -> Response:
    """Nobody sits here any more."""
    response = to("/")
    site_of(request).people.forget(response)
    return response


async def touched(request: Request) -> Response:
    """Somebody has touched a page; 410 tells it that who sat here is signed out."""
    response = _whether_here(request)
    site_of(request).people.touch(request, response)
    return response


async def here(request: Request) -> Response:
    """Whether who sat here is signed out."""
    return _whether_here(request)


def _whether_here(request: Request) -> Response:
    return Response(status_code=410 if site_of(request).people.is_signed_out(request) else 204)
