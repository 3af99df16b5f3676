"""The end of a session's record: everything packed, chain closed, signed, checkpoint made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from controller.events import EventKind
from records.evidence.chain_walk import LinkRow
from records.evidence.packed_links import compute_links_digest, pack_ranges
from records.evidence.packed_session import fits_packing, pack_session
from records.evidence.session_content import event_rows, newest_utc_of, open_samples
from records.evidence.session_keys import SessionKeys
from records.evidence.session_rows import canonical, chain_start, fitting_rows, tail_behind
from records.keys.signing import SigningKey
from records.store.canonical import SAMPLE_SIZE, EventRow
from records.store.chain import (
    LinkRange,
    Subject,
    compute_seal_digest,
    compute_session_digest,
    compute_statement,
)
from records.store.checkpoint import Checkpoint, make_checkpoint
from records.store.database import Database, give_back_pages, rows


class SealedLinks(NamedTuple):
    """What the links of a session cover, packed, the digest over all of them, and the last one."""

    ranges: bytes
    digest: bytes
    last: LinkRow | None


def seal_session(
    db: Database, session: int, key: SigningKey, keys: SessionKeys | None
) -> Checkpoint:
    """Pack its content losslessly, close the chain and sign it, in one transaction.

    ``keys`` are the session's; None for one without session keys. The caller has checked the links'
    tags, which are not kept. Raises JournalCorrupt where the chain does not match what is stored.
    """
    sealed_links = pack_links(fitting_rows(db, session))
    tail = tail_behind(db, session, sealed_links.last)
    events, samples = event_rows(db, session), open_samples(db, session)
    session_digest = compute_session_digest(canonical(events), samples)
    start = chain_start(db, session)
    counts = (tail.events, tail.samples, tail.link_count)
    seal = compute_seal_digest(tail.link, session_digest, counts, start)
    subject = session_subject(db, session)
    checkpoint = make_checkpoint(subject, seal, key.public_key)
    signature = key.sign(compute_statement(subject, seal))
    with db.atomic():
        if keys is not None:
            add_chain_signature(db, session, keys, tail.link_count, tail.link)
        db.execute(
            "INSERT INTO seal VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (session, tail.link, session_digest, *counts, start, seal),
        )
        db.execute(
            "INSERT INTO signature VALUES (?, ?, ?, ?, ?)",
            (session, key.key_id, key.public_key, signature, checkpoint.text),
        )
        keep_sealed_links(db, session, sealed_links)
        pack_content(db, session, events, samples)
        give_back_pages(db)
    return checkpoint


def pack_links(links: Iterable[LinkRow]) -> SealedLinks:
    """Returns what is kept of the links of a session; each is let go before the next."""
    digests = list[bytes]()
    last: LinkRow | None = None

    def covered() -> Iterator[LinkRange]:
        nonlocal last
        for last in links:
            digests.append(last.digest)
            yield last.covered

    ranges = pack_ranges(covered())
    return SealedLinks(ranges=ranges, digest=compute_links_digest(digests), last=last)


def keep_sealed_links(db: Database, session: int, kept: SealedLinks) -> None:
    """Replace the links by their packed form; the caller holds the transaction."""
    db.execute("INSERT INTO packed_links VALUES (?, ?, ?)", (session, kept.ranges, kept.digest))
    for table in ("open_batch", "open_link", "link"):
        db.execute(f"DELETE FROM {table} WHERE session = ?", (session,))


def pack_content(db: Database, session: int, events: list[EventRow], samples: bytes) -> None:
    """Put samples, and the events between opening and end, into one row.

    The others stay rows of their own, for lists and searches. The caller holds the transaction.
    """
    inner = _inner_events(events)
    db.execute(
        "INSERT INTO packed_session VALUES (?, ?, ?, ?, ?)",
        (
            session,
            len(inner),
            newest_utc_of(inner),
            len(samples) // SAMPLE_SIZE,
            pack_session(inner, samples),
        ),
    )
    db.execute(
        "DELETE FROM event WHERE session = ? AND sequence BETWEEN 1 AND ?", (session, len(inner))
    )
    db.execute("DELETE FROM sample_block WHERE session = ?", (session,))


def _inner_events(events: list[EventRow]) -> list[EventRow]:
    """Returns those after the opening and before the end, or the newest where there is no end."""
    ends = [at for at, event in enumerate(events) if event.kind == EventKind.SESSION_ENDED]
    inner = events[1 : ends[0] if ends else -1]
    return inner if fits_packing(inner) else []


def add_chain_signature(
    db: Database, session: int, keys: SessionKeys, link_count: int, link: bytes
) -> None:
    """Sign the chain so far with the session's key; the caller holds the transaction."""
    db.execute(
        "INSERT OR IGNORE INTO chain_signature VALUES (?, ?, ?)",
        (session, link_count, keys.sign_chain(link_count, link)),
    )


def session_subject(db: Database, session: int) -> Subject:
    """Returns what a session's seal belongs to, from the session's row."""
    ((session_id, unit_id),) = rows(
        db, "SELECT session_id, unit_id FROM session WHERE number = ?", (session,)
    )
    return Subject(name=session_id, place=unit_id, number=session)
