"""A session as it is stored, before anything in it is trusted: from a unit's file or a bundle."""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from records.evidence.chain_walk import ComputedLinks, LinkRanges, LinkRow, walk_chain
from records.evidence.migration import SESSION_KEYS_SINCE_SCHEMA
from records.evidence.packed_links import compute_removal_digest, unpack_ranges
from records.evidence.removal import Removal, removal_of
from records.evidence.session_content import SamplePart, content_of
from records.evidence.session_rows import canonical, chain_start, link_rows
from records.store.canonical import SAMPLE_SIZE, EventRow
from records.store.database import Database, rows, schema_version

SIGNATURES_SINCE_SCHEMA = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHead:
    """A session's row. Times in milliseconds since 1970 and minutes east of UTC."""

    number: int
    session_id: str
    unit_id: str
    started_utc_ms: int
    utc_offset_min: int


class SealRow(NamedTuple):
    """The end of a session's chain; ``digest`` is the start of the next session."""

    last_link: bytes
    session_digest: bytes
    event_count: int
    sample_count: int
    link_count: int
    previous_seal: bytes
    digest: bytes

    @property
    def counts(self) -> tuple[int, int, int]:
        """Returns the counts of events, samples, links."""
        return self.event_count, self.sample_count, self.link_count


class SealSignature(NamedTuple):
    """The signature of a seal, and the checkpoint that was made for it."""

    key_id: str
    public_key: bytes
    signature: bytes
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedLinks:
    """What is kept of a sealed session's links. ``digest`` is SHA-256 over all of theirs."""

    ranges: LinkRanges
    digest: bytes
    stored_ranges: bytes

    @property
    def removal_digest(self) -> bytes:
        """Returns what a removal signs instead of the links: their digest and what they covered."""
        return compute_removal_digest(self.digest, self.stored_ranges)


class ChainSignature(NamedTuple):
    """The signature of the session's key over its chain when it had so many links."""

    link_count: int
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """``damage`` says why samples or links are incomplete; "" when they are complete.

    With ``packed`` links, the digests in ``links`` were computed from the content just before. With
    a ``removal`` there are neither events nor samples any more, nor links if they were packed.
    """

    head: SessionHead
    events: list[EventRow]
    links: Sequence[LinkRow]
    samples: bytes
    damage: str
    seal: SealRow | None
    signature: SealSignature | None
    removal: Removal | None = None
    packed: PackedLinks | None = None
    chain_signatures: tuple[ChainSignature, ...] = ()

    @property
    def sample_count(self) -> int:
        """Returns how many samples are stored."""
        return len(self.samples) // SAMPLE_SIZE

    @property
    def link_digests(self) -> list[bytes]:
        """Returns the digest of each link, in order."""
        if isinstance(self.links, ComputedLinks):
            return self.links.digests
        return [link.digest for link in self.links]

    @property
    def canonical_events(self) -> bytes:
        """Returns the canonical bytes of all events."""
        if isinstance(self.links, ComputedLinks):
            return b"".join(self.links.events)
        return canonical(self.events)


def load_stored(db: Database, head: SessionHead) -> StoredSession:
    """Read everything of one session."""
    removal = removal_of(db, head.number)
    links: Sequence[LinkRow] = []
    events, samples, damage = _content(db, head.number)
    try:
        links = link_rows(db, head.number)
        packed = packed_links_of(db, head.number)
        if packed is not None and links:
            raise ValueError(f"{len(links)} links stand beside the packed ones")
        if packed is not None and removal is None:
            links = computed_links(chain_start(db, head.number), packed.ranges, events, samples)
    except (ValueError, struct.error) as error:
        packed, damage = None, damage or f"links: {error}"
    return StoredSession(
        head=head,
        events=events,
        links=links,
        samples=samples,
        damage=damage,
        seal=seal_row(db, head.number),
        signature=seal_signature(db, head.number),
        removal=removal,
        packed=packed,
        chain_signatures=chain_signatures_of(db, head.number),
    )


def packed_links_of(db: Database, session: int) -> PackedLinks | None:
    """Returns the packed links of a sealed session; None before. Raises ValueError when damaged."""
    if schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
        return None
    found = rows(db, "SELECT ranges, digest FROM packed_links WHERE session = ?", (session,))
    if not found:
        return None
    ranges, digest = found[0]
    return PackedLinks(ranges=unpack_ranges(ranges), digest=digest, stored_ranges=ranges)


def chain_signatures_of(db: Database, session: int) -> tuple[ChainSignature, ...]:
    """Returns what the session's key signed, oldest first."""
    if schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
        return ()
    stored = rows(
        db,
        "SELECT link_count, signature FROM chain_signature WHERE session = ? ORDER BY link_count",
        (session,),
    )
    return tuple(ChainSignature(*row) for row in stored)


def computed_links(
    start: bytes, ranges: LinkRanges, events: list[EventRow], samples: bytes
) -> ComputedLinks:
    """Returns the links of a chain over what is stored, from what each covers."""
    texts = [event.canonical() for event in events]
    return ComputedLinks(ranges, walk_chain(start, ranges, texts, samples), texts)


def session_rows_of(db: Database, number: int | None = None) -> list[SessionHead]:
    """Returns every session's row, oldest first; with a number that one, if there is one."""
    return (
        _heads_where(db, "TRUE", ())
        if number is None
        else _heads_where(db, "number = ?", (number,))
    )


def session_rows_called(db: Database, beginning: str) -> list[SessionHead]:
    """Returns the rows of the sessions whose id begins so, found by SQLite."""
    return _heads_where(
        db,
        "typeof(session_id) = 'text' AND substr(session_id, 1, ?) = ?",
        (len(beginning), beginning),
    )


def session_rows_named(db: Database, session_ids: Collection[str]) -> list[SessionHead]:
    """Returns the rows of the sessions with this id."""
    names = json.dumps([*session_ids])
    return _heads_where(db, "session_id IN (SELECT value FROM json_each(?))", (names,))


def _heads_where(db: Database, where: str, parameters: tuple[object, ...]) -> list[SessionHead]:
    stored = rows(
        db,
        "SELECT number, session_id, unit_id, started_utc_ms, utc_offset_min FROM session "
        f"WHERE {where} ORDER BY number",
        parameters,
    )
    return [
        SessionHead(number=a, session_id=b, unit_id=c, started_utc_ms=d, utc_offset_min=e)
        for a, b, c, d, e in stored
    ]


def seal_row(db: Database, session: int) -> SealRow | None:
    """Returns the seal of a session; None while it is open."""
    stored = rows(
        db,
        "SELECT last_link, session_digest, event_count, sample_count, link_count, previous_seal, "
        "digest FROM seal WHERE session = ?",
        (session,),
    )
    return SealRow(*stored[0]) if stored else None


def seal_signature(db: Database, session: int) -> SealSignature | None:
    """Returns the signature of a session's seal; None in files from before signatures."""
    if schema_version(db) < SIGNATURES_SINCE_SCHEMA:
        return None
    stored = rows(
        db,
        "SELECT key_id, public_key, signature, checkpoint FROM signature WHERE session = ?",
        (session,),
    )
    return SealSignature(*stored[0]) if stored else None


def _content(db: Database, session: int) -> tuple[list[EventRow], bytes, str]:
    """Returns events and samples as far as they can be read, and what is wrong with them."""
    try:
        events, parts = content_of(db, session)
    except (ValueError, struct.error) as error:
        return [], b"", f"packed session: {error}"
    samples, damage = _joined(parts)
    return events, samples, damage


def _joined(parts: list[SamplePart]) -> tuple[bytes, str]:
    pieces, expected, damage = [], 0, ""
    for part in parts:
        first, count, piece = part.first_sample, part.sample_count, b""
        try:
            piece = part.samples
        except ValueError as error:
            damage = damage or f"block at sample {first}: {error}"
        if part.sealed not in (0, 1):
            damage = damage or f"block at sample {first}: sealed is {part.sealed}, not 0 or 1"
        if first != expected or len(piece) != count * SAMPLE_SIZE:
            damage = damage or (
                f"block at sample {first} does not hold the {count} samples that it names"
            )
        expected = first + count
        pieces.append(piece)
    return b"".join(pieces), damage
