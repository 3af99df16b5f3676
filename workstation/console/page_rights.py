"""The right that each address of the console needs, once accounts are in use.

None: everybody may, signed in or not, unless the page itself asks for a name. An address without a
row here stops the console from starting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from records.accounts.rights import Right
from workstation.console.acts import address_of, site_of, to

_READ, _PATIENTS, _PREPARE = Right.READ, Right.PATIENTS, Right.PREPARE
_NOTE, _SIGN, _CLAIM, _UNITS = Right.WRITE_NOTE, Right.SIGN, Right.CLAIM, Right.UNITS

PAGE_RIGHTS: Final[Mapping[str, Right | None]] = {
    "GET /": None,
    "POST /workstation/look": None,
    "GET /sound": None,
    "POST /sound/play": None,
    "POST /sound/heard": None,
    "POST /sound/without": None,
    "GET /person": None,
    "POST /person": None,
    "POST /person/code": None,
    "POST /person/leave": None,
    "POST /person/touched": None,
    "GET /person/here": None,
    "GET /emergency": None,
    "POST /emergency": None,
    "GET /events": None,
    "POST /events/{stream_id}/seen": None,
    "GET /stop": None,
    "POST /stop": None,
    "GET /stop/{name}": None,
    "POST /stop/{name}": None,
    "GET /units/{name}": None,
    "GET /units/{name}/chart": None,
    "POST /units/{name}/answers": None,  # the page asks for each question
    "POST /units/{name}/requests": None,  # the page asks for each request
    "POST /units/{name}/take-over": Right.START,
    "GET /more": None,
    "GET /settings": None,
    "GET /about": None,
    "GET /card": None,
    "GET /patients": _PATIENTS,
    "GET /patients/new": _PATIENTS,
    "POST /patients/new": _PATIENTS,
    "GET /patients/{reference:path}": _PATIENTS,
    "GET /patients/{reference:path}/change": _PATIENTS,
    "POST /patients/{reference:path}/change": _PATIENTS,
    "POST /patients/{reference:path}/flags": _PATIENTS,
    "POST /patients/{reference:path}/flags/{number:int}/end": _PATIENTS,
    "POST /visits": _PREPARE,
    "GET /visits/ended": _PREPARE,
    "GET /visits/{visit}": _PREPARE,
    "GET /sessions/{session_id}/visit": _READ,
    "POST /visits/{visit}/again": _PREPARE,
    "POST /visits/{visit}/join": _NOTE,
    "GET /visits/{visit}/identify": _PREPARE,
    "POST /visits/{visit}/identify": _PREPARE,
    "GET /visits/{visit}/dose": _PREPARE,
    "POST /visits/{visit}/dose": _PREPARE,
    "GET /visits/{visit}/screen": _PREPARE,
    "POST /visits/{visit}/screen": _PREPARE,
    "GET /visits/{visit}/order": _PREPARE,
    "POST /visits/{visit}/order/check": _PREPARE,
    "POST /visits/{visit}/order/start": _PREPARE,
    "GET /notes": _READ,
    "GET /sessions/{session}/note": _READ,
    "POST /sessions/{session}/note": _NOTE,  # the page asks for the signature
    "POST /sessions/{session}/note/draft": _NOTE,
    "POST /sessions/{session}/note/sessions": _SIGN,
    "GET /sessions/{session}/claim": _CLAIM,
    "POST /sessions/{session}/claim/answers": _CLAIM,
    "GET /sessions/{session}/claim/new": _CLAIM,
    "POST /sessions/{session}/claim/file": _CLAIM,
    "GET /sessions/{session}/estimate": _CLAIM,
    "GET /sessions/{session}/export/{format}": _READ,
    "POST /sessions/{session}/export/{format}": _CLAIM,
    "GET /sessions": _READ,
    "GET /sessions/{session_id}": _READ,
    "GET /sessions/{session_id}/verify": _READ,
    "GET /sessions/{session_id}/replay": _READ,
    "GET /sessions/{session_id}/replay/{replay_id}": _READ,
    "GET /alarms": _READ,
    "GET /alarms.csv": _READ,
    "GET /audit": Right.AUDIT,
    "GET /support": _UNITS,
    "GET /support/file": _UNITS,
    "GET /support/file/{file_id}": _UNITS,
    "POST /support/units/{name}/trace": _UNITS,
    "GET /support/units/{name}/captures/{file}": _UNITS,
}


def with_right(route: BaseRoute) -> BaseRoute:
    """Returns the route, which first checks the right of the person who sits here.

    Raises KeyError without a row.
    """
    assert isinstance(route, Route), "pages have addresses of their own"
    rights = {PAGE_RIGHTS[f"{method} {route.path}"] for method in _methods(route)}
    (right,) = rights
    if right is None:
        return route
    endpoint = route.endpoint

    async def asked(request: Request) -> Response:
        people = site_of(request).people
        if request.method == "GET" and people.accounts.now() and not people.named(request):
            return to(f"/person?back={quote(address_of(request))}")
        await run_in_threadpool(people.require, request, right)
        answer: Response = await endpoint(request)
        return answer

    return Route(route.path, asked, methods=[*_methods(route)])


def _methods(route: Route) -> set[str]:
    return (route.methods or set()) - {"HEAD"}
