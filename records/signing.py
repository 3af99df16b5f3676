"""The workstation's Ed25519 key: made once, kept by the system's key store or a 0600 file, rotated.

Files in ``DIR/keys``: ``<key id>.pub`` for every key that ever signed here, ``workstation.pub`` for
the one in use, and ``workstation.key`` (PKCS 8, PEM, mode 0600) only where the system has no key
store. Public keys are PEM, so that other programs read them; they are never removed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from controller.errors import KeyUnavailable

SERVICE = "traction-session-controller"
SEED_SIZE = 32
_READABLE_BY_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory. ``seed`` is never shown, not even in a traceback."""

    seed: bytes = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes that check its signatures."""
        return self._private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> str:
        """What seals, checkpoints and files call the key."""
        return key_id_of(self.public_key)

    def sign(self, digest: bytes) -> bytes:
        """The signature of ``digest``, 64 bytes; the same digest gives the same bytes."""
        return self._private().sign(digest)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def key_id_of(public_key: bytes) -> str:
    """The first 16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def verify_signature(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    """True when ``signature`` of ``digest`` was made with the private half of ``public_key``."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


class KeyStore(Protocol):
    """Keeps secrets outside of the data folder."""

    def get(self, key_id: str) -> bytes | None:
        """The seed; None when the store does not hold it. Raises KeyUnavailable when locked."""
        ...

    def put(self, key_id: str, seed: bytes) -> bool:
        """True when the seed is kept; False when there is no usable store."""
        ...

    def remove(self, key_id: str) -> None: ...


class NoKeyStore:
    """For folders that keep their key themselves: demonstrations and tests."""

    def get(self, key_id: str) -> bytes | None:
        return None

    def put(self, key_id: str, seed: bytes) -> bool:
        return False

    def remove(self, key_id: str) -> None:
        """Nothing is kept, so there is nothing to remove."""


class SystemKeyStore:
    """The key store of the operating system (Credential Manager, Secret Service, Keychain).

    A machine without one is served by keyring's ``fail`` backend, which raises, or ``null``, which
    forgets; both count as "no store".
    """

    def get(self, key_id: str) -> bytes | None:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError

        try:
            kept = keyring.get_password(SERVICE, key_id)
        except NoKeyringError:
            return None
        except KeyringError as error:
            raise KeyUnavailable(
                f"the system's key store does not give the key {key_id} ({error}); unlock it"
            ) from error
        return None if kept is None else bytes.fromhex(kept)

    def put(self, key_id: str, seed: bytes) -> bool:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, key_id, seed.hex())
            return keyring.get_password(SERVICE, key_id) == seed.hex()
        except KeyringError:
            return False

    def remove(self, key_id: str) -> None:
        """Forget a secret; raises KeyUnavailable when the store refuses."""
        import keyring
        from keyring.errors import KeyringError, NoKeyringError

        try:
            if keyring.get_password(SERVICE, key_id) is not None:
                keyring.delete_password(SERVICE, key_id)
        except NoKeyringError:
            return
        except KeyringError as error:
            raise KeyUnavailable(
                f"the system's key store keeps the old key {key_id} ({error}); remove it there"
            ) from error


def key_folder(data_dir: Path) -> Path:
    """Where public keys live, and the private one when the system has no key store."""
    return data_dir / "keys"


def load_or_create_key(
    data_dir: Path,
    *,
    store: KeyStore | None = None,
    new_seed: Callable[[], bytes] = lambda: secrets.token_bytes(SEED_SIZE),
) -> SigningKey:
    """The workstation's key, made at first use; raises KeyUnavailable.

    ``store`` is the system's key store unless another is given.
    """
    store = store or SystemKeyStore()
    folder = key_folder(data_dir)
    with _failures_in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        key = _load(folder, store)
        if key is None:
            key = _create(folder, store, SigningKey(new_seed()))
        _publish(folder, key)
    return key


def rotate_key(
    data_dir: Path,
    *,
    store: KeyStore | None = None,
    new_seed: Callable[[], bytes] = lambda: secrets.token_bytes(SEED_SIZE),
) -> SigningKey:
    """Put a new key in the place of the old one, whose private half is removed."""
    store = store or SystemKeyStore()
    folder = key_folder(data_dir)
    key = SigningKey(new_seed())
    with _failures_in_words(folder):
        old_id = current_key_id(data_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if store.put(key.key_id, key.seed):
            _publish(folder, key)
            _private_file(folder).unlink(missing_ok=True)
        else:
            _replace(_private_file(folder), _private_pem(key), mode=0o600)
            _publish(folder, key)
        if old_id is not None and old_id != key.key_id:
            store.remove(old_id)
    return key


def current_key_id(data_dir: Path) -> str | None:
    """The id of the key in use, without touching its private half; None before the first use."""
    path = _public_file(key_folder(data_dir))
    return key_id_of(read_public_key(path)) if path.exists() else None


def known_public_keys(data_dir: Path) -> dict[str, bytes]:
    """Every public key that the folder holds, by its id; raises KeyUnavailable."""
    keys = [read_public_key(path) for path in sorted(key_folder(data_dir).glob("*.pub"))]
    return {key_id_of(key): key for key in keys}


def read_public_key(path: Path) -> bytes:
    """The raw bytes of a public key in a PEM file; raises KeyUnavailable."""
    try:
        return public_key_from_pem(path.read_bytes(), str(path))
    except OSError as error:
        raise KeyUnavailable(f"public key {path} cannot be read ({error.strerror})") from error


def public_key_from_pem(pem: bytes, name: str) -> bytes:
    """The raw bytes of a public key; ``name`` is what the error calls it. Raises KeyUnavailable."""
    try:
        loaded = load_pem_public_key(pem)
    except ValueError as error:
        raise KeyUnavailable(
            f"{name} is not a public key in PEM; `traction key export` writes one"
        ) from error
    if not isinstance(loaded, Ed25519PublicKey):
        raise KeyUnavailable(f"{name} holds another kind of key; an Ed25519 public key is needed")
    return loaded.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_pem(public_key: bytes) -> bytes:
    """A raw public key as PEM (SubjectPublicKeyInfo)."""
    return Ed25519PublicKey.from_public_bytes(public_key).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )


# --- the folder -------------------------------------------------------------------------------


def _private_file(folder: Path) -> Path:
    return folder / "workstation.key"


def _public_file(folder: Path) -> Path:
    return folder / "workstation.pub"


def _load(folder: Path, store: KeyStore) -> SigningKey | None:
    if _private_file(folder).exists():
        return _read_private(_private_file(folder))
    if not _public_file(folder).exists():
        return None
    key_id = key_id_of(read_public_key(_public_file(folder)))
    seed = store.get(key_id)
    if seed is None:
        raise KeyUnavailable(
            f"the private half of key {key_id} is neither in the system's key store nor in "
            f"{_private_file(folder)}; restore it, or make a new key with `traction key rotate`"
        )
    return SigningKey(seed)


def _create(folder: Path, store: KeyStore, key: SigningKey) -> SigningKey:
    """Whoever publishes first wins; a program that starts at the same moment takes that key."""
    if store.put(key.key_id, key.seed):
        won = _place_once(_public_file(folder), public_pem(key.public_key), mode=0o644)
        if not won:
            store.remove(key.key_id)
    else:
        won = _place_once(_private_file(folder), _private_pem(key), mode=0o600)
    if won:
        return key
    winner = _load(folder, store)
    assert winner is not None, "the file that was in the way is a key"
    return winner


def _publish(folder: Path, key: SigningKey) -> None:
    """Both public files say this key; also after a stop between private and public half."""
    pem = public_pem(key.public_key)
    for path in (folder / f"{key.key_id}.pub", _public_file(folder)):
        if not path.exists() or path.read_bytes() != pem:
            _replace(path, pem, mode=0o644)


def _read_private(path: Path) -> SigningKey:
    if os.name == "posix" and path.stat().st_mode & _READABLE_BY_OTHERS:
        raise KeyUnavailable(
            f"{path} has mode {path.stat().st_mode & 0o777:03o}, so others may read it; "
            "set mode 600, and rotate the key when somebody may have copied it"
        )
    try:
        loaded = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnavailable(f"{path} is damaged; restore it or rotate the key") from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise KeyUnavailable(f"{path} holds another kind of key; an Ed25519 key is needed")
    return SigningKey(loaded.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def _private_pem(key: SigningKey) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(key.seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def _place_once(path: Path, content: bytes, *, mode: int) -> bool:
    """Create ``path`` whole and durable; False when somebody else did."""
    draft = _write_draft(path, content, mode)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _replace(path: Path, content: bytes, *, mode: int) -> None:
    _write_draft(path, content, mode).replace(path)


def _write_draft(path: Path, content: bytes, mode: int) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return draft


@contextmanager
def _failures_in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyUnavailable(
            f"the workstation's key cannot be kept in {folder} ({error.strerror}); "
            "make the data folder writable or choose another one"
        ) from error
