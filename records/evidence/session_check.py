"""The checks of one stored session: everything is recomputed where possible, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from controller.event_details.codec import decode_fields
from controller.event_details.opening import OpeningAsFound
from controller.events import EventKind
from records.evidence.packed_links import compute_links_digest
from records.evidence.removal import Removal, fault_of_removal
from records.evidence.session_keys import certificate_fits, chain_signature_fits, session_key_said
from records.evidence.session_rows import first_misfit
from records.evidence.stored_session import SealSignature, StoredSession
from records.evidence.unreadable import UNREADABLE, unreadable_row
from records.keys.key_records import NO_HISTORY, KeyHistory
from records.keys.signing import key_id_of, verify_signature
from records.store.canonical import SAMPLE_DTYPE, SAMPLE_SIZE
from records.store.chain import (
    NOTHING,
    LinkRange,
    Subject,
    compute_seal_digest,
    compute_session_digest,
    compute_statement,
)
from records.store.checkpoint import make_checkpoint
from records.strict_json import parse_object

NOT_OUTSIDE = "not checked against outside checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One difference between what is stored and what must be there.

    ``since_utc_ms`` is the wall time from which the record cannot be relied on; None = unknown.
    ``unread`` is set where a whole file could not be read, so that nothing is known of it.
    """

    session_id: str
    where: str
    what: str
    since_utc_ms: int | None = None
    unread: bool = False


def check_session(
    stored: StoredSession,
    start: bytes,
    known_keys: Mapping[str, bytes],
    *,
    must_have_key: bool = False,
    key_history: KeyHistory = NO_HISTORY,
) -> Iterator[Alteration]:
    """Returns every alteration; one alteration shows as its first broken place.

    ``start`` is the start of the session's chain. With ``known_keys`` (by key id) a seal must be
    signed by one of them; without any, the signature must only match the key beside it.
    ``must_have_key`` is set for every session that no migration record names. ``key_history`` tells
    when each of the workstation's keys was in use.
    """
    check = _Check(stored, start, known_keys, must_have_key, key_history)
    try:
        yield from check.all()
    except UNREADABLE as error:
        yield check.altered(unreadable_row(stored), f"it cannot be read: {error}", None)


class _Check:
    def __init__(
        self,
        stored: StoredSession,
        start: bytes,
        known_keys: Mapping[str, bytes],
        must_have_key: bool,
        key_history: KeyHistory,
    ) -> None:
        self._stored = stored
        self._start = start
        self._known = known_keys
        self._must_have_key = must_have_key
        self._key_history = key_history
        self._session_key = b""
        self._opening = OpeningAsFound()

    def all(self) -> Iterator[Alteration]:
        if self._stored.damage:
            yield self.altered("what is packed", self._stored.damage)
        if self._stored.removal is not None:
            yield from self._check_removed(self._stored.removal)
            return
        yield from self._check_events()
        yield from self._check_details()
        yield from self._check_row()
        yield from self._check_session_key()
        yield from self._check_links()
        yield from self._check_seal()
        yield from self._check_signature()

    def altered(self, where: str, what: str, since_ms: int | None = 0) -> Alteration:
        head = self._stored.head
        since = None if since_ms is None else head.started_utc_ms + since_ms
        return Alteration(session_id=head.session_id, where=where, what=what, since_utc_ms=since)

    def _check_events(self) -> Iterator[Alteration]:
        for index, event in enumerate(self._stored.events):
            if event.sequence != index:
                yield self.altered(
                    f"event {index}",
                    f"event {event.sequence} stands where {index} belongs",
                    event.at_ms,
                )
                return

    def _check_details(self) -> Iterator[Alteration]:
        """Check that every text is JSON with one meaning; reports the first that is not."""
        for index, event in enumerate(self._stored.events):
            try:
                parse_object(event.detail_json)
            except ValueError as error:
                yield self.altered(f"event {index}", f"its text cannot be read: {error}")
                return

    def _check_links(self) -> Iterator[Alteration]:
        stored, misfit = self._stored, None
        if stored.packed is None:
            misfit = first_misfit(self._start, stored.links, stored.events, stored.samples)
        if misfit is not None:
            since_ms = self._first_ms(misfit.covered)
            yield self.altered(
                _place(misfit.covered, since_ms), f"link {misfit.number} does not fit", since_ms
            )
            return
        yield from self._check_cover()
        if (broken := self._first_unsigned_range()) is not None:
            since_ms = self._first_ms(broken)
            yield self.altered(
                _place(broken, since_ms),
                "the session's key signed another chain at their end",
                since_ms,
            )
        elif stored.packed is not None:
            digest = compute_links_digest(stored.link_digests)
            if digest != stored.packed.digest:
                yield self.altered("the packed links", "their digest is not that of the record")

    def _check_cover(self) -> Iterator[Alteration]:
        stored = self._stored
        last = stored.links[-1].covered if stored.links else NOTHING
        if (last.next_event, last.next_sample) != (len(stored.events), stored.sample_count):
            yield self.altered(
                "the end",
                f"the chain covers {last.next_event} events and {last.next_sample} samples, "
                f"{len(stored.events)} and {stored.sample_count} are stored",
            )

    def _first_unsigned_range(self) -> LinkRange | None:
        """Returns the range between the chain's last valid signature and the first invalid one.

        Links are computed from what is stored, so an alteration shows in all signatures after it.
        """
        digests, good = self._stored.link_digests, 0
        for signed in self._stored.chain_signatures:
            count = signed.link_count
            if not 0 < count <= len(digests):
                return self._range_between(good, good)
            if not chain_signature_fits(
                self._session_key, self._subject, count, digests[count - 1], signed.signature
            ):
                return self._range_between(good, count)
            good = count
        return None

    def _range_between(self, first_links: int, more_links: int) -> LinkRange:
        """Returns the range of the first ``more_links`` without that of the first ones."""
        links = self._stored.links
        before = links[first_links - 1].covered if first_links else NOTHING
        last = links[more_links - 1].covered if more_links else NOTHING
        return before.next(
            last.next_event - before.next_event, last.next_sample - before.next_sample
        )

    def _check_session_key(self) -> Iterator[Alteration]:
        """Check the opening's certificate; sessions without session keys are listed elsewhere."""
        public, certificate = session_key_said(self._stored.events)
        if not public:
            if self._must_have_key:
                yield self.altered(
                    "the opening", "it has no session key, and no migration record names it"
                )
            elif self._stored.chain_signatures:
                yield self.altered("the signatures", "the chain is signed, but by no known key")
            return
        self._session_key = public
        signer = self._known.get(str(self._opening.signing_key))
        keys = [signer] if signer else list(self._known.values())
        if self._stored.signature is not None and not self._known:
            keys = [self._stored.signature.public_key]
        fits = any(
            certificate_fits(key, self._subject, public, self._start, certificate) for key in keys
        )
        if keys and not fits:
            yield self.altered(
                "the opening", "the session's key is not certified by a key of this workstation"
            )
        if self._stored.packed is not None and not self._signed_to_the_end():
            yield self.altered("the signatures", "the session's key did not sign the chain's end")

    def _signed_to_the_end(self) -> bool:
        signed = self._stored.chain_signatures
        return bool(signed) and signed[-1].link_count == len(self._stored.links)

    def _first_ms(self, covered: LinkRange) -> int:
        """Returns the session time of the first record of a range, as it is stored."""
        for event in self._stored.events[covered.first_event : covered.next_event]:
            return event.at_ms
        start = covered.first_sample * SAMPLE_SIZE
        sample = self._stored.samples[start : start + SAMPLE_SIZE]
        if len(sample) < SAMPLE_SIZE:
            return 0
        return int(np.frombuffer(sample, dtype=SAMPLE_DTYPE)["taken_at_ms"][0])

    def _check_row(self) -> Iterator[Alteration]:
        """Check that the session's row repeats its first event."""
        head, events = self._stored.head, self._stored.events
        if not events:
            yield self.altered("the beginning", "the session has no events")
            return
        said = decode_fields(OpeningAsFound, parse_object(events[0].detail_json))
        self._opening = said
        row = (head.session_id, head.unit_id, head.started_utc_ms, head.utc_offset_min)
        begun = (said.session_id, said.unit_id, said.started_utc_ms, said.utc_offset_min)
        if events[0].kind != EventKind.SESSION_STARTED or row != begun:
            yield self.altered("the session's row", f"it says {row}, its first event {begun}")

    def _check_seal(self) -> Iterator[Alteration]:
        stored, seal = self._stored, self._stored.seal
        if seal is None:
            if stored.events and stored.events[-1].kind == EventKind.SESSION_ENDED:
                yield self.altered("the seal", "the session has an end but no seal")
            return
        last_link = stored.links[-1].digest if stored.links else self._start
        digest = compute_session_digest(stored.canonical_events, stored.samples)
        counts = (len(stored.events), stored.sample_count, len(stored.links))
        expected = compute_seal_digest(last_link, digest, counts, self._start)
        for name, found, right in (
            ("previous seal", seal.previous_seal, self._start),
            ("last link", seal.last_link, last_link),
            ("session digest", seal.session_digest, digest),
            ("counts", seal.counts, counts),
            ("digest", seal.digest, expected),
        ):
            if found != right:
                yield self.altered("the seal", f"its {name} does not fit the stored record")
                return

    def _check_removed(self, removal: Removal) -> Iterator[Alteration]:
        """Check a session removed by a signed rule: links, seal and signature still match."""
        stored, seal = self._stored, self._stored.seal
        if stored.events or stored.samples:
            yield self.altered("the removal", "the session has content and a removal")
            return
        ranges = self._kept_ranges()
        if seal is None or not ranges:
            yield self.altered("the removal", "there is a removal but no seal or no links")
            return
        links_digest = (
            stored.packed.removal_digest
            if stored.packed is not None
            else compute_links_digest(stored.link_digests)
        )
        fault = fault_of_removal(removal, self._subject, seal.digest, links_digest, self._known)
        fault = fault or self._key_history.fault_of(
            key_id_of(removal.public_key), removal.removed_utc_ms
        )
        if fault:
            yield self.altered("the removal", fault)
        covered = NOTHING
        for index, kept in enumerate(ranges):
            if kept != covered.next(kept.event_count, kept.sample_count):
                yield self.altered(f"link {index}", "it does not follow the one before it")
                return
            covered = kept
        counts = (covered.next_event, covered.next_sample, len(ranges))
        last = stored.links[-1].digest if stored.links else seal.last_link
        expected = compute_seal_digest(last, seal.session_digest, counts, self._start)
        if (seal.digest, seal.last_link, seal.counts) != (expected, last, counts):
            yield self.altered("the seal", "it is not that of the links that are left")
        yield from self._check_signature()

    def _kept_ranges(self) -> Sequence[LinkRange]:
        if self._stored.packed is not None:
            return self._stored.packed.ranges
        links = self._stored.links
        in_order = all(link.number == index for index, link in enumerate(links))
        return [link.covered for link in links] if in_order else []

    @cached_property
    def _subject(self) -> Subject:
        head = self._stored.head
        return Subject(name=head.session_id, place=head.unit_id, number=head.number)

    def _check_signature(self) -> Iterator[Alteration]:
        stored, signature = self._stored, self._stored.signature
        expected_key = self._opening.signing_key
        if signature is None:
            if stored.seal is not None and expected_key is not None:
                yield self.altered(
                    "the signature", f"it is gone; the session was opened for key {expected_key}"
                )
            return
        if stored.seal is None:
            yield self.altered("the signature", "there is a signature but no seal")
            return
        subject = self._subject
        statement = compute_statement(subject, stored.seal.digest)
        yield from self._check_key(signature)
        if not verify_signature(signature.public_key, statement, signature.signature):
            yield self.altered("the signature", "it does not fit the seal and the key beside it")
        checkpoint = make_checkpoint(subject, stored.seal.digest, signature.public_key)
        if signature.checkpoint != checkpoint.text:
            yield self.altered("the checkpoint", "the stored one is not that of the seal")

    def _check_key(self, signature: SealSignature) -> Iterator[Alteration]:
        key_id = key_id_of(signature.public_key)
        if signature.key_id != key_id:
            yield self.altered(
                "the signature", f"it names key {signature.key_id}, its public key is {key_id}"
            )
        elif self._known and self._known.get(key_id) != signature.public_key:
            yield self.altered(
                "the signature",
                f"key {key_id} is none of the known ones ({', '.join(sorted(self._known))})",
            )
        elif fault := self._key_history.fault_of(key_id, self._ended_utc_ms(), self._subject):
            yield self.altered("the signature", fault)

    def _ended_utc_ms(self) -> int:
        """Returns the time of the last event; of a removed session only the beginning remains."""
        events = self._stored.events
        return events[-1].utc_ms if events else self._stored.head.started_utc_ms


def _place(covered: LinkRange, since_ms: int) -> str:
    parts = [
        f"{what} {first}-{first + count - 1}"
        for what, first, count in (
            ("events", covered.first_event, covered.event_count),
            ("samples", covered.first_sample, covered.sample_count),
        )
        if count > 0
    ]
    return f"{', '.join(parts) or 'the chain'} (from {since_ms} ms)"
