"""Finds where the wall clock went back between sessions: reported, but not an alteration.

Sessions are timed by another clock (decision 0134), so their numbers are valid; their dates are in
doubt. A date that somebody wrote later would not match the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from controller.errors import JournalError
from records.evidence.session_content import PACKED_SESSIONS_SINCE_SCHEMA
from records.evidence.stored_session import session_rows_of
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.store.database import Database, rows, schema_version
from records.store.record_folder import RecordFolder

NOTICED_MS = 2000
"""Smallest step back that is reported, as in the self-check of a start (hazard row 29)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """``session_id`` began, by the clock, before ``before_id`` of the same unit had ended."""

    session_id: str
    before_id: str
    unit_id: str
    started_utc_ms: int
    before_utc_ms: int

    @property
    def text(self) -> str:
        """Returns the text for people."""
        back_s = (self.before_utc_ms - self.started_utc_ms) / 1000
        return (
            f"the clock went back by {back_s:.0f} s between sessions {self.before_id} and "
            f"{self.session_id} of unit {self.unit_id}: dates on one side of it are wrong"
        )


def clock_steps(folder: RecordFolder) -> list[ClockStep]:
    """Returns every step back between neighbouring sessions of a unit, oldest first.

    None for a file that cannot be read: ``verify`` reports its faults.
    """
    found: list[ClockStep] = []
    for path in folder.every_database():
        with suppress(JournalError), reading(path) as db, refused_in_words(f"times in {path}"):
            found += list(_steps_of(db))
    return found


def newest_utc_ms(folder: RecordFolder) -> int | None:
    """Returns the latest time in the newest session of each unit that armed it.

    None without sessions.

    Only the newest counts, so that a clock that was once ahead and then corrected is not blamed for
    ever. Only armed ones, if there are any: a session that was refused for its clock proves
    nothing.
    """
    # The steps themselves are found without reading an event.
    from records.evidence.newest_arming import last_record_utc_ms

    armed = last_record_utc_ms(folder)
    if armed is not None:
        return armed
    newest: list[int] = []
    for path in folder.every_database():
        with reading(path) as db:
            newest += [end for _, end in _ends(db)][-1:]
    with refused_in_words(f"the newest time in {folder}"):
        return max(newest, default=None)


def _steps_of(db: Database) -> Iterator[ClockStep]:
    heads = {head.number: head for head in session_rows_of(db)}
    for (before, ended), (after, _) in pairwise(_ends(db)):
        head = heads[after]
        if head.started_utc_ms < ended - NOTICED_MS:
            yield ClockStep(
                session_id=head.session_id,
                before_id=heads[before].session_id,
                unit_id=head.unit_id,
                started_utc_ms=head.started_utc_ms,
                before_utc_ms=ended,
            )


def _ends(db: Database) -> list[tuple[int, int]]:
    """Returns number and last moment of each session; the beginning of a removed one."""
    ends: dict[int, int] = dict(rows(db, "SELECT number, started_utc_ms FROM session"))
    newest = rows(db, "SELECT session, max(utc_ms) FROM event GROUP BY session")
    if schema_version(db) >= PACKED_SESSIONS_SINCE_SCHEMA:
        newest += rows(
            db, "SELECT session, newest_utc_ms FROM packed_session WHERE event_count > 0"
        )
    ended: dict[int, int] = {}
    for session, utc_ms in newest:
        ended[session] = max(utc_ms, ended.get(session, utc_ms))
    return sorted((ends | ended).items())
