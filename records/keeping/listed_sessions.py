"""Sessions of all units' files with their outcomes, for a search and for a patient's other visits.

Samples and entries are not read. Read-only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from controller.errors import JournalError
from controller.event_details.codec import decode_fields
from controller.event_details.ending import SessionEnded
from controller.events import EventKind, Outcome
from records.evidence.reader import NOT_CLOSED, REMOVED, RUNNING, SessionHead
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.store.database import rows
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from records.strict_json import parse_object

REFUSED = Outcome.REFUSED
"""The outcome of an attempt that was refused before anything moved."""
Condition: TypeAlias = tuple[str, tuple[object, ...]]
"""A condition in SQL for the row of a session, and its parameters."""


def last_visit_of(folder: RecordFolder, head: SessionHead, session_ids: set[str]) -> str | None:
    """Returns the newest of ``session_ids`` that began before ``head`` and was not refused."""
    earlier = [
        (other.started_utc_ms, other.session_id)
        for other in _not_refused(folder, session_ids - {head.session_id})
        if other.started_utc_ms < head.started_utc_ms
    ]
    return max(earlier)[1] if earlier else None


def others_of_day(
    folder: RecordFolder, head: SessionHead, session_ids: set[str], day_of: Callable[[int], date]
) -> list[SessionHead]:
    """Returns the others of ``session_ids`` that began on the same day and were not refused."""
    day = day_of(head.started_utc_ms)
    return [
        other
        for other in _not_refused(folder, session_ids - {head.session_id})
        if day_of(other.started_utc_ms) == day
    ]


def _not_refused(folder: RecordFolder, session_ids: set[str]) -> Iterator[SessionHead]:
    """Returns those of ``session_ids`` in which the unit was at least armed."""
    if not session_ids:  # for a patient's only treatment, and no file is opened for that
        return
    for head, outcome, _ in listed_sessions(folder, _called(session_ids)):
        if outcome != REFUSED:
            yield head


def begun_in(between_ms: tuple[int, int]) -> Condition:
    """Returns those that began between two UTC milliseconds, both included."""
    return "started_utc_ms BETWEEN ? AND ?", between_ms


def _called(session_ids: set[str]) -> Condition:
    return "session_id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(session_ids)),)


def listed_sessions(
    folder: RecordFolder, wanted: Condition, unread: list[str] | None = None
) -> Iterator[tuple[SessionHead, str, bool]]:
    """Yields sessions of all units' files with their outcomes, and whether they are sealed.

    An unreadable file raises, or is reported to ``unread`` and the others are listed.
    """
    for path in folder.readable_databases():
        try:
            with refused_in_words(str(path)):
                listed = [*_listed_in(path, wanted)]
        except JournalError as error:
            if unread is None:
                raise
            unread.append(error.message)
        else:
            yield from listed


def _listed_in(path: Path, wanted: Condition) -> Iterator[tuple[SessionHead, str, bool]]:
    condition, parameters = wanted
    with reading(path) as db:
        listed = rows(
            db,
            "SELECT number, session_id, unit_id, started_utc_ms, utc_offset_min, "
            "(SELECT detail FROM event WHERE session = number AND kind = ? "
            "ORDER BY sequence DESC LIMIT 1), "
            "EXISTS (SELECT 1 FROM seal WHERE session = number) FROM session "
            f"WHERE {condition}",
            (int(EventKind.SESSION_ENDED), *parameters),
        )
    for number, session_id, unit_id, started, offset, ended, sealed in listed:
        head = SessionHead(
            number=number,
            session_id=session_id,
            unit_id=unit_id,
            started_utc_ms=started,
            utc_offset_min=offset,
        )
        yield head, _outcome(path, ended, bool(sealed)), bool(sealed)


def _outcome(path: Path, ended: str | None, sealed: bool) -> str:
    if ended is not None:
        return _outcome_in(ended)
    if sealed:
        return REMOVED
    return RUNNING if UnitLock(path).is_held() else NOT_CLOSED


@lru_cache(maxsize=1024)
def _outcome_in(ended: str) -> str:
    """Returns the content of an end's detail, cached: most ends are the same few texts."""
    return decode_fields(SessionEnded, parse_object(ended)).outcome
