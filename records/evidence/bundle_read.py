"""Reads the members of a bundle as a stored session, piece by piece.

Memory is bounded by the limits of ``records.evidence.bundle``: a text is never kept beside its
parsed form, except for members of a few kilobytes.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, BinaryIO, TextIO, TypeVar

import numpy as np

from controller.errors import JournalCorrupt
from records.evidence.bundle import (
    FORMAT,
    LINK_COLUMNS,
    MEMBER_LIMITS,
    MOST_BYTES,
    MOST_PUBLIC_KEYS,
    SAMPLE_COLUMNS,
    limit_of,
)
from records.evidence.chain_walk import LinkRow
from records.evidence.stored_session import SealRow, SealSignature, SessionHead, StoredSession
from records.evidence.unreadable import UNREADABLE
from records.store.canonical import ABSENT_DN, SAMPLE_DTYPE, EventRow
from records.store.chain import LinkRange
from records.store.plain_zip import PlainZip
from records.strict_json import parse_object

ROWS_AT_ONCE = 10_000
EVENT_LINE = 256 << 10
"""Most characters of a line of events.jsonl: small values take 20 times as much memory parsed."""
CELL_LINE = 1 << 10
"""Most characters of a line of a table."""
COMMENT = "session "
"""The file's comment names the session and nothing else."""

T = TypeVar("T")


class BundleFile:
    """An open bundle; raises JournalCorrupt naming the member, the limit and what is wrong."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = PlainZip(
            file,
            limit_of,
            most_members=len(MEMBER_LIMITS) + MOST_PUBLIC_KEYS,
            most_bytes=MOST_BYTES,
        )
        self.digests = {name: self._digest(name) for name in self._zip.members}

    def check_comment(self, session_id: str) -> None:
        """Raise JournalCorrupt for a comment that is not the session's."""
        if self._zip.comment not in (b"", f"{COMMENT}{session_id}".encode()):
            raise JournalCorrupt("the comment of the zip file is not the one that a bundle has")

    def read(self, name: str) -> bytes:
        """Returns the whole content of a member; empty when there is none."""
        return self._zip.read(name) if name in self._zip.members else b""

    def object(self, name: str) -> dict[str, Any]:
        """Returns a member that is one JSON object."""
        return self._parsed(name, lambda lines: parse_object(lines.read()))

    def stored(self) -> StoredSession:
        """Returns the session with its chain."""
        head, seal, signature = self._parsed("session.json", _session)
        return StoredSession(
            head=head,
            events=self._parsed("events.jsonl", _events),
            links=self._parsed("links.csv", _links),
            samples=self._parsed("samples.csv", _samples),
            damage="",
            seal=seal,
            signature=signature,
        )

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        for chunk in self._zip.chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def _parsed(self, name: str, parse: Callable[[TextIO], T]) -> T:
        if name not in self._zip.members:
            raise JournalCorrupt(f"{name} is missing")
        try:
            with self._zip.text(name) as lines:
                return parse(lines)
        except (*UNREADABLE, csv.Error) as error:
            raise JournalCorrupt(f"{name} cannot be read: {error}") from error


def _session(lines: TextIO) -> tuple[SessionHead, SealRow, SealSignature]:
    said = parse_object(lines.read())
    if said["format"] != FORMAT:
        raise ValueError(f"format {said['format']!r} is not {FORMAT}")
    seal, signature = said["seal"], said["signature"]
    return (
        SessionHead(
            number=int(said["number"]),
            session_id=str(said["session_id"]),
            unit_id=str(said["unit_id"]),
            started_utc_ms=int(said["started_utc_ms"]),
            utc_offset_min=int(said["utc_offset_min"]),
        ),
        SealRow(
            last_link=bytes.fromhex(seal["last_link"]),
            session_digest=bytes.fromhex(seal["session_digest"]),
            event_count=int(seal["event_count"]),
            sample_count=int(seal["sample_count"]),
            link_count=int(seal["link_count"]),
            previous_seal=bytes.fromhex(seal["previous_seal"]),
            digest=bytes.fromhex(seal["digest"]),
        ),
        SealSignature(
            key_id=str(signature["key_id"]),
            public_key=bytes.fromhex(signature["public_key"]),
            signature=bytes.fromhex(signature["signature"]),
            checkpoint=str(signature["checkpoint"]),
        ),
    )


def _events(lines: TextIO) -> list[EventRow]:
    # A line ends with LF only: a detail may contain characters that others take for its end.
    return [_event(parse_object(line)) for line in _bounded(lines, EVENT_LINE) if line.strip()]


def _event(said: dict[str, Any]) -> EventRow:
    return EventRow(
        sequence=int(said["sequence"]),
        at_ms=int(said["at_ms"]),
        utc_ms=int(said["utc_ms"]),
        kind=int(said["kind"]),
        version=int(said["version"]),
        detail_json=str(said["detail"]),
    )


def _links(lines: TextIO) -> list[LinkRow]:
    return [
        LinkRow(
            int(number),
            LinkRange(
                first_event=int(first_event),
                event_count=int(events),
                first_sample=int(first_sample),
                sample_count=int(samples),
            ),
            bytes.fromhex(digest),
        )
        for number, first_event, events, first_sample, samples, digest in _rows(lines, LINK_COLUMNS)
    ]


def _samples(lines: TextIO) -> bytes:
    def force(cell: str) -> int:
        return ABSENT_DN if cell == "" else int(cell)

    rows = (
        (int(time_ms), int(target), force(first), force(second), int(phase), int(flags))
        for time_ms, target, first, second, phase, flags in _rows(lines, SAMPLE_COLUMNS)
    )
    samples = bytearray()
    while some := list(islice(rows, ROWS_AT_ONCE)):
        samples += np.array(some, dtype=SAMPLE_DTYPE).tobytes()
    return bytes(samples)


def _rows(lines: TextIO, columns: tuple[str, ...]) -> Iterator[list[str]]:
    rows = csv.reader(_bounded(lines, CELL_LINE), quoting=csv.QUOTE_NONE)
    head = next(rows, [])
    if tuple(head) != columns:
        raise ValueError(f"its columns are {head}, not {list(columns)}")
    yield from rows


def _bounded(lines: TextIO, most: int) -> Iterator[str]:
    number = 0
    while line := lines.readline(most + 1):
        number += 1
        if len(line) > most:
            raise ValueError(f"line {number} has more than {most} characters")
        yield line
