"""Who sits at a browser: somebody who has signed in, or as long as nobody has an account, a name.

The browser keeps a random id in a signed cookie; the table of sign-ins has its digest and who it
stands for, so that a console that was started anew knows people still.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from controller.errors import JournalError, RecordNotFound, RequestRefused
from controller.ports import Clock
from controller.quick_dataclasses import dataclass
from controller.words import check_name
from records.accounts.accounts import EMERGENCY_LASTS_S, KnownAccount, SignInDesk
from records.accounts.rights import Right
from records.accounts.sign_in_file import (
    SignIn,
    end_sign_in,
    end_sign_ins_before,
    keep_sign_in,
    sign_in_of,
    sign_ins,
)
from records.store.private_files import write_private
from records.store.record_folder import RecordFolder
from workstation.console.kept_accounts import KeptAccounts

COOKIE: Final = "traction_person"
"""Begins the name of the cookie."""
BROWSER_COOKIE: Final = "traction_browser"
TOKEN_FIELD: Final = "form_token"
TOKEN_HEADER: Final = "x-traction-token"
LASTS_S: Final = 12 * 3600
"""A day's work; a workstation that was left overnight asks anew."""
RENEWED_S: Final = 30
"""A touch so soon behind another one changes nothing."""
SAY_AGAIN: Final = "say again who sits here (your name, above)"
KEY_FILE: Final = "console.key"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleRules:
    """``idle_s``: without a touch for so long a person is signed out.

    ``stays`` says of whom nobody wants to hear a name anew: a person whose session is open.
    ``report`` takes what only the log shows.
    """

    idle_s: float
    stays: Callable[[str], bool]
    report: Callable[[str], None]


class People:
    """Who sits at which browser of this station."""

    def __init__(
        self,
        folder: RecordFolder,
        key: bytes,
        clock: Clock,
        desk: SignInDesk,
        rules: PeopleRules,
    ) -> None:
        self.cookie = f"{COOKIE}_{hashlib.sha256(key).hexdigest()[:8]}"
        """One browser has one for each station: those of a machine differ by their ports alone,
        which cookies do not know."""
        self.desk = desk
        self.rules = rules
        self.accounts = KeptAccounts(folder, clock)
        self._folder, self._clock = folder, clock
        self._serializer = URLSafeSerializer(key, salt="person")
        self._forms = URLSafeSerializer(key, salt="form")
        self._held: dict[bytes, SignIn] = {}
        self._away: set[bytes] = set()
        self._lock = threading.Lock()

    # --- who sits here --------------------------------------------------------------------------

    def named(self, request: HTTPConnection) -> str:
        """The name of who sits here; "" where nobody has said it, or not of late."""
        sign_in = self._sign_in(request)
        return sign_in.name if sign_in is not None and not self._is_idle(sign_in) else ""

    def account(self, request: HTTPConnection) -> KnownAccount | None:
        """The account of who sits here; None where nobody does, or nobody has to sign in."""
        sign_in = self._sign_in(request)
        if sign_in is None or self._is_idle(sign_in):
            return None
        return self.accounts.now().get(sign_in.account)

    def account_of(self, name: str) -> str:
        """The account of a person by the name that records have; "" without accounts."""
        found = (each.account for each in self.accounts.now().values() if each.name == name)
        return next(found, "")

    def is_signed_out(self, request: HTTPConnection) -> bool:
        """True for somebody who was here and has not touched the page for too long."""
        sign_in = self._sign_in(request)
        return sign_in is not None and self._is_idle(sign_in)

    def require_present(self, request: HTTPConnection) -> None:
        """Raise RequestRefused where who sits here touched nothing for so long as signs others out.

        Somebody whose session is open stays signed in; whether it is still they who press is asked
        before force is put on.
        """
        sign_in, id_digest = self._sign_in(request), self._id_digest(request)
        if sign_in is None:
            return
        if id_digest in self._away or self._age_s(sign_in.touched_utc_ms) > self.rules.idle_s:
            way = "sign in again with your PIN ([Change person])" if sign_in.account else SAY_AGAIN
            raise RequestRefused(
                f"nobody touched this page for {self.rules.idle_s / 60:.0f} min: {way}, then press "
                "once more"
            )

    def require(self, request: HTTPConnection, right: Right) -> None:
        """Raise RightMissing where who sits here may not; nobody is asked for a name by this."""
        account = self.account(request)
        if account is None or (right is Right.READ and self._in_emergency(request)):
            return
        account.require(right)

    # --- coming and going -----------------------------------------------------------------------

    def keep_name(self, request: HTTPConnection, response: Response, name: str) -> None:
        """Keep a name that somebody says of themselves.

        Raises RequestRefused for none that a record may hold, and once accounts are in use.
        """
        if self.accounts.now() or not self.accounts.are_known:
            raise RequestRefused("people sign in here with an account and its PIN; choose yours")
        self._keep(request, response, account="", name=check_name("name", name))

    def sign_in(
        self, request: HTTPConnection, response: Response, account: str, pin: str
    ) -> tuple[str, ...]:
        """Sign somebody in; returns what happened to the account since the last time.

        Raises SignInRefused.
        """
        known = self.accounts.now().get(account)
        if known is not None and known.is_script:
            raise RecordNotFound(f"account {account!r} is a program's; sign in with your own")
        signed_in = self.desk.sign_in(account, pin, "console")
        self.accounts.look_again()
        self._keep(request, response, account=account, name=signed_in.account.name)
        return signed_in.told

    def open_in_emergency(self, request: HTTPConnection, until_utc_ms: int) -> None:
        """Somebody who sits here has given a reason, which is on record."""
        id_digest = self._id_digest(request)
        with self._lock:
            opened = replace(self._held[id_digest], emergency_until_utc_ms=until_utc_ms)
            self._held[id_digest] = opened
        with sign_ins(self._folder) as db:
            keep_sign_in(db, id_digest, opened)

    def touch(self, request: HTTPConnection) -> None:
        """Somebody who sits here has touched the page."""
        sign_in, id_digest = self._sign_in(request), self._id_digest(request)
        if sign_in is None or self._is_idle(sign_in):
            return
        away_s = self._age_s(sign_in.touched_utc_ms)
        if away_s < RENEWED_S:
            return
        if away_s > self.rules.idle_s:
            self._away.add(id_digest)
        touched = replace(sign_in, touched_utc_ms=self._clock.utc_ms())
        with self._lock:
            self._held[id_digest] = touched
        try:
            with sign_ins(self._folder) as db:
                keep_sign_in(db, id_digest, touched)
        except JournalError as error:
            self.rules.report(f"a touch was not kept: {error.message}")

    def leave(self, request: HTTPConnection, response: Response) -> None:
        """Nobody sits here any more."""
        self._end(self._id_digest(request))
        response.delete_cookie(self.cookie, httponly=True, samesite="strict")

    def _keep(
        self, request: HTTPConnection, response: Response, *, account: str, name: str
    ) -> None:
        """A new id each time: one that somebody had put there before stands for nobody."""
        self._end(self._id_digest(request))
        made, now_ms = secrets.token_urlsafe(_KEY_BYTES), self._clock.utc_ms()
        said = SignIn(account=account, name=name, since_utc_ms=now_ms, touched_utc_ms=now_ms)
        with sign_ins(self._folder) as db:
            end_sign_ins_before(db, now_ms - LASTS_S * 1000)
            keep_sign_in(db, _digest(made), said)
        with self._lock:
            self._held[_digest(made)] = said
        signed = str(self._serializer.dumps(made))
        response.set_cookie(self.cookie, signed, max_age=LASTS_S, httponly=True, samesite="strict")

    def _end(self, id_digest: bytes) -> None:
        if not id_digest:
            return
        with self._lock:
            self._held.pop(id_digest, None)
            self._away.discard(id_digest)
        with sign_ins(self._folder) as db:
            end_sign_in(db, id_digest)

    # --- forms ----------------------------------------------------------------------------------

    def token(self, request: HTTPConnection) -> str:
        """What every form of this browser's pages carries, so that no other page can send it."""
        return str(self._forms.dumps(browser_of(request)))

    def token_fits(self, request: HTTPConnection, token: str) -> bool:
        """Whether a form is of a page that this browser was given."""
        browser = browser_of(request)
        try:
            return bool(browser) and self._forms.loads(token) == browser
        except BadData:
            return False

    # --- what is kept ---------------------------------------------------------------------------

    def _sign_in(self, request: HTTPConnection) -> SignIn | None:
        id_digest = self._id_digest(request)
        if not id_digest:
            return None
        with self._lock:
            held = self._held.get(id_digest) or self._stored(id_digest)
            if held is not None:
                held = self._held[id_digest] = not_ahead(held, self._clock.utc_ms())
        if held is None or self._ran_out(held) or not self._is_in_use(held):
            return None
        return held

    def _ran_out(self, held: SignIn) -> bool:
        return self._age_s(held.since_utc_ms) > LASTS_S and not self.rules.stays(held.name)

    def _is_in_use(self, held: SignIn) -> bool:
        """A name that was said before there were accounts is nobody's any more."""
        accounts: Mapping[str, KnownAccount] = self.accounts.now()
        if not self.accounts.are_known:
            return False
        return held.account in accounts if accounts or held.account else True

    def _stored(self, id_digest: bytes) -> SignIn | None:
        if not self._folder.sign_ins.exists():
            return None
        try:
            with sign_ins(self._folder) as db:
                return sign_in_of(db, id_digest)
        except JournalError as error:
            self.rules.report(f"who is signed in cannot be read: {error.message}")
            return None

    def _id_digest(self, request: HTTPConnection) -> bytes:
        try:
            said = self._serializer.loads(request.cookies.get(self.cookie, ""))
        except BadData:
            return b""
        return _digest(said) if isinstance(said, str) else b""

    def _is_idle(self, sign_in: SignIn) -> bool:
        idle_s = self._age_s(sign_in.touched_utc_ms)
        return idle_s > self.rules.idle_s and not self.rules.stays(sign_in.name)

    def _in_emergency(self, request: HTTPConnection) -> bool:
        sign_in = self._sign_in(request)
        return sign_in is not None and self._clock.utc_ms() < sign_in.emergency_until_utc_ms

    def _age_s(self, at_utc_ms: int) -> float:
        return (self._clock.utc_ms() - at_utc_ms) / 1000


def not_ahead(held: SignIn, now_ms: int) -> SignIn:
    """A clock that was set back lengthens nothing: what lies ahead of it counts from now."""
    until_ms = min(held.emergency_until_utc_ms, now_ms + EMERGENCY_LASTS_S * 1000)
    return replace(
        held,
        since_utc_ms=min(held.since_utc_ms, now_ms),
        touched_utc_ms=min(held.touched_utc_ms, now_ms),
        emergency_until_utc_ms=until_ms,
    )


def _digest(said: str) -> bytes:
    return hashlib.sha256(said.encode()).digest()


def browser_of(request: HTTPConnection) -> str:
    """What a browser is known by; one that has no name yet gets it with this answer."""
    return str(request.cookies.get(BROWSER_COOKIE, "") or getattr(request.state, "browser", ""))


def name_browser(request: HTTPConnection) -> None:
    """Give a browser a name of its own, once, before its page is drawn."""
    if not browser_of(request):
        request.state.browser = secrets.token_hex(8)


def mark_browser(request: HTTPConnection, response: Response) -> None:
    """Send a browser the name that it was given."""
    if name := getattr(request.state, "browser", ""):
        response.set_cookie(BROWSER_COOKIE, name, httponly=True, samesite="strict")


def key_in(folder: Path) -> bytes:
    """The key of a station's cookies, made if it is missing."""
    path = folder / KEY_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(_KEY_BYTES)
        write_private(path, key, secret=True)
        return key
