"""Finding sessions: by patient, day, table, outcome, and words that somebody wrote. Read-only.

Samples are not read, and of the words only what is asked for, so that years are searched at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from controller.errors import JournalError
from controller.event_details.codec import decode_fields
from controller.event_details.ending import SessionEnded
from controller.events import EventKind, Outcome
from controller.quick_dataclasses import dataclass
from records.evidence.reader import NOT_CLOSED, REMOVED, RUNNING, SessionHead
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.keeping.searched_words import UNSPOKEN, SpokenWords, searched_words
from records.store.database import rows
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from records.strict_json import parse_object

REFUSED = Outcome.REFUSED
"""How a try ends that was refused before anything moved."""
WIDEST_ZONES = timedelta(days=1)
"""No clinic's day begins or ends further from that of UTC."""
ALWAYS_MS = (-(2**63), 2**63 - 1)
_Condition: TypeAlias = tuple[str, tuple[object, ...]]
"""What the row of a session must fulfil in SQL, and its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """What a session must be to be found; None or empty asks nothing. Days are inclusive.

    ``tables`` are ids of units, and what the clinic calls its tables.
    """

    patient: str = ""
    first_day: date | None = None
    last_day: date | None = None
    outcome: str = ""
    words: tuple[str, ...] = ()
    tables: frozenset[str] = frozenset()

    def fits(self, outcome: str, references: Collection[str], texts: str, table: str) -> bool:
        """True for a treatment that ended so; ``texts`` are its words, in small."""
        if self.outcome and self.outcome.lower() not in outcome.lower():
            return False
        if self.patient and self.patient not in references:
            return False
        if self.tables and table not in self.tables:
            return False
        return all(word.lower() in texts for word in self.words)

    def fits_day(self, began_utc_ms: int, day_of: Callable[[int], date]) -> bool:
        """True for a treatment that began in the days; ``day_of`` gives the clinic's day."""
        if self.first_day is None and self.last_day is None:
            return True
        day = day_of(began_utc_ms)
        return (self.first_day or day) <= day <= (self.last_day or day)

    @property
    def around_ms(self) -> tuple[int, int]:
        """UTC milliseconds between which every treatment of the days began, and some others."""
        first, last = ALWAYS_MS
        if self.first_day is not None and self.first_day > date.min + WIDEST_ZONES:
            first = _utc_ms(self.first_day - WIDEST_ZONES)
        if self.last_day is not None and self.last_day < date.max - 2 * WIDEST_ZONES:
            last = _utc_ms(self.last_day + 2 * WIDEST_ZONES)
        return first, last


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSession:
    """A session in a list; ``reference`` is the patient's as the note has it, "" where unsaid."""

    head: SessionHead
    outcome: str
    sealed: bool
    note_status: str
    reference: str
    references: frozenset[str]

    @property
    def refused(self) -> bool:
        """True for a try that ended before anything moved."""
        return self.outcome == REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedSessions:
    """Sessions that fit, newest first, and what was read to find them.

    ``begun`` are the sessions of around these days, fitting or not; ``spoken`` is by session, of
    every order on file.
    """

    sessions: list[FoundSession]
    begun: frozenset[str]
    spoken: Mapping[str, SpokenWords]


def find_sessions(
    folder: RecordFolder,
    query: SessionQuery,
    day_of: Callable[[int], date],
    unread: list[str] | None = None,
) -> list[FoundSession]:
    """Sessions that fit, newest first. ``day_of`` turns UTC milliseconds into the clinic's day.

    A file that cannot be read refuses all, or is told to ``unread`` and the others are searched.
    """
    return search_sessions(folder, query, day_of, unread).sessions


def search_sessions(
    folder: RecordFolder,
    query: SessionQuery,
    day_of: Callable[[int], date],
    unread: list[str] | None = None,
) -> SearchedSessions:
    """The same with what was read to find them."""
    with refused_in_words(f"the list of sessions in {folder}"):
        return _searched(folder, query, day_of, unread)


def _searched(
    folder: RecordFolder,
    query: SessionQuery,
    day_of: Callable[[int], date],
    unread: list[str] | None,
) -> SearchedSessions:
    spoken = searched_words(folder, query.words)
    found, begun = [], set()
    for head, outcome, sealed in _listed(folder, _begun_in(query.around_ms), unread):
        begun.add(head.session_id)
        said = spoken.get(head.session_id, UNSPOKEN)
        if query.fits(outcome, said.references, said.texts, head.unit_id) and query.fits_day(
            head.started_utc_ms, day_of
        ):
            found.append(
                FoundSession(
                    head=head,
                    outcome=outcome,
                    sealed=sealed,
                    note_status=said.status,
                    reference=said.reference,
                    references=said.references,
                )
            )
    newest_first = sorted(
        found, key=lambda f: (f.head.started_utc_ms, f.head.session_id), reverse=True
    )
    return SearchedSessions(sessions=newest_first, begun=frozenset(begun), spoken=spoken)


def last_visit_of(folder: RecordFolder, head: SessionHead, session_ids: set[str]) -> str | None:
    """The newest of ``session_ids`` that began before ``head`` and was not refused."""
    earlier = [
        (other.started_utc_ms, other.session_id)
        for other in _not_refused(folder, session_ids - {head.session_id})
        if other.started_utc_ms < head.started_utc_ms
    ]
    return max(earlier)[1] if earlier else None


def others_of_day(
    folder: RecordFolder, head: SessionHead, session_ids: set[str], day_of: Callable[[int], date]
) -> list[SessionHead]:
    """The other ones of ``session_ids`` that began on the same day and were not refused."""
    day = day_of(head.started_utc_ms)
    return [
        other
        for other in _not_refused(folder, session_ids - {head.session_id})
        if day_of(other.started_utc_ms) == day
    ]


def _not_refused(folder: RecordFolder, session_ids: set[str]) -> Iterator[SessionHead]:
    """Those of ``session_ids`` in which the unit was at least armed."""
    if not session_ids:  # of a patient who was treated once, and no file is opened for that
        return
    for head, outcome, _ in _listed(folder, _called(session_ids)):
        if outcome != REFUSED:
            yield head


def _begun_in(between_ms: tuple[int, int]) -> _Condition:
    return "started_utc_ms BETWEEN ? AND ?", between_ms


def _called(session_ids: set[str]) -> _Condition:
    return "session_id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(session_ids)),)


def _listed(
    folder: RecordFolder, wanted: _Condition, unread: list[str] | None = None
) -> Iterator[tuple[SessionHead, str, bool]]:
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


def _listed_in(path: Path, wanted: _Condition) -> Iterator[tuple[SessionHead, str, bool]]:
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
    """What the detail of an end says: most ends of a clinic are the same few texts."""
    return decode_fields(SessionEnded, parse_object(ended)).outcome


def _utc_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
