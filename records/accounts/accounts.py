"""Sign-in: a PIN or a one-time code is checked, and every act leaves its entry in the chain.

Failed tries delay the next one, up to five minutes, and do not affect anybody who is signed in. The
chain has the digest of what is stored of each PIN: a PIN that was put into ``sign-ins.db`` by other
means is not accepted.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from controller.errors import RecordNotFound, RequestRefused, RightMissing, SignInRefused
from controller.words import TEXT_CHARACTERS, check_text
from records.accounts.pins import hashed, matches, refuse_weak
from records.accounts.rights import Right, rights_of, roles_with
from records.accounts.sign_in_file import (
    FailedTries,
    KeptSecret,
    drop_code,
    end_sign_ins_of,
    failed_tries,
    forget_failed,
    keep_failed,
    keep_secret,
    secret_of,
    sign_ins,
)
from records.clinic.checked_entries import checked_entries
from records.keys.key_records import shown
from records.standing.account_entries import SCRIPT
from records.standing.kinds import AccountRecord
from records.standing.versions import (
    StandingData,
    read_standing,
    standing_of,
)
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.database import Database
from records.store.record_folder import RecordFolder

FREE_TRIES: Final = 3
LONGEST_WAIT_S: Final = 300
CODE_LASTS_S: Final = 3600
EMERGENCY_LASTS_S: Final = 3600
_CODE_CHARACTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH: Final = 10
_CODE_GROUP: Final = 5
_OF_ACCOUNTS: Final = (
    EntryKind.CODE_GIVEN,
    EntryKind.PIN_SET,
    EntryKind.SIGNED_IN,
    EntryKind.EMERGENCY_ACCESS,
)

AuthorOf = Callable[[str, str], Author]
"""The author of an entry, made of a person's name and the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccount:
    """An account in use. ``name`` is the person's, as records have it; a script's is its own."""

    account: str
    name: str
    roles: tuple[str, ...]
    initials: str = ""

    @property
    def rights(self) -> frozenset[Right]:
        """Returns everything that it may do."""
        return rights_of(self.roles)

    @property
    def is_script(self) -> bool:
        """Returns True for an account that belongs to no person."""
        return SCRIPT in self.roles

    def require(self, right: Right) -> None:
        """Raise RightMissing unless it may do that."""
        if right not in self.rights:
            raise RightMissing(
                f"{self.name} ({', '.join(self.roles)}) may not {right.value}; "
                f"{_either(roles_with(right))} may",
                in_emergency=right is Right.READ,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who has signed in, and what happened to the account since the last time."""

    account: KnownAccount
    told: tuple[str, ...]


def known_accounts(held: StandingData) -> dict[str, KnownAccount]:
    """Returns every account in use, by its name; none: nobody has to sign in."""
    people = {each.name: each.record for each in held.people}
    found = {}
    for version in held.accounts:
        record: AccountRecord = version.record
        person = people.get(record.person or "")
        found[record.account] = KnownAccount(
            account=record.account,
            name=person.full_name if person is not None else record.account,
            roles=record.roles,
            initials=record.person or "",
        )
    return found


def account_called(held: StandingData, name: str) -> KnownAccount:
    """Returns an account in use; raises RecordNotFound naming the accounts."""
    accounts = known_accounts(held)
    found = accounts.get(name)
    if found is None:
        raise RecordNotFound(
            f"account {name!r} is not in use here (in use: {', '.join(accounts) or 'none'}); an "
            "administrator adds one"
        )
    return found


def wait_s(failed: FailedTries, utc_ms: int) -> int:
    """Returns how long the next try must wait, whole seconds.

    A clock that was set back makes it no longer.
    """
    if failed.tries < FREE_TRIES:
        return 0
    waits = min(LONGEST_WAIT_S, 1 << min(failed.tries - FREE_TRIES, LONGEST_WAIT_S))
    passed_s = max(0, utc_ms - failed.last_utc_ms) / 1000
    return max(0, -int(-(waits - passed_s) // 1))


class SignInDesk:
    """Checks PINs and codes of one folder. ``author_of`` signs the entries, ``utc_ms`` is now."""

    def __init__(
        self, folder: RecordFolder, author_of: AuthorOf, utc_ms: Callable[[], int]
    ) -> None:
        self._folder = folder
        self._author_of = author_of
        self._utc_ms = utc_ms

    def sign_in(self, name: str, pin: str, where: str) -> SignedIn:
        """Sign a person or a script in; ``where`` is console or terminal.

        Raises SignInRefused for a wrong PIN or one that has to wait, RecordNotFound.
        """
        account, entries = self._looked_up(name)
        failed = self._check_pin(account, pin, entries)
        with sign_ins(self._folder) as db:
            forget_failed(db, account.account)
        told = (*_failures_told(failed), *_told(account, entries))
        self._note(
            account, EntryKind.SIGNED_IN, f"signed in at the {where}", failed_tries=failed.tries
        )
        return SignedIn(account=account, told=told)

    def set_pin_by_code(self, name: str, code: str, pin: str) -> None:
        """Set a PIN with a one-time code, which is invalid afterwards.

        Raises SignInRefused for a wrong code, RequestRefused for a PIN that is easy to guess.
        """
        account = account_called(read_standing(self._folder), name)
        refuse_weak(pin, _words_of(account))
        self._check(account, plain_code(code), is_code=True)
        self._set(account, pin, "PIN set with a one-time code")

    def change_pin(self, name: str, old: str, new: str) -> None:
        """Replace the person's own PIN; raises as ``set_pin_by_code`` does."""
        account, entries = self._looked_up(name)
        refuse_weak(new, _words_of(account))
        self._check_pin(account, old, entries)
        self._set(account, new, "PIN changed")

    def _looked_up(self, name: str) -> tuple[KnownAccount, list[Entry]]:
        """Returns an account, and what the chain says of accounts, both from one read."""
        entries = checked_entries(self._folder, EntryKind.STANDING_SAID, *_OF_ACCOUNTS)
        held = standing_of(each for each in entries if each.kind not in _OF_ACCOUNTS)
        return account_called(held, name), [each for each in entries if each.kind in _OF_ACCOUNTS]

    def _check_pin(self, account: KnownAccount, pin: str, entries: Iterable[Entry]) -> FailedTries:
        """Check that it is the right PIN, and the one that was set."""
        failed, kept = self._check(account, pin, is_code=False)
        self._refuse_foreign_pin(account, kept, entries)
        return failed

    def _check(
        self, account: KnownAccount, secret: str, *, is_code: bool
    ) -> tuple[FailedTries, KeptSecret]:
        """Count the try, then check it: a program that is killed in between gives no free try."""
        now_ms = self._utc_ms()
        with sign_ins(self._folder) as db:
            failed = failed_tries(db, account.account)
            if waits := wait_s(failed, now_ms):
                raise SignInRefused(
                    f"{account.name}: wrong {failed.tries} times; the next try is taken in "
                    f"{waits} s. Somebody who forgot the PIN gets a one-time code"
                )
            kept = _usable(db, account, now_ms, is_code=is_code)
            keep_failed(
                db, account.account, FailedTries(tries=failed.tries + 1, last_utc_ms=now_ms)
            )
        if not matches(kept.kept, secret):
            what = "one-time code" if is_code else "PIN"
            raise SignInRefused(
                f"this is not the {what} of {account.name} (try {failed.tries + 1})"
            )
        return failed, kept

    def _refuse_foreign_pin(
        self, account: KnownAccount, kept: KeptSecret, entries: Iterable[Entry]
    ) -> None:
        noted = [
            str(entry.detail["pin_digest"])
            for entry in entries
            if entry.kind is EntryKind.PIN_SET and entry.detail["of_account"] == account.account
        ]
        if not noted or noted[-1] != _digest(kept.kept):
            raise SignInRefused(
                f"the PIN that is kept for {account.name} is not the one that was set: "
                f"{self._folder.sign_ins.name} was altered or comes from elsewhere. Set a "
                "new one with a one-time code, and find out who did it"
            )

    def _set(self, account: KnownAccount, pin: str, what: str) -> None:
        kept = hashed(pin)
        with sign_ins(self._folder) as db:
            keep_secret(db, account.account, KeptSecret(kept=kept), is_code=False)
            drop_code(db, account.account)
            forget_failed(db, account.account)
            end_sign_ins_of(db, account.account)
            self._note(account, EntryKind.PIN_SET, what, pin_digest=_digest(kept))

    def _note(self, account: KnownAccount, kind: EntryKind, what: str, **said: str | int) -> None:
        author = self._author_of(account.name, account.account)
        _append(self._folder, author, kind, what, of_account=account.account, **said)


def give_code(folder: RecordFolder, author: Author, name: str, reason: str) -> str:
    """Make a one-time code for an account, valid for an hour; the delays of failed tries end.

    Returns the code, which is stored nowhere. Raises RequestRefused without a reason.
    """
    account = account_called(read_standing(folder), name)
    said = _reason(reason, "why the code is given")
    code = "".join(secrets.choice(_CODE_CHARACTERS) for _ in range(_CODE_LENGTH))
    until = author.at_utc_ms + CODE_LASTS_S * 1000
    kept = KeptSecret(kept=hashed(code), until_utc_ms=until)
    with sign_ins(folder) as db:
        keep_secret(db, account.account, kept, is_code=True)
        forget_failed(db, account.account)
        _append(
            folder,
            author,
            EntryKind.CODE_GIVEN,
            "one-time code given",
            of_account=account.account,
            reason=said,
            until_utc_ms=until,
        )
    return f"{code[:_CODE_GROUP]}-{code[_CODE_GROUP:]}"


def open_in_emergency(folder: RecordFolder, author: Author, reason: str) -> int:
    """Note that a person reads records in an emergency; returns until when, UTC milliseconds.

    Raises RequestRefused without a reason.
    """
    said = _reason(reason, "what the emergency is")
    until = author.at_utc_ms + EMERGENCY_LASTS_S * 1000
    _append(
        folder,
        author,
        EntryKind.EMERGENCY_ACCESS,
        "records opened in an emergency",
        of_account=author.account,
        reason=said,
        until_utc_ms=until,
    )
    return until


def _reason(typed: str, what: str) -> str:
    check_text("reason", typed, TEXT_CHARACTERS)
    if not typed.strip():
        raise RequestRefused(f"reason is empty; say {what}")
    return typed.strip()


def plain_code(typed: str) -> str:
    """Returns a one-time code as it was made, however it was typed."""
    return "".join(each for each in typed.upper() if each.isalnum())


def _usable(db: Database, account: KnownAccount, now_ms: int, *, is_code: bool) -> KeptSecret:
    kept = secret_of(db, account.account, is_code=is_code)
    if kept is None or (is_code and not 0 <= kept.until_utc_ms - now_ms <= CODE_LASTS_S * 1000):
        what = "one-time code that still opens" if is_code else "PIN"
        raise SignInRefused(
            f"{account.name} has no {what}; `traction accounts code {account.account}` on this "
            "machine gives a one-time code, with which a PIN is set"
        )
    return kept


def _append(
    folder: RecordFolder, author: Author, kind: EntryKind, what: str, **said: str | int
) -> None:
    detail = {"what": what, "by": author.by, "user": author.user, **said}
    with clinic_writing(folder) as db:
        append_entries(db, author, [(kind, detail)])


def _digest(kept: str) -> str:
    """Returns a digest that is of no use for guessing: the stored form begins with a salt."""
    return hashlib.sha256(kept.encode()).hexdigest()


def _words_of(account: KnownAccount) -> list[str]:
    return [account.account, account.initials, account.name, *account.name.split()]


# --- what a person is shown at sign-in
# --------------------------------------------------------------


def _failures_told(failed: FailedTries) -> Iterator[str]:
    if failed.tries:
        yield (
            f"{failed.tries} wrong {'try' if failed.tries == 1 else 'tries'} before this one, the "
            f"last at {shown(failed.last_utc_ms)}"
        )


def _told(account: KnownAccount, entries: Iterable[Entry]) -> list[str]:
    """Returns what happened since the account's last use: to it, and for administrators to all."""
    told: list[str] = []
    keeps_accounts = Right.ACCOUNTS in account.rights
    for entry in entries:
        own = entry.detail["of_account"] == account.account
        if entry.kind is EntryKind.SIGNED_IN:
            told = [] if own else told
        elif own or keeps_accounts:
            told.append(_sentence(entry))
    return told


def _sentence(entry: Entry) -> str:
    detail = entry.detail
    reason = f": {detail['reason']}" if "reason" in detail else ""
    return (
        f"{detail['what']}, account {detail['of_account']}, at {shown(entry.utc_ms)} by "
        f"{detail['by']}{reason}"
    )


def _either(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} or {last}" if rest else last
