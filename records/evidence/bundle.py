"""The exported bundle: one zip file with a session's whole record, checkable without a database.

Layout: docs/reference/bundle.md. Members are text (CSV, JSON, PEM), stored in a fixed order with a
fixed date, so that the same record gives the same bytes. ``manifest.json`` names the SHA-256 of
every member; ``manifest.sig`` is the workstation's signature of the manifest, because note and
claim line are not part of the session's chain.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from controller.errors import RequestRefused
from controller.events import EventKind
from records.evidence.chain_walk import LinkRow
from records.evidence.stored_session import StoredSession
from records.keys.signing import SigningKey, public_pem
from records.store.canonical import ABSENT_DN, samples_from_bytes

FORMAT = "traction-bundle/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FORCE_COLUMNS = ("force_1_dn", "force_2_dn")
SAMPLE_COLUMNS = ("taken_at_ms", "target_dn", *FORCE_COLUMNS, "phase", "flags")
LINK_COLUMNS = ("number", "first_event", "event_count", "first_sample", "sample_count", "digest")
MOST_BYTES: Final = 40 << 20
"""Largest file, and largest sum of contents: a session of three hours has 20 MB."""
MEMBER_LIMITS: Final = {
    "README.txt": 64 << 10,
    "session.json": 64 << 10,
    "events.jsonl": 8 << 20,
    "samples.csv": 24 << 20,
    "links.csv": 12 << 20,
    "order.toml": 1 << 20,
    "note.txt": 4 << 20,
    "charge.csv": 1 << 20,
    MANIFEST: 64 << 10,
    SIGNATURE: 1 << 10,
}
"""Most bytes of each member. Reader and writer share them, so that every bundle can be read."""
PUBLIC_KEY = re.compile(r"[0-9a-f]{16}\.pub")
MOST_PUBLIC_KEYS: Final = 2
PUBLIC_KEY_LIMIT: Final = 4 << 10
_DATE = (1980, 1, 1, 0, 0, 0)
_README = """\
The record of one traction session, exported by the traction session controller.

session.json   identity of the session, its seal, the seal's signature and checkpoint
events.jsonl   one event a line; "detail" is the exact text that the chain is computed over
samples.csv    one sample a line: ms, 0.1 N, 0.1 N, 0.1 N, phase, flags; an empty force = no reading
links.csv      the hash chain
order.toml     the order as it was written
note.txt       the treatment note as it stood at the export
charge.csv     the charge line; missing when nothing was treated
*.pub          public keys (PEM) of the seal and of this bundle
manifest.json  SHA-256 of every file above
manifest.sig   Ed25519 signature (hex) of the SHA-256 of manifest.json

Check it with: traction verify --bundle FILE --public-key KEY
All files open without that program; docs/reference/bundle.md says how to check them without it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleDocuments:
    """The documents for people at the export. ``charge_csv`` is None without a treatment."""

    order_text: str
    note_text: str
    charge_csv: str | None


def write_bundle(stored: StoredSession, documents: BundleDocuments, key: SigningKey) -> bytes:
    """Returns the file's bytes.

    Raises RequestRefused for a session that is not sealed and signed.
    """
    if stored.seal is None or stored.signature is None:
        raise RequestRefused(
            f"session {stored.head.session_id} is not sealed and signed; a bundle holds closed "
            "records only. Close it with the next `traction run` on that unit"
        )
    members = {
        "README.txt": _README,
        "session.json": _json(_session(stored)),
        "events.jsonl": _events(stored),
        "samples.csv": _samples(stored),
        "links.csv": _links(stored.links),
        "order.toml": documents.order_text,
        "note.txt": documents.note_text,
    }
    if documents.charge_csv is not None:
        members["charge.csv"] = documents.charge_csv
    for public_key in (stored.signature.public_key, key.public_key):
        pem = public_pem(public_key).decode()
        members[f"{hashlib.sha256(public_key).hexdigest()[:16]}.pub"] = pem
    return _zip(
        {name: text.encode() for name, text in members.items()}, key, stored.head.session_id
    )


def limit_of(name: str) -> int | None:
    """Returns the most bytes of a member; None for an unknown member."""
    return PUBLIC_KEY_LIMIT if PUBLIC_KEY.fullmatch(name) else MEMBER_LIMITS.get(name)


def _refuse_larger(members: Mapping[str, bytes], session_id: str) -> None:
    for name, content in members.items():
        limit = limit_of(name)
        assert limit is not None, f"{name} has no limit"
        if len(content) > limit:
            raise RequestRefused(
                f"{name} of session {session_id} has {len(content)} bytes, a bundle takes at most "
                f"{limit}; hand on a backup of the unit's file instead"
            )


def manifest_digest(manifest: bytes) -> bytes:
    """Returns what the signature of a bundle signs."""
    return hashlib.sha256(manifest).digest()


def _zip(members: Mapping[str, bytes], key: SigningKey, session_id: str) -> bytes:
    """Returns the archive; its comment names the session in plain bytes, as every export does."""
    _refuse_larger(members, session_id)
    files = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    manifest = _json({"format": FORMAT, "key_id": key.key_id, "files": files}).encode()
    signature = key.sign(manifest_digest(manifest)).hex().encode() + b"\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = f"session {session_id}".encode()
        for name, content in {**members, MANIFEST: manifest, SIGNATURE: signature}.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _session(stored: StoredSession) -> dict[str, Any]:
    head, seal, signature = stored.head, stored.seal, stored.signature
    assert seal is not None, "refused before"
    assert signature is not None, "refused before"
    return {
        "format": FORMAT,
        "session_id": head.session_id,
        "unit_id": head.unit_id,
        "number": head.number,
        "started_utc_ms": head.started_utc_ms,
        "utc_offset_min": head.utc_offset_min,
        "seal": {
            "last_link": seal.last_link.hex(),
            "session_digest": seal.session_digest.hex(),
            "event_count": seal.event_count,
            "sample_count": seal.sample_count,
            "link_count": seal.link_count,
            "previous_seal": seal.previous_seal.hex(),
            "digest": seal.digest.hex(),
        },
        "signature": {
            "key_id": signature.key_id,
            "public_key": signature.public_key.hex(),
            "signature": signature.signature.hex(),
            "checkpoint": signature.checkpoint,
        },
    }


def _events(stored: StoredSession) -> str:
    return "".join(
        json.dumps(
            {
                "sequence": event.sequence,
                "at_ms": event.at_ms,
                "utc_ms": event.utc_ms,
                "kind": event.kind,
                "name": _kind_name(event.kind),
                "version": event.version,
                "detail": event.detail_json,
            },
            ensure_ascii=False,
        )
        + "\n"
        for event in stored.events
    )


def _kind_name(kind: int) -> str:
    return EventKind(kind).name.lower() if kind in set(EventKind) else "unknown"


def _samples(stored: StoredSession) -> str:
    samples = samples_from_bytes(stored.samples)
    columns = {name: samples[name].tolist() for name in SAMPLE_COLUMNS}
    for name in FORCE_COLUMNS:
        columns[name] = ["" if force == ABSENT_DN else force for force in columns[name]]
    return _csv(SAMPLE_COLUMNS, zip(*columns.values(), strict=True))


def _links(links: Sequence[LinkRow]) -> str:
    return _csv(
        LINK_COLUMNS,
        (
            (
                link.number,
                link.covered.first_event,
                link.covered.event_count,
                link.covered.first_sample,
                link.covered.sample_count,
                link.digest.hex(),
            )
            for link in links
        ),
    )


def _csv(columns: tuple[str, ...], rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
