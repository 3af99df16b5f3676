"""Who sits at this browser: the name that a person has given, kept in a signed cookie.

There are no accounts yet: a name is what somebody says it is, as on the command line.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from controller.errors import RequestRefused
from controller.ports import Clock
from controller.words import check_name
from records.store.private_files import write_private

COOKIE: Final = "traction_person"
"""Begins the name of the cookie."""
BROWSER_COOKIE: Final = "traction_browser"
LASTS_S: Final = 12 * 3600
"""A day's work; a workstation that was left overnight asks anew."""
IDLE_S: Final = 600
"""Without a touch for so long a person is signed out."""
RENEWED_S: Final = 30
"""A touch so soon behind another one changes nothing."""
KEY_FILE: Final = "console.key"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a browser says, signed: a name, since when, and when it was touched last."""

    name: str
    since_ms: int
    touched_ms: int


class PeopleCookie:
    """Signs names with a key of this station, so that a restarted console knows them still.

    ``stays`` says of whom nobody wants to hear a name anew: a person whose session is open.
    """

    def __init__(self, key: bytes, clock: Clock, stays: Callable[[str], bool]) -> None:
        self.cookie = f"{COOKIE}_{hashlib.sha256(key).hexdigest()[:8]}"
        """One browser has one for each station: those of a machine differ by their ports alone,
        which cookies do not know."""
        self._serializer = URLSafeSerializer(key, salt="person")
        self._clock = clock
        self._stays = stays

    def named(self, request: HTTPConnection) -> str:
        """The name of who sits here; "" where nobody has said it, or not of late."""
        claim = self._claim(request)
        return claim.name if claim is not None and not self._is_idle(claim) else ""

    def is_signed_out(self, request: HTTPConnection) -> bool:
        """True for somebody who has said a name and has not touched the page for too long."""
        claim = self._claim(request)
        return claim is not None and self._is_idle(claim)

    def keep(self, response: Response, name: str) -> None:
        """Keep a name in the browser; raises RequestRefused for none that a record may hold."""
        now_ms = self._clock.utc_ms()
        self._sign(response, _Claim(check_name("name", name), now_ms, now_ms))

    def touch(self, request: HTTPConnection, response: Response) -> None:
        """Somebody who sits here has touched the page."""
        claim = self._claim(request)
        if claim is None or self._is_idle(claim) or self._age_s(claim.touched_ms) < RENEWED_S:
            return
        self._sign(response, _Claim(claim.name, claim.since_ms, self._clock.utc_ms()))

    def forget(self, response: Response) -> None:
        """Nobody sits here any more."""
        response.delete_cookie(self.cookie, httponly=True, samesite="strict")

    def _claim(self, request: HTTPConnection) -> _Claim | None:
        try:
            name, since_ms, touched_ms = self._serializer.loads(
                request.cookies.get(self.cookie, "")
            )
            claim = _Claim(check_name("name", name), int(since_ms), int(touched_ms))
        except (BadData, RequestRefused, TypeError, ValueError):
            return None
        return claim if self._age_s(claim.since_ms) <= LASTS_S else None

    def _is_idle(self, claim: _Claim) -> bool:
        return self._age_s(claim.touched_ms) > IDLE_S and not self._stays(claim.name)

    def _age_s(self, at_ms: int) -> float:
        return (self._clock.utc_ms() - at_ms) / 1000

    def _sign(self, response: Response, claim: _Claim) -> None:
        signed = self._serializer.dumps([claim.name, claim.since_ms, claim.touched_ms])
        response.set_cookie(
            self.cookie, str(signed), max_age=LASTS_S, httponly=True, samesite="strict"
        )


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
