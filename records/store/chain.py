"""The hash chain: links, session digest and seal, byte by byte (all numbers u32, big-endian).

link    = SHA-256(previous link (32) | first event | events | first sample | samples |
                  canonical bytes of the events | canonical bytes of the samples)
digest  = SHA-256(canonical bytes of all events | canonical bytes of all samples)
seal    = SHA-256(last link (32) | digest (32) | events | samples | links | previous seal (32))

statement = SHA-256("traction-statement/1" LF what LF where LF number LF seal in hex LF), in UTF-8

The statement says what a seal belongs to: for a session "what" is its id, "where" its unit's id and
"number" its place among the unit's sessions. Signatures and checkpoints are made over it.

One link per commit. The previous link of a session's first link is the seal of the unit's previous
session (32 zero bytes for the unit's first), so a missing session is noticed.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import NamedTuple

NO_SEAL = bytes(32)
STATEMENT = "traction-statement/1"
_RANGE = struct.Struct(">IIII")
_COUNTS = struct.Struct(">III")


class LinkRange(NamedTuple):
    """The events and samples that one link covers; a count may be 0. A session has thousands."""

    first_event: int
    event_count: int
    first_sample: int
    sample_count: int

    @property
    def next_event(self) -> int:
        """Returns the number of the first event after the link."""
        return self.first_event + self.event_count

    @property
    def next_sample(self) -> int:
        """Returns the number of the first sample after the link."""
        return self.first_sample + self.sample_count

    def next(self, event_count: int, sample_count: int) -> LinkRange:
        """Returns the range of so many events and samples that follows this one."""
        first_event, events, first_sample, samples = self
        return LinkRange(first_event + events, event_count, first_sample + samples, sample_count)


NOTHING = LinkRange(first_event=0, event_count=0, first_sample=0, sample_count=0)
"""The predecessor of a first session's first link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a seal belongs to: ``name`` is unique, ``place`` and ``number`` are its position."""

    name: str
    place: str
    number: int


def compute_link(previous: bytes, covered: LinkRange, events: bytes, samples: bytes) -> bytes:
    """Returns the link over the canonical bytes of ``covered``."""
    return hashlib.sha256(previous + _RANGE.pack(*covered) + events + samples).digest()


def compute_session_digest(events: bytes, samples: bytes) -> bytes:
    """Returns the digest of a whole session, whatever the commits were."""
    hashed = hashlib.sha256(events)
    hashed.update(samples)
    return hashed.digest()


def compute_seal_digest(
    last_link: bytes,
    session_digest: bytes,
    counts: tuple[int, int, int],
    previous_seal: bytes,
) -> bytes:
    """Returns a seal; ``counts`` are events, samples, links."""
    return hashlib.sha256(
        last_link + session_digest + _COUNTS.pack(*counts) + previous_seal
    ).digest()


def compute_statement(subject: Subject, seal: bytes) -> bytes:
    """Returns the digest that is signed: the seal, and what it is the seal of."""
    return compute_lines_digest(
        STATEMENT, subject.name, subject.place, str(subject.number), seal.hex()
    )


def compute_lines_digest(*lines: str) -> bytes:
    """Returns the SHA-256 of lines in UTF-8, each with its line feed.

    A damaged file can contain half a character (a lone surrogate). It has a digest too, of bytes
    that no valid text has, so that it is found to be altered like any other.
    """
    text = "".join(f"{line}\n" for line in lines)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
