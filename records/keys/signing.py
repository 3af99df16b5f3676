"""The workstation's Ed25519 key: made once, kept by the system's key store or a 0600 file.

Only the record of keys (records/keys/key_records.py) tells which key is in use: a file that
somebody put into the folder changes nothing. records/clinic/key_life.py changes keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from controller.errors import KeyUnavailable
from controller.runtime.clock import SystemClock
from records.keys.key_folder import (
    begin_records,
    key_failures_in_words,
    key_history,
    keys_are_changing,
    place_once,
    public_files,
    publish,
    read_private,
    settle_next,
)
from records.keys.key_records import NO_HISTORY, KeyEvent, KeyHistory, SaidOfKey
from records.keys.key_store import KeyStore, NoKeyStore, SystemKeyStore
from records.keys.key_witness import believed_history, reached
from records.store.ed25519 import (
    SEED_SIZE,
    SigningKey,
    key_id_of,
    private_pem,
    public_key_from_pem,
    public_pem,
    read_public_key,
    verify_signature,
)
from records.store.private_files import make_folder
from records.store.record_folder import RecordFolder

__all__ = [
    "KeyStore",
    "NoKeyStore",
    "SigningKey",
    "SystemKeyStore",
    "check_key_in_use",
    "current_key_id",
    "key_id_of",
    "known_public_keys",
    "load_or_create_key",
    "public_key_from_pem",
    "public_pem",
    "read_public_key",
    "verify_signature",
]


def load_or_create_key(
    folder: RecordFolder,
    *,
    store: KeyStore | None = None,
    new_seed: Callable[[], bytes] = lambda: secrets.token_bytes(SEED_SIZE),
    utc_ms: Callable[[], int] | None = None,
) -> SigningKey:
    """Returns the workstation's key, made at first use; raises KeyUnavailable.

    ``store`` is the system's key store unless another is given. The first use of a folder begins
    its record of keys, dated by ``utc_ms`` (the system's clock unless another is given).
    """
    store = store or SystemKeyStore()
    with key_failures_in_words(folder):
        make_folder(folder.keys)
        history = believed_history(folder)
        if not history.records:
            key = _load(folder, store) or _create(folder, store, SigningKey(new_seed()))
            _begin_records(folder, key, (utc_ms or SystemClock().utc_ms)())
            history = believed_history(folder)
        key = _key_in_use(folder, store, history)
        publish(folder, key)
    return key


def current_key_id(folder: RecordFolder) -> str | None:
    """Returns the id of the key in use, without touching its private half.

    None before the first use.
    """
    history = key_history(folder)
    if history.records:
        return history.in_use
    path = folder.public_key
    return key_id_of(read_public_key(path)) if path.exists() else None


def public_key_in_use(folder: RecordFolder) -> tuple[str, bytes] | None:
    """Returns the id of the key in use and its public half.

    None before the first use. Creates nothing.

    Raises KeyUnavailable for an untrusted record of keys.
    """
    believed_history(folder)
    key_id = current_key_id(folder)
    return None if key_id is None else (key_id, known_public_keys(folder)[key_id])


def check_key_in_use(folder: RecordFolder, key: SigningKey) -> None:
    """Raises KeyUnavailable when ``key`` was replaced, or is being replaced, by another program.

    Called by the holder of a unit's lock, so that no session is opened with a key whose period has
    ended. A folder without a record of keys has nothing to compare with.
    """
    history = key_history(folder)
    if history.records and (history.in_use != key.key_id or keys_are_changing(folder)):
        raise KeyUnavailable(
            f"key {key.key_id} is being replaced, or was replaced by key {history.in_use}, in "
            f"{folder.keys}; start again"
        )


def known_public_keys(folder: RecordFolder) -> dict[str, bytes]:
    """Returns every public key in the record of keys, by its id; raises KeyUnavailable.

    A folder from before such records gives every ``.pub`` in it.
    """
    history = key_history(folder)
    if history.records or history.fault:
        return history.public_keys
    return public_files(folder)


def _begin_records(folder: RecordFolder, key: SigningKey, at_utc_ms: int) -> None:
    """Begin the records: the first one names the folder's other keys; later ones are foreign."""
    others = public_files(folder)
    others.pop(key.key_id, None)
    record = NO_HISTORY.following(
        KeyEvent.BEGUN,
        key.public_key,
        SaidOfKey(at_utc_ms=at_utc_ms),
        found=[others[key_id] for key_id in sorted(others)],
        reached=reached(folder),
    )
    begin_records(folder, record.signed(key))


def _key_in_use(folder: RecordFolder, store: KeyStore, history: KeyHistory) -> SigningKey:
    """Returns the private half of ``history``'s key; a stopped rotation is settled first."""
    if settle_next(folder, store):
        history = believed_history(folder)
    wanted = history.in_use
    kept = read_private(folder.private_key) if folder.private_key.exists() else None
    if kept is not None and kept.key_id == wanted:
        return kept
    seed = store.get(wanted)
    if seed is not None:
        return SigningKey(seed)
    if kept is not None:
        raise KeyUnavailable(
            f"{folder.private_key} holds key {kept.key_id}, but by the record of keys {wanted} "
            "is in use: the file is of another folder or of another time. Put the right one back"
        )
    raise KeyUnavailable(
        f"the private half of key {wanted} is neither in the system's key store nor in "
        f"{folder.private_key}; restore it, or, when it is lost, make a new key with "
        "`traction key rotate --lost --reason TEXT`"
    )


def _load(folder: RecordFolder, store: KeyStore) -> SigningKey | None:
    """Returns the key of a folder without a record of keys; None when there is none."""
    # Read first: a program that starts at this moment makes the private half before it.
    is_published = folder.public_key.exists()
    if folder.private_key.exists():
        return read_private(folder.private_key)
    if not is_published:
        return None
    key_id = key_id_of(read_public_key(folder.public_key))
    seed = store.get(key_id)
    if seed is None:
        raise KeyUnavailable(
            f"the private half of key {key_id} is neither in the system's key store nor in "
            f"{folder.private_key}; restore it, or, when it is lost, make a new key with "
            "`traction key rotate --lost --reason TEXT`"
        )
    return SigningKey(seed)


def _create(folder: RecordFolder, store: KeyStore, key: SigningKey) -> SigningKey:
    """Create it: the first to publish wins; a simultaneous program takes that key."""
    if store.put(key.key_id, key.seed):
        won = place_once(folder.public_key, public_pem(key.public_key))
        if not won:
            store.remove(key.key_id)
    else:
        won = place_once(folder.private_key, private_pem(key), secret=True)
    if won:
        return key
    winner = _load(folder, store)
    assert winner is not None, "the file that was in the way is a key"
    return winner
