"""Changes of the keys by people: rotate, replace a lost one, accept a foreign one, revoke.

Each is one signed record (records/keys/key_records.py). A key changes between sessions only: the
end of an open or unsealed session can only be made with the key that opened it. The change is one
rename of one file; the next start completes an interrupted change.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from controller.errors import KeyUnavailable, RequestRefused, UnitBusy
from controller.words import check_name, check_text
from records.evidence.unit_reading import open_sessions
from records.keys.key_folder import (
    append_record,
    changing_keys,
    finish_next,
    key_failures_in_words,
    public_files,
    publish,
    put_next,
)
from records.keys.key_records import KeyEvent, KeyHistory, KeyRecord, SaidOfKey, shown
from records.keys.key_store import KeyStore, SystemKeyStore
from records.keys.key_witness import believed_history, reached
from records.keys.signing import load_or_create_key
from records.store.author import Author
from records.store.clinic_chain import append_entries
from records.store.clinic_file import clinic_writing
from records.store.database import Database
from records.store.ed25519 import SEED_SIZE, SigningKey, key_id_of, public_pem
from records.store.private_files import write_private
from records.store.record_folder import RecordFolder, unit_id_of
from records.store.unit_lock import UnitLock, holding

NewSeed = Callable[[], bytes]
MakeRecord = Callable[[KeyHistory], KeyRecord]


def rotate_key(
    folder: RecordFolder,
    *,
    by: str,
    at_utc_ms: int,
    store: KeyStore | None = None,
    new_seed: NewSeed = lambda: secrets.token_bytes(SEED_SIZE),
) -> SigningKey:
    """Replace the key in use by a new one, which it vouches for before it is removed.

    Raises RequestRefused while a session is open or not sealed; KeyUnavailable when the key in use
    is not available.
    """
    check_name("by", by)
    store = store or SystemKeyStore()
    said = SaidOfKey(at_utc_ms=at_utc_ms, by=by)
    old = load_or_create_key(folder, store=store, utc_ms=lambda: at_utc_ms)
    new = SigningKey(new_seed())

    def record(history: KeyHistory) -> KeyRecord:
        places = reached(folder)
        made = history.following(KeyEvent.ROTATED, new.public_key, said, reached=places)
        return made.signed(old, new)

    with key_failures_in_words(folder), changing_keys(folder):
        _check_still_in_use(folder, old)
        with _units_at_rest(folder, sealed=True):
            _change_over(folder, store, new, record)
    return new


def replace_lost_key(
    folder: RecordFolder,
    said: SaidOfKey,
    *,
    store: KeyStore | None = None,
    new_seed: NewSeed = lambda: secrets.token_bytes(SEED_SIZE),
) -> SigningKey:
    """Make a new key where the private half of the old one is lost: only a name vouches for it.

    Raises RequestRefused when the key in use is available, and while a session is open. Interrupted
    sessions are allowed: the key that opened them will not return.
    """
    check_name("by", said.by)
    check_text("reason", _needed(said.reason, "why the key is lost"))
    store = store or SystemKeyStore()
    _refuse_when_at_hand(folder, store)
    new = SigningKey(new_seed())

    def record(history: KeyHistory) -> KeyRecord:
        places = reached(folder)
        if history.records:
            return history.following(
                KeyEvent.REPLACED, new.public_key, said, reached=places
            ).signed(new)
        found = public_files(folder)
        return history.following(
            KeyEvent.BEGUN,
            new.public_key,
            said,
            found=[found[key_id] for key_id in sorted(found)],
            reached=places,
        ).signed(new)

    with (
        key_failures_in_words(folder),
        changing_keys(folder),
        _units_at_rest(folder, sealed=False),
    ):
        _change_over(folder, store, new, record)
    return new


def take_over_restored(
    folder: RecordFolder, *, by: str, at_utc_ms: int, store: KeyStore | None = None
) -> None:
    """Make a key for a folder restored from a backup, which contains no private keys.

    The old key stays in use where its private half is here: on the machine of the backup.
    """
    try:
        load_or_create_key(folder, store=store, utc_ms=lambda: at_utc_ms)
    except KeyUnavailable:
        said = SaidOfKey(at_utc_ms=at_utc_ms, by=by, reason="restored from a backup")
        replace_lost_key(folder, said, store=store)


def accept_key(
    folder: RecordFolder,
    public_key: bytes,
    *,
    by: str,
    at_utc_ms: int,
    store: KeyStore | None = None,
) -> str:
    """Accept a foreign public key into the record, so that its signatures are trusted here.

    Returns its id. Raises RequestRefused when it is on record already.
    """
    check_name("by", by)
    key_id = key_id_of(public_key)

    def record(history: KeyHistory) -> KeyRecord:
        if key_id in history.times:
            raise RequestRefused(f"key {key_id} is on record already; `traction key list` shows it")
        said = SaidOfKey(at_utc_ms=at_utc_ms, by=by)
        return history.following(KeyEvent.ACCEPTED, public_key, said)

    _signed_by_the_key_in_use(folder, record, at_utc_ms, store)
    with key_failures_in_words(folder):
        path = folder.public_key_of(key_id)
        write_private(path, public_pem(public_key))
    return key_id


def revoke_key(
    folder: RecordFolder,
    key_id: str,
    said: SaidOfKey,
    *,
    from_utc_ms: int,
    store: KeyStore | None = None,
) -> str:
    """Stop trusting what a key made from a moment on; this cannot be undone.

    ``key_id`` is the id or its beginning; returns the whole id. Raises RequestRefused for the key
    in use, an unknown key and a moment in the future.
    """
    check_name("by", said.by)
    check_text("reason", _needed(said.reason, "why it is revoked"))
    if from_utc_ms > said.at_utc_ms:
        raise RequestRefused(
            f"{shown(from_utc_ms)} is in the future; revoke a key from a moment in the past"
        )
    whole: list[str] = []

    def record(history: KeyHistory) -> KeyRecord:
        whole.append(_revocable(history, key_id))
        return history.following(
            KeyEvent.REVOKED,
            history.times[whole[0]].public_key,
            said,
            from_utc_ms=from_utc_ms,
        )

    _signed_by_the_key_in_use(folder, record, said.at_utc_ms, store)
    return whole[0]


def _revocable(history: KeyHistory, beginning: str) -> str:
    found = [key_id for key_id in history.times if key_id.startswith(beginning.lower())]
    if len(found) != 1 or not beginning:
        raise RequestRefused(
            f"{len(found)} keys on record begin with {beginning!r}; `traction key list` shows them"
        )
    if found[0] == history.in_use:
        raise RequestRefused(
            f"key {found[0]} is in use; replace it with `traction key rotate`, then revoke it"
        )
    return found[0]


def _needed(text: str, what: str) -> str:
    if not text.strip():
        raise RequestRefused(f"the record needs {what}; say it with --reason")
    return text


def _signed_by_the_key_in_use(
    folder: RecordFolder, make: MakeRecord, at_utc_ms: int, store: KeyStore | None
) -> None:
    key = load_or_create_key(folder, store=store, utc_ms=lambda: at_utc_ms)
    with key_failures_in_words(folder), changing_keys(folder):
        _check_still_in_use(folder, key)
        _put_on_record(folder, key, lambda history: make(history).signed(key))


def _change_over(folder: RecordFolder, store: KeyStore, new: SigningKey, make: MakeRecord) -> None:
    """Write the new private half first, then the record, then remove the old private half."""
    put_next(folder, new, store)
    history = _put_on_record(folder, new, make)
    finish_next(folder, history, store)
    publish(folder, new)


def _put_on_record(folder: RecordFolder, key: SigningKey, make: MakeRecord) -> KeyHistory:
    """Append one record, noted in clinic.db, which is locked meanwhile. ``key`` signs the note."""
    history = believed_history(folder)
    with _clinic_at_rest(folder) as db:
        record = make(history)
        grown = append_record(folder, history, record)
        if db is not None:
            note = Author(
                by=record.by, user="", at_utc_ms=record.at_utc_ms, key=key, key_records=grown.head
            )
            append_entries(db, note, [])
    return grown


def _check_still_in_use(folder: RecordFolder, key: SigningKey) -> None:
    if believed_history(folder).in_use != key.key_id:
        raise KeyUnavailable(f"key {key.key_id} was replaced by another program; do it again")


def _refuse_when_at_hand(folder: RecordFolder, store: KeyStore) -> None:
    in_use = believed_history(folder).in_use
    if in_use:
        store.get(in_use)  # A locked store reports that: its key is not lost.
    try:
        key = load_or_create_key(folder, store=store)
    except KeyUnavailable:
        return
    raise RequestRefused(
        f"key {key.key_id} is at hand and not lost; replace it with `traction key rotate`"
    )


@contextmanager
def _clinic_at_rest(folder: RecordFolder) -> Iterator[Database | None]:
    if not folder.clinic_database.exists():
        yield None
        return
    with clinic_writing(folder) as db:
        yield db


@contextmanager
def _units_at_rest(folder: RecordFolder, *, sealed: bool) -> Iterator[None]:
    """Hold every unit's lock; with ``sealed``, also require every session to have its seal."""
    names = {unit_id_of(path) for kind in ("*.db", "*.lock") for path in folder.units.glob(kind)}
    with ExitStack() as held:
        _settle_locks(folder, names)
        for name in sorted(names):
            path = folder.unit_database(name)
            lock = UnitLock(path)
            try:
                lock.take()
            except UnitBusy as error:
                raise RequestRefused(
                    f"a session on unit {name} is open, and keys change between sessions only; "
                    "end it, then rotate"
                ) from error
            held.callback(lock.release)
            if sealed:
                _refuse_unsealed(path)
        yield


def _settle_locks(folder: RecordFolder, names: Iterable[str]) -> None:
    """Take each lock once by itself: a new lock file shows nothing while others are held.

    In a restored folder all of them are new. A held one is left to its holder.
    """
    for name in sorted(names):
        with suppress(UnitBusy), holding(UnitLock(folder.unit_database(name))):
            pass


def _refuse_unsealed(path: Path) -> None:
    for head in open_sessions(path):
        raise RequestRefused(
            f"session {head.session_id} of unit {head.unit_id} is not sealed yet, and its end can "
            "only be made with the key that opened it; close it with the next `traction run` on "
            "that unit, then rotate"
        )
