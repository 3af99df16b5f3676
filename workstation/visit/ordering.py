"""The order of a visit: last visit's dose beside its outcome, changes, and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from records.clinic.visit_steps import StepKind, VisitStep
from records.standing.kinds import PatientRecord, UnitRecord
from records.standing.versions import StandingData, StandingVersion
from records.visit.next_order import NextOrder, order_like, order_of_preset
from records.visit.visit import Visit
from workstation.texts.plan_text import plan_text
from workstation.visit.desk import VisitDesk
from workstation.visit.last_time import (
    LastTime,
    Trouble,
    day_of_visit,
    last_time,
    sheet_head,
    sheet_in_words,
    visit_in_words,
)
from workstation.visit.next_dose import (
    CHANGEABLE,
    INTEGERS,
    PERFORMED_BY,
    PRESET,
    booked_tables,
    preset_called,
    presets_in_use,
    table_called,
)
from workstation.visit.order_check import check_standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Whom a visit treats and on which table, and what the clinic has on file."""

    visit_id: str
    held: StandingData
    patient: StandingVersion[PatientRecord]
    table: StandingVersion[UnitRecord]

    @property
    def reference(self) -> str:
        """Returns the patient's reference in orders."""
        return self.patient.record.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenOrder:
    """The dose as a person confirmed it, and who performs the treatment."""

    order: NextOrder
    performed_by: str

    def with_words(self, words: Mapping[str, str]) -> NextOrder:
        """Returns the order with its texts, as it is filed."""
        return self.order.with_values(words)


def proposed_order(desk: VisitDesk, whom: Whom, before: Visit | None, preset: str) -> NextOrder:
    """Returns the dose to begin with: a preset that was asked for, else the last order."""
    if before is not None and not preset:
        _tell_of_last(desk, before)
        return order_like(before)
    if not preset:
        names = [each.name for each in presets_in_use(whom.held)]
        if not names:
            raise RequestRefused(
                "the first visit of a patient begins with a preset of the clinic, and none is on "
                "file; take one over (`traction presets list`, `traction presets add NAME`)"
            )
        preset = desk.dialogue.one_of(PRESET, "No order yet. Which preset?", names)
    return order_of_preset(preset_called(whom.held, preset))


def choose_order(
    desk: VisitDesk, whom: Whom, proposed: NextOrder, before: Visit | None
) -> tuple[ChosenOrder, list[VisitStep]]:
    """Ask for changes until the person accepts the plan; returns the order. Steps are kept."""
    chosen = ChosenOrder(order=proposed, performed_by=desk.signer.in_full)
    last = _last_time(desk, whom, before)
    if last.trouble:
        chosen = _given_force(desk, whom, chosen, last.trouble)
    while True:
        fault = _fault(desk, whom, chosen)
        answer = desk.dialogue.ask("changes", fault or _plan(desk, whom, chosen))
        if not answer and not fault:
            break
        try:
            chosen = _changed(whom, chosen, answer)
        except RequestRefused as refusal:
            desk.tell_refusal(refusal)
    return chosen, _reason_for_force(desk, whom, chosen, last.trouble)


def _last_time(desk: VisitDesk, whom: Whom, before: Visit | None) -> LastTime:
    """Returns the last treatment's outcome; a newer downtime sheet is shown."""
    last = last_time(desk.folder, desk.settings, whom.reference, before)
    if last.sheet is not None:
        desk.dialogue.tell(f"! {sheet_head(last.sheet, desk.day_of)}:")
        for name, text in sheet_in_words(last.sheet, desk.forces):
            desk.dialogue.tell(f"  {name:<9}  {text}")
    return last


def _given_force(desk: VisitDesk, whom: Whom, chosen: ChosenOrder, trouble: Trouble) -> ChosenOrder:
    """Ask the force after trouble: it is never proposed."""
    hold = desk.forces.with_other(trouble.hold_n)
    text = (
        f"Last time {trouble.words} at {hold}: give today's hold force, "
        "as in 20 lbf (hold_force=20 lbf; rest_force=10 lbf for both)"
    )
    while True:
        answer = desk.dialogue.words("hold_force", text)
        said = answer if "=" in answer else f"hold_force={answer}"
        try:
            changed = _changed(whom, chosen, said)
            if "hold_force" not in _pairs(said):
                raise RequestRefused("hold_force is missing; give today's force")
            _with_words(desk, whom, changed).planned()
            return changed
        except RequestRefused as refusal:
            desk.tell_refusal(refusal)


def _reason_for_force(
    desk: VisitDesk, whom: Whom, chosen: ChosenOrder, trouble: Trouble
) -> list[VisitStep]:
    """Ask why the force is not lower after trouble, however it was chosen."""
    force_n = _with_words(desk, whom, chosen).planned().plan.order.hold_force_n
    if not trouble.needs_a_reason(force_n):
        return []
    question = f"{desk.forces.with_other(force_n)} is not lower than last time. Why?"
    reason = desk.dialogue.words("force reason", question)
    said = (("force", ForceUnit.NEWTON.with_other(force_n)), ("reason", reason))
    return [desk.keep(whom.visit_id, whom.reference, StepKind.FORCE_CONFIRMED, said)]


def choose_table(
    desk: VisitDesk, held: StandingData, reference: str, name: str
) -> StandingVersion[UnitRecord]:
    """Returns the table: the named one, that of today's appointment, the only one, or the chosen.

    Raises RequestRefused or RecordNotFound for one that is not configured.
    """
    tables = list(held.units)
    if not name:
        if not tables:
            raise RequestRefused(
                "no table is on file; add the one at hand (`traction units add NAME "
                "address=ADDRESS`)"
            )
        booked = booked_tables(desk.folder, held, reference, desk.day)
        names = booked or [each.name for each in tables]
        name = names[0] if len(names) == 1 else desk.dialogue.one_of("table", "Table?", names)
    return table_called(held, name)


# --- what is told -------------------------------------------------------------------------------


def _tell_of_last(desk: VisitDesk, before: Visit) -> None:
    """Print what was ordered and delivered, how it ended and how it was tolerated."""
    (_, ordered_n), *others = visit_in_words(before, desk.forces)
    desk.dialogue.tell(f"Last visit {day_of_visit(before)}: ordered {ordered_n}")
    for name, text in others:
        desk.dialogue.tell(f"  {name:<9}  {text}")


def _plan(desk: VisitDesk, whom: Whom, chosen: ChosenOrder) -> str:
    order = _with_words(desk, whom, chosen)
    people = f"{order.values['set_up_by']} sets up, {order.values['supervised_by']} supervises"
    return (
        f"{plan_text(order.planned().plan, desk.forces)}"
        f"  from         {order.source}\n"
        f"  people       {people}, {chosen.performed_by} performs\n"
        "Enter: nothing changed. Else KEY=VALUE; KEY=VALUE, as in hold_force=20 lbf or preset=NAME"
    )


def _fault(desk: VisitDesk, whom: Whom, chosen: ChosenOrder) -> str:
    """Returns why the order cannot be given as it is, "" when it can."""
    try:
        order = _with_words(desk, whom, chosen).planned().order
        check_standing(order, whom.held, desk.day, whom.table).refuse_arming()
    except RequestRefused as refusal:
        fault = desk.forces.in_sentence(refusal.message)
        return f"{fault}\nKEY=VALUE; KEY=VALUE, as in hold_force=20 lbf or preset=NAME"
    return ""


def _with_words(desk: VisitDesk, whom: Whom, chosen: ChosenOrder) -> NextOrder:
    people = {"set_up_by": desk.signer.in_full, "supervised_by": desk.signer.in_full}
    said = {key: chosen.order.values.get(key, name) for key, name in people.items()}
    return chosen.with_words({**said, "patient_reference": whom.reference})


def ordered(
    desk: VisitDesk, whom: Whom, chosen: ChosenOrder, words: Mapping[str, str]
) -> NextOrder:
    """Returns the order with the people, the patient and the entries of the day."""
    return _with_words(desk, whom, chosen).with_values(words)


# --- what is changed ----------------------------------------------------------------------------


def _changed(whom: Whom, chosen: ChosenOrder, answer: str) -> ChosenOrder:
    said = _pairs(answer)
    performed_by = str(said.pop(PERFORMED_BY, chosen.performed_by))
    order = chosen.order
    if PRESET in said:
        order = order_of_preset(preset_called(whom.held, str(said.pop(PRESET))))
    for key in said:
        if key not in CHANGEABLE:
            raise RequestRefused(
                f"{key} cannot be changed here; possible are {', '.join(CHANGEABLE)}, "
                f"{PRESET}, {PERFORMED_BY}"
            )
    return ChosenOrder(order=order.with_values(said), performed_by=performed_by)


def _pairs(answer: str) -> dict[str, Any]:
    """Returns KEY=VALUE pairs, separated by ";"; raises RequestRefused."""
    said: dict[str, Any] = {}
    for part in filter(str.strip, answer.split(";")):
        key, equals, value = (each.strip() for each in part.partition("="))
        if not equals or not key:
            raise RequestRefused(f"{part.strip()!r} sets no key; write it as key=value")
        said[key] = int(value) if key in INTEGERS and value.isdecimal() else value
    return said
