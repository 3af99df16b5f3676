"""One visit from the patient's name to the claim; the records decide where it continues.

Every step keeps its result before the next one begins, so that a visit can be interrupted anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from controller.errors import RecordNotFound, RequestRefused, RightMissing
from controller.order.prescription import Region
from records.clinic.audit import record_read, standing_field
from records.clinic.paper_names import is_paper
from records.clinic.visit_steps import ORDER, VisitBegun, VisitStep
from records.order.order_file import parse_entered_order
from records.order.planned_order import PlannedOrder
from records.standing.versions import StandingData, read_standing
from records.visit.mix_ups import look_at_today, mix_ups
from records.visit.next_order import visit_before
from records.visit.prepared import forget_prepared, keep_prepared, prepared_texts
from records.visit.screen import screening_text
from records.visit.visit import Visit
from records.visit.worklist import ListedVisit, VisitState, list_visits
from workstation.texts.plan_text import plan_text
from workstation.visit.before import identify, patient_of, screen, screened, tell_of_patient
from workstation.visit.claiming import claim_of_visit
from workstation.visit.completing import complete_note, sign_note
from workstation.visit.desk import TreatedSession, VisitDesk
from workstation.visit.from_paper import finish_paper
from workstation.visit.new_patient import with_patient
from workstation.visit.next_dose import PERFORMED_BY, region_of
from workstation.visit.ordering import (
    Whom,
    choose_order,
    choose_table,
    ordered,
    proposed_order,
)

TAKEN_UP_FOR = timedelta(days=30)
"""How far back an unfinished visit is looked for; older ones are finished by `note`."""
PAIN_BEFORE = "pain_before"
FINDINGS = (
    ("symptoms", "Symptoms today"),
    ("rationale", "Why traction rather than another modality"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedVisit:
    """What was asked for: ``table`` and ``preset`` are names, "" where none was given."""

    reference: str
    table: str = ""
    preset: str = ""


def begin_visit(desk: VisitDesk, asked: AskedVisit) -> None:
    """Begin a visit of a patient; raises TractionError or VisitLeft, then it can be continued."""
    held = with_patient(desk, read_standing(desk.folder), asked.reference)
    patient = patient_of(held, asked.reference)
    _audit(desk, asked.reference)
    today = look_at_today(desk.folder, desk.settings, desk.day_of, desk.day, asked.reference)
    for text in mix_ups(patient.record, held, today):
        desk.dialogue.tell(f"! {text}")
    for other in today.own:
        if not _begun_anew(desk, other):
            return
    visit_id = desk.new_id()
    _prepare(desk, held, asked, visit_id, ())


def take_up(desk: VisitDesk, asked: AskedVisit) -> None:
    """Continue a patient's newest unfinished visit; raises RequestRefused."""
    days = (desk.day - TAKEN_UP_FOR, desk.day)
    reference = asked.reference or None
    listed = list_visits(desk.folder, desk.settings, desk.day_of, days, reference=reference)
    waiting = [each for each in listed if not each.is_finished and _can_wait(desk, each)]
    if not waiting:
        of_whom = f" of patient {asked.reference}" if asked.reference else ""
        raise RequestRefused(f"no visit{of_whom} is unfinished; `traction today` lists the visits")
    found = waiting[-1]
    if not asked.reference and len({each.reference for each in waiting}) > 1:
        named = ", ".join(f"{each.reference} ({each.state.value})" for each in waiting)
        raise RequestRefused(
            f"several visits are unfinished: {named}; say whose (`traction visit PATIENT`)"
        )
    asked = replace(asked, reference=found.reference)
    desk.dialogue.tell(f"patient {found.reference}: {found.state.value}")
    _audit(desk, found.reference)
    _go_on(desk, asked, found)


def _go_on(desk: VisitDesk, asked: AskedVisit, found: ListedVisit) -> None:
    held = read_standing(desk.folder)
    if found.state is VisitState.BEGUN:
        _prepare(desk, held, asked, found.visit_id, found.steps)
    elif found.state is VisitState.RUNNING:
        raise RequestRefused(
            f"session {found.session_id} of patient {found.reference} is running at another "
            "terminal; its visit is completed there, or here when it has ended"
        )
    elif found.state is VisitState.LEFT_OPEN:
        table = choose_table(desk, held, asked.reference, asked.table)
        desk.close_left_open(table.record.address)
        _after(desk, held, asked, found.session_id, early=True)
    elif is_paper(found.session_id):
        finish_paper(desk, found.session_id)
    else:
        _finish(desk, found.session_id)


def _begun_anew(desk: VisitDesk, other: ListedVisit) -> bool:
    """Returns whether another visit is begun although the patient has one today."""
    if not other.is_finished:
        desk.dialogue.tell(
            f"! patient {other.reference} has a visit today that is {other.state.value}; "
            f"`traction visit {other.reference} --resume` continues it"
        )
    else:
        desk.dialogue.tell(
            f"! patient {other.reference} has a visit today already: a second claim on one "
            "day is questioned (T-093)"
        )
    return desk.dialogue.yes("another visit", "Begin another visit anyway?")


def _can_wait(desk: VisitDesk, each: ListedVisit) -> bool:
    """Steps before a session are valid on their day only: identity and screen are asked again."""
    return each.state is not VisitState.BEGUN or desk.day_of(each.began_utc_ms) == desk.day


def _prepare(
    desk: VisitDesk,
    held: StandingData,
    asked: AskedVisit,
    visit_id: str,
    done: Iterable[VisitStep],
) -> None:
    """Go from the name to the first session."""
    patient = patient_of(held, asked.reference)
    steps = [*done]
    compared = identify(desk, visit_id, patient.record, steps)
    steps += [compared] if compared else []
    table = choose_table(desk, held, asked.reference, asked.table)
    whom = Whom(visit_id=visit_id, held=held, patient=patient, table=table)
    before = visit_before(desk.folder, desk.settings, asked.reference, desk.day_of)
    treated = _order_and_treat(desk, whom, (before, asked.preset), steps)
    if treated.refused:
        return
    _after(desk, held, asked, treated.session_id, early=treated.early)


def _order_and_treat(
    desk: VisitDesk, whom: Whom, based_on: tuple[Visit | None, str], steps: list[VisitStep]
) -> TreatedSession:
    """Take the order, as it was typed before or asked now, and run its session."""
    texts = prepared_texts(desk.folder, whom.visit_id)
    if ORDER in texts and _still_holds(desk, texts[ORDER]):
        planned = PlannedOrder.of(parse_entered_order(texts[ORDER], "of this visit"))
    else:
        planned, texts = _ordered_now(desk, whom, based_on, steps)
        keep_prepared(desk.folder, whom.visit_id, texts, desk.author())
    begun = VisitBegun(visit=whom.visit_id, steps=tuple(steps))
    treated = desk.treat(whom.table.record.address, planned, begun)
    if treated.refused:
        desk.dialogue.tell(
            f"session {treated.session_id} was refused: nobody was treated. Correct what the "
            f"refusal names, then begin again with `traction visit {whom.reference}`"
        )
    return treated


def _still_holds(desk: VisitDesk, text: str) -> bool:
    order = parse_entered_order(text, "of this visit")
    desk.dialogue.tell(plan_text(PlannedOrder.of(order).plan, desk.forces).rstrip("\n"))
    return desk.dialogue.yes("order as typed", "This order was typed before. Go on with it?")


def _ordered_now(
    desk: VisitDesk, whom: Whom, based_on: tuple[Visit | None, str], steps: list[VisitStep]
) -> tuple[PlannedOrder, dict[str, str]]:
    """Ask what changed, screen, and ask what was found before the treatment."""
    before, preset = based_on
    proposed = proposed_order(desk, whom, before, preset)
    region = region_of(proposed)
    tell_of_patient(desk, whom.patient, region)
    _screen(desk, whom, region, steps)
    chosen, kept = choose_order(desk, whom, proposed, before)
    steps += kept
    if region_of(chosen.order) is not region:
        region = region_of(chosen.order)
        tell_of_patient(desk, whom.patient, region)
        _screen(desk, whom, region, steps)
    words = {name: _finding(desk, name, label) for name, label in FINDINGS}
    words["screening"] = screening_text([*screened(steps).items()], desk.signer.in_full)
    order = ordered(desk, whom, chosen, words)
    pain = desk.dialogue.ask(PAIN_BEFORE, "Pain before (0-10); Enter leaves it open")
    texts = {ORDER: order.text, PERFORMED_BY: chosen.performed_by}
    return order.planned(), {**texts, **({PAIN_BEFORE: pain} if pain else {})}


def _screen(desk: VisitDesk, whom: Whom, region: Region, steps: list[VisitStep]) -> None:
    done = screen(desk, whom.visit_id, whom.reference, region, steps)
    steps += [done] if done else []


def _finding(desk: VisitDesk, name: str, label: str) -> str:
    return desk.dialogue.ask(name, f"{label}; Enter leaves it open")


def _after(
    desk: VisitDesk, held: StandingData, asked: AskedVisit, session_id: str, *, early: bool
) -> None:
    """Enter what was typed before the session, treat again after an early end, then the note."""
    visit = desk.note(session_id).read()
    _take_over(desk, visit)
    while early and desk.dialogue.yes("further session", "Treat again in this visit?"):
        table = choose_table(desk, held, asked.reference, asked.table)
        patient = patient_of(held, asked.reference)
        steps = [*visit.steps]
        visit_id = steps[0].visit if steps else desk.new_id()
        whom = Whom(visit_id=visit_id, held=held, patient=patient, table=table)
        treated = _order_and_treat(desk, whom, (visit, ""), steps)
        if not treated.refused:
            desk.note(session_id).join(treated.session_id, "")
        early = treated.early and not treated.refused
        visit = desk.note(session_id).read()
        forget_prepared(desk.folder, visit_id)
    _finish(desk, session_id)


def _take_over(desk: VisitDesk, visit: Visit) -> None:
    """Enter what was typed before the session into its note."""
    if not visit.steps or visit.note.versions:
        return
    visit_id = visit.steps[0].visit
    texts = prepared_texts(desk.folder, visit_id)
    waiting = {*visit.note.open_fields}
    said = {name: text for name, text in texts.items() if name in waiting}
    _complete(desk, visit, said)
    forget_prepared(desk.folder, visit_id)


def _complete(desk: VisitDesk, visit: Visit, said: Mapping[str, str]) -> None:
    """Enter each separately: one that the note refuses is asked again with the open fields."""
    for name, text in said.items():
        try:
            desk.note(visit.session_id).complete({name: text}, visit.note)
        except RequestRefused as refusal:
            desk.tell_refusal(refusal)


def _finish(desk: VisitDesk, session_id: str) -> None:
    """Do note, signature and claim, each where it is missing."""
    visit = desk.note(session_id).read()
    if not visit.note.versions:
        _take_over(desk, visit)
        complete_note(desk, session_id)
        if not sign_note(desk, session_id):
            return
        visit = desk.note(session_id).read()
        desk.dialogue.tell(f"signed by {desk.signer.in_full}")
    if not visit.note.reached_holding:
        desk.dialogue.tell("no hold was reached: nothing to claim")
        return
    try:
        desk.may_claim()
    except RightMissing as missing:
        desk.dialogue.tell(f"the claim is left to somebody else: {missing.message}")
        return
    result = claim_of_visit(desk, session_id)
    if result.file is not None:
        desk.dialogue.tell(f"claim written to {result.file}")
        return
    desk.dialogue.tell("no claim was written:")
    for text in result.lacks:
        desk.dialogue.tell(f"  {text}")
    desk.dialogue.tell(f"correct it, then `traction visit {visit.patient_reference} --resume`")


def _audit(desk: VisitDesk, reference: str) -> None:
    """Record the access before a patient's data are shown."""
    if not reference:
        raise RecordNotFound("the visit names no patient; complete it with `traction note`")
    named = [standing_field("patient", reference)]
    record_read(desk.folder, desk.author(), "visit", fields=named)
