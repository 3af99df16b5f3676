"""Who is signed in under which cookie: in memory, and in a file that outlives the console.

The browser keeps a random id in a signed cookie; the file has its digest and whose it is.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from controller.errors import JournalError
from records.accounts.accounts import EMERGENCY_LASTS_S
from records.accounts.sign_in_file import (
    SignIn,
    end_sign_in,
    end_sign_ins_before,
    keep_sign_in,
    reading_sign_ins,
    sign_in_of,
    sign_ins,
)
from records.store.private_files import write_private
from records.store.record_folder import RecordFolder

COOKIE: Final = "traction_person"
"""Beginning of the cookie's name."""
LASTS_S: Final = 12 * 3600
"""A day's work; a workstation that was left overnight asks again."""
FORGOTTEN_S: Final = 2 * LASTS_S
"""Later than its end: a person whose own session is open may keep the sign-in."""
LOOK_MS: Final = 1000
"""How long a sign-in that was ended by another program may remain valid here."""
KEY_FILE: Final = "console.key"
_KEY_BYTES = 32


class KeptSignIns:
    """The sign-ins of one station, whose ``key`` signs the cookies.

    ``report`` takes what only the log shows.
    """

    def __init__(self, folder: RecordFolder, key: bytes, report: Callable[[str], None]) -> None:
        self.cookie = f"{COOKIE}_{hashlib.sha256(key).hexdigest()[:8]}"
        """Each station has a cookie of its own: stations of one machine differ by their ports only,
        which cookies do not distinguish.
        """
        self._folder, self._report = folder, report
        self._serializer = URLSafeSerializer(key, salt="person")
        self._held: dict[bytes, SignIn] = {}
        self._looked_ms: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def of(self, request: HTTPConnection, now_ms: int) -> SignIn | None:
        """Returns who is signed in at a browser, however long ago."""
        id_digest = self._id_digest(request)
        if not id_digest:
            return None
        with self._lock:
            held = self._held.get(id_digest) or self._stored(id_digest)
            if held is not None and self._was_ended(id_digest, now_ms):
                del self._held[id_digest]
                return None
            if held is not None:
                held = self._held[id_digest] = not_ahead(held, now_ms)
        return held

    def begin(self, request: HTTPConnection, response: Response, said: SignIn) -> None:
        """Begin with a new id each time: an id that was planted before identifies nobody."""
        self.end(request)
        made = secrets.token_urlsafe(_KEY_BYTES)
        with sign_ins(self._folder) as db:
            end_sign_ins_before(db, said.since_utc_ms - FORGOTTEN_S * 1000)
            keep_sign_in(db, _digest(made), said)
        with self._lock:
            self._held[_digest(made)] = said
        signed = str(self._serializer.dumps(made))
        response.set_cookie(self.cookie, signed, max_age=LASTS_S, httponly=True, samesite="strict")

    def change(self, request: HTTPConnection, said: SignIn) -> None:
        """Change a sign-in; raises JournalError where it lasts only until the console ends."""
        id_digest = self._id_digest(request)
        with self._lock:
            self._held[id_digest] = said
        with sign_ins(self._folder) as db:
            keep_sign_in(db, id_digest, said)

    def end(self, request: HTTPConnection) -> None:
        """Nobody is signed in at this browser any more."""
        id_digest = self._id_digest(request)
        if not id_digest:
            return
        with self._lock:
            self._held.pop(id_digest, None)
            self._looked_ms.pop(id_digest, None)
        with sign_ins(self._folder) as db:
            end_sign_in(db, id_digest)

    def _was_ended(self, id_digest: bytes, now_ms: int) -> bool:
        """Returns whether the account's PIN was set since, which ends all its sign-ins.

        While the file cannot be read, what is known remains valid.
        """
        if abs(now_ms - self._looked_ms.get(id_digest, -LOOK_MS)) < LOOK_MS:
            return False
        self._looked_ms[id_digest] = now_ms
        try:
            with reading_sign_ins(self._folder) as db:
                return sign_in_of(db, id_digest) is None
        except JournalError:
            return False

    def _stored(self, id_digest: bytes) -> SignIn | None:
        if not self._folder.sign_ins.exists():
            return None
        try:
            with sign_ins(self._folder) as db:
                return sign_in_of(db, id_digest)
        except JournalError as error:
            self._report(f"who is signed in cannot be read: {error.message}")
            return None

    def _id_digest(self, request: HTTPConnection) -> bytes:
        try:
            said = self._serializer.loads(request.cookies.get(self.cookie, ""))
        except BadData:
            return b""
        return _digest(said) if isinstance(said, str) else b""


def not_ahead(held: SignIn, now_ms: int) -> SignIn:
    """Returns a time not in the future: a clock that was set back lengthens nothing."""
    until_ms = min(held.emergency_until_utc_ms, now_ms + EMERGENCY_LASTS_S * 1000)
    return replace(
        held,
        since_utc_ms=min(held.since_utc_ms, now_ms),
        touched_utc_ms=min(held.touched_utc_ms, now_ms),
        emergency_until_utc_ms=until_ms,
    )


def key_in(folder: Path) -> bytes:
    """Returns the key of a station's cookies, made if it is missing."""
    path = folder / KEY_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(_KEY_BYTES)
        write_private(path, key, secret=True)
        return key


def _digest(said: str) -> bytes:
    return hashlib.sha256(said.encode()).digest()
