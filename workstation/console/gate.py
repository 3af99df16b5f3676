"""The checks of every request to the console: the host name, where it comes from, its size.

A POST is accepted only from a page of this console; STOP has its own rules (``stop``).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workstation.hosts import base_address
from workstation.station.stop_request import Neighbours, unit_in

MOST_BODY_BYTES: Final = 262_144
UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Gate:
    """Wraps the application. ``console`` are its own pages, ``door`` where STOP goes."""

    def __init__(self, app: ASGIApp, *, console: Neighbours, stop_port: int) -> None:
        self._app = app
        self._console = console
        self._stop_port = stop_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what may not come in, and add the browser rules to every answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        policy = self._policy(scope["scheme"], headers.get("host", ""))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                _guard(answer, policy)
                if scope["scheme"] == "https":
                    _keep_cookies_encrypted(answer)
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        if not headers.getlist("host") or not self._console.knows_hosts(headers.getlist("host")):
            return PlainTextResponse("This console is not served under that name.", status_code=421)
        if scope["method"] not in UNSAFE or unit_in(scope["path"]) is not None:
            return None
        origins = headers.getlist("origin")
        if not origins or "null" in origins or self._console.foreign(origins) is not None:
            return PlainTextResponse(
                "Only pages of this console may do that. Open it again.", status_code=403
            )
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
            return PlainTextResponse("That is too long for a form.", status_code=413)
        return None

    def _policy(self, scheme: str, host: str) -> str:
        door = door_address(scheme, host, self._stop_port)
        return (
            f"default-src 'self'; connect-src 'self' {door}; form-action 'self' {door}; "
            "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
        )


def door_address(scheme: str, host: str, port: int) -> str:
    """Returns the address of the stop door for a browser that called ``host``: never less safe.

    A page that came over TLS may send nothing without encryption.
    """
    name = urlsplit(f"//{host}").hostname or "127.0.0.1"
    return base_address(scheme, name, port)


def _guard(headers: MutableHeaders, policy: str) -> None:
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")


def _keep_cookies_encrypted(headers: MutableHeaders) -> None:
    """Never send a cookie of an encrypted page without encryption."""
    cookies = headers.getlist("set-cookie")
    del headers["set-cookie"]
    for cookie in cookies:
        headers.append("set-cookie", f"{cookie}; Secure")
