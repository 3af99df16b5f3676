"""From the order form to the checks: the order is filed, and the unit's program begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from controller.words import one_line
from records.clinic.visit_steps import ORDER, StepKind, VisitBegun
from records.order.planned_order import PlannedOrder
from records.standing.kinds import UnitRecord
from records.standing.versions import StandingVersion
from records.visit.prepared import claim_prepared, hand_over, keep_prepared
from workstation.console.asked import outcome_of
from workstation.console.units import KeptUnit
from workstation.console.visit_pages import OpenVisit
from workstation.session.filing import file_for_table
from workstation.session.identifiers import random_identifiers
from workstation.session.workplace import FiledSession
from workstation.station.messages import Followed
from workstation.visit.desk import keep_step_by
from workstation.visit.order_form import FORCE_REASON, NOTE_FIELDS, trouble_in

ANSWER_S: Final = 5.0
"""Time for the program of a unit to accept a session; its page shows what came later."""
MOST_REQUEST: Final = 64


def begin_session(
    visit: OpenVisit,
    planned: PlannedOrder,
    table: StandingVersion[UnitRecord],
    request_id: str,
) -> None:
    """File the order with the visit's steps and ask the table's program for its session.

    The same form sent again continues where it was left: its session keeps the id that it got
    first. Raises RequestRefused with why the session does not begin.
    """
    unit = _answering(visit, table.name)
    if not _is_request(request_id):
        raise RequestRefused("this form has no number of its own; load the page again")
    filed = _filed(visit, planned, table, request_id)
    outcome = outcome_of(visit.site.clock, unit.prepare(filed, visit.author.by), ANSWER_S)
    if outcome is not None and outcome.result is not Followed.FOLLOWED:
        raise RequestRefused(f"{one_line(outcome.reason)}")


def _filed(
    visit: OpenVisit,
    planned: PlannedOrder,
    table: StandingVersion[UnitRecord],
    request_id: str,
) -> FiledSession:
    """Returns the session of a form: its order, the visit's steps and earlier entries on file."""
    site, kept, author = visit.site, visit.kept, visit.author
    identifiers = random_identifiers()
    session_id = claim_prepared(
        site.folder,
        kept.visit_id,
        f"request {request_id}",
        identifiers.session_id(site.clock.utc_ms()),
        author,
    )
    if session_id not in kept.filed:
        _keep_words(visit, planned)
        visit = _with_reason(visit, planned)
    filed = file_for_table(
        site.workplace(),
        planned,
        table.name,
        author=author,
        identifiers=replace(identifiers, session_id=lambda _utc_ms: session_id),
        begun=VisitBegun(visit=kept.visit_id, steps=visit.kept.steps),
    )
    _hand_over(visit, filed)
    return filed


def _answering(visit: OpenVisit, name: str) -> KeptUnit:
    """Returns the table's program; raises RequestRefused where none answers."""
    unit = visit.site.units.get(name)
    if unit is None or unit.live is None:
        raise RequestRefused(
            f"no program answers for {name}: check that the station is running and the table "
            "is switched on, or choose another table"
        )
    return unit


def _is_request(request_id: str) -> bool:
    return request_id.isascii() and request_id.isalnum() and len(request_id) <= MOST_REQUEST


def _keep_words(visit: OpenVisit, planned: PlannedOrder) -> None:
    """Keep the order as a visit at the terminal does, so that it could be continued there."""
    form = visit.kept.form
    texts = {ORDER: planned.order.source_text}
    texts |= {name: form[name] for name in NOTE_FIELDS if form.get(name)}
    keep_prepared(visit.site.folder, visit.kept.visit_id, texts, visit.author)


def _with_reason(visit: OpenVisit, planned: PlannedOrder) -> OpenVisit:
    """Record the reason for a force that is not lower after trouble, as a step of the visit."""
    force_n = planned.order.prescription.hold_force_n
    if not trouble_in(visit.kept.form).needs_a_reason(force_n):
        return visit
    said = (
        ("force", ForceUnit.NEWTON.with_other(force_n)),
        ("reason", visit.kept.form[FORCE_REASON]),
    )
    kept = visit.kept
    step = keep_step_by(
        visit.site.folder,
        visit.author,
        kept.visit_id,
        kept.reference,
        (StepKind.FORCE_CONFIRMED, said),
    )
    return replace(visit, kept=replace(kept, steps=(*kept.steps, step)))


def _hand_over(visit: OpenVisit, filed: FiledSession) -> None:
    """Hand what was entered before the first session over to its note."""
    form = visit.kept.form
    texts = {name: form[name] for name in NOTE_FIELDS if form.get(name)}
    if texts and not visit.kept.treated:
        session = (filed.session_id, filed.patient_key)
        hand_over(visit.site.folder, texts, session, visit.author)
