"""Finding sessions: by patient, day, outcome, and words that somebody wrote. Read-only.

Samples are not read, so that a folder of years is searched in seconds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from controller.errors import TractionError
from controller.event_details.codec import decode_fields
from controller.event_details.happened import SessionEnded
from controller.events import EventKind, Outcome
from records.clinic.readings import EXPORTED, left_readings
from records.clinic.visit_sessions import visits_in
from records.evidence.reader import NOT_CLOSED, REMOVED, RUNNING, SessionHead, read_session
from records.evidence.unit_reading import reading
from records.evidence.unreadable import UNREADABLE, refused_in_words
from records.keeping.visit_words import statuses_of_notes, texts_of_visits
from records.note.delivered_dose import compute_dose
from records.note.words import DRAFT
from records.store.clinic_chain import EntryKind, entries_of_kind
from records.store.clinic_file import clinic_reading, has_chain
from records.store.database import rows
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from records.strict_json import parse_object

REFUSED = Outcome.REFUSED
"""How a try ends that was refused before anything moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """What a session must be to be found; None or empty asks nothing. Days are inclusive."""

    patient: str = ""
    first_day: date | None = None
    last_day: date | None = None
    outcome: str = ""
    words: tuple[str, ...] = ()

    def fits(self, day: date, outcome: str, references: Collection[str], texts: str) -> bool:
        """True for a treatment of that day that ended so; ``texts`` are its words, in small."""
        if self.first_day and day < self.first_day:
            return False
        if self.last_day and day > self.last_day:
            return False
        if self.outcome and self.outcome.lower() not in outcome.lower():
            return False
        if self.patient and self.patient not in references:
            return False
        return all(word.lower() in texts for word in self.words)


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


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Everything that people wrote of one session."""

    reference: str = ""
    references: frozenset[str] = frozenset()
    texts: str = ""
    status: str = DRAFT


UNSPOKEN = _Spoken()
"""Of a session of which nobody wrote anything."""


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
    found = []
    for head, outcome, sealed in _listed(folder):
        said = spoken.get(head.session_id, UNSPOKEN)
        if query.fits(day_of(head.started_utc_ms), outcome, said.references, said.texts):
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
    return sorted(found, key=lambda f: (f.head.started_utc_ms, f.head.session_id), reverse=True)


def delivered_minutes(folder: RecordFolder, session_id: str) -> int | None:
    """Whole minutes of traction; None where the content was removed or cannot be read."""
    try:
        return compute_dose(read_session(folder, session_id)).delivered_minutes
    except (TractionError, *UNREADABLE):
        return None


def claims_sent(folder: RecordFolder) -> dict[str, list[str]]:
    """Formats in which a claim without errors left, by session (that of a visit), oldest first."""
    if not folder.clinic_database.exists():
        return {}
    with refused_in_words(f"the exports of claims in {folder}"), clinic_reading(folder) as db:
        if not has_chain(db):
            return {}
        visits = visits_in(db)
        read = [entry.detail for entry in entries_of_kind(db, EntryKind.RECORD_READ)]
    left = (one.detail for one in left_readings(folder) if one.detail is not None)
    sent: dict[str, list[str]] = {}
    for detail in (*read, *left):
        export = detail.get(EXPORTED)
        if isinstance(export, dict) and export.get("ready"):
            for name in visits.sessions_with(str(detail["session_id"])):
                sent.setdefault(name, []).append(str(export["format"]))
    return sent


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
        if head.session_id in session_ids and outcome != REFUSED:
            yield head


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
        said, status = texts_of_visits(db), statuses_of_notes(db)
        named = visits_in(db).named
        ordered = rows(
            db,
            "SELECT session_id, reference, order_text FROM session_order "
            "JOIN patient ON key = patient_key",
        )
    found = {}
    for session_id, ordered_for, text in ordered:
        words = said.get(named(session_id), {})
        reference = words.get("patient_reference") or ordered_for
        found[session_id] = _Spoken(
            reference=reference,
            references=frozenset({ordered_for, reference}),
            texts="\n".join([*_order_texts(text), *words.values()]).lower(),
            status=status.get(named(session_id), DRAFT),
        )
    return found


def _order_texts(order_text: str) -> list[str]:
    """The values that the order's writer wrote, without the keys."""
    values: list[str] = []
    for value in tomllib.loads(order_text).values():
        values += [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return values
