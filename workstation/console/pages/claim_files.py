"""A claim as a file: a context to fill in, and the one that the practice's system returns."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from controller.words import check_text
from records.claim.context_file import ImportedClaim
from records.visit.load import audited_visit
from workstation.console.acts import Form, posted, shown_to_person, site_of, to
from workstation.console.asked_claim import AskedClaim, HeldClaim, asked_claim
from workstation.console.note_desks import require_ended
from workstation.console.pages.claim import claim_page, claim_path, scrubbed_claim
from workstation.visit.claim_to_fill_in import claim_to_fill_in, name_of_claim_file

FILE: Final = "claim_file"
"""The field that holds the file."""


def routes() -> list[BaseRoute]:
    """Returns the routes of the download and the upload."""
    return [
        Route("/sessions/{session}/claim/new", shown_to_person(hand_out), methods=["GET"]),
        Route("/sessions/{session}/claim/file", posted(take_in, most_files=1), methods=["POST"]),
    ]


def hand_out(request: Request, person: str) -> Response:
    """The claim as its record knows it, to be filled in with what the practice's system knows."""
    site, session = site_of(request), request.path_params["session"]
    reader = site.who_reads(person)
    visit = audited_visit(site.folder, session, site.words.settings, reader, "claim new")
    require_ended(visit.note)
    asked = asked_claim(request, site.claim_files)
    text = claim_to_fill_in(site.folder, visit, asked.payer or None)
    name = name_of_claim_file(visit.session_id)
    return Response(
        text,
        media_type="application/toml",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def take_in(request: Request, form: Form, person: str) -> Response:
    """Hold an imported claim for the pages of this visit; an invalid one is refused."""
    site, session = site_of(request), request.path_params["session"]
    asked = asked_claim(request, site.claim_files)
    try:
        claim = _chosen(form)
        claim.context(session)
    except RequestRefused as refusal:
        visit = scrubbed_claim(site, session, person, "scrub", asked)
        return claim_page(request, visit, asked, refusal.message)
    kept = site.claim_files.keep(HeldClaim(session, claim))
    return to(claim_path(session) + AskedClaim(payer=asked.payer, file_id=kept).query())


def _chosen(form: Form) -> ImportedClaim:
    name, content = form.file(FILE)
    if not name:
        raise RequestRefused("no file was chosen; choose a claim context (JSON, CSV or TOML)")
    return ImportedClaim.of_bytes(content, check_text("the name of the file", name))
