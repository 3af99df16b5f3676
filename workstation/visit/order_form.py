"""The order of a visit as it is typed into a form: fields as text, and the order they make.

Unreadable input stays as typed; the check names every mistake by its field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from controller.errors import NoteRefused, PrescriptionInvalid, RequestRefused
from controller.order.prescription import Region
from controller.questions import Question
from controller.start.before_start import question_text, questions_before_start
from records.note.fields import clinician_fields
from records.note.stored_text import codes_in
from records.order.order_file import ORDER_KEYS
from records.order.planned_order import PlannedOrder
from records.order.quantities import force_n, mass_kg
from records.standing.for_session import SessionStanding
from records.standing.kinds import PatientRecord, UnitRecord
from records.standing.proposals import note_words
from records.standing.versions import StandingData, StandingVersion
from records.visit.next_order import DOSE_KEYS, NextOrder
from records.visit.visit import Visit
from workstation.visit.last_time import Trouble, day_of_visit
from workstation.visit.next_dose import INTEGERS, PERFORMED_BY
from workstation.visit.order_check import check_standing

PAIN_BEFORE: Final = "pain_before"
REGION: Final = "region"
BASIS: Final = "basis"
"""The source of the dose, in words."""
UNIT: Final = "unit"
"""The clinic's name of the table that the treatment is given on."""
FORCE_REASON: Final = "force_reason"
SAME: Final = "same_"
"""Beginning of the name of a tick that repeats an earlier entry."""
CONFIRMED: Final = "confirmed_"
"""Beginning of the name of a second confirmation; its value is the confirmed sentence."""
FORCES: Final = ("hold_force", "rest_force", "maximum_force", "pretension_force")
DOSE_FIELDS: Final = tuple(key for key in DOSE_KEYS if key != REGION)
TAKEN_OVER: Final = ("diagnosis", "positioning", "harness")
"""Entries that the last visit may propose; each is taken over by a tick of its own."""
FINDINGS: Final = ("symptoms", "rationale")
"""Of the day: blank at every visit."""
PEOPLE: Final = ("set_up_by", "supervised_by")
ORDER_FIELDS: Final = (*DOSE_FIELDS, *TAKEN_OVER, *FINDINGS, *PEOPLE)
NOTE_FIELDS: Final = (PERFORMED_BY, PAIN_BEFORE)
"""Entries of the note that are made before the session."""
WHO: Final = (*PEOPLE, PERFORMED_BY)
TROUBLE: Final = "trouble"
TROUBLE_HOLD: Final = "trouble_hold_n"
PROPOSED: Final = "proposed_"
"""Beginning of the name of an entry that may be taken over, and of its source."""
SECOND_LOOK: Final = (Question.LONG_TREATMENT, Question.FORCE_ABOVE_SOFT_LIMIT)
_KEY: Final = re.compile(r"(?:key )?([a-z_]+)\b")
_BESIDE: Final = {each.name: each for each in clinician_fields(stopped=False, adjusted=False)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """An entry that may be taken over by a tick, and its source."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose order it is: what the clinic has on file, and the entries of the visit."""

    held: StandingData
    day: date
    reference: str
    screening: str
    proposed: Mapping[str, Proposed]
    table: StandingVersion[UnitRecord] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedForm:
    """The findings. ``mistakes`` are pairs of a field ("" for none) and a sentence.

    ``second_looks`` are sentences about soft limits by the names of their ticks.
    """

    planned: PlannedOrder | None
    standing: SessionStanding | None
    mistakes: tuple[tuple[str, str], ...]
    second_looks: Mapping[str, str]

    def of(self, field: str) -> list[str]:
        """Returns the mistakes of a field."""
        return [text for name, text in self.mistakes if name == field]


def dose_of(order: NextOrder) -> dict[str, str]:
    """Returns the fields of a dose, as a form begins with them."""
    dose = {key: str(order.values[key]) for key in DOSE_FIELDS if key in order.values}
    return {**dose, REGION: str(order.values.get(REGION, "")), BASIS: order.source}


def kept_trouble(trouble: Trouble) -> dict[str, str]:
    """Returns the trouble of last time, kept beside the form from when the dose was taken."""
    hold = f"{trouble.hold_n:.1f}" if trouble else ""
    return {TROUBLE: "\n".join(trouble.reasons), TROUBLE_HOLD: hold}


def trouble_in(form: Mapping[str, str]) -> Trouble:
    """Returns the trouble in a form."""
    if not form.get(TROUBLE):
        return Trouble()
    return Trouble(hold_n=float(form[TROUBLE_HOLD]), reasons=tuple(form[TROUBLE].split("\n")))


def proposals_of(patient: PatientRecord, before: Visit | None) -> dict[str, str]:
    """Returns what the last visit, else the patient's record, proposes; kept beside the form."""
    found: dict[str, str] = {}
    on_file = note_words(patient)
    for name in TAKEN_OVER:
        said = before.note.field(name).value if before is not None else None
        found[PROPOSED + name] = said or on_file.get(name, "")
        source = f"as on {day_of_visit(before)}" if said and before else "as on file"
        found[f"{PROPOSED}{name}_from"] = source
    return found


def proposed_in(form: Mapping[str, str]) -> dict[str, Proposed]:
    """Returns the entries that may be taken over in a form."""
    return {
        name: Proposed(text=form[PROPOSED + name], source=form.get(f"{PROPOSED}{name}_from", ""))
        for name in TAKEN_OVER
        if form.get(PROPOSED + name)
    }


def order_of(form: Mapping[str, str], whose: Whose) -> NextOrder:
    """Returns the order that a form makes, valid or not."""
    values: dict[str, Any] = {key: form.get(key, "") for key in (*DOSE_FIELDS, *FINDINGS, *PEOPLE)}
    for key in TAKEN_OVER:
        values[key] = _word(form, whose, key)
    for key in INTEGERS:
        values[key] = _count(values[key])
    values |= {
        REGION: form.get(REGION, ""),
        "diagnosis": [*codes_in(values["diagnosis"])] or "",
        "patient_reference": whose.reference,
        "screening": whose.screening,
    }
    return NextOrder(values={}, source=form.get(BASIS, "")).with_values(values)


def check_form(form: Mapping[str, str], whose: Whose) -> CheckedForm:
    """Returns everything that is wrong with a form, and the order that it would make."""
    planned, mistakes = _planned(form, whose)
    mistakes += [*_said_twice(form), *_wrong_beside(form)]
    standing = None
    if planned is not None:
        try:
            standing = check_standing(planned.order, whose.held, whose.day, whose.table)
            standing.refuse_arming()
        except RequestRefused as refusal:
            mistakes.append(placed(refusal.message))
    if whose.table is None:
        mistakes.append((UNIT, "no table is chosen; choose the one that the patient lies on"))
    return CheckedForm(
        planned=planned,
        standing=standing,
        mistakes=tuple(dict.fromkeys(mistakes)),
        second_looks=_second_looks(planned),
    )


def not_confirmed(form: Mapping[str, str], checked: CheckedForm) -> list[str]:
    """Returns the second confirmations that this form lacks, or that were of another sentence."""
    return [name for name, text in checked.second_looks.items() if form.get(name) != text]


def force_readings(form: Mapping[str, str]) -> dict[str, float | None]:
    """Returns every force of a form in newtons; None where none is written or it cannot be read."""
    mass = _read(lambda: mass_kg("body_mass", form.get("body_mass", "")))
    return {key: _read(lambda key=key: force_n(key, form.get(key, ""), mass)) for key in FORCES}


def region_in(form: Mapping[str, str]) -> Region | None:
    """Returns the region of a form; None before a dose was chosen."""
    try:
        return Region(form.get(REGION, ""))
    except ValueError:
        return None


def placed(mistake: str) -> tuple[str, str]:
    """Returns a mistake with its field, "" for none."""
    found = _KEY.match(mistake)
    name = found[1] if found else ""
    return (name if name in (*ORDER_KEYS, *NOTE_FIELDS) else ""), mistake


def _planned(
    form: Mapping[str, str], whose: Whose
) -> tuple[PlannedOrder | None, list[tuple[str, str]]]:
    try:
        return order_of(form, whose).planned(), []
    except PrescriptionInvalid as error:
        return None, [placed(each) for each in error.mistakes or (error.message,)]


def _word(form: Mapping[str, str], whose: Whose, key: str) -> str:
    """Returns what was typed, else the proposal if it was ticked."""
    proposed = whose.proposed.get(key)
    if form.get(key) or proposed is None or not form.get(SAME + key):
        return form.get(key, "")
    return proposed.text


def _said_twice(form: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key in TAKEN_OVER:
        if form.get(key) and form.get(SAME + key):
            yield key, f"{key} is both ticked as last time and also entered; keep one of them"


def _wrong_beside(form: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields mistakes of the note's entries before the session, which may stay open."""
    for key in NOTE_FIELDS:
        if text := form.get(key, ""):
            try:
                _BESIDE[key].check(key, text)
            except NoteRefused as refusal:
                yield key, refusal.message


def _second_looks(planned: PlannedOrder | None) -> dict[str, str]:
    if planned is None:
        return {}
    dose = planned.order.prescription
    asked: Sequence[Question] = questions_before_start(dose)
    return {
        CONFIRMED + each.value: question_text(each, dose) for each in asked if each in SECOND_LOOK
    }


def _count(text: str) -> Any:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else text


def _read(read: Any) -> float | None:
    try:
        return float(read())
    except PrescriptionInvalid:
        return None
