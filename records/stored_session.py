"""A session as it is stored, before anything in it is believed: from a unit's file or a bundle."""

from __future__ import annotations

from dataclasses import dataclass

from records.blocks import unpack_block
from records.canonical import SAMPLE_SIZE, EventRow
from records.database import Database, rows, schema_version
from records.removal import Removal, removal_of
from records.session_rows import LinkRow, event_rows, link_rows

SIGNATURES_SINCE_SCHEMA = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHead:
    """A session's row. Times in milliseconds since 1970 and minutes east of UTC."""

    number: int
    session_id: str
    unit_id: str
    started_utc_ms: int
    utc_offset_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRow:
    """The end of a session's chain; ``digest`` is what the next session starts from."""

    last_link: bytes
    session_digest: bytes
    event_count: int
    sample_count: int
    link_count: int
    previous_seal: bytes
    digest: bytes

    @property
    def counts(self) -> tuple[int, int, int]:
        """Events, samples, links."""
        return self.event_count, self.sample_count, self.link_count


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSignature:
    """Who signed a seal, and the checkpoint that was given out for it."""

    key_id: str
    public_key: bytes
    signature: bytes
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """``damage`` says why the samples are not whole; empty when they are.

    With a ``removal`` there are neither events nor samples any more.
    """

    head: SessionHead
    events: list[EventRow]
    links: list[LinkRow]
    samples: bytes
    damage: str
    seal: SealRow | None
    signature: SealSignature | None
    removal: Removal | None = None

    @property
    def sample_count(self) -> int:
        return len(self.samples) // SAMPLE_SIZE


def load_stored(db: Database, head: SessionHead) -> StoredSession:
    """Read everything of one session."""
    samples, damage = _samples(db, head.number)
    return StoredSession(
        head=head,
        events=event_rows(db, head.number),
        links=link_rows(db, head.number),
        samples=samples,
        damage=damage,
        seal=seal_row(db, head.number),
        signature=seal_signature(db, head.number),
        removal=removal_of(db, head.number),
    )


def session_rows_of(db: Database) -> list[SessionHead]:
    """Every session's row, oldest first."""
    stored = rows(
        db,
        "SELECT number, session_id, unit_id, started_utc_ms, utc_offset_min FROM session "
        "ORDER BY number",
    )
    return [
        SessionHead(number=a, session_id=b, unit_id=c, started_utc_ms=d, utc_offset_min=e)
        for a, b, c, d, e in stored
    ]


def seal_row(db: Database, session: int) -> SealRow | None:
    """The seal of a session; None while it is open."""
    stored = rows(
        db,
        "SELECT last_link, session_digest, event_count, sample_count, link_count, previous_seal, "
        "digest FROM seal WHERE session = ?",
        (session,),
    )
    if not stored:
        return None
    a, b, c, d, e, f, g = stored[0]
    return SealRow(
        last_link=a, session_digest=b, event_count=c, sample_count=d, link_count=e,
        previous_seal=f, digest=g,
    )  # fmt: skip


def seal_signature(db: Database, session: int) -> SealSignature | None:
    """The signature of a session's seal; None in files of before signatures."""
    if schema_version(db) < SIGNATURES_SINCE_SCHEMA:
        return None
    stored = rows(
        db,
        "SELECT key_id, public_key, signature, checkpoint FROM signature WHERE session = ?",
        (session,),
    )
    if not stored:
        return None
    a, b, c, d = stored[0]
    return SealSignature(key_id=a, public_key=b, signature=c, checkpoint=d)


def _samples(db: Database, session: int) -> tuple[bytes, str]:
    parts, expected, damage = [], 0, ""
    for first, count, sealed, data in rows(
        db,
        "SELECT first_sample, sample_count, sealed, data FROM sample_block WHERE session = ? "
        "ORDER BY first_sample, sealed",
        (session,),
    ):
        part = b""
        try:
            part = unpack_block(data) if sealed else data
        except ValueError as error:
            damage = damage or f"block at sample {first}: {error}"
        if sealed not in (0, 1):
            damage = damage or f"block at sample {first}: sealed is {sealed}, not 0 or 1"
        if first != expected or len(part) != count * SAMPLE_SIZE:
            damage = damage or (
                f"block at sample {first} does not hold the {count} samples that it names"
            )
        expected = first + count
        parts.append(part)
    return b"".join(parts), damage
