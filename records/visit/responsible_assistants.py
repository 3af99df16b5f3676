"""Assistants' time under traction in the record of a visit, by the people on file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from records.claim.code_sets import TRACTION
from records.claim.context import ASSISTANT_ROLES
from records.note.event_texts import clock_text
from records.note.responsible import responsible_spans
from records.store.record_folder import RecordFolder
from records.visit.visit import Visit

if TYPE_CHECKING:
    from records.claim.rules.assistant_time import AssistantTime
    from records.standing.kinds import PersonRecord
    from records.standing.proposals import Proposal


def assistant_time_of(folder: RecordFolder, visit: Visit) -> AssistantTime | None:
    """Returns the assistants' part of a visit's traction; None where the record does not tell it.

    It does not where nobody took over, where a responsible person is not on file with a role, where
    none of them is an assistant, and where anything of the visit was altered.
    """
    times = {} if visit.altered else _traction_by_name(visit)
    people = _people_called(folder, times) if times else {}
    if not people or any(person.role is None for person in people.values()):
        return None
    by_person = Counter[str]()
    for name, traction_ms in times.items():
        if people[name].role in ASSISTANT_ROLES:
            by_person[people[name].initials] += traction_ms
    if not by_person:
        return None
    from records.claim.rules.assistant_time import AssistantTime

    on_file = {person.initials: person for person in people.values()}
    longest = on_file[by_person.most_common(1)[0][0]].role
    assert longest is not None, "everybody here has a role"
    return AssistantTime(
        people=tuple(
            f"{on_file[initials].full_name} ({on_file[initials].role}) {clock_text(traction_ms)}"
            for initials, traction_ms in by_person.items()
        ),
        role=longest,
        assistant_ms=by_person.total(),
        traction_ms=visit.note.dose.traction_ms,
    )


def line_proposals(folder: RecordFolder, visit: Visit) -> dict[str, Proposal]:
    """Returns keys of a claim context's traction line that are in the record."""
    from records.standing.proposals import Proposal

    recorded = assistant_time_of(folder, visit)
    if recorded is None:
        return {}
    source = f"the record of who was responsible ({recorded.said})"
    return {f"lines.{TRACTION}": Proposal({"assistant_min": recorded.minutes}, source)}


def _traction_by_name(visit: Visit) -> Mapping[str, int]:
    """Returns ms under traction by name; empty where some of the traction is unassigned.

    The record of a session that nobody took over names nobody.
    """
    note = visit.note
    doses = [part.dose for part in note.parts] or [note.dose]
    times = Counter[str]()
    for session, dose in zip(visit.sessions, doses, strict=True):
        for span in responsible_spans(session.record, dose):
            times[span.by] += span.traction_ms
    told = times.total() == note.dose.traction_ms > 0
    return times if told else {}


def _people_called(folder: RecordFolder, names: Mapping[str, int]) -> Mapping[str, PersonRecord]:
    """Returns who is on file by each name; empty where somebody is not."""
    # Loading their models takes a fiftieth of a scrub, and few sessions are taken over.
    from records.standing.proposals import person_called
    from records.standing.versions import read_standing

    held = read_standing(folder)
    found = {name: person_called(held, name) for name in names}
    known = {name: person.record for name, person in found.items() if person is not None}
    return known if known.keys() == found.keys() else {}
