"""What an interrupted session left, and how much of it the program itself wrote.

Nothing is sealed that was not checked here: the opening's certificate, every link with its tag, the
side file with its end mark. What was added later after the last good tag is dropped and counted;
any other mismatch ends the examination with JournalCorrupt, and the caller puts the whole file
aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.errors import JournalCorrupt
from records.evidence.chain_walk import LinkRow
from records.evidence.migration import SESSION_KEYS_SINCE_SCHEMA, fault_of_migration, migration_of
from records.evidence.session_content import event_rows, open_samples
from records.evidence.session_keys import (
    LinkTagger,
    SessionKeys,
    certificate_fits,
    derive_session_keys,
    session_key_said,
)
from records.evidence.session_rows import (
    Tail,
    chain_start,
    first_misfit,
    fitting_links,
    link_rows,
    open_tags,
)
from records.evidence.spill import SideFile, SpilledBatch
from records.evidence.stored_session import SessionHead, load_stored, session_rows_of
from records.keys.signing import SigningKey
from records.store.canonical import SAMPLE_SIZE
from records.store.chain import Subject
from records.store.database import Database, rows, schema_version


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOpen:
    """An interrupted session that may be closed.

    ``tail`` is where its trusted chain ends in the database, before ``batches``, which follow it in
    the side file. ``keys`` is None for a session without session keys. The dropped rows are after
    the last good tag.
    """

    head: SessionHead
    tail: Tail
    batches: tuple[SpilledBatch, ...]
    keys: SessionKeys | None
    dropped_links: int = 0
    dropped_events: int = 0
    dropped_samples: int = 0

    @property
    def has_dropped_rows(self) -> bool:
        """Returns True when somebody wrote after the last link of the program."""
        return bool(self.dropped_links or self.dropped_events or self.dropped_samples)


def examine_left_open(db: Database, side: SideFile, key: SigningKey) -> list[LeftOpen]:
    """Returns every session of a file without a seal, oldest first; ``key`` is the workstation's.

    Raises JournalCorrupt naming the first mismatch. The caller holds the lock.
    """
    sealed = {number for (number,) in rows(db, "SELECT session FROM seal")}
    heads = session_rows_of(db)
    unsealed = [head for head in heads if head.number not in sealed]
    _check_side_file(db, side, heads, sealed, key)
    named = _named_by_migration(db, heads)
    found = []
    for head in unsealed:
        if head.session_id in named or schema_version(db) < SESSION_KEYS_SINCE_SCHEMA:
            found.append(_before_session_keys(db, head, side))
        elif head is not heads[-1]:
            raise _misfit(head, "it has no seal, though later sessions were opened")
        else:
            found.append(_Examination(db, head, side, key).result())
    return found


def _named_by_migration(db: Database, heads: list[SessionHead]) -> frozenset[str]:
    """Returns sessions that were open when the file came to schema 4, by its signed record."""
    record = migration_of(db)
    if record is None or not record.open_sessions:
        return frozenset()
    unit_id = heads[0].unit_id if heads else ""
    if fault := fault_of_migration(record, unit_id, {}):
        raise JournalCorrupt(f"the migration record of unit {unit_id} cannot be believed: {fault}")
    return frozenset(record.open_sessions)


def _check_side_file(
    db: Database,
    side: SideFile,
    heads: list[SessionHead],
    sealed: set[int],
    key: SigningKey,
) -> None:
    """Check that the side file belongs to an open session, or is left from a start or an end."""
    newest = heads[-1].number if heads else 0
    if side.session > newest:
        # The mark of a session is durable before its opening.
        if side.batches or side.link_count not in (None, 1):
            raise JournalCorrupt(
                f"the side file holds {side.link_count} links of session number {side.session}, "
                f"which is not on file; the newest is {newest}"
            )
    elif side.session in sealed:
        head = next(head for head in heads if head.number == side.session)
        if not _is_left_of_sealed(db, head, side, key):
            raise _misfit(head, "it is sealed, and the side file holds other records of it")


def _is_left_of_sealed(db: Database, head: SessionHead, side: SideFile, key: SigningKey) -> bool:
    """Returns whether the program ended before the side file's removal; its content is on file."""
    links = load_stored(db, head).link_digests
    known = all(links[b.link_number : b.link_number + 1] == [b.link] for b in side.batches)
    if side.link_count is None or not links:
        return known
    subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
    if not 0 < side.link_count <= len(links):
        return False
    tagger = _tagger_at(derive_session_keys(key, subject), side.link_count)
    return known and tagger.end_mark(links[side.link_count - 1]) == side.end_mark


def _before_session_keys(db: Database, head: SessionHead, side: SideFile) -> LeftOpen:
    """Returns what belongs to it by the chain only; there were no tags."""
    links = link_rows(db, head.number)
    start = chain_start(db, head.number)
    events, samples = event_rows(db, head.number), open_samples(db, head.number)
    misfit = first_misfit(start, links, events, samples)
    last = links[-1].covered if links else None
    covered = (last.next_event, last.next_sample) if last else (0, 0)
    if misfit is not None or covered != (len(events), len(samples) // SAMPLE_SIZE):
        raise _misfit(head, "its chain does not fit what is stored")
    tail = _tail_at(head, links[-1]) if links else Tail(session=head.number, link=start)
    batches = side.batches if side.session == head.number else []
    return LeftOpen(
        head=head, tail=tail, batches=tuple(_that_follow(tail, links, batches, head)), keys=None
    )


def _tail_at(head: SessionHead, link: LinkRow) -> Tail:
    """Returns the state of a session's chain after one of its links."""
    return Tail(
        session=head.number,
        link=link.digest,
        link_count=link.number + 1,
        events=link.covered.next_event,
        samples=link.covered.next_sample,
    )


def _that_follow(
    tail: Tail, links: list[LinkRow], batches: list[SpilledBatch], head: SessionHead
) -> Iterator[SpilledBatch]:
    """Yields the batches that the database does not have yet; each must continue the chain."""
    for batch in batches:
        if batch.link_number < len(links):
            if links[batch.link_number].digest != batch.link:
                raise _misfit(head, f"link {batch.link_number} in the side file is another one")
            continue
        after = tail.follow(batch.events, batch.samples)
        if batch.link_number != tail.link_count or after.link != batch.link:
            raise _misfit(
                head, f"link {batch.link_number} in the side file does not follow the stored record"
            )
        tail = after
        yield batch


class _Examination:
    """A session with session keys: certificate, tags, signatures, end mark."""

    def __init__(self, db: Database, head: SessionHead, side: SideFile, key: SigningKey) -> None:
        self._db = db
        self._head = head
        self._side = side
        self._key = key
        self._subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
        self._keys = derive_session_keys(key, self._subject)
        self._tagger = self._keys.tagger()
        self._start = chain_start(db, head.number)
        self._events = event_rows(db, head.number)
        self._samples = open_samples(db, head.number)
        self._links = link_rows(db, head.number)
        self._mark_fits = False

    def result(self) -> LeftOpen:
        self._check_opening()
        if self._side.session != self._head.number or self._side.link_count is None:
            raise _misfit(self._head, "the side file with its end mark is gone or of another one")
        tail = self._good_tail()
        batches = tuple(self._good_batches(tail))
        known = tail.link_count + len(batches)
        if not self._mark_fits:
            raise _misfit(
                self._head,
                f"{self._side.link_count} links were acknowledged, {known} of them fit: the tail "
                "was cut off or replaced",
            )
        self._check_signatures(known)
        return LeftOpen(
            head=self._head,
            tail=tail,
            batches=batches,
            keys=self._keys,
            dropped_links=len(self._links) - tail.link_count,
            dropped_events=len(self._events) - tail.events,
            dropped_samples=len(self._samples) // SAMPLE_SIZE - tail.samples,
        )

    def _check_opening(self) -> None:
        public, certificate = session_key_said(self._events)
        mine = self._keys.signing.public_key
        if public != mine or not certificate_fits(
            self._key.public_key, self._subject, public, self._start, certificate
        ):
            raise _misfit(
                self._head,
                f"its opening is not certified by this workstation's key {self._key.key_id}",
            )

    def _good_tail(self) -> Tail:
        """Returns the tail after the last matching stored link with the session's own tag."""
        tail = Tail(session=self._head.number, link=self._start)
        fitting = fitting_links(self._start, self._links, self._events, self._samples)
        tags = open_tags(self._db, self._head.number)
        for link, tag in zip(fitting, tags, strict=False):
            if self._tagger.tag(link.digest) != tag:
                break
            tail = _tail_at(self._head, link)
            self._moved_on(link.digest)
        return tail

    def _good_batches(self, tail: Tail) -> Iterator[SpilledBatch]:
        for batch in _that_follow(
            tail, self._links[: tail.link_count], self._side.batches, self._head
        ):
            if self._tagger.tag(batch.link) != batch.tag:
                raise _misfit(self._head, "a record in its side file has a foreign tag")
            self._moved_on(batch.link)
            yield batch

    def _moved_on(self, link: bytes) -> None:
        self._tagger.advance()
        if self._tagger.position == self._side.link_count:
            self._mark_fits = self._tagger.end_mark(link) == self._side.end_mark

    def _check_signatures(self, known: int) -> None:
        """Check the signatures; one of more links than there are shows that some are missing."""
        ((signed,),) = rows(
            self._db,
            "SELECT coalesce(max(link_count), 0) FROM chain_signature WHERE session = ?",
            (self._head.number,),
        )
        if signed > known:
            raise _misfit(self._head, f"{signed} links were signed, {known} of them fit")


def _tagger_at(keys: SessionKeys, position: int) -> LinkTagger:
    tagger = keys.tagger()
    for _ in range(position):
        tagger.advance()
    return tagger


def tagger_behind(left: LeftOpen, key: SigningKey) -> LinkTagger:
    """Returns the tagger for the link that follows a session's trusted chain, with side file."""
    head = left.head
    subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
    keys = left.keys or derive_session_keys(key, subject)
    return _tagger_at(keys, left.tail.link_count + len(left.batches))


def _misfit(head: SessionHead, what: str) -> JournalCorrupt:
    return JournalCorrupt(f"session {head.session_id} of unit {head.unit_id}: {what}")
