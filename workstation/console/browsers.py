"""Identifies browsers, and gives forms a token that no other page can send."""

from __future__ import annotations

import secrets
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

BROWSER_COOKIE: Final = "traction_browser"
TOKEN_FIELD: Final = "form_token"
TOKEN_HEADER: Final = "x-traction-token"


class FormTokens:
    """The tokens of the forms of one station, whose ``key`` signs them."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeSerializer(key, salt="form")

    def token(self, request: HTTPConnection) -> str:
        """Returns what every form of this browser's pages carries."""
        return str(self._serializer.dumps(browser_of(request)))

    def fits(self, request: HTTPConnection, token: str) -> bool:
        """Returns whether a form comes from a page that this browser was given."""
        browser = browser_of(request)
        try:
            return bool(browser) and self._serializer.loads(token) == browser
        except BadData:
            return False


def browser_of(request: HTTPConnection) -> str:
    """Returns what a browser is known by; one without a name gets it with this answer."""
    return str(request.cookies.get(BROWSER_COOKIE, "") or getattr(request.state, "browser", ""))


def name_browser(request: HTTPConnection) -> None:
    """Give a browser a name of its own, once, before its page is rendered."""
    if not browser_of(request):
        request.state.browser = secrets.token_hex(8)


def mark_browser(request: HTTPConnection, response: Response) -> None:
    """Send a browser the name that it was given."""
    if name := getattr(request.state, "browser", ""):
        response.set_cookie(BROWSER_COOKIE, name, httponly=True, samesite="strict")
