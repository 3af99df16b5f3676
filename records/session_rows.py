"""The rows of one session in a unit's file: where its chain stands, and what is added to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from records.canonical import SAMPLE_SIZE, EventRow
from records.chain import NOTHING, LinkRange, compute_link
from records.chain_walk import LinkRow
from records.database import Database, rows, schema_version
from records.migration import SESSION_KEYS_SINCE_SCHEMA
from records.predecessor import file_start, predecessor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Where a session's chain stands."""

    session: int
    link: bytes
    link_count: int = 0
    events: int = 0
    samples: int = 0

    def follow(self, events: list[EventRow], samples: bytes) -> Tail:
        """Where it stands behind one more link."""
        covered = self.next_range(events, samples)
        return Tail(
            session=self.session,
            link=compute_link(self.link, covered, canonical(events), samples),
            link_count=self.link_count + 1,
            events=covered.next_event,
            samples=covered.next_sample,
        )

    def next_range(self, events: list[EventRow], samples: bytes) -> LinkRange:
        """What the next link covers."""
        return LinkRange(
            first_event=self.events,
            event_count=len(events),
            first_sample=self.samples,
            sample_count=len(samples) // SAMPLE_SIZE,
        )


def canonical(events: list[EventRow]) -> bytes:
    """The canonical bytes of events, one behind the other."""
    return b"".join(event.canonical() for event in events)


def append_batch(
    db: Database, tail: Tail, events: list[EventRow], samples: bytes, tag: bytes
) -> Tail:
    """One transaction: events, one block of samples, one tagged link. Returns the new tail."""
    covered, after = tail.next_range(events, samples), tail.follow(events, samples)
    with db.atomic():
        for event in events:
            db.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
                (tail.session, event.sequence, event.at_ms, event.utc_ms, event.kind,
                 event.version, event.detail_json),
            )  # fmt: skip
        if samples:
            db.execute(
                "INSERT INTO sample_block VALUES (?, ?, ?, 0, ?)",
                (tail.session, covered.first_sample, covered.sample_count, samples),
            )
        db.execute(
            "INSERT INTO open_link VALUES (?, ?, ?, ?, ?, ?)",
            (tail.session, tail.link_count, covered.event_count, covered.sample_count,
             after.link, tag),
        )  # fmt: skip
    return after


def stored_tail(db: Database, session: int) -> Tail:
    """Where the stored chain of an open session stands."""
    last = _last_link(db, session)
    if last is None:
        return Tail(session=session, link=chain_start(db, session))
    number, digest = last
    ((events,),) = rows(
        db, "SELECT coalesce(max(sequence) + 1, 0) FROM event WHERE session = ?", (session,)
    )
    block = rows(
        db,
        "SELECT first_sample + sample_count FROM sample_block WHERE session = ? "
        "ORDER BY first_sample DESC LIMIT 1",
        (session,),
    )
    return Tail(
        session=session, link=digest, link_count=number + 1, events=events,
        samples=block[0][0] if block else 0,
    )  # fmt: skip


def _last_link(db: Database, session: int) -> tuple[int, bytes] | None:
    """Number and digest; a session of before schema 4 has its first links in ``link``."""
    for table in ("open_link", "link"):
        if table == "open_link" and schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
            continue
        last = rows(
            db,
            f"SELECT number, digest FROM {table} WHERE session = ? ORDER BY number DESC LIMIT 1",
            (session,),
        )
        if last:
            return last[0][0], last[0][1]
    return None


def event_rows(db: Database, session: int) -> list[EventRow]:
    """A session's events as they are stored."""
    stored = rows(
        db,
        "SELECT sequence, at_ms, utc_ms, kind, version, detail FROM event WHERE session = ? "
        "ORDER BY sequence",
        (session,),
    )
    return [
        EventRow(sequence=a, at_ms=b, utc_ms=c, kind=d, version=e, detail_json=f)
        for a, b, c, d, e, f in stored
    ]


def link_rows(db: Database, session: int) -> list[LinkRow]:
    """A session's links as they are stored; none once they are packed."""
    stored = rows(
        db,
        "SELECT number, first_event, event_count, first_sample, sample_count, digest "
        "FROM link WHERE session = ? ORDER BY number",
        (session,),
    )
    links = [
        LinkRow(
            number,
            LinkRange(first_event=a, event_count=b, first_sample=c, sample_count=d),
            digest,
        )
        for number, a, b, c, d, digest in stored
    ]
    if schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
        return links
    covered = links[-1].covered if links else NOTHING
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
    """The tags of an open session's links, in order; none of a session of before schema 4."""
    if schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
        return []
    stored = rows(db, "SELECT tag FROM open_link WHERE session = ? ORDER BY number", (session,))
    return [tag for (tag,) in stored]


def open_samples(db: Database, session: int) -> bytes:
    """Canonical bytes of the samples of a session that is not sealed."""
    blocks = rows(
        db,
        "SELECT data FROM sample_block WHERE session = ? AND sealed = 0 ORDER BY first_sample",
        (session,),
    )
    return b"".join(block for (block,) in blocks)


def chain_start(db: Database, session: int) -> bytes:
    """What a session's chain begins with: the seal of the session before it.

    The first session of a file begins with the statement of the file before it
    (``records.predecessor``), or with 32 zero bytes where there is none.
    """
    found = rows(
        db, "SELECT digest FROM seal WHERE session < ? ORDER BY session DESC LIMIT 1", (session,)
    )
    return found[0][0] if found else file_start(db)


def next_session_number(db: Database) -> int:
    """One more than the unit's newest session, in this file or the one before it."""
    ((newest,),) = rows(db, "SELECT max(number) FROM session")
    predecessor = predecessor_of(db)
    before = predecessor.last_session if predecessor else 0
    return int(newest or before) + 1


def drop_behind(db: Database, tail: Tail) -> None:
    """Remove what stands behind a believed tail of an open session; nothing is removed before it.

    The fences against deletion are taken down and put up again in the same transaction.
    """
    with db.atomic():
        fences = rows(
            db,
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
            "AND tbl_name IN ('event', 'open_link') AND name LIKE '%_never_shrinks'",
        )
        for name, _ in fences:
            db.execute(f"DROP TRIGGER {name}")
        session = tail.session
        db.execute(
            "DELETE FROM open_link WHERE session = ? AND number >= ?", (session, tail.link_count)
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
    """The digests of a chain over what is stored, one by one, from what each link covers."""
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
    """The links from the first on that stand in order and fit what is stored."""
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
    """The first link that does not fit what is stored; ``start`` is the session's first value."""
    count = len(fitting_links(start, links, events, samples))
    return links[count] if count < len(links) else None
