"""Ed25519: a private key in memory, its public half, signatures, and public keys as PEM."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

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

SEED_SIZE = 32
SIGNATURE_SIZE = 64


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory. ``seed`` is never shown, not even in a traceback."""

    seed: bytes = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """Returns the 32 raw bytes that check its signatures."""
        return self._private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> str:
        """Returns the key's id in seals, checkpoints and files."""
        return key_id_of(self.public_key)

    def sign(self, digest: bytes) -> bytes:
        """Returns the signature of ``digest``, 64 bytes; the same digest gives the same bytes."""
        return self._private().sign(digest)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def key_id_of(public_key: bytes) -> str:
    """Returns the first 16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def verify_signature(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    """Returns True when the private half of ``public_key`` made ``signature`` of ``digest``.

    It is cached, because a visit checks the same links of clinic.db each time that it reads its
    entries.
    """
    return len(signature) == SIGNATURE_SIZE and _verified(public_key, digest, signature)


@lru_cache(maxsize=10_000)
def _verified(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    try:
        _loaded(public_key).verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _loaded(public_key: bytes) -> Ed25519PublicKey:
    """Returns a loaded key, cached: a session's key is used each minute of the session."""
    return Ed25519PublicKey.from_public_bytes(public_key)


def fault_of_signature(
    public_key: bytes,
    digest: bytes,
    signature: bytes,
    known_keys: Mapping[str, bytes],
    *,
    over: str = "what it says",
    what: str = "it",
) -> str:
    """Returns why a signature by one of the known keys cannot be trusted; "" when it can.

    Without known keys only the key beside it is used. ``over`` is what was signed, ``what`` is the
    signed thing.
    """
    if not verify_signature(public_key, digest, signature):
        return f"its signature does not fit {over}"
    key_id = key_id_of(public_key)
    if known_keys and known_keys.get(key_id) != public_key:
        return f"{what} is signed by key {key_id}, which is none of the known ones"
    return ""


def read_public_key(path: Path) -> bytes:
    """Returns the raw bytes of a public key in a PEM file; raises KeyUnavailable."""
    try:
        return public_key_from_pem(path.read_bytes(), str(path))
    except OSError as error:
        raise KeyUnavailable(f"public key {path} cannot be read ({error.strerror})") from error


def public_key_from_pem(pem: bytes, name: str) -> bytes:
    """Returns the raw bytes of a public key.

    The error calls it ``name``. Raises KeyUnavailable.
    """
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
    """Returns a raw public key as PEM (SubjectPublicKeyInfo)."""
    return Ed25519PublicKey.from_public_bytes(public_key).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )


def private_pem(key: SigningKey) -> bytes:
    """Returns a private key as PEM (PKCS 8), not encrypted: the file's mode protects it."""
    return Ed25519PrivateKey.from_private_bytes(key.seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def private_key_from_pem(pem: bytes, name: str) -> SigningKey:
    """Returns the private key of a PEM.

    The error calls it ``name``. Raises KeyUnavailable.
    """
    try:
        loaded = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnavailable(f"{name} is damaged; restore it or rotate the key") from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise KeyUnavailable(f"{name} holds another kind of key; an Ed25519 key is needed")
    return SigningKey(loaded.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
