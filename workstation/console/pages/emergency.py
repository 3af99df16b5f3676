"""Reading records in an emergency: by anybody who is signed in, with a reason, for an hour."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from records.accounts.accounts import open_in_emergency
from workstation.console.acts import (
    Form,
    came_from,
    own_path,
    posted_whole,
    shown_to_person,
    site_of,
    to,
)


def routes() -> list[BaseRoute]:
    """The page and its act."""
    return [
        Route("/emergency", shown_to_person(page), methods=["GET"]),
        Route("/emergency", posted_whole(take), methods=["POST"]),
    ]


def page(request: Request, _person: str) -> Response:
    """What it means, and the question for the reason."""
    return _page(request, own_path(request.query_params.get("back") or came_from(request)), "")


def take(request: Request, form: Form, person: str) -> Response:
    """Keep the reason, then open the records to this person."""
    site, back = site_of(request), own_path(form.text("back"))
    try:
        if site.people.account(request) is None:
            raise RequestRefused("nobody has an account here: every record is open to everyone")
        until_ms = open_in_emergency(site.folder, site.author(person), form.text("reason"))
    except RequestRefused as refusal:
        return _page(request, back, refusal.message, form.text("reason"))
    site.people.open_in_emergency(request, until_ms)
    return to(back)


def _page(request: Request, back: str, fault: str, typed: str = "") -> Response:
    status = 422 if fault else 200
    return site_of(request).page(
        request, "emergency.html", status=status, back=back, fault=fault, typed=typed
    )
