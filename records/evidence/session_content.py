"""The content of a session in a unit's file, in any table: events and samples, open or packed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from records.evidence.migration import SESSION_KEYS_SINCE_SCHEMA
from records.evidence.packed_session import PackedSession, unpack_session
from records.store.blocks import unpack_block
from records.store.canonical import SAMPLE_SIZE, EventRow
from records.store.database import Database, rows, schema_version

PACKED_SESSIONS_SINCE_SCHEMA: Final = 5


class SamplePart(NamedTuple):
    """Some samples of a session as they are stored: packed, or canonical bytes."""

    first_sample: int
    sample_count: int
    sealed: int
    data: bytes

    @property
    def samples(self) -> bytes:
        """Returns the canonical bytes; ValueError where they cannot be unpacked."""
        return unpack_block(self.data) if self.sealed else self.data


def content_of(db: Database, session: int) -> tuple[list[EventRow], list[SamplePart]]:
    """Returns events and samples of a session, each in order; unpacks them once.

    Raises ValueError or struct.error for packed ones that the program does not write.
    """
    packed = packed_session_of(db, session)
    return _events(db, session, packed), _parts(db, session, packed)


def event_rows(db: Database, session: int) -> list[EventRow]:
    """Returns the events of ``content_of``."""
    return _events(db, session, packed_session_of(db, session))


def sample_parts(db: Database, session: int) -> list[SamplePart]:
    """Returns the samples of ``content_of``, as they are stored."""
    return _parts(db, session, packed_session_of(db, session))


def _events(db: Database, session: int, packed: PackedSession | None) -> list[EventRow]:
    stored = rows(
        db,
        "SELECT sequence, at_ms, utc_ms, kind, version, detail FROM event WHERE session = ? "
        "ORDER BY sequence",
        (session,),
    )
    events = [EventRow(*row) for row in stored]
    if packed is None or not packed.events:
        return events
    return sorted([*events, *packed.events], key=lambda event: event.sequence)


def packed_session_of(db: Database, session: int) -> PackedSession | None:
    """Returns the content of a sealed session in one row; None where it is not packed.

    Raises ValueError for anything that the program does not write.
    """
    if schema_version(db) < PACKED_SESSIONS_SINCE_SCHEMA:
        return None
    found = rows(
        db,
        "SELECT data, event_count, sample_count, newest_utc_ms FROM packed_session "
        "WHERE session = ?",
        (session,),
    )
    if not found:
        return None
    *stored, newest_utc_ms = found[0]
    packed = unpack_session(*stored)
    newest = newest_utc_of(packed.events)
    if newest_utc_ms != newest:
        raise ValueError(f"the newest packed event is of {newest}, the row says {newest_utc_ms}")
    return packed


def newest_utc_of(events: list[EventRow]) -> int:
    """Returns the latest wall clock of packed events, UTC milliseconds; 0 without any."""
    return max((event.utc_ms for event in events), default=0)


def open_batches(db: Database, session: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Yields number, counts of events and samples, and beginning of the link of each commit.

    The samples themselves stay in the file: an hour has 36 000 commits.
    """
    if schema_version(db) < PACKED_SESSIONS_SINCE_SCHEMA:
        return iter(())
    return db.execute(
        "SELECT number, event_count, length(samples) / ?, link FROM open_batch WHERE session = ? "
        "ORDER BY number",
        (SAMPLE_SIZE, session),
    )


def _samples_of_batches(db: Database, session: int) -> bytes:
    """The canonical bytes of all open commits; one by one they would take ten times as much."""
    samples = bytearray()
    if schema_version(db) >= PACKED_SESSIONS_SINCE_SCHEMA:
        for (some,) in db.execute(
            "SELECT samples FROM open_batch WHERE session = ? ORDER BY number", (session,)
        ):
            samples += some
    return bytes(samples)


def _parts(db: Database, session: int, packed: PackedSession | None) -> list[SamplePart]:
    parts = [
        SamplePart(*row)
        for row in rows(
            db,
            "SELECT first_sample, sample_count, sealed, data FROM sample_block WHERE session = ? "
            "ORDER BY first_sample, sealed",
            (session,),
        )
    ]
    if packed is not None and (packed.block or packed.sample_count):
        parts.append(SamplePart(0, packed.sample_count, 1, packed.block))
    if samples := _samples_of_batches(db, session):
        first = _samples_of_whole_links(db, session)
        parts.append(SamplePart(first, len(samples) // SAMPLE_SIZE, 0, samples))
    return sorted(parts, key=lambda part: (part.first_sample, part.sealed))


def sample_data(db: Database, session: int) -> bytes:
    """Returns the canonical bytes of a session's samples."""
    return b"".join(part.samples for part in sample_parts(db, session))


def open_samples(db: Database, session: int) -> bytes:
    """Returns the canonical bytes of the samples of a session that is not sealed."""
    return b"".join(part.data for part in sample_parts(db, session) if not part.sealed)


def _samples_of_whole_links(db: Database, session: int) -> int:
    """Returns how many samples precede the first open batch: those that an older program wrote."""
    tables = ["link", *(["open_link"] if schema_version(db) >= SESSION_KEYS_SINCE_SCHEMA else [])]
    return sum(
        int(
            rows(
                db,
                f"SELECT coalesce(sum(sample_count), 0) FROM {table} WHERE session = ?",
                (session,),
            )[0][0]
        )
        for table in tables
    )
