"""The person at this browser: asked before the first act, changed without leaving the page."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from controller.errors import RecordNotFound, RequestRefused, TractionError
from records.standing.kinds import PersonRecord
from workstation.console.acts import (
    Form,
    came_from,
    check_token,
    open_to_all,
    own_path,
    shown,
    site_of,
    to,
)
from workstation.console.site import Site


def routes() -> list[BaseRoute]:
    """Returns the page and its acts."""
    return [
        Route("/person", shown(page), methods=["GET"]),
        Route("/person", open_to_all(take), methods=["POST"]),
        Route("/person/code", open_to_all(take_code), methods=["POST"]),
        Route("/person/leave", open_to_all(leave), methods=["POST"]),
        Route("/person/touched", touched, methods=["POST"]),
        Route("/person/here", here, methods=["GET"]),
    ]


def page(request: Request) -> Response:
    """The accounts, or while nobody has one the people on file and a field for others."""
    return _page(request, own_path(request.query_params.get("back") or came_from(request)), "")


def take(request: Request, form: Form, _person: str) -> Response:
    """Sign a person in, or keep a name in this browser while nobody has an account."""
    site, back = site_of(request), own_path(form.text("back"))
    if not form.text("account"):
        response = to(back)
        try:
            site.people.keep_name(request, response, form.text("name"))
        except RequestRefused as refusal:
            return _page(request, back, refusal.message, typed=form.text("name"))
        return response
    return _signed_in(request, form, back)


def take_code(request: Request, form: Form, _person: str) -> Response:
    """Set a PIN with a one-time code, and sign its owner in."""
    site, back = site_of(request), own_path(form.text("back"))
    account, pin = form.text("account"), form.text("pin")
    try:
        if pin != form.text("again"):
            raise RequestRefused("the two new PINs differ; type both again")
        site.people.desk.set_pin_by_code(account, form.text("code"), pin)
    except (RequestRefused, RecordNotFound) as refusal:
        return _page(request, back, refusal.message, chosen=account)
    return _signed_in(request, form, back)


def leave(request: Request, form: Form, _person: str) -> Response:
    """Sign out."""
    response = to("/")
    site_of(request).people.leave(request, response)
    return response


async def touched(request: Request) -> Response:
    """Note that somebody has touched a page; 410 tells it that the person is signed out."""
    check_token(request)
    response = _whether_here(request)
    await run_in_threadpool(site_of(request).people.touch, request)
    return response


async def here(request: Request) -> Response:
    """Returns whether the person who sat here is signed out."""
    return _whether_here(request)


def _signed_in(request: Request, form: Form, back: str) -> Response:
    """Returns the requested page, after what happened to the account since the last sign-in."""
    site, account = site_of(request), form.text("account")
    wants_json = request.headers.get("accept") == "application/json"
    response: Response = JSONResponse({}) if wants_json else to(back)
    try:
        told = site.people.sign_in(request, response, account, form.text("pin"))
    except (RequestRefused, RecordNotFound) as refusal:
        if wants_json:
            return JSONResponse({"name": "", "fault": refusal.message, "told": []})
        return _page(request, back, refusal.message, chosen=account)
    name = site.people.accounts.now()[account].name
    if wants_json:
        made: Response = JSONResponse({"name": name, "fault": "", "told": [*told]})
    elif told:
        made = site.page(request, "signed_in.html", name=name, told=told, back=back)
    else:
        return response
    made.headers.append("set-cookie", response.headers["set-cookie"])
    return made


def _page(
    request: Request, back: str, fault: str, *, typed: str = "", chosen: str = ""
) -> Response:
    site = site_of(request)
    accounts = site.people.accounts
    accounts.now()
    return site.page(
        request,
        "person.html",
        status=422 if fault else 200,
        people=_people(site),
        unknown=not accounts.are_known,
        back=back,
        fault=fault,
        typed=typed,
        chosen=chosen,
    )


def _people(site: Site) -> list[PersonRecord]:
    try:
        return [each.record for each in site.standing().people if each.record.in_use]
    except TractionError:
        return []  # STOP and the live view need nobody's name


def _whether_here(request: Request) -> Response:
    return Response(status_code=410 if site_of(request).people.is_signed_out(request) else 204)
