"""Stores a batch of the journal: in the database, else in the side file, else later.

An error of the database ends its connection. A commit that failed may still have reached the disk,
so the stored chain is read and checked again before anything is added, and the side file is read in
first. Nothing is retried on a connection that has failed.

Each link is tagged; once it is stored, the key that tagged it is forgotten and the end mark in the
side file moves on. Every ``SIGN_EVERY_S`` of session time the session's key signs the chain so far.
"""

from __future__ import annotations

from pathlib import Path

from controller.errors import JournalCorrupt, JournalError
from records.evidence.sealing import add_chain_signature
from records.evidence.session_content import event_rows, open_samples
from records.evidence.session_keys import LinkTagger, SessionKeys
from records.evidence.session_rows import (
    Tail,
    append_batch,
    chain_start,
    first_misfit,
    fitting_rows,
    link_rows,
    stored_position,
    tail_behind,
)
from records.evidence.spill import SpilledBatch, SpillFile
from records.store.canonical import EventRow
from records.store.database import Database, failures_in_words, open_for_writing
from records.store.unit_file import UNIT_SCHEMA

RETRY_S = 1.0
"""Session seconds between two attempts to open a database that failed."""
BUSY_TIMEOUT_S = 0.25
"""A locked file counts as failed after this time; 2 s would keep records in memory."""
SIGN_EVERY_S = 60.0
"""Session seconds between two signatures of the chain so far."""


class JournalStore:
    """Belongs to the journal's thread. ``trouble`` says in words what failed last."""

    def __init__(
        self,
        database: Path,
        tail: Tail,
        spill: SpillFile,
        tagger: LinkTagger,
        keys: SessionKeys | None,
    ) -> None:
        """``tagger`` is at the tail; ``keys`` is None for a session without session keys."""
        self._database = database
        self._tail = tail
        self._spill = spill
        self._tagger = tagger
        self._keys = keys
        self._signed_at_s: float | None = None
        self._db: Database | None = None
        self._retry_at_s: float | None = None
        self.trouble = ""

    def keep(self, events: list[EventRow], samples: bytes, now_s: float) -> bool:
        """Returns True once the batch is durable, in the database or in the side file."""
        after = self._tail.follow(events, samples)
        tag = self._tagger.tag(after.link)
        if not (
            self._commit(after, events, samples, tag, now_s)
            or self._put_aside(after, events, samples, tag)
        ):
            return False
        self._tail = after
        self._tagger.advance()
        self._mark(now_s)
        return True

    def close(self) -> None:
        """Release the database. Closing one that has failed may fail as well."""
        if self._db is not None:
            db, self._db = self._db, None
            try:
                with failures_in_words(self._database, "closed"):
                    db.close()
            except JournalError as error:
                self.trouble = f"{self.trouble}; {error.message}".removeprefix("; ")

    def _mark(self, now_s: float) -> None:
        """Move the end mark. One that cannot move stays true: the chain is longer than it says."""
        mark = self._tagger.end_mark(self._tail.link)
        try:
            self._spill.mark(self._tail.session, self._tail.link_count, mark, now_s)
        except OSError as error:
            self.trouble = f"{self._spill.path}: the end mark cannot be written ({error})"

    def _commit(
        self, after: Tail, events: list[EventRow], samples: bytes, tag: bytes, now_s: float
    ) -> bool:
        if self._retry_at_s is not None and now_s < self._retry_at_s:
            return False
        try:
            with failures_in_words(self._database, "written"):
                db = self._db or self._open()
                self._db = db
                with db.atomic():
                    self._append(db, after, events, samples, tag)
                    signed = self._sign_in_time(db, after, now_s)
        except JournalError as error:
            self.trouble = error.message
            self._retry_at_s = now_s + RETRY_S
            self.close()
            return False
        self._retry_at_s, self.trouble = None, ""
        self._signed_at_s = now_s if signed else self._signed_at_s
        return True

    def _append(
        self, db: Database, after: Tail, events: list[EventRow], samples: bytes, tag: bytes
    ) -> None:
        stored = stored_position(db, self._tail.session)
        if stored == self._tail.position:
            append_batch(db, after, events, samples, tag)
        elif stored != after.position:
            raise JournalCorrupt(
                f"{self._database} ends at link {stored.link_count} of session number "
                f"{self._tail.session}, the journal at {self._tail.link_count}; something else "
                "wrote to it. Keep the file and run `traction verify`"
            )

    def _sign_in_time(self, db: Database, after: Tail, now_s: float) -> bool:
        """Returns True when a minute has passed since the last signature.

        The opening counts as one.
        """
        if self._signed_at_s is None:
            self._signed_at_s = now_s
        if self._keys is None or now_s - self._signed_at_s < SIGN_EVERY_S:
            return False
        add_chain_signature(db, after.session, self._keys, after.link_count, after.link)
        return True

    def _open(self) -> Database:
        """Open, check the stored chain and read the side file in."""
        db = open_for_writing(self._database, UNIT_SCHEMA, busy_timeout_s=BUSY_TIMEOUT_S)
        try:
            if self._retry_at_s is not None:
                check_stored_chain(db, self._tail.session)
                take_up(db, self._tail.session, self._spill.batches())
                self._spill.empty()
        except BaseException:
            db.close()
            raise
        return db

    def _put_aside(self, after: Tail, events: list[EventRow], samples: bytes, tag: bytes) -> bool:
        try:
            self._spill.put(after, events, samples, tag)
        except OSError as error:
            self.trouble = f"{self.trouble}; {self._spill.path}: {error}"
            return False
        return True


def check_stored_chain(db: Database, session: int) -> None:
    """Check the links of an open session; raises JournalCorrupt for one that does not match."""
    misfit = first_misfit(
        chain_start(db, session),
        link_rows(db, session),
        event_rows(db, session),
        open_samples(db, session),
    )
    if misfit is not None:
        raise JournalCorrupt(
            f"link {misfit.number} of session number {session} does not fit the stored record; "
            "keep the file and run `traction verify`"
        )


def take_up(db: Database, session: int, batches: list[SpilledBatch]) -> None:
    """Append the side file's batches; one whose commit had succeeded is stored already."""
    if not batches:
        return
    links = list(fitting_rows(db, session))
    tail = tail_behind(db, session, links[-1] if links else None)
    known = {link.number: link.digest for link in links}
    for batch in batches:
        if batch.link_number < tail.link_count:
            fits = known[batch.link_number] == batch.link
        else:
            after = tail.follow(batch.events, batch.samples)
            fits = (after.link_number, after.link) == (batch.link_number, batch.link)
            if fits:
                append_batch(db, after, batch.events, batch.samples, batch.tag)
                known[batch.link_number] = after.link
                tail = after
        if not fits:
            raise JournalCorrupt(
                f"link {batch.link_number} of session number {session} in the side file does not "
                "follow the stored record; keep copies of both files, move the side file (.spill) "
                "elsewhere, then start again"
            )
