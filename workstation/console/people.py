"""The person at a browser: somebody who has signed in; without accounts, a name that was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from controller.errors import JournalError, RecordNotFound, RequestRefused
from controller.ports import Clock
from controller.words import check_name
from records.accounts.accounts import KnownAccount, SignInDesk
from records.accounts.rights import Right
from records.accounts.sign_in_file import SignIn
from workstation.console.kept_accounts import KeptAccounts
from workstation.console.kept_sign_ins import LASTS_S, KeptSignIns

RENEWED_S: Final = 30
"""A touch so soon after another one changes nothing."""
SAY_AGAIN: Final = "say again who sits here (your name, above)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleRules:
    """``idle_s``: after so long without a touch a person is signed out.

    ``stays`` says who is not signed out: a person whose session is open. ``report`` takes what only
    the log shows.
    """

    idle_s: float
    stays: Callable[[str], bool]
    report: Callable[[str], None]


class People:
    """The people at the browsers of this station."""

    def __init__(
        self,
        sign_ins: KeptSignIns,
        accounts: KeptAccounts,
        clock: Clock,
        desk: SignInDesk,
        rules: PeopleRules,
    ) -> None:
        self.desk, self.rules, self.accounts = desk, rules, accounts
        self.sign_ins, self._clock = sign_ins, clock

    # --- who sits here --------------------------------------------------------------------------

    def named(self, request: HTTPConnection) -> str:
        """Returns the name of who sits here; "" where none was given, or not recently."""
        sign_in = self._sign_in(request)
        return sign_in.name if sign_in is not None and not self._is_idle(sign_in) else ""

    def account(self, request: HTTPConnection) -> KnownAccount | None:
        """Returns the account of who sits here.

        None where nobody does, or nobody has to sign in.
        """
        sign_in = self._sign_in(request)
        if sign_in is None or self._is_idle(sign_in):
            return None
        return self.accounts.now().get(sign_in.account)

    def account_of(self, name: str) -> str:
        """Returns the account of a person by the name that records have; "" without accounts."""
        found = (each.account for each in self.accounts.now().values() if each.name == name)
        return next(found, "")

    def is_signed_out(self, request: HTTPConnection) -> bool:
        """Returns True for somebody who was here and has not touched the page for too long."""
        sign_in = self._sign_in(request)
        return sign_in is not None and self._is_idle(sign_in)

    def require_present(self, request: HTTPConnection) -> None:
        """Raise RequestRefused where nobody touched the page for the time that signs others out.

        A person whose session is open stays signed in; before force is put on, it must be clear
        that the person is still present.
        """
        sign_in = self._sign_in(request)
        if sign_in is None:
            return
        if sign_in.was_away or self._is_untouched(sign_in):
            way = "sign in again with your PIN ([Change person])" if sign_in.account else SAY_AGAIN
            raise RequestRefused(
                f"nobody touched this page for {self.rules.idle_s / 60:.0f} min: {way}, then "
                "press again"
            )

    def require(self, request: HTTPConnection, right: Right) -> None:
        """Raise RightMissing where the person who sits here may not; it never asks for a name."""
        account = self.account(request)
        if account is None or (right is Right.READ and self._in_emergency(request)):
            return
        account.require(right)

    # --- coming and going -----------------------------------------------------------------------

    def keep_name(self, request: HTTPConnection, response: Response, name: str) -> None:
        """Keep a name that a person gives.

        Raises RequestRefused for one that a record may not hold, and once accounts are in use.
        """
        if self.accounts.now() or not self.accounts.are_known:
            raise RequestRefused("people sign in here with an account and its PIN; choose yours")
        self._begin(request, response, account="", name=check_name("name", name))

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
        self._begin(request, response, account=account, name=signed_in.account.name)
        return signed_in.told

    def open_in_emergency(self, request: HTTPConnection, until_utc_ms: int) -> None:
        """Open the records to the person who sits here, whose reason is on record."""
        sign_in = self._sign_in(request)
        if sign_in is not None:
            self.sign_ins.change(request, replace(sign_in, emergency_until_utc_ms=until_utc_ms))

    def touch(self, request: HTTPConnection) -> None:
        """Note that the person who sits here has touched the page.

        The touch after a pause that signs others out does not show who it was.
        """
        sign_in = self._sign_in(request)
        if sign_in is None or self._is_idle(sign_in):
            return
        if self._age_s(sign_in.touched_utc_ms) < RENEWED_S:
            return
        touched = replace(
            sign_in,
            touched_utc_ms=self._clock.utc_ms(),
            was_away=sign_in.was_away or self._is_untouched(sign_in),
        )
        try:
            self.sign_ins.change(request, touched)
        except JournalError as error:
            self.rules.report(f"a touch was not kept: {error.message}")

    def leave(self, request: HTTPConnection, response: Response) -> None:
        """Sign out at this browser."""
        self.sign_ins.end(request)
        response.delete_cookie(self.sign_ins.cookie, httponly=True, samesite="strict")

    def _begin(
        self, request: HTTPConnection, response: Response, *, account: str, name: str
    ) -> None:
        now_ms = self._clock.utc_ms()
        said = SignIn(account=account, name=name, since_utc_ms=now_ms, touched_utc_ms=now_ms)
        self.sign_ins.begin(request, response, said)

    # --- what is still valid
    # ------------------------------------------------------------------------

    def _sign_in(self, request: HTTPConnection) -> SignIn | None:
        held = self.sign_ins.of(request, self._clock.utc_ms())
        if held is None or self._ran_out(held) or not self._is_in_use(held):
            return None
        return held

    def _ran_out(self, held: SignIn) -> bool:
        return self._age_s(held.since_utc_ms) > LASTS_S and not self.rules.stays(held.name)

    def _is_in_use(self, held: SignIn) -> bool:
        """Returns True while the person has this name."""
        accounts: Mapping[str, KnownAccount] = self.accounts.now()
        if not self.accounts.are_known:
            return False
        if not held.account:
            return not accounts
        known = accounts.get(held.account)
        return known is not None and known.name == held.name

    def _is_idle(self, sign_in: SignIn) -> bool:
        return self._is_untouched(sign_in) and not self.rules.stays(sign_in.name)

    def _is_untouched(self, sign_in: SignIn) -> bool:
        return self._age_s(sign_in.touched_utc_ms) > self.rules.idle_s

    def _in_emergency(self, request: HTTPConnection) -> bool:
        sign_in = self._sign_in(request)
        return sign_in is not None and self._clock.utc_ms() < sign_in.emergency_until_utc_ms

    def _age_s(self, at_utc_ms: int) -> float:
        return (self._clock.utc_ms() - at_utc_ms) / 1000
