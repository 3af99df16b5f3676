"""The claim of a visit: the rules' findings, a person's decisions, exports, and an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused, TractionError
from records.claim.charge_line import DIAGNOSIS, MODIFIER
from records.claim.decision import DECISIONS, decision_of
from records.claim.estimate import AUTHORIZATION, OWN_COST, TRADE_FIGURES, Estimate
from records.claim.rules.payer_profile import all_profiles
from records.clinic.paper_names import is_paper
from records.exports.messages.receiver_maps import load_receivers
from records.exports.ready import scrubbed
from records.note.fields import PATIENT_REFERENCE
from records.note.treatment_note import sessions_text
from records.visit.billing import ClaimCode, accept
from records.visit.estimating import clinic_fee_table, estimate_visit
from records.visit.load import audited_visit
from records.visit.paper_visit import PaperVisit, audited_paper, scrubbed_paper
from records.visit.visit import Visit
from workstation.anchors import has_second_place
from workstation.console.acts import Form, posted, shown_to_person, site_of, to
from workstation.console.asked_claim import AskedClaim, asked_claim
from workstation.console.claim_view import (
    accepted_views,
    alerts_of,
    export_views,
    paper_views,
    report_view,
)
from workstation.console.note_desks import began_text, require_ended
from workstation.console.pages.note import UNPROCESSABLE
from workstation.console.site import Site
from workstation.visit.claiming import code_called


def routes() -> list[BaseRoute]:
    """Returns the page, and the answers to what it offers."""
    return [
        Route("/sessions/{session}/claim", shown_to_person(page), methods=["GET"]),
        Route("/sessions/{session}/claim/answers", posted(answer), methods=["POST"]),
        Route("/sessions/{session}/estimate", shown_to_person(estimate), methods=["GET"]),
    ]


def claim_path(session_id: str) -> str:
    """Returns the address of a claim's page."""
    return f"/sessions/{session_id}/claim"


def page(request: Request, person: str) -> Response:
    """The present claim; a session of a visit leads to the visit's one claim."""
    site, session = site_of(request), request.path_params["session"]
    asked = asked_claim(request, site.claim_files)
    visit = scrubbed_claim(site, session, person, "scrub", asked)
    if visit.session_id != session:
        return to(claim_path(visit.session_id) + AskedClaim(payer=asked.payer).query())
    return claim_page(request, visit, asked, "")


def answer(request: Request, form: Form, person: str) -> Response:
    """Accept one offer, take an acceptance back, or decide on a treatment that was cut short."""
    site = site_of(request)
    asked = asked_claim(request, site.claim_files)
    visit = scrubbed_claim(site, request.path_params["session"], person, "accept", asked)
    try:
        if isinstance(visit, PaperVisit):
            raise RequestRefused(
                f"{visit.session_id} is a downtime sheet: it is never claimed (T-001)"
            )
        visit.require_treatment()
        _answered(site, visit, form, person)
    except RequestRefused as refusal:
        return claim_page(request, visit, asked, refusal.message, form.values())
    return to(claim_path(visit.session_id) + asked.query())


def estimate(request: Request, person: str) -> Response:
    """What the treatment may bring by the clinic's fee table, with the arithmetic."""
    site = site_of(request)
    asked = asked_claim(request, site.claim_files)
    visit = scrubbed_claim(site, request.path_params["session"], person, "estimate", asked)
    made, fault = None, ""
    try:
        made = _estimated(site, visit)
    except TractionError as error:
        fault = site.words.sentence(error.message)
    return site.page(
        request,
        "claim/estimate.html",
        status=UNPROCESSABLE if fault else 200,
        path=claim_path(visit.session_id) + asked.query(),
        patient=visit.note.field(PATIENT_REFERENCE.name).value or "",
        began=began_text(visit),
        report=visit.report,
        made=made,
        beside=(TRADE_FIGURES, OWN_COST, AUTHORIZATION),
        fault=fault,
    )


def _estimated(site: Site, visit: Visit | PaperVisit) -> Estimate:
    if isinstance(visit, PaperVisit) or visit.report is None:
        raise RequestRefused("nothing is charged here, so there is nothing to estimate")
    return estimate_visit(visit, clinic_fee_table(site.folder))


def _answered(site: Site, visit: Visit, form: Form, person: str) -> None:
    """Applies an answer to what the page shows now; a repeated answer changes nothing."""
    kind, value, act = form.text("kind"), form.text("value"), form.text("act")
    held = {(each.what, each.value) for each in visit.acceptances}
    if act == "decide":
        decided = decision_of(visit.acceptances)
        if decided is None or (decided.value, decided.reason) != (value, form.text("reason")):
            code = ClaimCode(billing=value, reason=form.text("reason"))
            accept(site.folder, visit, site.author(person), code)
        return
    if kind not in (MODIFIER, DIAGNOSIS) or act not in ("accept", "withdraw"):
        raise RequestRefused("no offer was answered; use the buttons beside the offers")
    code, accepted = code_called(kind, value), act == "accept"
    if accepted == ((kind, value) in held):
        return
    if accepted and (kind, value) not in {(each.kind, each.key) for each in visit.offers}:
        raise RequestRefused(f"{value} is not offered any more; see what the rules say now")
    accept(site.folder, visit, site.author(person), code, accepted=accepted)


def scrubbed_claim(
    site: Site, session: str, person: str, what: str, asked: AskedClaim
) -> Visit | PaperVisit:
    """Returns the visit with what the rules say of its claim; the access is kept first.

    Without a treatment there is no claim for rules to judge, and no report.
    """
    payer, imported = asked.payer or None, asked.imported
    settings, reader = site.words.settings, site.who_reads(person)
    if is_paper(session):
        sheet = audited_paper(site.folder, session, settings, reader, what)
        return scrubbed_paper(site.folder, sheet, payer=payer, imported=imported)
    visit = audited_visit(site.folder, session, settings, reader, what)
    require_ended(visit.note)
    if not visit.note.reached_holding:
        return visit
    return scrubbed(site.folder, visit, payer=payer, imported=imported)


def claim_page(
    request: Request,
    visit: Visit | PaperVisit,
    asked: AskedClaim,
    fault: str,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Returns the page, with a refusal and what was typed then."""
    site, note = site_of(request), visit.note
    status = UNPROCESSABLE if fault else 200
    return site.page(
        request,
        "claim/claim.html",
        status=status,
        visit=visit,
        note=note,
        of=sessions_text(note),
        patient=note.field(PATIENT_REFERENCE.name).value or "",
        began=began_text(visit),
        report=report_view(visit.report, note) if visit.report else None,
        fault=site.words.sentence(fault),
        typed=typed or {},
        asked=asked,
        profiles=all_profiles(site.folder),
        is_recorded=isinstance(visit, Visit),
        **_of_a_claim(site, visit),
    )


def _of_a_claim(site: Site, visit: Visit | PaperVisit) -> dict[str, Any]:
    """Returns what only a recorded visit has."""
    if isinstance(visit, PaperVisit):
        return {
            "offers": (),
            "accepted": [],
            "alerts": (),
            "decisions": (),
            "exports": [*paper_views()],
            "checkpoints": [],
            "second_place": "",
        }
    known = load_receivers(site.folder.receivers)
    with_columns = tuple(name for name, each in known.items() if each.columns)
    settings = site.words.settings
    return {
        "offers": visit.offers,
        "accepted": [*accepted_views(visit)],
        "alerts": alerts_of(visit),
        "decisions": DECISIONS if visit.report else (),
        "exports": [*export_views(visit, with_columns, (*known,))],
        "checkpoints": [*_checkpoints(visit)],
        "second_place": settings.checkpoint_copy if has_second_place(settings, site.folder) else "",
    }


def _checkpoints(visit: Visit) -> list[tuple[str, str]]:
    """Returns the checkpoints, once they exist."""
    note = visit.note
    parts = [(f"record of {part.session_id}", part.checkpoint) for part in note.parts]
    whole = parts or [(f"record of {note.session_id}", note.checkpoint)]
    signed = [("newest version of the note", note.signature_checkpoint)]
    return [(of, text) for of, text in (*whole, *signed) if text]
