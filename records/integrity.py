"""verify: walk the chain again and say what was altered and where.

The chain finds errors and clumsy edits. Somebody who recomputes every digest of the file is not
found by it; that takes signatures and checkpoints that left the machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from controller.events import EventKind
from records.blocks import unpack_block
from records.canonical import SAMPLE_SIZE, EventRow
from records.chain import (
    NO_SEAL,
    LinkRange,
    compute_link,
    compute_seal_digest,
    compute_session_digest,
)
from records.database import Database, rows
from records.reader import SessionHead, reading, session_heads
from records.session_rows import event_rows
from records.unit_file import unit_databases


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One difference between what is stored and what the chain says."""

    session_id: str
    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was looked at, and what was found."""

    sessions: int
    links: int
    events: int
    samples: int
    alterations: tuple[Alteration, ...]


def verify(data_dir: Path, session_id: str | None = None) -> Verification:
    """Verify one session or all of them; a session is checked in its place among its unit's."""
    checked = _Tally()
    for path in unit_databases(data_dir):
        heads = session_heads(path)
        with reading(path) as db:
            previous = NO_SEAL
            for head in heads:
                if session_id in (None, head.session_id):
                    checked.take(db, head, previous)
                previous = _stored_seal(db, head.number) or previous
            if session_id is None:
                checked.alterations += _gaps(heads)
    return checked.result()


class _Tally:
    def __init__(self) -> None:
        self.sessions = self.links = self.events = self.samples = 0
        self.alterations: list[Alteration] = []

    def take(self, db: Database, head: SessionHead, previous_seal: bytes) -> None:
        walk = _SessionWalk(db, head, previous_seal)
        self.alterations += walk.alterations()
        self.sessions += 1
        self.links += len(walk.links)
        self.events += len(walk.events)
        self.samples += len(walk.samples) // SAMPLE_SIZE

    def result(self) -> Verification:
        return Verification(
            sessions=self.sessions,
            links=self.links,
            events=self.events,
            samples=self.samples,
            alterations=tuple(self.alterations),
        )


class _SessionWalk:
    """One session, read once and recomputed."""

    def __init__(self, db: Database, head: SessionHead, previous_seal: bytes) -> None:
        self._db = db
        self._head = head
        self._previous_seal = previous_seal
        self.events = event_rows(db, head.number)
        self.links = rows(
            db,
            "SELECT number, first_event, event_count, first_sample, sample_count, digest "
            "FROM link WHERE session = ? ORDER BY number",
            (head.number,),
        )
        self._damage = ""
        self.samples = self._read_samples()

    def alterations(self) -> Iterator[Alteration]:
        """Everything that does not fit; one alteration shows as its first broken link."""
        if self._damage:
            yield self._altered("samples", self._damage)
        yield from self._check_events()
        yield from self._check_links()
        yield from self._check_derived()
        yield from self._check_seal()

    def _read_samples(self) -> bytes:
        parts, expected = [], 0
        for first, count, sealed, data in rows(
            self._db,
            "SELECT first_sample, sample_count, sealed, data FROM sample_block WHERE session = ? "
            "ORDER BY first_sample",
            (self._head.number,),
        ):
            try:
                part = unpack_block(data) if sealed else data
            except ValueError as error:
                self._damage = self._damage or f"block at sample {first}: {error}"
                part = b""
            if first != expected or len(part) != count * SAMPLE_SIZE:
                self._damage = self._damage or (
                    f"block at sample {first} does not hold the {count} samples that it names"
                )
            expected = first + count
            parts.append(part)
        return b"".join(parts)

    def _check_events(self) -> Iterator[Alteration]:
        for index, event in enumerate(self.events):
            if event.sequence != index:
                yield self._altered(
                    f"event {index}", f"event {event.sequence} stands where {index} belongs"
                )
                return

    def _check_links(self) -> Iterator[Alteration]:
        previous, events, samples = self._previous_seal, 0, 0
        for index, (number, *span, digest) in enumerate(self.links):
            covered = LinkRange(
                first_event=span[0], event_count=span[1], first_sample=span[2],
                sample_count=span[3],
            )  # fmt: skip
            in_order = (number, covered.first_event, covered.first_sample) == (
                index, events, samples,
            )  # fmt: skip
            if not in_order or self._link(previous, covered) != digest:
                yield self._altered(self._place(covered), f"link {index} does not fit")
                return
            previous, events, samples = digest, covered.next_event, covered.next_sample
        if events != len(self.events) or samples * SAMPLE_SIZE != len(self.samples):
            yield self._altered(
                "the end",
                f"the chain covers {events} events and {samples} samples, "
                f"{len(self.events)} and {len(self.samples) // SAMPLE_SIZE} are stored",
            )

    def _link(self, previous: bytes, covered: LinkRange) -> bytes:
        events = self.events[covered.first_event : covered.next_event]
        samples = self.samples[
            covered.first_sample * SAMPLE_SIZE : covered.next_sample * SAMPLE_SIZE
        ]
        return compute_link(previous, covered, _canonical(events), samples)

    def _check_derived(self) -> Iterator[Alteration]:
        """The session's row repeats what its first event says."""
        if not self.events:
            yield self._altered("the beginning", "the session has no events")
            return
        first = self.events[0]
        detail = json.loads(first.detail_json)
        head = self._head
        stored = (head.session_id, head.unit_id, head.started_utc_ms, head.utc_offset_min)
        said = tuple(
            detail.get(key) for key in ("session_id", "unit_id", "started_utc_ms", "utc_offset_min")
        )
        if first.kind != EventKind.SESSION_STARTED or stored != said:
            yield self._altered("the session's row", f"it says {stored}, its first event {said}")

    def _check_seal(self) -> Iterator[Alteration]:
        stored = rows(
            self._db,
            "SELECT last_link, session_digest, event_count, sample_count, link_count, "
            "previous_seal, digest FROM seal WHERE session = ?",
            (self._head.number,),
        )
        if not stored:
            if self.events and self.events[-1].kind == EventKind.SESSION_ENDED:
                yield self._altered("the seal", "the session has an end but no seal")
            return
        last_link, session_digest, *counts, previous, digest = stored[0]
        expected_link = self.links[-1][5] if self.links else self._previous_seal
        counted = [len(self.events), len(self.samples) // SAMPLE_SIZE, len(self.links)]
        if (
            last_link != expected_link
            or session_digest != compute_session_digest(_canonical(self.events), self.samples)
            or counts != counted
            or previous != self._previous_seal
            or digest
            != compute_seal_digest(
                last_link, session_digest, (counts[0], counts[1], counts[2]), previous
            )
        ):
            yield self._altered("the seal", "the seal is not that of the stored record")

    def _place(self, covered: LinkRange) -> str:
        first_ms = next(
            (e.at_ms for e in self.events[covered.first_event : covered.next_event]), None
        )
        at = "" if first_ms is None else f" (from {first_ms} ms)"
        return (
            f"events {covered.first_event}-{covered.next_event - 1}, "
            f"samples {covered.first_sample}-{covered.next_sample - 1}{at}"
        )

    def _altered(self, where: str, what: str) -> Alteration:
        return Alteration(session_id=self._head.session_id, where=where, what=what)


def _canonical(events: list[EventRow]) -> bytes:
    return b"".join(event.canonical() for event in events)


def _stored_seal(db: Database, session: int) -> bytes | None:
    found = rows(db, "SELECT digest FROM seal WHERE session = ?", (session,))
    return found[0][0] if found else None


def _gaps(heads: list[SessionHead]) -> list[Alteration]:
    """Session numbers of a unit have no gap."""
    return [
        Alteration(
            session_id=after.session_id,
            where="before the session",
            what=f"session number {before.number + 1} of the unit is missing",
        )
        for before, after in pairwise(heads)
        if after.number != before.number + 1
    ]
