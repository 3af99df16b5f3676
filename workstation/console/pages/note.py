"""The note of a visit: open fields, signature, amendments; input is kept as it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from controller.errors import NoteRefused, RequestRefused
from records.accounts.rights import Right
from records.clinic.paper_names import is_paper
from records.note.typed import keep_typed
from workstation.anchors import leave_checkpoints
from workstation.console.acts import Form, open_to_all, posted, shown_to_person, site_of, to
from workstation.console.note_desks import OpenNote, note_of
from workstation.console.note_form import (
    REASON,
    SIGNATURE,
    WHOLE_NOTE,
    PostedNote,
    changed_meanwhile,
    faults_of,
    said_by_others,
    still_open,
)
from workstation.console.site import Site
from workstation.visit.desk import VisitHolder

KEEP, TAKE, SIGN, AMEND = "keep", "take", "sign", "amend"
UNPROCESSABLE: Final = 422


def routes() -> list[BaseRoute]:
    """Returns the page, its acts, and the route to which a script sends what is typed."""
    return [
        Route("/sessions/{session}/note", shown_to_person(page), methods=["GET"]),
        Route("/sessions/{session}/note", open_to_all(act), methods=["POST"]),
        Route("/sessions/{session}/note/draft", open_to_all(draft), methods=["POST"]),
        Route("/sessions/{session}/note/sessions", posted(change_sessions), methods=["POST"]),
    ]


def note_path(session_id: str) -> str:
    """Returns the address of a note's page."""
    return f"/sessions/{session_id}/note"


def page(request: Request, person: str) -> Response:
    """The present note; a session of a visit leads to the visit's one note."""
    opened = note_of(site_of(request), request.path_params["session"], person)
    if opened.called != request.path_params["session"]:
        return to(note_path(opened.called))
    return _page(request, opened)


def draft(request: Request, form: Form, person: str) -> Response:
    """Keep what was typed as a draft: no part of it is in the note."""
    site = site_of(request)
    opened = note_of(site, request.path_params["session"], person)
    at_ms = _keep(site, opened, PostedNote.of(form), person)
    return JSONResponse({"kept": site.words.clock(at_ms)})


def act(request: Request, form: Form, person: str) -> Response:
    """Keep what was typed, then do what was asked: enter it, sign, amend, or nothing more."""
    site = site_of(request)
    said, asked = PostedNote.of(form), form.text("act")
    if asked not in (KEEP, *ACTS):
        raise HTTPException(400, "This is not a form of a note's page. Load the page again.")
    session = request.path_params["session"]
    opened = note_of(site, session, person, said.credentials)
    _keep(site, opened, said, person)
    path = note_path(opened.called)
    if not person:
        return to(f"/person?back={path}")
    if asked == KEEP or _was_done(opened, said, asked):
        return to(path)
    try:
        if asked != TAKE:
            site.people.require(request, Right.SIGN)
        faults = ACTS[asked](opened, said)
    except RequestRefused as refusal:
        faults = {WHOLE_NOTE: site.words.sentence(refusal.message)}
    if faults:
        return _page(request, opened, said, faults)
    return _leaving_checkpoints(site, path, needed=asked != TAKE)


def change_sessions(request: Request, form: Form, person: str) -> Response:
    """Say that a further session was part of the visit, or that it was not."""
    site = site_of(request)
    said = PostedNote.of(form)
    session = request.path_params["session"]
    opened = note_of(site, session, person, said.credentials)
    other, reason = form.text("session"), form.text(REASON)
    try:
        if is_paper(opened.called):
            raise NoteRefused(f"{opened.called} is a downtime sheet: a visit without sessions")
        if opened.note.versions and (fault := _signature_fault(opened.holder, said)):
            raise NoteRefused(fault)
        if form.text("act") == "part":
            opened.desk.part(other, reason)
        else:
            opened.desk.join(other, reason)
    except RequestRefused as refusal:
        faults = {WHOLE_NOTE: site.words.sentence(refusal.message)}
        return _page(request, opened, None, faults)
    return _leaving_checkpoints(site, note_path(opened.called), needed=True)


# --- what is done -------------------------------------------------------------------------------


def _take(opened: OpenNote, said: PostedNote) -> dict[str, str]:
    """Enter texts, confirmations and "nothing to say" into the draft: all of them, or nothing."""
    note = opened.note
    if faults := faults_of(note, said):
        return faults
    desk, words = opened.desk, said.words(note)
    if words or note.versions:
        desk.complete(dict(words))  # of a signed note it says by whom it was signed
    for name in said.confirmed:
        if note.field(name).needs_a_word:
            desk.confirm(name)
    for name in said.marked_nothing(note):
        if note.field(name).needs_a_word:
            desk.mark_not_assessed(name)
    return {}


def _sign(opened: OpenNote, said: PostedNote) -> dict[str, str]:
    """Enter what the page has, then sign it; nothing of it where the signature is invalid."""
    note = opened.note
    faults = faults_of(note, said)
    if fault := _signature_fault(opened.holder, said):
        faults[SIGNATURE] = fault
    elif not faults and (changed := changed_meanwhile(note, said)):
        faults[SIGNATURE] = _read_again(changed)
    elif not faults and (lacking := still_open(note, said)):
        faults[SIGNATURE] = (
            f"Not signed. Open: {', '.join(lacking)}. Say something of each, or tick that there is "
            "nothing to say."
        )
    if faults or (faults := _take(opened, said)):
        return faults
    now = opened.desk.read_note().note
    if meanwhile := said_by_others(note, now, said):
        return {SIGNATURE: _read_again(meanwhile)}
    opened.desk.sign(now)
    return {}


def _read_again(changed: Sequence[str]) -> str:
    return (
        f"Changed since this page was drawn: {', '.join(changed)}. Read the note once more, then "
        "sign."
    )


def _amend(opened: OpenNote, said: PostedNote) -> dict[str, str]:
    """Add a version to a signed note: the fields that differ, with the reason."""
    faults = faults_of(opened.note, said)
    if not said.reason:
        faults[REASON] = "The reason is empty; an amendment needs one."
    if fault := _signature_fault(opened.holder, said):
        faults[SIGNATURE] = fault
    if faults:
        return faults
    opened.desk.amend(said.words(opened.note), said.reason)
    keep_typed(opened.desk.folder, opened.called, {REASON: ""}, "", 0)
    return {}


ACTS: Final[Mapping[str, Callable[[OpenNote, PostedNote], dict[str, str]]]] = {
    TAKE: _take,
    SIGN: _sign,
    AMEND: _amend,
}


def _was_done(opened: OpenNote, said: PostedNote, asked: str) -> bool:
    """Returns whether this very post was done just before: a double click, or a repeated page."""
    if asked == TAKE or not opened.note.versions:
        return False
    newest = opened.note.versions[-1]
    same = newest.by == opened.holder.name and not said.words(opened.note)
    if asked == AMEND:
        return same and newest.number > 1 and newest.reason == said.reason
    return same and newest.number == 1 and opened.holder.answers_to(said.signature)


def _signature_fault(holder: VisitHolder, said: PostedNote) -> str:
    """Returns why a signature is invalid; "" where it is valid."""
    if not holder.credentials:
        return (
            "A signature needs credentials, as in PT: give them here, or put them on file with "
            "`traction people add`."
        )
    if not said.signature:
        return f"Nobody has signed: type the name or the initials of {holder.in_full}."
    if not holder.answers_to(said.signature):
        return f"That is not the name of the person who sits here ({holder.in_full})."
    return ""


def _keep(site: Site, opened: OpenNote, said: PostedNote, person: str) -> int:
    """Keep what was typed with the note, and drop what was typed before its session."""
    at_ms = site.clock.utc_ms()
    if waiting := said.waiting(opened.note):
        opened.keep(waiting, person, at_ms)
    return at_ms


def _leaving_checkpoints(site: Site, path: str, *, needed: bool) -> Response:
    """Returns the answer; checkpoints are copied to the second place after it."""
    response = to(path)
    if needed:
        response.background = BackgroundTask(
            leave_checkpoints, site.words.settings, site.folder, site.report
        )
    return response


def _page(
    request: Request,
    opened: OpenNote,
    said: PostedNote | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    faults = faults or {}
    context = opened.drawn(said, faults)
    status = UNPROCESSABLE if faults else 200
    return site_of(request).page(request, "note/note.html", status=status, **context)
