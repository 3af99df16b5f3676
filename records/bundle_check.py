"""verify of a bundle on another machine: no database, the public key only."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from controller.errors import JournalCorrupt, KeyUnavailable, RecordNotFound
from records.bundle import (
    FORMAT,
    LINK_COLUMNS,
    MANIFEST,
    SAMPLE_COLUMNS,
    SIGNATURE,
    manifest_digest,
)
from records.canonical import ABSENT_DN, SAMPLE_DTYPE, EventRow
from records.chain import LinkRange, Subject
from records.checkpoint import Checkpoint, make_checkpoint
from records.session_check import NOT_OUTSIDE, Alteration, check_session
from records.session_rows import LinkRow
from records.signing import key_id_of, public_key_from_pem, verify_signature
from records.stored_session import SealRow, SealSignature, SessionHead, StoredSession

LARGEST_MEMBER = 256 << 20
"""Bytes. A bundle from elsewhere must not be able to fill the memory."""
_NEEDED = ("README.txt", "session.json", "events.jsonl", "samples.csv", "links.csv", "order.toml",
           "note.txt")  # fmt: skip

_UNREADABLE = (
    ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, csv.Error,
)  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleVerification:
    """What was looked at, and what was found. ``keys_known``: a public key came from outside."""

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
        """On what the verdict stands, in words."""
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
) -> BundleVerification:
    """Verify a bundle; raises RecordNotFound when there is no such file.

    Without ``public_keys`` (by key id) only the keys inside the bundle are at hand: that shows
    damage, not who made it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordNotFound(
            f"bundle {path} cannot be read ({error.strerror}); name the exported file"
        ) from error
    return check_bundle(data, public_keys=public_keys, checkpoints=checkpoints)


def check_bundle(
    data: bytes,
    *,
    public_keys: Mapping[str, bytes] | None = None,
    checkpoints: Sequence[Checkpoint] = (),
) -> BundleVerification:
    """Verify the bytes of a bundle."""
    known = public_keys or {}
    try:
        members = _members(data)
        manifest = _parsed(MANIFEST, members, json.loads)
        stored = _stored(members)
    except JournalCorrupt as error:
        return _unreadable(error.message, keys_known=bool(known))
    alterations = [
        *_check_manifest(members, manifest, stored, known),
        *check_session(stored, _stated_previous_seal(stored), known),
        *_check_order(stored, members),
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


def _unreadable(message: str, *, keys_known: bool) -> BundleVerification:
    return BundleVerification(
        session_id="", events=0, samples=0, links=0, key_id="", keys_known=keys_known,
        checkpoints=0, alterations=(Alteration(session_id="", where="the bundle", what=message),),
    )  # fmt: skip


def _members(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if len(set(names)) != len(names):
                raise JournalCorrupt("a file stands in it twice")
            if any(info.file_size > LARGEST_MEMBER for info in infos):
                raise JournalCorrupt(f"a file in it is larger than {LARGEST_MEMBER} bytes")
            return {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError) as error:
        raise JournalCorrupt(f"it is not a whole zip file: {error}") from error
    except (NotImplementedError, IndexError) as error:
        raise JournalCorrupt(f"its zip structure is damaged: {error}") from error


def _parsed(name: str, members: Mapping[str, bytes], parse: Callable[[str], T]) -> T:
    if name not in members:
        raise JournalCorrupt(f"{name} is missing")
    try:
        return parse(members[name].decode())
    except _UNREADABLE as error:
        raise JournalCorrupt(f"{name} cannot be read: {error}") from error


# --- the parts --------------------------------------------------------------------------------


def _stored(members: Mapping[str, bytes]) -> StoredSession:
    head, seal, signature = _parsed("session.json", members, _session)
    return StoredSession(
        head=head,
        events=_parsed("events.jsonl", members, _events),
        links=_parsed("links.csv", members, _links),
        samples=_parsed("samples.csv", members, _samples),
        damage="",
        seal=seal,
        signature=signature,
    )


def _session(text: str) -> tuple[SessionHead, SealRow, SealSignature]:
    said: dict[str, Any] = json.loads(text)
    if said["format"] != FORMAT:
        raise ValueError(f"format {said['format']!r} is not {FORMAT}")
    seal, signature = said["seal"], said["signature"]
    return (
        SessionHead(
            number=int(said["number"]),
            session_id=str(said["session_id"]),
            unit_id=str(said["unit_id"]),
            started_utc_ms=int(said["started_utc_ms"]),
            utc_offset_min=int(said["utc_offset_min"]),
        ),
        SealRow(
            last_link=bytes.fromhex(seal["last_link"]),
            session_digest=bytes.fromhex(seal["session_digest"]),
            event_count=int(seal["event_count"]),
            sample_count=int(seal["sample_count"]),
            link_count=int(seal["link_count"]),
            previous_seal=bytes.fromhex(seal["previous_seal"]),
            digest=bytes.fromhex(seal["digest"]),
        ),
        SealSignature(
            key_id=str(signature["key_id"]),
            public_key=bytes.fromhex(signature["public_key"]),
            signature=bytes.fromhex(signature["signature"]),
            checkpoint=str(signature["checkpoint"]),
        ),
    )


def _events(text: str) -> list[EventRow]:
    # Not splitlines(): a detail may hold characters that it takes for the end of a line.
    said = [json.loads(line) for line in text.split("\n") if line]
    return [
        EventRow(
            sequence=int(event["sequence"]),
            at_ms=int(event["at_ms"]),
            utc_ms=int(event["utc_ms"]),
            kind=int(event["kind"]),
            version=int(event["version"]),
            detail_json=str(event["detail"]),
        )
        for event in said
    ]


def _links(text: str) -> list[LinkRow]:
    return [
        LinkRow(
            int(number),
            LinkRange(
                first_event=int(first_event),
                event_count=int(events),
                first_sample=int(first_sample),
                sample_count=int(samples),
            ),
            bytes.fromhex(digest),
        )
        for number, first_event, events, first_sample, samples, digest in _rows(text, LINK_COLUMNS)
    ]


def _samples(text: str) -> bytes:
    def force(cell: str) -> int:
        return ABSENT_DN if cell == "" else int(cell)

    rows = [
        (int(time_ms), int(target), force(first), force(second), int(phase), int(flags))
        for time_ms, target, first, second, phase, flags in _rows(text, SAMPLE_COLUMNS)
    ]
    return np.array(rows, dtype=SAMPLE_DTYPE).tobytes()


def _rows(text: str, columns: tuple[str, ...]) -> list[list[str]]:
    head, *rows = csv.reader(io.StringIO(text))
    if tuple(head) != columns:
        raise ValueError(f"its columns are {head}, not {list(columns)}")
    return rows


# --- the checks -------------------------------------------------------------------------------


def _check_manifest(
    members: Mapping[str, bytes],
    manifest: Any,
    stored: StoredSession,
    known: Mapping[str, bytes],
) -> Iterator[Alteration]:
    def altered(where: str, what: str) -> Alteration:
        return Alteration(session_id=stored.head.session_id, where=where, what=what)

    try:
        files, key_id = dict(manifest["files"]), str(manifest["key_id"])
        signature = bytes.fromhex(members[SIGNATURE].decode().strip())
    except (KeyError, TypeError, ValueError) as error:
        yield altered("the manifest", f"it or its signature cannot be read: {error}")
        return
    for name in sorted({*files, *_NEEDED} - members.keys()):
        yield altered(name, "it is missing")
    for name in sorted(members.keys() - files.keys() - {MANIFEST, SIGNATURE}):
        yield altered(name, "it is not in the manifest")
    for name in sorted(files.keys() & members.keys()):
        if hashlib.sha256(members[name]).hexdigest() != files[name]:
            yield altered(name, "it is not the file that the manifest names")
    key = known.get(key_id) or _key_inside(members, key_id)
    if known and key_id not in known:
        yield altered(
            "the manifest", f"key {key_id} is none of the known ones ({', '.join(sorted(known))})"
        )
    elif key is None:
        yield altered("the manifest", f"the public key {key_id} that it names is not there")
    elif not verify_signature(key, manifest_digest(members[MANIFEST]), signature):
        yield altered("the manifest", "its signature does not fit: a file was altered afterwards")


def _key_inside(members: Mapping[str, bytes], key_id: str) -> bytes | None:
    name = f"{key_id}.pub"
    try:
        key = public_key_from_pem(members.get(name, b""), name)
    except KeyUnavailable:
        return None
    return key if key_id_of(key) == key_id else None


def _stated_previous_seal(stored: StoredSession) -> bytes:
    """The unit's other sessions are not in the bundle; what the seal says of them is taken."""
    assert stored.seal is not None, "a bundle without a seal does not parse"
    return stored.seal.previous_seal


def _check_order(stored: StoredSession, members: Mapping[str, bytes]) -> Iterator[Alteration]:
    digest = hashlib.sha256(members.get("order.toml", b"")).hexdigest()
    # The chain covers the opening, so its text alone is enough here, whatever it may hold now.
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
