"""The files of ``DIR/keys``: the records of keys, public halves, and the private one if need be.

``keys.jsonl`` is the record of keys (records/keys/key_records.py) and the only trusted file; ``<key
id>.pub`` and ``workstation.pub`` are copies for people and programs. ``workstation.key`` (PKCS 8,
PEM, mode 0600) exists only where the system has no key store. ``next.pub`` and ``next.key`` exist
during a rotation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controller.errors import KeyUnavailable, UnitBusy
from records.keys.key_records import NO_HISTORY, KeyHistory, KeyRecord, read_history
from records.keys.key_store import KeyStore
from records.store.durable import sync_folder
from records.store.ed25519 import (
    SigningKey,
    key_id_of,
    private_key_from_pem,
    private_pem,
    public_pem,
    read_public_key,
)
from records.store.plain_files import open_plain, read_plain, what_it_is
from records.store.private_files import HAS_MODES, write_draft, write_private
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock

LARGEST_RECORDS = 4 << 20
"""Bytes of keys.jsonl: thousands of records; a file from elsewhere cannot fill the memory."""
_READABLE_BY_OTHERS = 0o077


def key_history(folder: RecordFolder) -> KeyHistory:
    """Returns the content of the folder's records, with their fault if they have one.

    Raises KeyUnavailable.
    """
    path = folder.key_records
    try:
        with open_plain(path) as file:
            data = file.read(LARGEST_RECORDS + 1)
    except FileNotFoundError:
        return NO_HISTORY
    except OSError as error:
        raise KeyUnavailable(f"{path} cannot be read ({error.strerror})") from error
    if len(data) > LARGEST_RECORDS:
        return KeyHistory(fault=f"the file is larger than {LARGEST_RECORDS} bytes")
    if not data:
        return KeyHistory(fault="the file is empty")
    return read_history(data)


def append_record(folder: RecordFolder, history: KeyHistory, record: KeyRecord) -> KeyHistory:
    """Add a record in one step, durably; the caller holds ``changing_keys``."""
    grown = history.with_record(record)
    write_private(folder.key_records, _content(grown))
    return grown


def begin_records(folder: RecordFolder, record: KeyRecord) -> bool:
    """Put the first record in place; returns False when another program did so first."""
    return place_once(folder.key_records, _content(NO_HISTORY.with_record(record)))


def _content(history: KeyHistory) -> bytes:
    return "".join(f"{record.line}\n" for record in history.records).encode()


@contextmanager
def changing_keys(folder: RecordFolder) -> Iterator[None]:
    """Hold the right to change the keys; raises KeyUnavailable when another program has it."""
    lock = UnitLock(folder.key_records)
    try:
        lock.take()
    except UnitBusy as error:
        raise KeyUnavailable(
            f"another program is changing the keys in {folder.keys}; try again when it has ended"
        ) from error
    try:
        yield
    finally:
        lock.release()


def keys_are_changing(folder: RecordFolder) -> bool:
    """Returns True while a program holds the right to change the keys."""
    return UnitLock(folder.key_records).is_held()


def public_files(folder: RecordFolder) -> dict[str, bytes]:
    """Returns every public key in the folder's files, by its id; raises KeyUnavailable.

    Anybody who may write there can add one: they are trusted only where nothing else is on record.
    """
    keys = [
        _public_key_in(path)
        for path in sorted(folder.keys.glob("*.pub"))
        if path != folder.next_public_key
    ]
    return {key_id_of(key): key for key in keys}


def _public_key_in(path: Path) -> bytes:
    if kind := what_it_is(path):
        raise KeyUnavailable(f"{path} is {kind}, not a public key; move it away")
    return read_public_key(path)


def read_private(path: Path) -> SigningKey:
    """Returns the private key of a file that nobody else may read; raises KeyUnavailable."""
    _refuse_key_of_others(path)
    return private_key_from_pem(read_plain(path), str(path))


def _refuse_key_of_others(path: Path) -> None:
    """Refuse keys open to others; modes and owners have a meaning on POSIX systems only."""
    if not HAS_MODES:
        return
    found = path.stat()
    if found.st_mode & _READABLE_BY_OTHERS:
        raise KeyUnavailable(
            f"{path} has mode {found.st_mode & 0o777:03o}, so others may read it; type "
            f"`chmod 600 {path}`, and rotate the key when somebody may have copied it"
        )
    if found.st_uid != os.geteuid():
        raise KeyUnavailable(
            f"{path} belongs to account {found.st_uid}, this program runs as {os.geteuid()}; run "
            "it as the account that keeps the records"
        )


def publish(folder: RecordFolder, key: SigningKey) -> None:
    """Write both public files of this key; also after a stop between private and public half."""
    pem = public_pem(key.public_key)
    for path in (folder.public_key_of(key.key_id), folder.public_key):
        if not path.exists() or read_plain(path) != pem:
            write_private(path, pem)


# --- a rotation under way ---------------------------------------------------------------------


def put_next(folder: RecordFolder, key: SigningKey, store: KeyStore) -> None:
    """Keep the private half of a key that is not in use yet: named first, so that it can be found.

    The caller holds ``changing_keys``.
    """
    write_private(folder.next_public_key, public_pem(key.public_key))
    if not store.put(key.key_id, key.seed):
        write_private(folder.next_private_key, private_pem(key), secret=True)


def settle_next(folder: RecordFolder, store: KeyStore) -> bool:
    """Complete a rotation that was stopped, or undo it if it is not on record.

    Returns whether there was one: earlier knowledge of the keys may be out of date then. It is left
    alone while the program that rotates still runs, and when the record of keys is altered, because
    then nothing tells which of the two to do.
    """
    if not (folder.next_public_key.exists() or _next_drafts(folder)):
        return False
    with suppress(KeyUnavailable), changing_keys(folder):
        history = key_history(folder)
        if history.fault:
            return True
        if folder.next_public_key.exists():
            finish_next(folder, history, store)
        for draft in _next_drafts(folder):
            draft.unlink()
    return True


def finish_next(folder: RecordFolder, history: KeyHistory, store: KeyStore) -> None:
    """Do the second half of a rotation; the caller holds ``changing_keys``."""
    key_id = key_id_of(read_public_key(folder.next_public_key))
    if key_id == history.in_use:
        if folder.next_private_key.exists():
            folder.next_private_key.replace(folder.private_key)
        elif store.get(key_id) is not None:
            folder.private_key.unlink(missing_ok=True)
        sync_folder(folder.keys)
        if history.replaced:
            store.remove(history.replaced)
    else:
        store.remove(key_id)
        folder.next_private_key.unlink(missing_ok=True)
    folder.next_public_key.unlink()


def _next_drafts(folder: RecordFolder) -> list[Path]:
    """Returns leftovers of a stop during writing, perhaps including a private key."""
    return list(folder.keys.glob(".next.*"))


# --- durable files ----------------------------------------------------------------------------


def place_once(path: Path, content: bytes, *, secret: bool = False) -> bool:
    """Create ``path`` complete and durable; returns False when it exists already."""
    draft = write_draft(path, content, secret=secret)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    sync_folder(path.parent)
    return True


@contextmanager
def key_failures_in_words(folder: RecordFolder) -> Iterator[None]:
    """Turn errors of the file system into ours."""
    try:
        yield
    except OSError as error:
        raise KeyUnavailable(
            f"the workstation's key cannot be kept in {folder.keys} ({error.strerror}); "
            "make the data folder writable or choose another one"
        ) from error
