"""Sign-in at the terminal, for commands that need a right.

While no account is in use, ``--by`` names the person. Once one is, such a command asks for account
and PIN at the terminal. A program has an account of its own, named in its environment, with its PIN
in a private file; such an account signs nothing.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from controller.errors import RightMissing, SignInRefused
from workstation.author_now import author_now
from workstation.output import warn
from workstation.terminal.typed_lines import is_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from records.accounts.accounts import KnownAccount, SignedIn, SignInDesk
    from records.accounts.rights import Right
    from records.store.author import Author
    from records.store.record_folder import RecordFolder

ACCOUNT_VARIABLE: Final = "TRACTION_ACCOUNT"
PIN_FILE_VARIABLE: Final = "TRACTION_PIN_FILE"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Acting(NamedTuple):
    """Who runs a command. ``account`` is "" where nobody has to sign in."""

    by: str
    account: str = ""


def acting(folder: RecordFolder, by: str, right: Right | None) -> Acting:
    """Returns who runs this command, signed in where accounts are in use.

    Without a right every person may run it, but no program. Raises SignInRefused, and RightMissing
    for a person without the right.
    """
    accounts = _accounts(folder)
    if not accounts:
        return Acting(by)
    signed_in = _signed_in(folder, accounts)
    account = signed_in.account
    _refuse_other_name(account, by)
    if right is not None:
        account.require(right)
    elif account.is_script:
        raise RightMissing(f"{account.account} is a program's account, and this needs a person's")
    for line in signed_in.told:
        warn(line)
    return Acting(account.name, account.account)


def require_right(folder: RecordFolder, account: str, right: Right) -> None:
    """Raise RightMissing where an account lacks a right; "" needed no sign-in."""
    if account:
        from records.accounts.accounts import account_called
        from records.standing.versions import read_standing

        account_called(read_standing(folder), account).require(right)


def author_for(folder: RecordFolder, by: str, right: Right, at_utc_ms: int | None = None) -> Author:
    """Returns the same as the author of what is written."""
    who = acting(folder, by, right)
    return author_now(folder, who.by, at_utc_ms, who.account)


def _accounts(folder: RecordFolder) -> dict[str, KnownAccount]:
    """Returns the accounts in use. With an altered chain they are required too, but grant nothing.

    Without any, the commands that repair an altered folder work as usual.
    """
    from controller.errors import JournalCorrupt
    from records.clinic.checked_entries import checked_entries
    from records.standing.account_entries import tell_of_accounts
    from records.store.clinic_chain import EntryKind

    try:
        entries = checked_entries(folder, EntryKind.STANDING_SAID)
    except JournalCorrupt:
        return _accounts_unchecked(folder)
    if not tell_of_accounts(entries):
        return {}
    from records.accounts.accounts import known_accounts
    from records.standing.versions import standing_of

    return known_accounts(standing_of(entries))


def _accounts_unchecked(folder: RecordFolder) -> dict[str, KnownAccount]:
    from records.accounts.accounts import known_accounts
    from records.standing.versions import standing_unchecked

    return known_accounts(standing_unchecked(folder))


def _signed_in(folder: RecordFolder, accounts: Mapping[str, KnownAccount]) -> SignedIn:
    desk = sign_in_desk(folder)
    if name := os.environ.get(ACCOUNT_VARIABLE, ""):
        return desk.sign_in(name, _pin_of_a_program(accounts.get(name)), "terminal")
    if not is_terminal(sys.stdin):
        raise SignInRefused(
            "this needs an account and its PIN: run it at a terminal. A program has an account of "
            f"its own with the role script, named in {ACCOUNT_VARIABLE}, and its PIN in the file "
            f"that {PIN_FILE_VARIABLE} names"
        )
    return desk.sign_in(ask("Account: "), ask_hidden("PIN: "), "terminal")


def sign_in_desk(folder: RecordFolder) -> SignInDesk:
    """Returns the desk that checks this folder's PINs and codes, by the system's clock."""
    from controller.runtime.clock import SystemClock
    from records.accounts.accounts import SignInDesk

    return SignInDesk(
        folder,
        lambda by, account: author_now(folder, by, account=account),
        SystemClock().utc_ms,
    )


def ask(question: str) -> str:
    """Returns a line that is typed at the terminal."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def ask_hidden(question: str) -> str:
    """Returns a line that is typed without echo."""
    return getpass.getpass(question)


def _pin_of_a_program(account: KnownAccount | None) -> str:
    if account is None or not account.is_script:
        raise SignInRefused(
            f"{ACCOUNT_VARIABLE} names no account in use with the role script; people sign in at a "
            f"terminal, without {ACCOUNT_VARIABLE}"
        )
    file = os.environ.get(PIN_FILE_VARIABLE, "")
    try:
        with Path(file).open(encoding="utf-8") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            pin = stream.read().strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SignInRefused(f"{PIN_FILE_VARIABLE}={file} cannot be read ({reason})") from error
    if os.name == "posix" and mode & _OTHERS:
        raise SignInRefused(
            f"{PIN_FILE_VARIABLE}={file} has mode {stat.S_IMODE(mode):04o}, so that others may "
            "read the PIN; make it 0600, and set another PIN"
        )
    return pin


def _refuse_other_name(account: KnownAccount, by: str) -> None:
    said = by.strip().casefold()
    if said and said not in (account.name.casefold(), account.initials.casefold()):
        raise SignInRefused(
            f"--by names {by.strip()}, but {account.name} has signed in; omit --by, or let "
            "that person sign in"
        )
