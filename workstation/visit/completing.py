"""After the session: the open fields of the note one by one, the note to read, the signature."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from controller.errors import RequestRefused
from records.exports.note.text import note_text
from records.note.fields import TOLERANCE, open_in_words
from records.standing.proposals import note_words
from records.standing.versions import read_standing
from records.visit.visit import NotedVisit
from workstation.visit.desk import VisitDesk
from workstation.visit.dialogue import YES
from workstation.visit.note_desk import NoteDesk

MINUTES = ("total_timed_minutes", "total_treatment_minutes")
NOTHING = "-"
WITHOUT_A_WORD = {"": "Enter leaves it open", NOTHING: "- says that there is nothing to say"}
LEFT_OPEN = ", ".join(WITHOUT_A_WORD.values())
TOLERANCE_FIELD = "tolerance"


class _Offered(NamedTuple):
    """An entry that y takes over: its text, and the function that takes it."""

    words: str
    take: Callable[[], None]


def complete_note(desk: VisitDesk, session_id: str) -> NotedVisit:
    """Ask every open field; each answer is on record before the next question."""
    note = desk.note(session_id)
    visit = note.read_note()
    skipped = set[str]()
    names: tuple[str, ...]
    while waiting := [name for name in visit.note.open_fields if name not in skipped]:
        if waiting[0] in MINUTES and set(MINUTES) <= set(waiting):
            taken = _minutes(desk, note, visit)
            names = MINUTES
        else:
            taken = _field(desk, note, visit, waiting[0])
            names = (waiting[0],)
        skipped |= set() if taken else set(names)
        visit = note.read_note()
    return visit


def sign_note(desk: VisitDesk, session_id: str) -> bool:
    """Show the note and sign it by name; False where it stays unsigned."""
    note = desk.note(session_id)
    visit = note.shown_note("note")
    desk.dialogue.tell(note_text(visit).rstrip("\n"))
    if visit.note.open_fields:
        named = open_in_words(visit.note.open_fields)
        desk.dialogue.tell(f"not signed, open fields: {named}")
        return False
    signer = desk.signer
    if not signer.credentials:
        desk.dialogue.tell(
            "not signed: a signature needs credentials, as in PT; put them on file "
            "(`traction people add`) or give --credentials"
        )
        return False
    text = f"Sign as {signer.in_full}: type your name or initials. n leaves it unsigned"
    while True:
        answer = desk.dialogue.words("signature", text)
        if answer.casefold() in ("n", "no"):
            return False
        if signer.answers_to(answer):
            try:
                desk.sign_again()
            except RequestRefused as refusal:
                desk.tell_refusal(refusal)
                continue
            note.sign()
            return True
        desk.dialogue.tell(
            f"that is not the name of the person who holds this visit ({signer.in_full})"
        )


def _field(desk: VisitDesk, note: NoteDesk, visit: NotedVisit, name: str) -> bool:
    """Ask one field, again after a refusal. False: it stays open."""
    label = visit.note.field(name).label
    offered = _offered(desk, note, visit, name)
    text = f"{label}: {offered.words}? y, or today's words" if offered else label
    while True:
        if name == TOLERANCE_FIELD:
            answer = desk.dialogue.one_of(name, label, TOLERANCE, else_=WITHOUT_A_WORD)
        else:
            answer = desk.dialogue.ask(name, f"{text}; {LEFT_OPEN}")
        if not answer:
            return False
        try:
            if answer == NOTHING:
                note.mark_not_assessed(name, visit.note)
            elif offered and answer.lower() in YES:
                offered.take()
            else:
                note.complete({name: answer}, visit.note)
            return True
        except RequestRefused as refusal:
            desk.tell_refusal(refusal)


def _offered(desk: VisitDesk, note: NoteDesk, visit: NotedVisit, name: str) -> _Offered | None:
    """Returns the last visit's entry, else that of the patient's record.

    None: nothing is offered.
    """
    proposed = {each.name: each for each in visit.note.proposals}.get(name)
    if proposed is not None and proposed.value is not None:
        since = visit.note.proposed_since.get(name, "")
        unchanged = f"unchanged since {since}" if since else "unchanged"
        return _Offered(f"{proposed.value!r}, {unchanged}", partial(note.confirm, name, visit.note))
    patient = read_standing(desk.folder).patient_exactly(visit.patient_reference)
    on_file = note_words(patient.record).get(name) if patient else None
    if on_file is None:
        return None
    return _Offered(f"{on_file!r}, as on file", partial(note.complete, {name: on_file}, visit.note))


def _minutes(desk: VisitDesk, note: NoteDesk, visit: NotedVisit) -> bool:
    """Ask both numbers of minutes in one answer: "0 25"."""
    text = f"Minutes of the visit: timed codes, then all treatment, as in 0 25; {LEFT_OPEN}"
    while True:
        answer = desk.dialogue.ask("minutes", text)
        if not answer:
            return False
        try:
            if answer == NOTHING:
                for name in MINUTES:
                    note.mark_not_assessed(name, visit.note)
                return True
            note.complete(minutes_in(answer), visit.note)
            return True
        except RequestRefused as refusal:
            desk.tell_refusal(refusal)


def minutes_in(answer: str) -> dict[str, str]:
    """Returns both numbers of minutes by their fields; raises RequestRefused for others."""
    numbers = answer.split()
    if len(numbers) != len(MINUTES):
        raise RequestRefused(f"minutes={answer!r} is not two whole numbers, as in 0 25")
    return dict(zip(MINUTES, numbers, strict=True))
