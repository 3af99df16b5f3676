"""Who reads or writes clinic.db, when, and with which key it is signed."""

from __future__ import annotations

from dataclasses import dataclass

from records.store.ed25519 import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """``by`` is the person, ``user`` the account of the operating system, the time is UTC.

    ``account`` is the account that the person signed in to; "" where nobody had to.
    """

    by: str
    user: str
    at_utc_ms: int
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author(Person):
    """A person whose entries are signed.

    ``key_records`` is the head of the record of keys when ``key`` was loaded
    (records/key_records.py); (0, "") where it is not noted.
    """

    key: SigningKey
    key_records: tuple[int, str] = (0, "")
