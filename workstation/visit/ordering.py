"""The order of a visit: last visit's dose beside what came of it, what changed, and the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.errors import PrescriptionInvalid, RequestRefused
from controller.order.force_unit import ForceUnit
from controller.order.prescription import Region
from records.clinic.visit_steps import StepKind, VisitStep
from records.provenance import NOT_RECORDED_TEXT
from records.standing.appointments import day_list
from records.standing.fit import check_order_fits_table
from records.standing.for_session import standing_for, unit_called
from records.standing.kinds import PatientRecord, UnitRecord
from records.standing.shipped import shipped_presets
from records.standing.versions import StandingData, StandingVersion
from records.visit.next_order import (
    DOSE_KEYS,
    NextOrder,
    delivered_on_paper_n,
    order_like,
    order_of_preset,
    ordered_hold_n,
    sheet_since,
    trouble_in,
    trouble_on_paper,
)
from records.visit.paper_visit import PaperVisit
from records.visit.visit import Visit
from workstation.texts.plan_text import plan_text
from workstation.visit.desk import VisitDesk

PRESET, PERFORMED_BY = "preset", "performed_by"
CHANGEABLE = (*DOSE_KEYS, "set_up_by", "supervised_by")
INTEGERS = ("progressive_steps", "regressive_steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Whom a visit treats and on which table, and what the clinic has on file."""

    visit_id: str
    held: StandingData
    patient: StandingVersion[PatientRecord]
    table: StandingVersion[UnitRecord]

    @property
    def reference(self) -> str:
        """What orders call the patient."""
        return self.patient.record.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenOrder:
    """The dose as a person left it, and who performs the treatment."""

    order: NextOrder
    performed_by: str

    def with_words(self, words: Mapping[str, str]) -> NextOrder:
        """The order with its words, as it is filed."""
        return self.order.with_values(words)


def proposed_order(desk: VisitDesk, whom: Whom, before: Visit | None, preset: str) -> NextOrder:
    """The dose to begin with: a preset that was asked for, else the last order."""
    if before is not None and not preset:
        for line in _last_time(before, desk.forces):
            desk.dialogue.tell(line)
        return order_like(before)
    if not preset:
        names = [each.name for each in whom.held.all_of("preset") if _in_use(each)]
        if not names:
            raise RequestRefused(
                "the first visit of a patient begins with a preset of the clinic, and none is on "
                "file; take one over (`traction presets list`, `traction presets add NAME`)"
            )
        preset = desk.dialogue.one_of(PRESET, "No order yet. Which preset?", names)
    return order_of_preset(_preset(whom.held, preset))


def choose_order(
    desk: VisitDesk, whom: Whom, proposed: NextOrder, before: Visit | None
) -> tuple[ChosenOrder, list[VisitStep]]:
    """Ask what changed until the person leaves the plan as it is shown; steps that were kept."""
    chosen = ChosenOrder(order=proposed, performed_by=desk.signer.in_full)
    last_n, reasons = _trouble(desk, whom, before)
    if reasons:
        chosen = _given_force(desk, whom, chosen, (last_n, reasons))
    while True:
        fault = _fault(desk, whom, chosen)
        answer = desk.dialogue.ask("changes", fault or _plan(desk, whom, chosen))
        if not answer and not fault:
            break
        try:
            chosen = _changed(whom, chosen, answer)
        except RequestRefused as refusal:
            desk.tell_refusal(refusal)
    if reasons:
        return chosen, _reason_for_force(desk, whom, chosen, last_n)
    return chosen, []


def _trouble(desk: VisitDesk, whom: Whom, before: Visit | None) -> tuple[float, list[str]]:
    """The force of last time and why it is not proposed, on record or on a newer sheet."""
    last_n = ordered_hold_n(before) if before is not None else 0.0
    reasons = [*trouble_in(before)] if before is not None else []
    sheet = sheet_since(desk.folder, desk.settings, whom.reference, before)
    if sheet is not None:
        for line in _on_paper(desk, sheet):
            desk.dialogue.tell(line)
        on_paper = [*trouble_on_paper(sheet)]
        if on_paper:
            last_n, reasons = delivered_on_paper_n(sheet), [*reasons, *on_paper]
    return last_n, list(dict.fromkeys(reasons))


def _on_paper(desk: VisitDesk, sheet: PaperVisit) -> Iterator[str]:
    """What was done since on paper: nothing of it is proposed."""
    day, values = desk.day_of(sheet.kept.sheet.began_utc_ms), sheet.kept.sheet.values
    yield f"! Treated since on paper, {day} ({sheet.session_id}), {NOT_RECORDED_TEXT}:"
    yield f"  delivered  {desk.forces.with_other(delivered_on_paper_n(sheet))}"
    yield f"  stop       {values.get('stop_reason') or values.get('stopped_at') or 'none'}"
    yield f"  tolerance  {sheet.note.field('tolerance').value or 'not said'}"


def _given_force(
    desk: VisitDesk, whom: Whom, chosen: ChosenOrder, last: tuple[float, list[str]]
) -> ChosenOrder:
    """The force after trouble: it is never proposed."""
    last_n, reasons = last
    hold = desk.forces.with_other(last_n)
    text = (
        f"Last time {' and '.join(reasons)} at {hold}: give today's hold force, "
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
    desk: VisitDesk, whom: Whom, chosen: ChosenOrder, last_n: float
) -> list[VisitStep]:
    """Why the force is not lower after trouble, however it came about; none where it is."""
    force_n = _with_words(desk, whom, chosen).planned().plan.order.hold_force_n
    if force_n < last_n:
        return []
    question = f"{desk.forces.with_other(force_n)} is not lower than last time. Why?"
    reason = desk.dialogue.words("force reason", question)
    said = (("force", ForceUnit.NEWTON.with_other(force_n)), ("reason", reason))
    return [desk.keep(whom.visit_id, whom.reference, StepKind.FORCE_CONFIRMED, said)]


def choose_table(
    desk: VisitDesk, held: StandingData, reference: str, name: str
) -> StandingVersion[UnitRecord]:
    """The table: the one that was named, that of today's appointment, the only one, or the chosen.

    Raises RequestRefused or RecordNotFound for one that is not configured.
    """
    tables = list(held.units)
    if not name:
        if not tables:
            raise RequestRefused(
                "no table is on file; add the one at hand (`traction units add NAME "
                "address=ADDRESS`)"
            )
        names = [each.name for each in tables]
        found = day_list(desk.folder, desk.day)
        appointments = found.appointments if found else ()
        booked = {each.table for each in appointments if each.reference == reference}
        names = [each for each in names if each in booked] or names
        name = names[0] if len(names) == 1 else desk.dialogue.one_of("table", "Table?", names)
    table = unit_called(held, name)
    if table is None:
        known = held.found("unit", name)
        raise RequestRefused(f"{known.words}, is no longer in use; choose another table")
    return table


# --- what is told -------------------------------------------------------------------------------


def _last_time(before: Visit, forces: ForceUnit) -> Iterator[str]:
    """What was ordered, what was delivered, how it ended and how it was tolerated."""
    dose, note = before.note.dose, before.note
    began = before.sessions[0].record.head.started_utc_ms
    mean = "not recorded"
    if dose.mean_hold_force_dn is not None:
        mean = forces.with_other(dose.mean_hold_force_dn / 10)
    hold = forces.with_other(ordered_hold_n(before))
    yield f"Last visit {_day(before, began)}: ordered {hold}"
    yield f"  delivered  {dose.delivered_minutes} min, mean hold {mean}"
    yield f"  outcome    {note.outcome}"
    yield f"  tolerance  {note.field('tolerance').value or 'not said'}"


def _day(before: Visit, utc_ms: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(utc_ms / 1000, before.zone).date().isoformat()


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
    """Why the order cannot be given as it is, "" when it can."""
    try:
        order = _with_words(desk, whom, chosen).planned().order
        check_order_fits_table(order.prescription, whom.table)
        standing_for(whom.held, order, desk.day).refuse_arming()
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
    """The order with the people, the patient and the words of the day."""
    return _with_words(desk, whom, chosen).with_values(words)


# --- what is changed ----------------------------------------------------------------------------


def _changed(whom: Whom, chosen: ChosenOrder, answer: str) -> ChosenOrder:
    said = _pairs(answer)
    performed_by = str(said.pop(PERFORMED_BY, chosen.performed_by))
    order = chosen.order
    if PRESET in said:
        order = order_of_preset(_preset(whom.held, str(said.pop(PRESET))))
    for key in said:
        if key not in CHANGEABLE:
            raise RequestRefused(
                f"{key} is not changed here; known are {', '.join(CHANGEABLE)}, {PRESET}, "
                f"{PERFORMED_BY}"
            )
    return ChosenOrder(order=order.with_values(said), performed_by=performed_by)


def _pairs(answer: str) -> dict[str, Any]:
    """KEY=VALUE, separated by ";"; raises RequestRefused."""
    said: dict[str, Any] = {}
    for part in filter(str.strip, answer.split(";")):
        key, equals, value = (each.strip() for each in part.partition("="))
        if not equals or not key:
            raise RequestRefused(f"{part.strip()!r} says nothing of a key; write it as key=value")
        said[key] = int(value) if key in INTEGERS and value.isdecimal() else value
    return said


def _preset(held: StandingData, name: str) -> Any:
    """A preset that somebody of the clinic has taken over; raises RequestRefused."""
    if held.newest("preset", name) is None and name in shipped_presets():
        raise RequestRefused(
            f"preset {name} comes with the program and belongs to nobody: take it over with "
            f'`traction presets add "{name}" --by NAME`'
        )
    preset = held.preset(name)
    if not preset.record.in_use:
        raise RequestRefused(f"{preset.words}, is no longer in use; choose another one")
    return preset


def _in_use(version: StandingVersion[Any]) -> bool:
    return bool(version.record.in_use)


def region_of(order: NextOrder) -> Region:
    """The region that an order is for; raises PrescriptionInvalid."""
    try:
        return Region(str(order.values.get("region")))
    except ValueError as error:
        raise PrescriptionInvalid(
            f"region={order.values.get('region')!r} is not one of cervical, lumbar"
        ) from error
