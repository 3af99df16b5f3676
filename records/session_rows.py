"""The rows of one session in a unit's file: where its chain stands, and what is added to it."""

from __future__ import annotations

from dataclasses import dataclass

from records.canonical import SAMPLE_SIZE, EventRow
from records.chain import NO_SEAL, LinkRange, compute_link
from records.database import Database, rows


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


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link as it is stored."""

    number: int
    covered: LinkRange
    digest: bytes


def canonical(events: list[EventRow]) -> bytes:
    """The canonical bytes of events, one behind the other."""
    return b"".join(event.canonical() for event in events)


def append_batch(db: Database, tail: Tail, events: list[EventRow], samples: bytes) -> Tail:
    """One transaction: events, one block of samples, one link; answers the new tail."""
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
            "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?)",
            (tail.session, tail.link_count, covered.first_event, covered.event_count,
             covered.first_sample, covered.sample_count, after.link),
        )  # fmt: skip
    return after


def stored_tail(db: Database, session: int) -> Tail:
    """Where the stored chain of a session stands."""
    last = rows(
        db,
        "SELECT digest, number + 1, first_event + event_count, first_sample + sample_count "
        "FROM link WHERE session = ? ORDER BY number DESC LIMIT 1",
        (session,),
    )
    if not last:
        return Tail(session=session, link=previous_seal(db, session))
    digest, links, events, samples = last[0]
    return Tail(session=session, link=digest, link_count=links, events=events, samples=samples)


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
    """A session's links as they are stored."""
    stored = rows(
        db,
        "SELECT number, first_event, event_count, first_sample, sample_count, digest "
        "FROM link WHERE session = ? ORDER BY number",
        (session,),
    )
    return [
        LinkRow(
            number,
            LinkRange(first_event=a, event_count=b, first_sample=c, sample_count=d),
            digest,
        )
        for number, a, b, c, d, digest in stored
    ]


def open_samples(db: Database, session: int) -> bytes:
    """Canonical bytes of the samples of a session that is not sealed."""
    blocks = rows(
        db,
        "SELECT data FROM sample_block WHERE session = ? AND sealed = 0 ORDER BY first_sample",
        (session,),
    )
    return b"".join(block for (block,) in blocks)


def previous_seal(db: Database, session: int) -> bytes:
    """Seal of the unit's session before this one; 32 zero bytes for the first."""
    found = rows(
        db, "SELECT digest FROM seal WHERE session < ? ORDER BY session DESC LIMIT 1", (session,)
    )
    return found[0][0] if found else NO_SEAL


def first_misfit(
    start: bytes, links: list[LinkRow], events: list[EventRow], samples: bytes
) -> LinkRow | None:
    """The first link that does not fit what is stored; ``start`` is the session's first value."""
    previous, next_event, next_sample = start, 0, 0
    for index, link in enumerate(links):
        covered = link.covered
        in_order = (link.number, covered.first_event, covered.first_sample) == (
            index, next_event, next_sample,
        )  # fmt: skip
        digest = compute_link(
            previous,
            covered,
            canonical(events[covered.first_event : covered.next_event]),
            samples[covered.first_sample * SAMPLE_SIZE : covered.next_sample * SAMPLE_SIZE],
        )
        if not in_order or digest != link.digest:
            return link
        previous, next_event, next_sample = link.digest, covered.next_event, covered.next_sample
    return None
