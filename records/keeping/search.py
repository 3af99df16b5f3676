"""Finds sessions: by patient, day, table, outcome, and words that somebody wrote. Read-only.

Samples are not read, and of the entries only what is needed, so that years are searched at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from records.evidence.reader import SessionHead
from records.evidence.unreadable import refused_in_words
from records.keeping.listed_sessions import REFUSED, begun_in, listed_sessions
from records.keeping.searched_words import UNSPOKEN, SpokenWords, searched_words
from records.store.record_folder import RecordFolder

WIDEST_ZONES = timedelta(days=1)
"""Largest distance of a clinic's day from the UTC day."""
ALWAYS_MS = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """The conditions for a session; None or empty matches all. Days are inclusive.

    ``tables`` are ids of units, and the clinic's names of its tables.
    """

    patient: str = ""
    first_day: date | None = None
    last_day: date | None = None
    outcome: str = ""
    words: tuple[str, ...] = ()
    tables: frozenset[str] = frozenset()

    def fits(self, outcome: str, references: Collection[str], texts: str, table: str) -> bool:
        """Returns True for a treatment with this outcome; ``texts`` are its texts in lower case."""
        if self.outcome and self.outcome.lower() not in outcome.lower():
            return False
        if self.patient and self.patient not in references:
            return False
        if self.tables and table not in self.tables:
            return False
        return all(word.lower() in texts for word in self.words)

    def fits_day(self, began_utc_ms: int, day_of: Callable[[int], date]) -> bool:
        """Returns True for a treatment that began in the days.

        ``day_of`` returns the clinic's day.
        """
        if self.first_day is None and self.last_day is None:
            return True
        day = day_of(began_utc_ms)
        return (self.first_day or day) <= day <= (self.last_day or day)

    @property
    def around_ms(self) -> tuple[int, int]:
        """Returns UTC milliseconds around every treatment of the days, and some others."""
        first, last = ALWAYS_MS
        if self.first_day is not None and self.first_day > date.min + WIDEST_ZONES:
            first = _utc_ms(self.first_day - WIDEST_ZONES)
        if self.last_day is not None and self.last_day < date.max - 2 * WIDEST_ZONES:
            last = _utc_ms(self.last_day + 2 * WIDEST_ZONES)
        return first, last


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSession:
    """A session in a list; ``reference`` is the patient's in the note, "" where missing."""

    head: SessionHead
    outcome: str
    sealed: bool
    note_status: str
    reference: str
    references: frozenset[str]

    @property
    def refused(self) -> bool:
        """Returns True for an attempt that ended before anything moved."""
        return self.outcome == REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedSessions:
    """Matching sessions, newest first, and what was read to find them.

    ``begun`` are the sessions of around these days, matching or not; ``spoken`` is by session, of
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
    """Returns matching sessions, newest first. ``day_of`` turns UTC ms into the clinic's day.

    An unreadable file raises, or is reported to ``unread`` and the others are searched.
    """
    return search_sessions(folder, query, day_of, unread).sessions


def search_sessions(
    folder: RecordFolder,
    query: SessionQuery,
    day_of: Callable[[int], date],
    unread: list[str] | None = None,
) -> SearchedSessions:
    """Returns the same with what was read to find them."""
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
    for head, outcome, sealed in listed_sessions(folder, begun_in(query.around_ms), unread):
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


def _utc_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
