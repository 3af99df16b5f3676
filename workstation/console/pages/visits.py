"""The beginning of a visit, and its state: before its session, in it, and after it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from controller.events import Outcome
from controller.words import check_name
from records.clinic.audit import record_read, standing_field
from records.clinic.visit_sessions import visits_of
from records.standing.versions import StandingData
from records.store.record_folder import RecordFolder
from records.visit.prepared import VISIT
from records.visit.worklist import list_visits
from workstation.console.acts import Form, came_from, open_to_all, shown, site_of, to
from workstation.console.pages.unit import unit_path
from workstation.console.site import Site
from workstation.console.units import new_id
from workstation.console.visit_pages import OpenVisit, visit_act, visit_page, visit_path
from workstation.visit.before import patient_of
from workstation.visit.desk import new_visit_id
from workstation.visit.kept_visit import (
    BegunSession,
    begin_further,
    begin_kept,
    untouched_visits,
    visit_of_session,
    visits_to_go_on,
)
from workstation.visit.next_dose import booked_tables
from workstation.visit.note_desk import NoteDesk
from workstation.visit.order_form import UNIT


def routes() -> list[BaseRoute]:
    """Returns the beginning, and the visit's own page with its acts."""
    return [
        Route("/visits", open_to_all(begin), methods=["POST"]),
        Route("/visits/ended", shown(ended), methods=["GET"]),
        Route("/visits/{visit}", visit_page(page), methods=["GET"]),
        Route("/sessions/{session_id}/visit", shown(of_session), methods=["GET"]),
        Route("/visits/{visit}/again", visit_act(again), methods=["POST"]),
        Route("/visits/{visit}/join", visit_act(join), methods=["POST"]),
    ]


def begin(request: Request, form: Form, person: str) -> Response:
    """Begin a visit of a patient on file, or return the one just begun; a second one is confirmed.

    Without accounts it needs nobody's name yet: the person who compares the patient is asked first.
    """
    site = site_of(request)
    if site.people.accounts.now() and not person:
        return to(f"/person?back={quote(came_from(request))}")
    reference = check_name("reference", form.text("reference"))
    held = site.standing()
    patient_of(held, reference)
    visit_id = _id_of(form.text("again"))
    if not visit_id:
        if waiting := untouched_visits(site.folder, reference):
            return to(visit_path(waiting[0]))
        if others := _of_today(site, reference):
            return _asked_again(request, person, (reference, form.text("table")), others)
    table = _table(site, held, reference, form.text("table"))
    visit_id = visit_id or new_visit_id()
    words = {UNIT: table} if table else {}
    begin_kept(site.folder, visit_id, reference, words, site.author(person))
    return to(visit_path(visit_id))


def _id_of(request_id: str) -> str:
    """Returns the id of the visit that a form begins; the same form, sent twice, begins one."""
    return f"{VISIT}{request_id[:12]}" if request_id.isalnum() and request_id.isascii() else ""


def _table(site: Site, held: StandingData, reference: str, asked: str) -> str:
    """Returns the table that was asked for, else the one that is booked, else the only one."""
    tables = [each.name for each in held.units]
    if asked in tables:
        return asked
    day = site.words.settings.day_at(site.clock.utc_ms())
    found = booked_tables(site.folder, held, reference, day) or tables
    return found[0] if len(found) == 1 else ""


def _of_today(site: Site, reference: str) -> list[dict[str, str]]:
    """Returns the patient's visits of today: those to continue, and those that have a session."""
    settings, folder = site.words.settings, site.folder
    day = settings.day_at(site.clock.utc_ms())
    going = visits_to_go_on(folder, reference, lambda utc_ms: settings.day_at(utc_ms) == day)
    listed = list_visits(folder, settings, settings.day_at, (day, day), reference=reference)
    return [
        *(
            _row_of(site, began_ms, "go on where it was left", visit_path(visit_id))
            for visit_id, began_ms in going
        ),
        *(
            _row_of(site, each.began_utc_ms, each.state.value, _path_of(folder, each.session_id))
            for each in listed
            if each.session_id
        ),
    ]


def _path_of(folder: RecordFolder, session_id: str) -> str:
    """Returns the visit of a session; for a session without one its note."""
    visit_id = visit_of_session(folder, session_id)
    return visit_path(visit_id) if visit_id else _note_path(session_id)


def of_session(request: Request) -> Response:
    """Redirect from a session to its visit."""
    return to(_path_of(site_of(request).folder, request.path_params["session_id"]))


def _row_of(site: Site, began_ms: int, state: str, path: str) -> dict[str, str]:
    return {"at": site.words.time(began_ms), "state": state, "path": path}


def _asked_again(
    request: Request, person: str, asked: tuple[str, str], others: list[dict[str, str]]
) -> Response:
    """Asks for confirmation where another visit would begin on the same day."""
    if not person:
        return to(f"/person?back={quote(came_from(request))}")
    site, (reference, table) = site_of(request), asked
    named = [standing_field("patient", reference)]
    record_read(site.folder, site.author(person), "today", fields=named)
    return site.page(
        request,
        "visit/again.html",
        reference=reference,
        table=table,
        visits=others,
        request_id=new_id(),
    )


def ended(request: Request) -> Response:
    """The visit of another patient: nothing was begun."""
    return site_of(request).page(request, "visit/ended.html")


# --- where it stands ----------------------------------------------------------------------------


def page(request: Request, visit: OpenVisit) -> Response:
    """The next step before a session; after one its outcome and what comes next."""
    kept = visit.kept
    if kept.is_preparing:
        return to(visit.path(visit.next_step))
    treated = kept.treated
    return visit.page(
        request,
        "visit/visit.html",
        sessions=[_row(visit.site, each) for each in treated],
        may_treat_again=_may_treat_again(treated),
        to_join=_to_join(visit, treated),
        note_path=_note_path(treated[0].session_id),
    )


def _row(site: Site, session: BegunSession) -> dict[str, Any]:
    units = [each for each in site.units.values() if each.session_id == session.session_id]
    return {
        "session_id": session.session_id,
        "outcome": session.outcome,
        "is_open": session.is_open,
        "unit": units[0].name if units else "",
        "unit_path": unit_path(units[0].name) if units else "",
        "path": f"/sessions/{session.session_id}",
    }


def _may_treat_again(treated: tuple[BegunSession, ...]) -> bool:
    """Returns True where the last session ended early, and none is open."""
    closed = not any(each.is_open for each in treated)
    return closed and treated[-1].outcome != Outcome.COMPLETED


def _to_join(visit: OpenVisit, treated: tuple[BegunSession, ...]) -> list[str]:
    """Returns closed sessions of the visit that its note does not include yet."""
    first, *others = treated
    together = visits_of(visit.site.folder).sessions_with(first.session_id)
    return [
        each.session_id
        for each in others
        if not each.is_open and not first.is_open and each.session_id not in together
    ]


def _note_path(session_id: str) -> str:
    return f"/sessions/{quote(session_id, safe='')}/note"


def again(_request: Request, _form: Form, visit: OpenVisit) -> Response:
    """A further session in this visit: the identity and screening remain valid."""
    treated = visit.kept.treated
    if not visit.kept.is_preparing:
        if not treated or not _may_treat_again(treated):
            raise RequestRefused(
                f"the visit of patient {visit.kept.reference} has a session that is open or "
                "completed; a further session is possible only in a visit that ended early"
            )
        kept = {name: text for name, text in visit.kept.form.items() if name == UNIT}
        begin_further(visit.site.folder, visit.kept, kept, visit.author)
    return to(visit.path("dose"))


def join(_request: Request, _form: Form, visit: OpenVisit) -> Response:
    """Put the visit's sessions into one note."""
    treated = visit.kept.treated
    if treated:
        desk = NoteDesk(
            (visit.site.words.settings, visit.site.folder),
            treated[0].session_id,
            visit.author.by,
            visit.holder.credentials,
            visit.site.clock.utc_ms,
            visit.author.account,
        )
        for session_id in _to_join(visit, treated):
            desk.join(session_id, "")
    return to(visit.path())
