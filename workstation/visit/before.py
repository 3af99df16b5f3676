"""Before the order: who the patient is, the alerts, and the contraindication screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from controller.order.prescription import Region
from records.clinic.visit_steps import StepKind, VisitStep
from records.standing.fit import told_of_patient
from records.standing.flags import flags_told
from records.standing.kinds import PatientRecord
from records.standing.versions import StandingData, StandingVersion
from records.visit.screen import NOT_PRESENT, screen_items
from workstation.visit.desk import Said, VisitDesk
from workstation.visit.dialogue import VisitLeft

SKIP = "skip"
LIKE_A_SKIP = f"{SKIP} REASON where it cannot be compared"


def tell_of_patient(
    desk: VisitDesk, patient: StandingVersion[PatientRecord], region: Region
) -> None:
    """Print the alerts before a treatment of a region."""
    for text in told_before(patient, region, desk.day):
        desk.dialogue.tell(text)


def identify(
    desk: VisitDesk, visit_id: str, patient: PatientRecord, steps: Sequence[VisitStep]
) -> VisitStep | None:
    """The patient says name and date of birth, the person compares; None: both were compared.

    Raises VisitLeft where one of them differs.
    """
    if any(step.kind is StepKind.IDENTIFIED for step in steps):
        return None
    for name, label, value in (
        ("name", "name", patient.full_name),
        ("birth date", "date of birth", patient.birth_date.isoformat()),
    ):
        answer = _compared(desk, name, label, value)
        if answer is not None:
            return desk.keep(visit_id, patient.reference, *not_compared(answer))
    return desk.keep(visit_id, patient.reference, *compared(patient))


def compared(patient: PatientRecord) -> tuple[StepKind, Said]:
    """Returns the step of a comparison in which the patient said both as they are on file."""
    said = (("name", patient.full_name), ("date of birth", patient.birth_date.isoformat()))
    return StepKind.IDENTIFIED, said


def not_compared(reason: str) -> tuple[StepKind, Said]:
    """Returns the step of a comparison that was left out, with the reason or without one."""
    return StepKind.NOT_IDENTIFIED, (("name and birth date", reason),)


def told_before(
    patient: StandingVersion[PatientRecord], region: Region, day: date
) -> Iterator[str]:
    """Returns the alerts before a treatment of a region: plan of care, lasting flags."""
    yield from told_of_patient(patient, day)
    for flag in flags_told(patient, region, day):
        yield f"LASTING FLAG {flag.number}: {flag.words}"


def _compared(desk: VisitDesk, name: str, label: str, value: str) -> str | None:
    """Returns None where the patient said it; else why it was not compared ("" for no reason)."""
    text = f"The patient says the {label}. Is it {value}? [y/n, or {LIKE_A_SKIP}]"
    while True:
        answer = desk.dialogue.ask(f"identified {name}", text)
        word, _, reason = answer.partition(" ")
        if word.lower() in ("y", "yes"):
            return None
        if word.lower() in ("n", "no"):
            desk.dialogue.tell(
                "this is another patient: nothing was begun. Look up the patient's reference "
                "(`traction patients list`, `traction appointments list`)"
            )
            raise VisitLeft
        if word.lower() == SKIP:
            return reason.strip()
        desk.dialogue.tell("answer y, n, or skip with the reason")


def screen(
    desk: VisitDesk,
    visit_id: str,
    reference: str,
    region: Region,
    steps: Sequence[VisitStep],
) -> VisitStep | None:
    """Ask the contraindications item by item; None where each was asked in this visit already."""
    before = screened(steps)
    items = [item for item in screen_items(region) if item not in before]
    if not items:
        return None
    desk.dialogue.tell("Contraindications: y where one is present, n where not")
    answers = dict(before)
    for item in items:
        present = desk.dialogue.yes(f"screen {item}", f"  {item}?")
        answers[item] = _finding(desk, item) if present else NOT_PRESENT
    found = {item: said for item, said in answers.items() if said != NOT_PRESENT}
    if found:
        told = "; ".join(f"{item}: {said}" for item, said in found.items())
        question = f"Found: {told}. Go on with this treatment?"
        if not desk.dialogue.yes("screen go on", question):
            desk.dialogue.tell("nothing was begun")
            raise VisitLeft
    said = tuple(answers.items())
    return desk.keep(visit_id, reference, StepKind.SCREENED, said)


def _finding(desk: VisitDesk, item: str) -> str:
    return desk.dialogue.words(f"screen {item} finding", f"    {item}, in words, and what it means")


def screened(steps: Sequence[VisitStep]) -> dict[str, str]:
    """Returns each item with its answer, from this visit's steps."""
    newest = [step for step in steps if step.kind is StepKind.SCREENED]
    return dict(newest[-1].said) if newest else {}


def patient_of(held: StandingData, reference: str) -> StandingVersion[PatientRecord]:
    """Returns the patient; raises RecordNotFound naming what is on file, or PrescriptionInvalid."""
    patient = held.patient(reference)
    if patient is None:
        held.found("patient", reference)
        raise AssertionError("a patient who is not on file was not refused")
    return patient
