"""The end of a session's record: everything packed, chain closed, signed, checkpoint given out."""

from __future__ import annotations

from records.blocks import pack_block
from records.chain import Subject, compute_seal_digest, compute_session_digest, compute_statement
from records.chain_walk import LinkRow
from records.checkpoint import Checkpoint, make_checkpoint
from records.database import Database, rows
from records.packed_links import compute_links_digest, pack_ranges
from records.session_keys import SessionKeys
from records.session_rows import (
    canonical,
    chain_start,
    event_rows,
    link_rows,
    open_samples,
    stored_tail,
)
from records.signing import SigningKey


def seal_session(
    db: Database, session: int, key: SigningKey, keys: SessionKeys | None
) -> Checkpoint:
    """Repack samples and links losslessly, close the chain and sign it, in one transaction.

    ``keys`` are the session's; None for one that was opened before session keys. The caller has
    checked the links' tags: they are not kept.
    """
    tail = stored_tail(db, session)
    samples = open_samples(db, session)
    session_digest = compute_session_digest(canonical(event_rows(db, session)), samples)
    start = chain_start(db, session)
    counts = (tail.events, tail.samples, tail.link_count)
    seal = compute_seal_digest(tail.link, session_digest, counts, start)
    subject = session_subject(db, session)
    checkpoint = make_checkpoint(subject, seal, key.public_key)
    signature = key.sign(compute_statement(subject, seal))
    with db.atomic():
        db.execute("DELETE FROM sample_block WHERE session = ? AND sealed = 0", (session,))
        if samples:
            db.execute(
                "INSERT INTO sample_block VALUES (?, 0, ?, 1, ?)",
                (session, tail.samples, pack_block(samples)),
            )
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
        pack_links(db, session, link_rows(db, session))
    return checkpoint


def pack_links(db: Database, session: int, links: list[LinkRow]) -> None:
    """Keep what the links cover and the digest over them; the caller holds the transaction."""
    ranges = pack_ranges([link.covered for link in links])
    digest = compute_links_digest(link.digest for link in links)
    db.execute("INSERT INTO packed_links VALUES (?, ?, ?)", (session, ranges, digest))
    db.execute("DELETE FROM open_link WHERE session = ?", (session,))
    db.execute("DELETE FROM link WHERE session = ?", (session,))


def add_chain_signature(
    db: Database, session: int, keys: SessionKeys, link_count: int, link: bytes
) -> None:
    """The session's key signs its chain so far; the caller holds the transaction."""
    db.execute(
        "INSERT OR IGNORE INTO chain_signature VALUES (?, ?, ?)",
        (session, link_count, keys.sign_chain(link_count, link)),
    )


def session_subject(db: Database, session: int) -> Subject:
    """What a session's seal belongs to, from the session's row."""
    ((session_id, unit_id),) = rows(
        db, "SELECT session_id, unit_id FROM session WHERE number = ?", (session,)
    )
    return Subject(name=session_id, place=unit_id, number=session)
