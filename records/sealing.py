"""The end of a session's record: samples packed, chain closed, signed, checkpoint given out."""

from __future__ import annotations

from records.blocks import pack_block
from records.chain import Subject, compute_seal_digest, compute_session_digest, compute_statement
from records.checkpoint import Checkpoint, make_checkpoint
from records.database import Database, rows
from records.session_rows import canonical, event_rows, open_samples, previous_seal, stored_tail
from records.signing import SigningKey


def seal_session(db: Database, session: int, key: SigningKey) -> Checkpoint:
    """Repack the samples losslessly, close the chain and sign it, in one transaction."""
    tail = stored_tail(db, session)
    samples = open_samples(db, session)
    session_digest = compute_session_digest(canonical(event_rows(db, session)), samples)
    previous = previous_seal(db, session)
    counts = (tail.events, tail.samples, tail.link_count)
    seal = compute_seal_digest(tail.link, session_digest, counts, previous)
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
        db.execute(
            "INSERT INTO seal VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (session, tail.link, session_digest, *counts, previous, seal),
        )
        db.execute(
            "INSERT INTO signature VALUES (?, ?, ?, ?, ?)",
            (session, key.key_id, key.public_key, signature, checkpoint.text),
        )
    return checkpoint


def session_subject(db: Database, session: int) -> Subject:
    """What a session's seal belongs to, from the session's row."""
    ((session_id, unit_id),) = rows(
        db, "SELECT session_id, unit_id FROM session WHERE number = ?", (session,)
    )
    return Subject(name=session_id, place=unit_id, number=session)
