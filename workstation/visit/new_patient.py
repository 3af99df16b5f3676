"""Adds a patient who is not on file when the visit begins; every value is asked for.

Nothing is kept before the last answer. What a claim needs beyond it (address, plan of care) is
named by the payer's rules at the end of the visit.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from controller.errors import RecordNotFound, RequestRefused
from records.standing.files import record_of
from records.standing.kinds import PatientRecord
from records.standing.payers import payers_in_use
from records.standing.versions import StandingData, read_standing
from records.standing.write import StandingChange, namesakes, write_standing
from workstation.visit.desk import VisitDesk
from workstation.visit.dialogue import VisitLeft

NOT_KNOWN = "not known yet"


def with_patient(desk: VisitDesk, held: StandingData, reference: str) -> StandingData:
    """Returns standing data in which the reference is on file.

    Raises RecordNotFound where nobody is to be added, PrescriptionInvalid for a reference that is
    nearly one on file, VisitLeft where the person has another reference.
    """
    if held.patient(reference) is not None:
        return held
    try:
        held.found("patient", reference)
    except RecordNotFound as missing:
        desk.dialogue.tell(missing.message)
        if not desk.dialogue.yes("add patient", f"Add patient {reference} now?"):
            raise
    record = _asked(desk, held, reference)
    _refuse_namesake(desk, held, record)
    write_standing(desk.folder, desk.author(), [StandingChange(record=record)])
    desk.dialogue.tell(f"patient {reference} is on file: {record.full_name}")
    return read_standing(desk.folder)


def _asked(desk: VisitDesk, held: StandingData, reference: str) -> PatientRecord:
    """Ask the record; a mistake is reported, and all values are asked again."""
    while True:
        said: dict[str, Any] = {
            "reference": reference,
            "last_name": desk.dialogue.words("last name", "Family name"),
            "first_name": desk.dialogue.words("first name", "Given name"),
            "birth_date": _birth_date(desk),
        }
        said |= _payer(desk, held)
        try:
            record = record_of("patient", said, f"patient {reference}")
        except RequestRefused as refusal:
            desk.tell_refusal(refusal)
            continue
        assert isinstance(record, PatientRecord)
        return record


def _birth_date(desk: VisitDesk) -> str:
    """Returns a day in the past; raises VisitLeft."""
    while True:
        answer = desk.dialogue.words("birth date", "Date of birth, YYYY-MM-DD")
        try:
            if date.fromisoformat(answer) <= desk.day:
                return answer
        except ValueError:
            pass
        desk.dialogue.tell(f"birth date {answer!r} is not a day in the past; write 1960-01-31")


def _payer(desk: VisitDesk, held: StandingData) -> dict[str, Any]:
    """Returns payer and member number; nothing where the payer is not known yet."""
    payers = payers_in_use(desk.folder, held)
    for name in payers.unknown:
        desk.dialogue.tell(
            f"the clinic's record names payer profile {name}, which is not known: "
            "`traction payers` lists them"
        )
    chosen = desk.dialogue.one_of("payer", "Payer's rules?", [*payers.offered, NOT_KNOWN])
    if chosen == NOT_KNOWN:
        return {}
    name = desk.dialogue.ask("payer name", "Payer's name, as on the card; Enter leaves it open")
    number = desk.dialogue.ask("member id", "Member number; Enter leaves it open")
    return {"payer": {**payers.offered[chosen], "name": name}, "member_id": number}


def _refuse_namesake(desk: VisitDesk, held: StandingData, record: PatientRecord) -> None:
    """Refuse a second reference for one person, which would split the flags; raises VisitLeft."""
    for reference in namesakes(held, record):
        question = (
            f"Patient {reference} has the same names and date of birth. Is this another person?"
        )
        if not desk.dialogue.yes("another person", question):
            desk.dialogue.tell(f"nothing was added; begin with `traction visit {reference}`")
            raise VisitLeft
