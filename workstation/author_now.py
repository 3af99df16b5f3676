"""The person at the keyboard, as author and as reader of records."""

from __future__ import annotations

from controller.errors import KeyUnavailable
from controller.runtime.clock import SystemClock
from controller.words import check_name
from records.clinic.readings import offer_readings_folder, only_reads, take_up_readings
from records.keys.key_folder import key_history
from records.keys.signing import load_or_create_key
from records.store.author import Author, Person
from records.store.record_folder import RecordFolder
from workstation.login import login_name


def author_now(
    folder: RecordFolder, by: str = "", at_utc_ms: int | None = None, account: str = ""
) -> Author:
    """Returns the person at the keyboard: named by ``by``, else by the account of the system.

    ``at_utc_ms`` is now by the caller's clock; default: the system's. ``account`` is the one that
    the person signed in to. Rows left by readers without a key are taken into the chain first.
    Raises RequestRefused when ``by`` is not a name that a record may hold, KeyUnavailable for an
    account of the system that may only read.
    """
    if only_reads(folder):
        raise KeyUnavailable(
            f"the records in {folder} belong to another account; this account may read them "
            "but not sign anything. Ask the person who administers them"
        )
    user = login_name()
    author = Author(
        by=check_name("by", by) if by else user,
        user=user,
        at_utc_ms=SystemClock().utc_ms() if at_utc_ms is None else at_utc_ms,
        key=load_or_create_key(folder),
        key_records=key_history(folder).head,
        account=account,
    )
    offer_readings_folder(folder)
    take_up_readings(folder, author)
    return author


def reader_now(folder: RecordFolder, by: str = "", account: str = "") -> Person:
    """Returns the person as a reader: the account needs neither the key nor the right to write."""
    if not only_reads(folder):
        return author_now(folder, by, account=account)
    user = login_name()
    return Person(
        by=check_name("by", by) if by else user,
        user=user,
        at_utc_ms=SystemClock().utc_ms(),
        account=account,
    )
