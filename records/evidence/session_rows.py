"""The rows of one session in a unit's file: the state of its chain, and what is added to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, tee
from typing import Final, NamedTuple

from controller.errors import JournalCorrupt
from records.evidence.chain_walk import LinkRow
from records.evidence.migration import SESSION_KEYS_SINCE_SCHEMA
from records.evidence.predecessor import file_start, predecessor_of
from records.evidence.session_content import (
    PACKED_SESSIONS_SINCE_SCHEMA,
    event_rows,
    open_batches,
    open_samples,
)
from records.store.canonical import SAMPLE_SIZE, EventRow
from records.store.chain import NOTHING, LinkRange, compute_link
from records.store.database import Database, rows, schema_version

LINK_SIZE: Final = 32
_LINK_TABLES: Final = (("open_batch", "link"), ("open_link", "digest"), ("link", "digest"))
"""Newest first: a session that an older program opened continues in the next table."""
MARK_SIZE: Final = 8
"""Bytes of a link that are stored with an open commit: the rest is computed again. They find
damage; the trust in an open session comes from its tags.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The state of a session's chain."""

    session: int
    link: bytes
    link_count: int = 0
    events: int = 0
    samples: int = 0

    @property
    def link_number(self) -> int:
        """Returns the number of its last link, from 0; -1 where the chain has none."""
        return self.link_count - 1

    @property
    def position(self) -> Position:
        """Returns what can be compared with the stored chain without computing it again."""
        return Position(link_count=self.link_count, events=self.events, mark=self.link[:MARK_SIZE])

    def follow(self, events: list[EventRow], samples: bytes) -> Tail:
        """Returns the state after one more link."""
        covered = self.next_range(events, samples)
        return Tail(
            session=self.session,
            link=compute_link(self.link, covered, canonical(events), samples),
            link_count=self.link_count + 1,
            events=covered.next_event,
            samples=covered.next_sample,
        )

    def next_range(self, events: list[EventRow], samples: bytes) -> LinkRange:
        """Returns what the next link covers."""
        return LinkRange(
            first_event=self.events,
            event_count=len(events),
            first_sample=self.samples,
            sample_count=len(samples) // SAMPLE_SIZE,
        )


class Position(NamedTuple):
    """Where a stored chain ends: its links, its events, and the first bytes of the last link."""

    link_count: int
    events: int
    mark: bytes


def canonical(events: list[EventRow]) -> bytes:
    """Returns the canonical bytes of events, one after the other."""
    return b"".join(event.canonical() for event in events)


def append_batch(
    db: Database, after: Tail, events: list[EventRow], samples: bytes, tag: bytes
) -> None:
    """Write one transaction: events, and samples with their tagged link; ``after`` follows."""
    with db.atomic():
        for event in events:
            db.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    after.session,
                    event.sequence,
                    event.at_ms,
                    event.utc_ms,
                    event.kind,
                    event.version,
                    event.detail_json,
                ),
            )
        db.execute(
            "INSERT INTO open_batch VALUES (?, ?, ?, ?, ?, ?)",
            (
                after.session,
                after.link_number,
                len(events),
                samples,
                after.link[:MARK_SIZE],
                tag,
            ),
        )


def stored_tail(db: Database, session: int) -> Tail:
    """Returns the state of an open session's stored chain; its links are computed again.

    Raises JournalCorrupt where one of them differs from the stored one.
    """
    last = None
    for link in fitting_rows(db, session):
        last = link
    return tail_behind(db, session, last)


def tail_behind(db: Database, session: int, last: LinkRow | None) -> Tail:
    """Returns the same for a caller that has the last of the session's ``fitting_rows``."""
    if last is None:
        return Tail(session=session, link=chain_start(db, session))
    return Tail(
        session=session,
        link=last.digest,
        link_count=last.number + 1,
        events=_stored_events(db, session),
        samples=last.covered.next_sample,
    )


def stored_position(db: Database, session: int) -> Position:
    """Returns the same as far as a commit needs it, from the newest rows only."""
    for table, column in _LINK_TABLES:
        last = rows(
            db,
            f"SELECT number, {column} FROM {table} WHERE session = ? ORDER BY number DESC LIMIT 1",
            (session,),
        )
        if last:
            number, link = last[0]
            return Position(number + 1, _stored_events(db, session), link[:MARK_SIZE])
    return Tail(session=session, link=chain_start(db, session)).position


def _stored_events(db: Database, session: int) -> int:
    ((count,),) = rows(
        db, "SELECT coalesce(max(sequence) + 1, 0) FROM event WHERE session = ?", (session,)
    )
    return int(count)


def link_rows(db: Database, session: int) -> list[LinkRow]:
    """Returns a session's links; none once they are packed."""
    return list(each_link(db, session))


def fitting_rows(db: Database, session: int) -> Iterator[LinkRow]:
    """Yields a session's links; raises JournalCorrupt at one that does not fit what is stored."""
    for link in each_link(db, session):
        if len(link.digest) != LINK_SIZE:
            raise JournalCorrupt(
                f"link {link.number} of session number {session} does not fit the stored record; "
                "keep the file and run `traction verify --all`"
            )
        yield link


def each_link(db: Database, session: int) -> Iterator[LinkRow]:
    """Yields a session's links one by one: an hour has 36 000, which take more than its samples.

    Those of an open session are computed again from what is stored. Where one differs from its
    stored beginning, that beginning replaces it, and matches nothing.
    """
    whole = _whole_links(db, session)
    yield from whole
    open_links = _open_links(db, session, whole[-1].covered if whole else NOTHING)
    if (first := next(open_links, None)) is None:
        return
    stored, to_compute = tee(chain([first], open_links))
    computed = compute_chain(
        chain_start(db, session),
        (link.covered for link in chain(whole, to_compute)),
        event_rows(db, session),
        open_samples(db, session),
    )
    digests = islice(computed, len(whole), None)
    for (number, covered, mark), digest in zip(stored, digests, strict=True):
        yield LinkRow(number, covered, digest if digest[:MARK_SIZE] == mark else mark)


def _open_links(db: Database, session: int, covered: LinkRange) -> Iterator[LinkRow]:
    """Yields the links behind ``covered`` with what is stored of their digests."""
    for number, event_count, sample_count, mark in open_batches(db, session):
        covered = covered.next(event_count, sample_count)
        yield LinkRow(number, covered, mark)


def _whole_links(db: Database, session: int) -> list[LinkRow]:
    """Returns the links with stored digests: those of sessions that an older program opened."""
    links: list[LinkRow] = []
    covered = NOTHING
    for number, a, b, c, d, digest in rows(
        db,
        "SELECT number, first_event, event_count, first_sample, sample_count, digest "
        "FROM link WHERE session = ? ORDER BY number",
        (session,),
    ):
        covered = LinkRange(first_event=a, event_count=b, first_sample=c, sample_count=d)
        links.append(LinkRow(number, covered, digest))
    if schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
        return links
    for number, events, samples, digest in rows(
        db,
        "SELECT number, event_count, sample_count, digest FROM open_link WHERE session = ? "
        "ORDER BY number",
        (session,),
    ):
        covered = covered.next(events, samples)
        links.append(LinkRow(number, covered, digest))
    return links


def open_tags(db: Database, session: int) -> list[bytes]:
    """Returns the tags of an open session's links, in order.

    None for a session from before schema 4.
    """
    version, tags = schema_version(db), list[bytes]()
    for table, since in (
        ("open_link", SESSION_KEYS_SINCE_SCHEMA),
        ("open_batch", PACKED_SESSIONS_SINCE_SCHEMA),
    ):
        if version >= since:
            stored = rows(
                db, f"SELECT tag FROM {table} WHERE session = ? ORDER BY number", (session,)
            )
            tags += [tag for (tag,) in stored]
    return tags


def chain_start(db: Database, session: int) -> bytes:
    """Returns the start of a session's chain: the seal of the session before it.

    The first session of a file begins with the statement of the file before it
    (``records.evidence.predecessor``), or with 32 zero bytes where there is none.
    """
    found = rows(
        db, "SELECT digest FROM seal WHERE session < ? ORDER BY session DESC LIMIT 1", (session,)
    )
    return found[0][0] if found else file_start(db)


def next_session_number(db: Database) -> int:
    """Returns one more than the unit's newest session, in this file or the one before it."""
    ((newest,),) = rows(db, "SELECT max(number) FROM session")
    predecessor = predecessor_of(db)
    before = predecessor.last_session if predecessor else 0
    return int(newest or before) + 1


def drop_behind(db: Database, tail: Tail) -> None:
    """Remove rows after a trusted tail of an open session; nothing before it is removed.

    The triggers against deletion are dropped and created again in the same transaction.
    """
    with db.atomic():
        fences = rows(
            db,
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
            "AND tbl_name IN ('event', 'open_link', 'open_batch') AND name LIKE '%_never_shrinks'",
        )
        for name, _ in fences:
            db.execute(f"DROP TRIGGER {name}")
        session = tail.session
        for table in ("open_link", "open_batch"):
            db.execute(
                f"DELETE FROM {table} WHERE session = ? AND number >= ?",
                (session, tail.link_count),
            )
        db.execute("DELETE FROM event WHERE session = ? AND sequence >= ?", (session, tail.events))
        db.execute(
            "DELETE FROM sample_block WHERE session = ? AND first_sample >= ?",
            (session, tail.samples),
        )
        for _, sql in fences:
            db.execute(sql)


def compute_chain(
    start: bytes, ranges: Iterable[LinkRange], events: list[EventRow], samples: bytes
) -> Iterator[bytes]:
    """Yields the digests of a chain over what is stored, one by one, from what each link covers."""
    texts = [event.canonical() for event in events]
    previous = start
    for covered in ranges:
        first_event, event_count, first_sample, sample_count = covered
        some = b"".join(texts[first_event : first_event + event_count]) if event_count else b""
        at = first_sample * SAMPLE_SIZE
        previous = compute_link(
            previous, covered, some, samples[at : at + sample_count * SAMPLE_SIZE]
        )
        yield previous


def fitting_links(
    start: bytes, links: Sequence[LinkRow], events: list[EventRow], samples: bytes
) -> list[LinkRow]:
    """Returns the links from the first on that are in order and match what is stored."""
    covered, fitting = NOTHING, list[LinkRow]()
    chain = compute_chain(start, (link.covered for link in links), events, samples)
    for number, (link, digest) in enumerate(zip(links, chain, strict=True)):
        covered = covered.next(link.covered.event_count, link.covered.sample_count)
        if link != LinkRow(number, covered, digest):
            break
        fitting.append(link)
    return fitting


def first_misfit(
    start: bytes, links: Sequence[LinkRow], events: list[EventRow], samples: bytes
) -> LinkRow | None:
    """Returns the first link that does not match what is stored.

    ``start`` is the session's first value.
    """
    count = len(fitting_links(start, links, events, samples))
    return links[count] if count < len(links) else None
