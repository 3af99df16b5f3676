"""Removes a sealed session's content: events and samples go, what proves the chain stays.

Links, seal, signature and checkpoint are digests; they reveal nothing of a patient and keep the
unit's chain complete, so that a note, a bundle or a checkpoint outside can still be compared. A
signed row says who removed the content, when and by which rule; content that is missing without it
is an alteration.

The signature is over the statement (records/store/chain.py) whose seal is
SHA-256("traction-removal/1" LF seal in hex LF links in hex LF time LF who LF rule LF), in UTF-8:
without the content nothing else could prove that a link in the middle is unchanged. "links" is
SHA-256 over all link digests; of packed links it is SHA-256(that | packed ranges).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from records.evidence.packed_links import compute_links_digest, compute_removal_digest
from records.store.author import Author
from records.store.chain import Subject, compute_lines_digest, compute_statement
from records.store.database import Database, rows, schema_version
from records.store.ed25519 import fault_of_signature

REMOVALS_SINCE_SCHEMA = 3
PACKED_SINCE_SCHEMA = 4
STATEMENT = "traction-removal/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The row that replaces a removed session's content."""

    removed_utc_ms: int
    removed_by: str
    rule: str
    public_key: bytes
    signature: bytes


def remove_content(
    db: Database, subject: Subject, seal: bytes, author: Author, *, rule: str
) -> None:
    """Remove a sealed session's events and samples in one transaction; the pages are overwritten.

    ``author`` removes them, by that ``rule``. The caller holds the unit's lock, and clears the log
    afterwards (``clear_log``).
    """
    key, utc_ms, by = author.key, author.at_utc_ms, author.by
    statement = _statement(subject, seal, _links_digest(db, subject.number), utc_ms, by, rule)
    with db.atomic():
        db.execute(
            "INSERT INTO removal VALUES (?, ?, ?, ?, ?, ?)",
            (subject.number, utc_ms, by, rule, key.public_key, key.sign(statement)),
        )
        for table in ("event", "sample_block", "packed_session"):
            db.execute(f"DELETE FROM {table} WHERE session = ?", (subject.number,))


def removal_of(db: Database, session: int) -> Removal | None:
    """Returns the removal of a session's content; None while it is there."""
    if schema_version(db) < REMOVALS_SINCE_SCHEMA:
        return None
    found = rows(
        db,
        "SELECT removed_utc_ms, removed_by, rule, public_key, signature FROM removal "
        "WHERE session = ?",
        (session,),
    )
    if not found:
        return None
    a, b, c, d, e = found[0]
    return Removal(removed_utc_ms=a, removed_by=b, rule=c, public_key=d, signature=e)


def fault_of_removal(
    removal: Removal,
    subject: Subject,
    seal: bytes,
    links_digest: bytes,
    known_keys: Mapping[str, bytes],
) -> str:
    """Returns why the row cannot be trusted; "" when it can."""
    statement = _statement(
        subject, seal, links_digest, removal.removed_utc_ms, removal.removed_by, removal.rule
    )
    return fault_of_signature(
        removal.public_key,
        statement,
        removal.signature,
        known_keys,
        over="the seal, the links and what it says",
    )


def _links_digest(db: Database, session: int) -> bytes:
    """Returns the digest over all links of a session, packed or not."""
    if schema_version(db) >= PACKED_SINCE_SCHEMA:
        packed = rows(db, "SELECT digest, ranges FROM packed_links WHERE session = ?", (session,))
        if packed:
            return compute_removal_digest(*packed[0])
    links = rows(db, "SELECT digest FROM link WHERE session = ? ORDER BY number", (session,))
    return compute_links_digest(digest for (digest,) in links)


def _statement(
    subject: Subject, seal: bytes, links_digest: bytes, utc_ms: int, by: str, rule: str
) -> bytes:
    return compute_statement(
        subject,
        compute_lines_digest(STATEMENT, seal.hex(), links_digest.hex(), str(utc_ms), by, rule),
    )
