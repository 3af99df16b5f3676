"""Sessions that were one visit: a named person states it, or takes it back; nothing is guessed.

The note, the acceptances and the claim of a visit are kept under the session that the visit is
named after. A draft takes over the draft entries of the session that joins. A signed note takes a
session in, or gives it away, by an amendment only, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from controller.errors import NoteRefused
from controller.events import JsonValue
from records.clinic.filed_orders import sessions_of_patient
from records.clinic.visit_sessions import VisitStatement, visit_entry, visits_in
from records.evidence.stored_session import SessionHead
from records.keeping.listed_sessions import others_of_day
from records.note.fields import PATIENT_REFERENCE, REMARK
from records.note.lifecycle import (
    amender,
    draft_in,
    field_names,
    keep_words,
    require_unchanged,
    stands_upon,
    version_detail,
)
from records.note.session_part import RecordedSession, field_of
from records.note.treatment_note import FurtherSessions, TreatmentNote, draft_note
from records.note.typed import typed_in
from records.note.words import NoteWords, Word
from records.store.author import Author
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.database import Database
from records.store.record_folder import RecordFolder
from records.visit.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """Who changes the sessions of a visit; a signed note needs ``reason`` and ``credentials``."""

    author: Author
    reason: str = ""
    credentials: str = ""


def join_session(folder: RecordFolder, visit: Visit, other: Visit, change: VisitChange) -> None:
    """Take the session of ``other`` into a visit; raises NoteRefused naming what forbids it."""
    _require_name(change)
    for fault in _faults(visit, other):
        raise NoteRefused(fault)
    sessions = (*_others(visit), *other.sessions)
    changed = _note_over(visit, sessions, change.author)
    with clinic_writing(folder) as db:
        _require_same_visits(db, visit, other)
        require_unchanged(db, visit.note)
        require_unchanged(db, other.note)
        _require_nothing_typed(db, other)
        taken = _taken_over(db, visit, other)
        _append(db, visit, changed, change, taken)
        if not visit.note.versions:
            keep_words(db, visit.session_id, taken)
        db.execute("DELETE FROM draft_word WHERE session_id = ?", (other.session_id,))


def part_session(folder: RecordFolder, visit: Visit, session_id: str, change: VisitChange) -> None:
    """Take a session out of a visit; it has a note of its own again. Raises NoteRefused."""
    _require_name(change)
    if session_id not in {each.session_id for each in _others(visit)}:
        known = ", ".join(each.session_id for each in _others(visit)) or "none"
        raise NoteRefused(
            f"session {session_id} did not join the visit of {visit.session_id} (joined: {known}); "
            "the session that names the visit stays"
        )
    sessions = tuple(each for each in _others(visit) if each.session_id != session_id)
    changed = _note_over(visit, sessions, change.author)
    with clinic_writing(folder) as db:
        _require_same_visits(db, visit)
        require_unchanged(db, visit.note)
        _append(db, visit, changed, change, {})
        back = _given_back(draft_in(db, visit.session_id), changed, session_id)
        keep_words(db, session_id, {own: word for _, own, word in back})
        for name, _, _ in back:
            db.execute(
                "DELETE FROM draft_word WHERE session_id = ? AND name = ?",
                (visit.session_id, name),
            )


def joinable_sessions(folder: RecordFolder, visit: Visit) -> list[SessionHead]:
    """Returns the patient's other treated sessions on the clinic's day, by their beginning.

    Only a person can say whether they were one visit.
    """

    def day_of(utc_ms: int) -> date:
        return datetime.fromtimestamp(utc_ms / 1000, visit.zone).date()

    with clinic_reading(folder) as db:
        known = {*sessions_of_patient(db, visit.note.patient_key)} - {*visit.note.sessions}
    found = others_of_day(folder, visit.record.head, known, day_of)
    return sorted(found, key=lambda head: (head.started_utc_ms, head.session_id))


# --- what forbids it ----------------------------------------------------------------------------


def _faults(visit: Visit, other: Visit) -> Iterator[str]:
    """Yields why two sessions cannot be one visit, the plainest reason first."""
    named, joins = visit.session_id, other.asked_for
    if joins in visit.note.sessions:
        yield f"session {joins} is in the visit of {named} already"
    if other.further is not None:
        yield (
            f"session {joins} is in another visit already ({', '.join(other.note.sessions)}); a "
            f"session is in one visit at most: `traction note {other.session_id} --without ...` "
            "takes it out"
        )
    yield from _another_patient(visit, other)
    for each in (*visit.sessions, *other.sessions):
        if each.record.seal is None:
            yield (
                f"session {each.session_id} is {each.record.outcome} and has no seal; say what was "
                "one visit when it is closed"
            )
        if each.record.refused:
            yield f"session {each.session_id} was refused: nobody was treated in it"
    yield from _another_time(visit, other)
    if other.note.versions:
        newest = other.note.versions[-1]
        yield (
            f"the note of session {joins} was signed by {newest.by} and stays a note of its own; "
            f"where {named} was part of that visit, say so from there: `traction note {joins} "
            f"--with {named}`"
        )


def _another_patient(visit: Visit, other: Visit) -> Iterator[str]:
    named, joins = visit.session_id, other.session_id
    references = [each.note.field(PATIENT_REFERENCE.name).value for each in (visit, other)]
    if not references[0]:
        yield (
            f"the note of session {named} names no patient, so nothing shows that {joins} was "
            "the same one's; complete patient_reference first"
        )
    if visit.note.patient_key != other.note.patient_key or references[0] != references[1]:
        yield (
            f"session {joins} is of patient {references[1] or '(nobody named)'}, session {named} "
            f"of patient {references[0]}: a visit is one patient's"
        )


def _another_time(visit: Visit, other: Visit) -> Iterator[str]:
    """Yields another day of the clinic, or traction at the same time, which would count twice."""
    days = [
        datetime.fromtimestamp(each.record.head.started_utc_ms / 1000, visit.zone).date()
        for each in (visit, other)
    ]
    if days[0] != days[1]:
        yield (
            f"session {other.session_id} was on {days[1].isoformat()}, session "
            f"{visit.session_id} on {days[0].isoformat()}: a visit is of one day"
        )
    for joins, began, ended in _pulled(other):
        for session_id, own_began, own_ended in _pulled(visit):
            if own_began < ended and began < own_ended:
                yield (
                    f"sessions {session_id} and {joins} pulled at the same time, and their minutes "
                    "would count twice; one patient is on one table at a time"
                )


def _pulled(visit: Visit) -> Iterator[tuple[str, int, int]]:
    """Returns start and end of each session's pull, in UTC milliseconds, where it pulled."""
    note = visit.note
    began_ms = visit.record.head.started_utc_ms
    spans = [(part.session_id, part.started_utc_ms, part.dose) for part in note.parts]
    for session_id, at_ms, dose in spans or [(note.session_id, began_ms, note.dose)]:
        started, ended = dose.treatment_started_ms, dose.treatment_ended_ms
        if started is not None and ended is not None:
            yield session_id, at_ms + started, at_ms + ended


def _require_name(change: VisitChange) -> None:
    if not change.author.by.strip():
        raise NoteRefused("by is empty; say who says which sessions were one visit")


def _require_same_visits(db: Database, *visits: Visit) -> None:
    """Refuse a change if somebody else has changed these sessions since they were read."""
    now = visits_in(db)
    for visit in visits:
        for session_id in visit.note.sessions:
            if {*now.sessions_with(session_id)} != {*visit.note.sessions}:
                raise NoteRefused(
                    f"the visit of session {session_id} was changed by somebody else meanwhile; "
                    "read it again, then repeat"
                )


def _require_nothing_typed(db: Database, other: Visit) -> None:
    """Refuse a session with pending text for a note of its own, which would be lost from sight."""
    if waiting := typed_in(db, other.session_id):
        raise NoteRefused(
            f"something was typed for the note of session {other.session_id} and is not in it yet "
            f"({', '.join(waiting)}); take it into that note or clear it there, then repeat"
        )


# --- what is written ----------------------------------------------------------------------------


def _others(visit: Visit) -> tuple[RecordedSession, ...]:
    return visit.further.sessions if visit.further else ()


def _note_over(visit: Visit, others: tuple[RecordedSession, ...], author: Author) -> TreatmentNote:
    """Returns what the device recorded of the visit as it is after the change."""
    said = VisitStatement(
        named_by=visit.session_id,
        others=tuple(each.session_id for each in others),
        by=author.by.strip(),
        at_utc_ms=author.at_utc_ms,
    )
    further = FurtherSessions(said=said, sessions=others) if others else None
    spoken = NoteWords(standing=visit.standing)
    return draft_note(visit.record, visit.order, visit.zone, spoken=spoken, further=further)


def _append(
    db: Database,
    visit: Visit,
    changed: TreatmentNote,
    change: VisitChange,
    taken: Mapping[str, Word],
) -> None:
    """Append the statement itself and, for a signed note, its version."""
    note, author = visit.note, change.author
    others = [name for name in changed.sessions if name != visit.session_id]
    said = visit_entry(author, note.patient_key, visit.session_id, others, change.reason.strip())
    if not note.versions:
        append_entries(db, author, [said])
        return
    credentials = amender(note, author, change.reason, change.credentials)
    number, reason = len(note.versions) + 1, change.reason.strip()
    sessions: dict[str, JsonValue] = {**changed.further_seals}
    version: dict[str, JsonValue] = {
        **version_detail(note, author, credentials, number, reason),
        **stands_upon(note),
        "sessions": sessions,
        "device": {field.name: field.value for field in changed.device_fields},
        "words": {name: word.as_json() for name, word in taken.items()},
    }
    append_entries(db, author, [said, (EntryKind.NOTE_AMENDED, version)])


def _taken_over(db: Database, visit: Visit, other: Visit) -> dict[str, Word]:
    """Returns entries of the joining draft for fields without an entry in the visit's note.

    Raises NoteRefused where both have one and they differ.
    """
    signed = {name: word for v in visit.note.versions for name, word in v.changes.items()}
    present = signed or draft_in(db, visit.session_id)
    theirs = {
        _name_in_visit(name, other.session_id): word
        for name, word in draft_in(db, other.session_id).items()
    }
    differ = [n for n, word in theirs.items() if n in present and not _same(present[n], word)]
    if differ:
        raise NoteRefused(
            f"the notes of sessions {visit.session_id} and {other.session_id} say different things "
            f"of {', '.join(differ)}; one note has one text: complete both with the same, then "
            "repeat"
        )
    return {name: word for name, word in theirs.items() if name not in present}


def _same(one: Word, other: Word) -> bool:
    return (one.value, one.not_assessed) == (other.value, other.not_assessed)


def _name_in_visit(name: str, session_id: str) -> str:
    """Returns the name: a device field's remark stays with its session, others are the visit's."""
    return field_of(name, session_id) if name.startswith(REMARK) else name


def _given_back(
    words: Mapping[str, Word], rest: TreatmentNote, session_id: str
) -> list[tuple[str, str, Word]]:
    """Returns draft entries without a field in the ``rest`` of a visit: they go with the session.

    Each with its name in the visit's note and in the session's.
    """
    ending, has = field_of("", session_id), field_names(rest)
    return [
        (name, name.removesuffix(ending), word) for name, word in words.items() if name not in has
    ]
