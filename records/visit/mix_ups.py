"""Who could be confused with whom today: similar names, and a patient open elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from records.keeping.search import SessionQuery, find_sessions
from records.standing.appointments import DayList, day_list
from records.standing.kinds import PatientRecord
from records.standing.versions import StandingData
from records.store.record_folder import RecordFolder
from records.times_in_words import DayOf
from records.visit.load import Practice
from records.visit.worklist import ListedVisit, VisitState, seen_on, visits_among

ALIKE = 0.8
"""From this similarity on two names are reported: "Doe Jane" and "Dow Jane" have 0.875, "Doe Jane"
and "Roe Mary" 0.5.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The patients of a day: appointments, references of the day's visits, the patient's own."""

    expected: DayList | None
    seen: frozenset[str]
    own: Sequence[ListedVisit]


def look_at_today(
    folder: RecordFolder, practice: Practice, day_of: DayOf, day: date, reference: str
) -> Today:
    """Returns who could be confused with a patient on a day, without others' records and notes."""
    found = find_sessions(folder, SessionQuery(first_day=day, last_day=day), day_of)
    own = [each for each in found if reference in each.references]
    return Today(
        expected=day_list(folder, day),
        seen=seen_on(folder, found, day_of, day),
        own=visits_among(folder, practice, own, day_of, (day, day), reference),
    )


def mix_ups(patient: PatientRecord, held: StandingData, today: Today) -> Iterator[str]:
    """Returns warnings before a patient is identified, for a person to read."""
    yield from _similar(patient, held, today)
    for each in today.own:
        if each.state in _OPEN:
            where = f"session {each.session_id}" if each.session_id else "another terminal"
            yield (
                f"patient {patient.reference} has a visit that is {each.state.value} "
                f"({where}): look whether this is the same person at another table"
            )


_OPEN = (VisitState.RUNNING, VisitState.BEGUN, VisitState.LEFT_OPEN)


def _similar(patient: PatientRecord, held: StandingData, today: Today) -> Iterator[str]:
    others = {
        each.reference: (each.last_name, each.first_name, f"at {each.time} on {each.table}")
        for each in (today.expected.appointments if today.expected else ())
    }
    for reference in today.seen:
        known = held.patient_exactly(reference)
        if known is not None:
            record = known.record
            others.setdefault(
                record.reference, (record.last_name, record.first_name, "treated today")
            )
    others.pop(patient.reference, None)
    own = _name(patient.last_name, patient.first_name)
    for reference, (last, first, where) in sorted(others.items()):
        if _alike(own, _name(last, first)) or last.casefold() == patient.last_name.casefold():
            yield f"similar name today: {last}, {first} (patient {reference}), {where}"


def _name(last: str, first: str) -> str:
    return f"{last} {first}".casefold()


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE
