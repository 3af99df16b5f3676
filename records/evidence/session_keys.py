"""The keys of one session: one that signs its chain, and one that tags each link and is forgotten.

Both are derived from the workstation's key and the session's place, so that the next start can
check what an interrupted session left; nothing secret is written to the disk.

seed   = HKDF-SHA256(workstation's seed, info "traction-session/1" LF id LF unit LF number LF)
         64 bytes: the session's Ed25519 seed, the first tag key
tag    = the first 16 bytes of HMAC-SHA256(tag key, link); the next tag key is
         SHA-256("traction-tag-step/1" | tag key), and the one before it is forgotten
end    = HMAC-SHA256(next tag key, "traction-end/1" | count of links u32 | last link)

The signed statements are those of ``records.store.chain`` with, instead of the seal:

certificate      SHA-256("traction-session-key/1" | public key (32) | start of the chain (32)) chain
signature  SHA-256("traction-chain/1" | count of links u32 | link (32))
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from controller.event_details.codec import decode_fields
from controller.event_details.opening import OpeningKey
from records.store.canonical import EventRow
from records.store.chain import Subject, compute_statement
from records.store.ed25519 import SEED_SIZE, SigningKey, verify_signature

TAG_SIZE: Final = 16
_INFO: Final = "traction-session/1"
_CERTIFICATE: Final = b"traction-session-key/1"
_CHAIN: Final = b"traction-chain/1"
_STEP: Final = b"traction-tag-step/1"
_END: Final = b"traction-end/1"
_COUNT: Final = struct.Struct(">I")


class LinkTagger:
    """Tags the links of one session in order; a key that has tagged is forgotten at once.

    ``position`` is the number of the link that is tagged next.
    """

    def __init__(self, first_key: bytes) -> None:
        self._key = first_key
        self.position = 0

    def tag(self, link: bytes) -> bytes:
        """Returns the tag (16 bytes) of the link at the present position; does not advance."""
        return hmac.digest(self._key, link, "sha256")[:TAG_SIZE]

    def advance(self) -> None:
        """Forget the key of this position."""
        self._key = hashlib.sha256(_STEP + self._key).digest()
        self.position += 1

    def end_mark(self, link: bytes) -> bytes:
        """Returns what only this position's key can state: the chain ends here with ``link``.

        To cut the chain later, somebody would need the key of an earlier position.
        """
        message = _END + _COUNT.pack(self.position) + link
        return hmac.digest(self._key, message, "sha256")


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of one session. ``tag_seed`` is never shown, not even in a traceback."""

    subject: Subject
    signing: SigningKey
    _tag_seed: bytes

    def __repr__(self) -> str:
        return f"SessionKeys({self.subject!r})"

    def tagger(self) -> LinkTagger:
        """Returns a tagger at the session's first link."""
        return LinkTagger(self._tag_seed)

    def sign_chain(self, link_count: int, link: bytes) -> bytes:
        """Returns the signature (64 bytes) of a chain of ``link_count`` links up to ``link``."""
        return self.signing.sign(compute_chain_statement(self.subject, link_count, link))


def derive_session_keys(workstation: SigningKey, subject: Subject) -> SessionKeys:
    """Returns the keys of a session; the same workstation key and place give the same keys."""
    info = "\n".join((_INFO, subject.name, subject.place, str(subject.number), "")).encode()
    derived = HKDF(SHA256(), length=2 * SEED_SIZE, salt=None, info=info).derive(workstation.seed)
    return SessionKeys(subject, SigningKey(derived[:SEED_SIZE]), derived[SEED_SIZE:])


def certify(workstation: SigningKey, keys: SessionKeys, start: bytes) -> bytes:
    """Returns the workstation's signature (64 bytes) of a session's public key.

    ``start`` is the start of the session's chain, so that the opening has one place only.
    """
    return workstation.sign(_certificate_statement(keys.subject, keys.signing.public_key, start))


def certificate_fits(
    workstation_public: bytes, subject: Subject, session_public: bytes, start: bytes, signed: bytes
) -> bool:
    """Returns True when ``signed`` is the workstation's certificate of the session's public key."""
    statement = _certificate_statement(subject, session_public, start)
    return verify_signature(workstation_public, statement, signed)


def chain_signature_fits(
    session_public: bytes, subject: Subject, link_count: int, link: bytes, signed: bytes
) -> bool:
    """Returns True when the session's key signed such a chain that ends with ``link``."""
    statement = compute_chain_statement(subject, link_count, link)
    return verify_signature(session_public, statement, signed)


def session_key_said(events: list[EventRow]) -> tuple[bytes, bytes]:
    """Returns public key and certificate in a session's opening; empty without them."""
    if not events:
        return b"", b""
    try:
        said = decode_fields(OpeningKey, json.loads(events[0].detail_json)).session_key
        return bytes.fromhex(said.public_key), bytes.fromhex(said.certificate)
    except (ValueError, TypeError, RecursionError):
        return b"", b""


def compute_chain_statement(subject: Subject, link_count: int, link: bytes) -> bytes:
    """Returns the digest that a chain signature signs."""
    digest = hashlib.sha256(_CHAIN + _COUNT.pack(link_count) + link).digest()
    return compute_statement(subject, digest)


def _certificate_statement(subject: Subject, session_public: bytes, start: bytes) -> bytes:
    digest = hashlib.sha256(_CERTIFICATE + session_public + start).digest()
    return compute_statement(subject, digest)
