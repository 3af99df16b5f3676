"""Every export of a visit as a download; a claim is recorded before it leaves."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from records.clinic.paper_names import is_paper
from records.exports.paper_documents import paper_document
from records.visit.paper_visit import audited_paper
from records.visit.sent import left_already
from records.visit.visit import Visit
from workstation.console.acts import Form, posted, shown_to_person, site_of
from workstation.console.asked_claim import AskedClaim, asked_claim
from workstation.console.claim_view import FORMATS
from workstation.console.note_desks import require_ended
from workstation.console.pages.claim import claim_page, scrubbed_claim
from workstation.console.site import Site
from workstation.visit.exporting import (
    AskedExport,
    MadeExport,
    keep_on_record,
    made_export,
    visit_to_export,
)

TYPES: Final = {
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".zip": "application/zip",
}
TEXT: Final = "text/plain; charset=utf-8"
SHOWN_IN_THE_BROWSER: Final = "pdf"
"""The note's pages are printed from the browser; everything else is downloaded as a file."""


def routes() -> list[BaseRoute]:
    """Returns the routes: documents for people are pages; a charge leaves by an act."""
    return [
        Route("/sessions/{session}/export/{format}", shown_to_person(hand_out), methods=["GET"]),
        Route("/sessions/{session}/export/{format}", posted(leave), methods=["POST"]),
    ]


def hand_out(request: Request, person: str) -> Response:
    """A document from which no system takes a charge."""
    site, asked = site_of(request), _asked(request, again=False)
    if asked.sent_as:
        raise HTTPException(405)
    session = request.path_params["session"]
    if is_paper(session):
        return _answer(asked, _of_paper(site, session, asked, person))
    visit = _visit(site, session, asked, person, asked_claim(request, site.claim_files))
    return _answer(asked, made_export(site.folder, visit, asked))


def leave(request: Request, form: Form, person: str) -> Response:
    """A claim: once in a format, again only when asked; recorded before it is handed out."""
    site, session = site_of(request), request.path_params["session"]
    asked = _asked(request, again=form.is_ticked("again"), receiver=form.text("receiver"))
    if not asked.sent_as:
        raise HTTPException(405)
    if is_paper(session):
        return _answer(asked, _of_paper(site, session, asked, person))  # refused with this message
    claim = asked_claim(request, site.claim_files)
    visit = _visit(site, session, asked, person, claim)
    left = "" if asked.again else left_already(visit, asked.sent_as)
    try:
        if left:
            raise RequestRefused(f'{left}. If that file never left, tick "again"')
        asked.check_receiver(site.folder)
        made = made_export(site.folder, visit, asked)
    except RequestRefused as refusal:
        shown = scrubbed_claim(site, session, person, "scrub", claim)
        return claim_page(request, shown, claim, refusal.message, form.values())
    keep_on_record(site.folder, visit, asked.sent_as, made, site.who_reads(person))
    return _answer(asked, made)


def _asked(request: Request, *, again: bool, receiver: str = "") -> AskedExport:
    format_name = request.path_params["format"]
    if format_name not in FORMATS:
        raise HTTPException(404)
    sampled = request.query_params.get("curve") == "yes"
    return AskedExport(format=format_name, receiver=receiver or "own", sampled=sampled, again=again)


def _visit(site: Site, session: str, asked: AskedExport, person: str, claim: AskedClaim) -> Visit:
    place = (site.words.settings, site.folder)
    reader, by_whom = site.who_reads(person), (claim.payer or None, claim.imported)
    visit = visit_to_export(place, session, f"export {asked.format}", reader, by_whom)
    require_ended(visit.note)
    return visit


def _of_paper(site: Site, sheet_id: str, asked: AskedExport, person: str) -> MadeExport:
    """Returns the note of a downtime sheet; raises ExportRefused for every claim."""
    reader = site.who_reads(person)
    what = f"export {asked.format}"
    visit = audited_paper(site.folder, sheet_id, site.words.settings, reader, what)
    content, name = paper_document(visit, asked.format)
    return MadeExport(content, name, ())


def _answer(asked: AskedExport, made: MadeExport) -> Response:
    shown = "inline" if asked.format == SHOWN_IN_THE_BROWSER else "attachment"
    suffix = made.name[made.name.rfind(".") :]
    return Response(
        made.content,
        media_type=TYPES.get(suffix, TEXT),
        headers={"Content-Disposition": f'{shown}; filename="{made.name}"'},
    )
