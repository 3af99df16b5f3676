"""``sign-ins.db``: PINs and one-time codes as hashed by Argon2id, failed tries, sign-ins.

It is not part of the record: it does not say who did what, and it is in no backup. Anybody who
could write it could put a PIN there; the chain of clinic.db has the digest of the PIN that was set,
so that another one is not accepted (records/accounts/accounts.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from records.store.database import (
    Database,
    Migrations,
    Schema,
    failures_in_words,
    reading_file,
    rows,
    writing_file,
)
from records.store.private_files import create_new, make_folder
from records.store.record_folder import RecordFolder

_migrations = Migrations("traction-sign-ins")


@_migrations()
def m001_first_schema(db: Database) -> None:
    """Create three tables; a sign-in is stored under the digest of a random id, never the id."""
    db.execute(
        "CREATE TABLE secret (account TEXT NOT NULL, is_code INTEGER NOT NULL, "
        "kept TEXT NOT NULL, until_utc_ms INTEGER NOT NULL, PRIMARY KEY (account, is_code)) STRICT"
    )
    db.execute(
        "CREATE TABLE failed (account TEXT PRIMARY KEY, tries INTEGER NOT NULL, "
        "last_utc_ms INTEGER NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE sign_in (id_digest BLOB PRIMARY KEY, account TEXT NOT NULL, "
        "name TEXT NOT NULL, since_utc_ms INTEGER NOT NULL, touched_utc_ms INTEGER NOT NULL, "
        "emergency_until_utc_ms INTEGER NOT NULL) STRICT"
    )
    db.execute("PRAGMA user_version = 1")


@_migrations()
def m002_was_away(db: Database) -> None:
    """Add whether a page was touched again after a long time without a touch."""
    db.execute("ALTER TABLE sign_in ADD COLUMN was_away INTEGER NOT NULL DEFAULT 0")
    db.execute("PRAGMA user_version = 2")


SCHEMA = Schema("the sign-ins", 2, _migrations)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSecret:
    """A PIN, or a one-time code. ``until_utc_ms`` is 0 for one that does not expire."""

    kept: str
    until_utc_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTries:
    """How often an account's PIN was wrong since it was last right, and when last."""

    tries: int = 0
    last_utc_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A person who is signed in. ``account`` is "" for a name that a person gave.

    ``emergency_until_utc_ms`` is 0 unless the person has opened the records in an emergency.
    ``was_away``: the page was touched again, by anybody, after a long time without a touch.
    """

    account: str
    name: str
    since_utc_ms: int
    touched_utc_ms: int
    emergency_until_utc_ms: int = 0
    was_away: bool = False


@contextmanager
def sign_ins(folder: RecordFolder) -> Iterator[Database]:
    """Hold one transaction with the file's only right to write.

    The file is made with the modes of a secret. Raises JournalUnavailable or JournalCorrupt.
    """
    path = folder.sign_ins
    with failures_in_words(path, "written"):
        make_folder(path.parent)
        with suppress(FileExistsError):
            os.close(create_new(path, secret=True))
    with writing_file(path, SCHEMA) as db:
        yield db


@contextmanager
def reading_sign_ins(folder: RecordFolder) -> Iterator[Database]:
    """Read it, while another program may write. Raises JournalUnavailable or JournalCorrupt."""
    with reading_file(folder.sign_ins, SCHEMA) as db:
        yield db


# --- PINs and codes -------------------------------------------------------------------------------


def secret_of(db: Database, account: str, *, is_code: bool) -> KeptSecret | None:
    """Returns the PIN or the one-time code of an account; None without one."""
    found = rows(
        db,
        "SELECT kept, until_utc_ms FROM secret WHERE account = ? AND is_code = ?",
        (account, int(is_code)),
    )
    return KeptSecret(kept=found[0][0], until_utc_ms=found[0][1]) if found else None


def keep_secret(db: Database, account: str, secret: KeptSecret, *, is_code: bool) -> None:
    """Store it, replacing an older one."""
    db.execute(
        "INSERT OR REPLACE INTO secret VALUES (?, ?, ?, ?)",
        (account, int(is_code), secret.kept, secret.until_utc_ms),
    )


def drop_code(db: Database, account: str) -> None:
    """Remove a one-time code, which is valid once."""
    db.execute("DELETE FROM secret WHERE account = ? AND is_code = 1", (account,))


# --- failed tries ---------------------------------------------------------------------------------


def failed_tries(db: Database, account: str) -> FailedTries:
    """Returns the failed tries since the last successful one."""
    found = rows(db, "SELECT tries, last_utc_ms FROM failed WHERE account = ?", (account,))
    return FailedTries(tries=found[0][0], last_utc_ms=found[0][1]) if found else FailedTries()


def keep_failed(db: Database, account: str, failed: FailedTries) -> None:
    """Store how often it failed."""
    db.execute(
        "INSERT OR REPLACE INTO failed VALUES (?, ?, ?)",
        (account, failed.tries, failed.last_utc_ms),
    )


def forget_failed(db: Database, account: str) -> None:
    """Forget the failures after a successful try."""
    db.execute("DELETE FROM failed WHERE account = ?", (account,))


# --- who is signed in -----------------------------------------------------------------------------


def sign_in_of(db: Database, id_digest: bytes) -> SignIn | None:
    """Returns who is signed in under an id; None: nobody."""
    found = rows(
        db,
        "SELECT account, name, since_utc_ms, touched_utc_ms, emergency_until_utc_ms, was_away "
        "FROM sign_in WHERE id_digest = ?",
        (id_digest,),
    )
    if not found:
        return None
    account, name, since, touched, emergency, was_away = found[0]
    return SignIn(
        account=account,
        name=name,
        since_utc_ms=since,
        touched_utc_ms=touched,
        emergency_until_utc_ms=emergency,
        was_away=bool(was_away),
    )


def keep_sign_in(db: Database, id_digest: bytes, said: SignIn) -> None:
    """Store who is signed in under this id, replacing what was stored."""
    db.execute(
        "INSERT OR REPLACE INTO sign_in VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            id_digest,
            said.account,
            said.name,
            said.since_utc_ms,
            said.touched_utc_ms,
            said.emergency_until_utc_ms,
            int(said.was_away),
        ),
    )


def end_sign_in(db: Database, id_digest: bytes) -> None:
    """End the sign-in of this id."""
    db.execute("DELETE FROM sign_in WHERE id_digest = ?", (id_digest,))


def end_sign_ins_of(db: Database, account: str) -> None:
    """End all sign-ins of an account, at every browser."""
    db.execute("DELETE FROM sign_in WHERE account = ?", (account,))


def end_sign_ins_before(db: Database, utc_ms: int) -> None:
    """Remove those that expired long ago."""
    db.execute("DELETE FROM sign_in WHERE since_utc_ms < ?", (utc_ms,))
