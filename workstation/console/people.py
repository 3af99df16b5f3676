"""Who sits at this browser: the name that a person has given, kept in a signed cookie.

There are no accounts yet: a name is what somebody says it is, as on the command line.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from controller.errors import RequestRefused
from controller.words import check_name
from records.store.private_files import write_private

COOKIE: Final = "traction_person"
BROWSER_COOKIE: Final = "traction_browser"
LASTS_S: Final = 12 * 3600
"""A day's work; a workstation that was left overnight asks anew."""
KEY_FILE: Final = "console.key"
_KEY_BYTES = 32


class PeopleCookie:
    """Signs names with a key of this station, so that a restarted console knows them still."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="person")

    def named(self, request: HTTPConnection) -> str:
        """The name of who sits here; "" where nobody has said it, or not today."""
        try:
            name = self._serializer.loads(request.cookies.get(COOKIE, ""), max_age=LASTS_S)
            return check_name("name", name)
        except (BadData, RequestRefused, TypeError):
            return ""

    def keep(self, response: Response, name: str) -> None:
        """Keep a name in the browser; raises RequestRefused for none that a record may hold."""
        signed = str(self._serializer.dumps(check_name("name", name)))
        response.set_cookie(COOKIE, signed, max_age=LASTS_S, httponly=True, samesite="strict")

    def forget(self, response: Response) -> None:
        """Nobody sits here any more."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def browser_of(request: HTTPConnection) -> str:
    """What a browser is known by; "" for one that keeps no cookies."""
    return request.cookies.get(BROWSER_COOKIE, "")


def mark_browser(request: HTTPConnection, response: Response) -> None:
    """Give a browser a name of its own, once."""
    if not browser_of(request):
        response.set_cookie(BROWSER_COOKIE, secrets.token_hex(8), httponly=True, samesite="strict")


def key_in(folder: Path) -> bytes:
    """The key of a station's cookies, made if it is missing."""
    path = folder / KEY_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(_KEY_BYTES)
        write_private(path, key, secret=True)
        return key
