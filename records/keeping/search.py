"""Finding sessions: by patient, day, outcome, and words that somebody wrote. Read-only.

Samples are not read, so that a folder of years is searched in seconds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from controller.event_details.codec import decode_fields
from controller.event_details.happened import SessionEnded
from controller.events import EventKind
from records.clinic.visit_sessions import visits_in
from records.evidence.reader import NOT_CLOSED, REMOVED, RUNNING, SessionHead
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.note.words import AMENDED, DRAFT, SIGNED
from records.store.clinic_chain import EntryKind, entries_of_kind
from records.store.clinic_file import clinic_reading, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from records.strict_json import parse_object


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """What a session must be to be found; None or empty asks nothing. Days are inclusive."""

    patient: str = ""
    first_day: date | None = None
    last_day: date | None = None
    outcome: str = ""
    words: tuple[str, ...] = ()

    @property
    def asks_for_a_patient_s_data(self) -> bool:
        """True when the answer says something about a patient, so that the search is audited."""
        return bool(self.patient or self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSession:
    """A session in a list."""

    head: SessionHead
    outcome: str
    sealed: bool
    note_status: str


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Everything that people wrote of one session."""

    references: frozenset[str]
    texts: str
    status: str


def find_sessions(
    folder: RecordFolder, query: SessionQuery, day_of: Callable[[int], date]
) -> list[FoundSession]:
    """Sessions that fit, newest first. ``day_of`` turns UTC milliseconds into the clinic's day."""
    with refused_in_words(f"the list of sessions in {folder}"):
        return _found(folder, query, day_of)


def _found(
    folder: RecordFolder, query: SessionQuery, day_of: Callable[[int], date]
) -> list[FoundSession]:
    spoken = _spoken(folder)
    found = [
        FoundSession(
            head=head,
            outcome=outcome,
            sealed=sealed,
            note_status=spoken[head.session_id].status if head.session_id in spoken else DRAFT,
        )
        for head, outcome, sealed in _listed(folder)
        if _fits(head, outcome, spoken.get(head.session_id), query, day_of)
    ]
    return sorted(found, key=lambda f: (f.head.started_utc_ms, f.head.session_id), reverse=True)


def last_visit_of(folder: RecordFolder, head: SessionHead, session_ids: set[str]) -> str | None:
    """The newest of ``session_ids`` that began before ``head`` and was not refused."""
    earlier = [
        (other.started_utc_ms, other.session_id)
        for other in _not_refused(folder, session_ids)
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
    for head, outcome, _ in _listed(folder):
        if head.session_id in session_ids and outcome != "refused":
            yield head


def _fits(
    head: SessionHead,
    outcome: str,
    spoken: _Spoken | None,
    query: SessionQuery,
    day_of: Callable[[int], date],
) -> bool:
    day = day_of(head.started_utc_ms)
    if query.first_day and day < query.first_day:
        return False
    if query.last_day and day > query.last_day:
        return False
    if query.outcome and query.outcome.lower() not in outcome.lower():
        return False
    if query.patient and (spoken is None or query.patient not in spoken.references):
        return False
    return all(spoken is not None and word.lower() in spoken.texts for word in query.words)


def _listed(folder: RecordFolder) -> Iterator[tuple[SessionHead, str, bool]]:
    for path in folder.readable_databases():
        with reading(path) as db:
            listed = rows(
                db,
                "SELECT number, session_id, unit_id, started_utc_ms, utc_offset_min, "
                "(SELECT detail FROM event WHERE session = number AND kind = ? "
                "ORDER BY sequence DESC LIMIT 1), "
                "EXISTS (SELECT 1 FROM seal WHERE session = number) FROM session",
                (int(EventKind.SESSION_ENDED),),
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
        return decode_fields(SessionEnded, parse_object(ended)).outcome
    if sealed:
        return REMOVED
    return RUNNING if UnitLock(path).is_held() else NOT_CLOSED


def _spoken(folder: RecordFolder) -> dict[str, _Spoken]:
    if not folder.clinic_database.exists():
        return {}
    with clinic_reading(folder) as db:
        said, status = _said(db), _statuses(db)
        named = visits_in(db).named
        ordered = rows(
            db,
            "SELECT session_id, reference, order_text FROM session_order "
            "JOIN patient ON key = patient_key",
        )
    return {
        session_id: _Spoken(
            references=frozenset(
                {reference, said.get(named(session_id), {}).get("patient_reference") or reference}
            ),
            texts="\n".join(
                [*_order_texts(text), *said.get(named(session_id), {}).values()]
            ).lower(),
            status=status.get(named(session_id), DRAFT),
        )
        for session_id, reference, text in ordered
    }


def _said(db: Database) -> dict[str, dict[str, str]]:
    """The newest text of each field, of drafts and of signed notes."""
    said: dict[str, dict[str, str]] = {}
    if not has_chain(db):
        return said
    for session_id, name, value in rows(
        db, "SELECT session_id, name, value FROM draft_word WHERE value IS NOT NULL"
    ):
        said.setdefault(session_id, {})[name] = value
    for entry in entries_of_kind(db, EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED):
        of_session = said.setdefault(entry.detail["session_id"], {})
        of_session |= {
            name: word["value"]
            for name, word in entry.detail["words"].items()
            if word["value"] is not None
        }
    return said


def _statuses(db: Database) -> Mapping[str, str]:
    status = {}
    for entry in entries_of_kind(db, EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED):
        signed = entry.kind is EntryKind.NOTE_SIGNED
        status[str(entry.detail["session_id"])] = SIGNED if signed else AMENDED
    return status


def _order_texts(order_text: str) -> list[str]:
    """The values that the order's writer wrote, without the keys."""
    values: list[str] = []
    for value in tomllib.loads(order_text).values():
        values += [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return values
