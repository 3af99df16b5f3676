"""Verifies a bundle on another machine: no database, the public key only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from controller.errors import JournalCorrupt, KeyUnavailable, RecordNotFound
from records.evidence.bundle import MANIFEST, SIGNATURE, manifest_digest
from records.evidence.bundle_read import BundleFile
from records.evidence.session_check import NOT_OUTSIDE, Alteration, check_session
from records.evidence.stored_session import StoredSession
from records.evidence.unreadable import UNREADABLE
from records.keys.key_records import NO_HISTORY, KeyHistory, shown
from records.keys.signing import key_id_of, public_key_from_pem, verify_signature
from records.store.chain import Subject
from records.store.checkpoint import Checkpoint, make_checkpoint

_NEEDED = (
    "README.txt",
    "session.json",
    "events.jsonl",
    "samples.csv",
    "links.csv",
    "order.toml",
    "note.txt",
)
_TODO = "ask for the file as `traction export --format bundle` wrote it"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleVerification:
    """What was checked, and what was found. ``keys_known``: a public key came from outside."""

    session_id: str
    events: int
    samples: int
    links: int
    key_id: str
    keys_known: bool
    checkpoints: int
    alterations: tuple[Alteration, ...]

    @property
    def basis(self) -> str:
        """Returns what the verdict is based on, in words."""
        key = (
            f"signatures against the public keys given (seal: {self.key_id})"
            if self.keys_known
            else "signatures against the bundle's own keys only, so not who made it"
        )
        outside = f"{self.checkpoints} outside checkpoints" if self.checkpoints else NOT_OUTSIDE
        return f"chain, {key}; {outside}"


def verify_bundle(
    path: Path,
    *,
    public_keys: Mapping[str, bytes] | None = None,
    checkpoints: Sequence[Checkpoint] = (),
    history: KeyHistory = NO_HISTORY,
) -> BundleVerification:
    """Verify a bundle; raises RecordNotFound when there is no such file.

    Without ``public_keys`` (by key id) only the keys inside the bundle are available: that shows
    damage, not who made it. ``history`` tells when keys were in use, as far as it knows them.
    """
    try:
        with path.open("rb") as file:
            return check_bundle(
                file,
                public_keys=public_keys,
                checkpoints=checkpoints,
                name=path.name,
                history=history,
            )
    except OSError as error:
        raise RecordNotFound(
            f"bundle {path} cannot be read ({error.strerror}); name the exported file"
        ) from error


def check_bundle(
    file: BinaryIO,
    *,
    public_keys: Mapping[str, bytes] | None = None,
    checkpoints: Sequence[Checkpoint] = (),
    name: str = "the bundle",
    history: KeyHistory = NO_HISTORY,
) -> BundleVerification:
    """Verify an open bundle, called ``name`` in findings; it takes at most 200 MB of memory."""
    known = public_keys or {}
    try:
        bundle = BundleFile(file)
        manifest = bundle.object(MANIFEST)
        stored = bundle.stored()
        bundle.check_comment(stored.head.session_id)
    except JournalCorrupt as error:
        return _unreadable(name, error.message, keys_known=bool(known))
    alterations = [
        *_check_manifest(bundle, manifest, stored, known, history),
        *check_session(
            stored,
            _stated_previous_seal(stored),
            known,
            key_history=_of_seal(history, stored),
        ),
        *_check_order(stored, bundle),
        *_compare(stored, checkpoints),
    ]
    return BundleVerification(
        session_id=stored.head.session_id,
        events=len(stored.events),
        samples=stored.sample_count,
        links=len(stored.links),
        key_id=stored.signature.key_id if stored.signature else "",
        keys_known=bool(known),
        checkpoints=len(checkpoints),
        alterations=tuple(alterations),
    )


def _unreadable(name: str, message: str, *, keys_known: bool) -> BundleVerification:
    return BundleVerification(
        session_id="",
        events=0,
        samples=0,
        links=0,
        key_id="",
        keys_known=keys_known,
        checkpoints=0,
        alterations=(Alteration(session_id="", where=name, what=f"{message}; {_TODO}"),),
    )


# --- the checks -------------------------------------------------------------------------------


def _check_manifest(
    bundle: BundleFile,
    manifest: dict[str, Any],
    stored: StoredSession,
    known: Mapping[str, bytes],
    history: KeyHistory,
) -> Iterator[Alteration]:
    def altered(where: str, what: str) -> Alteration:
        return Alteration(session_id=stored.head.session_id, where=where, what=what)

    try:
        files, key_id = dict(manifest["files"]), str(manifest["key_id"])
        signature = bytes.fromhex(bundle.read(SIGNATURE).decode().strip())
    except UNREADABLE as error:
        yield altered("the manifest", f"it or its signature cannot be read: {error}")
        return
    there = bundle.digests.keys()
    for name in sorted({*files, *_NEEDED, SIGNATURE} - there):
        yield altered(name, "it is missing")
    for name in sorted(there - files.keys() - {MANIFEST, SIGNATURE}):
        yield altered(name, "it is not in the manifest")
    for name in sorted(files.keys() & there):
        if bundle.digests[name] != files[name]:
            yield altered(name, "it is not the file that the manifest names")
    key = known.get(key_id) or _key_inside(bundle, key_id)
    if known and key_id not in known:
        yield altered(
            "the manifest", f"key {key_id} is none of the known ones ({', '.join(sorted(known))})"
        )
    elif key is None:
        yield altered("the manifest", f"the public key {key_id} that it names is not there")
    elif not verify_signature(key, manifest_digest(bundle.read(MANIFEST)), signature):
        yield altered("the manifest", "its signature does not fit: a file was altered afterwards")
    elif (time := history.times.get(key_id)) and time.revoked_from_utc_ms is not None:
        yield altered(
            "the manifest",
            f"key {key_id} was revoked from {shown(time.revoked_from_utc_ms)} on "
            f"({time.revoked_why}; {time.revoked_by}), and a bundle does not prove when it was "
            "made: export it again",
        )


def _of_seal(history: KeyHistory, stored: StoredSession) -> KeyHistory:
    """Returns what is known of the period of the seal's key; nothing for a foreign key."""
    assert stored.signature is not None, "a bundle without a signature does not parse"
    return history if stored.signature.key_id in history.times else NO_HISTORY


def _key_inside(bundle: BundleFile, key_id: str) -> bytes | None:
    name = f"{key_id}.pub"
    try:
        key = public_key_from_pem(bundle.read(name), name)
    except KeyUnavailable:
        return None
    return key if key_id_of(key) == key_id else None


def _stated_previous_seal(stored: StoredSession) -> bytes:
    """Returns the previous seal that the seal states: the unit's other sessions are not here."""
    assert stored.seal is not None, "a bundle without a seal does not parse"
    return stored.seal.previous_seal


def _check_order(stored: StoredSession, bundle: BundleFile) -> Iterator[Alteration]:
    digest = bundle.digests.get("order.toml", "")
    # The chain covers the opening, so its text is enough here, whatever it contains now.
    if not stored.events or f'"order_digest":"{digest}"' not in stored.events[0].detail_json:
        yield Alteration(
            session_id=stored.head.session_id,
            where="order.toml",
            what="it is not the order that the session was opened with",
            since_utc_ms=stored.head.started_utc_ms,
        )


def _compare(stored: StoredSession, checkpoints: Sequence[Checkpoint]) -> Iterator[Alteration]:
    head, seal, signature = stored.head, stored.seal, stored.signature
    assert seal is not None, "a bundle without a seal does not parse"
    assert signature is not None, "a bundle without a signature does not parse"
    subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
    made = make_checkpoint(subject, seal.digest, signature.public_key)
    for outside in checkpoints:
        if outside.name.upper() != made.name.upper():
            what = "the checkpoint belongs to another session than the bundle"
        elif outside.code != made.code:
            what = "its seal, number, unit or key is not the one that the checkpoint was made for"
        else:
            continue
        yield Alteration(session_id=outside.name, where="outside checkpoint", what=what)
