"""A clinic with accounts, and people who sign in at a terminal or on a page."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from unittest.mock import patch

from records.accounts.accounts import SignInDesk, give_code
from records.standing.versions import read_standing
from records.standing.write import StandingChange, write_standing
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.made_once import made_once
from tests.support.sessions import KEY, fixed_key
from tests.support.standing import WRITTEN_MS, example, writer

PAT, ANN, BILL, ADA, NIGHTLY = "pat", "ann", "bill", "ada", "nightly"
PINS = {PAT: "280961", ANN: "739125", BILL: "618402", ADA: "correct horse", NIGHTLY: "847261"}
NAMES = {PAT: "Pat Jones", ANN: "Ann Reed", BILL: "Bill Able", ADA: "Ada Moss", NIGHTLY: NIGHTLY}
_PEOPLE = {
    "PJ": ("Pat", "Jones"),
    "AR": ("Ann", "Reed"),
    "BA": ("Bill", "Able"),
    "AM": ("Ada", "Moss"),
}
_ROLES = {
    ADA: ("AM", ["administrator"]),
    PAT: ("PJ", ["therapist"]),
    ANN: ("AR", ["aide"]),
    BILL: ("BA", ["biller"]),
    NIGHTLY: (None, ["script"]),
}


class SetClock:
    """UTC milliseconds that a test sets."""

    def __init__(self, utc_ms: int = WRITTEN_MS) -> None:
        self.utc_ms = utc_ms

    def __call__(self) -> int:
        return self.utc_ms

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.utc_ms += round(seconds * 1000)


def desk(folder: RecordFolder, clock: SetClock) -> SignInDesk:
    """The place where PINs are checked, on the test's clock."""

    def author(by: str, account: str) -> Author:
        return Author(by=by, user="desk", at_utc_ms=clock(), key=KEY, account=account)

    return SignInDesk(folder, author, clock)


@made_once()
def add_accounts(folder: RecordFolder, *names: str) -> None:
    """Add the people who are not on file, and accounts with PINs; all, or those named.

    Each PIN is hashed at its real cost, a tenth of a second, so they are made once.
    """
    fixed_key(folder)
    known = {each.record.initials for each in read_standing(folder).people}
    people = [
        example("person", initials=initials, first_name=first, last_name=last)
        for initials, (first, last) in _PEOPLE.items()
        if initials not in known
    ]
    accounts = [
        example("account", account=name, person=_ROLES[name][0], roles=_ROLES[name][1])
        for name in (names or tuple(_ROLES))
    ]
    changes = [StandingChange(record=record) for record in (*people, *accounts)]
    write_standing(folder, writer(), changes)
    clock = SetClock()
    with _hashed_at_once():
        for name in names or tuple(_ROLES):
            code = give_code(folder, writer("X. Admin"), name, "new here")
            desk(folder, clock).set_pin_by_code(name, code, PINS[name])


@contextmanager
def _hashed_at_once() -> Iterator[None]:
    """Hash PINs at their full cost, but without waiting for a busy machine."""
    with (
        ThreadPoolExecutor(max_workers=1) as hashing,
        patch("records.accounts.pins._ONE_AT_A_TIME", hashing),
    ):
        yield


@contextmanager
def at_a_terminal(*typed: str) -> Iterator[list[str]]:
    """A terminal at which these lines are typed; gives those that nothing asked for."""
    waiting = list(typed)
    place = "workstation.terminal_sign_in"
    with (
        patch(f"{place}.is_terminal", return_value=True),
        patch("workstation.terminal.typed_lines.is_terminal", return_value=True),
        patch(f"{place}.ask", side_effect=lambda _question: waiting.pop(0)),
        patch(f"{place}.ask_hidden", side_effect=lambda _question: waiting.pop(0)),
    ):
        yield waiting
