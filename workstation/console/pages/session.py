"""A session on file: events, dose against order, the whole curve, and whether it was altered."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import JournalCorrupt, JournalUnavailable, RecordNotFound, RequestRefused
from records.clinic.audit import record_read
from records.clinic.paper_names import is_paper
from records.evidence.reader import SessionRecord, find_session, is_on_file
from records.evidence.verified import Recall
from records.keeping.unfollowed_orders import UnfollowedOrder, unfollowed_order
from records.visit.load import altered_is_said, audited_visit
from records.visit.visit import Visit
from workstation.console.acts import shown, shown_to_person, site_of, to
from workstation.console.session_view import SessionView
from workstation.console.site import Site
from workstation.console.unit_names import called_by_clinic
from workstation.history.plot_range import typed_range
from workstation.history.verifying import (
    NOTHING_GIVEN,
    alteration_line,
    check_records,
    verdict_on,
)
from workstation.last_check import LastVerified
from workstation.texts.clinic_report import clinic_lines


def routes() -> list[BaseRoute]:
    """Returns the page of a session, and its check."""
    return [
        Route("/sessions/{session_id}", shown_to_person(page), methods=["GET"]),
        Route("/sessions/{session_id}/verify", shown(verify), methods=["GET"]),
    ]


def page(request: Request, person: str) -> Response:
    """What ``traction show`` prints and more; the access leaves its row in the audit first."""
    site, called = site_of(request), request.path_params["session_id"]
    if is_paper(called):
        return to(f"/sessions/{called}/note")  # no device recorded anything else for it
    if not is_on_file(site.folder, called) and (order := _order_of(site, called)):
        return _order_page(request, person, *order)
    session_id = whole_id(site, called)
    if session_id != called:
        return to(f"/sessions/{session_id}")
    try:
        visit = read_visit(site, session_id, person, "show")
        with altered_is_said(visit):
            return _told(request, SessionView(visit, site.words))
    except (JournalCorrupt, JournalUnavailable, RecordNotFound) as error:
        return unreadable(request, session_id, error)


def _order_of(site: Site, called: str) -> tuple[UnfollowedOrder, str] | None:
    """Returns the order of this id that no session followed, with its text."""
    try:
        return unfollowed_order(site.folder, called)
    except RecordNotFound:
        return None


def _order_page(request: Request, person: str, order: UnfollowedOrder, text: str) -> Response:
    """What was filed, by whom, and how to continue; the access leaves an audit row first."""
    site = site_of(request)
    record_read(
        site.folder,
        site.author(person),
        "show",
        session_id=order.session_id,
        patient_key=order.patient_key,
    )
    return site.page(
        request,
        "history/order.html",
        order=order,
        text=text,
        filed=site.words.moment(order.filed_utc_ms),
        table=called_by_clinic(order.unit_id, [each.table for each in site.units.values()]),
    )


def verify(request: Request) -> Response:
    """The record checked now against what is kept outside; the result is not stored.

    It only reads and shows nothing of a patient: loading the page again checks again.
    """
    site = site_of(request)
    session_id = whole_id(site, request.path_params["session_id"])
    at = site.words.now()
    found = check_records(
        site.words.settings,
        site.folder,
        session_id,
        NOTHING_GIVEN,
        recall=Recall(None),
        watch=lambda _unit, _done, _of: None,
    )
    return site.page(
        request,
        "history/verified.html",
        session_id=session_id,
        at=at,
        found=found,
        verdict=verdict_on(found.every),
        lines=[*map(alteration_line, found.alterations), *clinic_lines(found.clinic)],
    )


def whole_id(site: Site, called: str) -> str:
    """Returns the id of the one session that begins so; raises RecordNotFound or RequestRefused."""
    if is_paper(called):
        raise RequestRefused(
            f"{called} was entered from a downtime sheet: no device recorded it, so there is "
            "no curve and there are no events. Its note contains what the sheet says"
        )
    return find_session(site.folder, called).session_id


def read_visit(site: Site, session_id: str, person: str, what: str) -> Visit:
    """Returns a session and its visit for the reader, altered or not, after its audit row."""
    reader = site.author(person)
    return audited_visit(
        site.folder, session_id, site.words.settings, reader, what, altered_too=True
    )


def table_called(site: Site, record: SessionRecord) -> str:
    """Returns the clinic's name of the table of a session's unit; else what the unit is."""
    tables = [each.table for each in site.units.values()]
    return called_by_clinic(record.head.unit_id, tables, record.started.session.uri)


def unreadable(
    request: Request,
    session_id: str,
    error: JournalCorrupt | JournalUnavailable | RecordNotFound,
) -> Response:
    """Says that a session's content was removed by rule, or cannot be read."""
    gone = isinstance(error, RecordNotFound)
    return site_of(request).page(
        request,
        "history/unreadable.html",
        status=410 if gone else 409,
        session_id=session_id,
        gone=gone,
        text=error.message,
    )


def _told(request: Request, view: SessionView) -> Response:
    site, asked = site_of(request), request.query_params
    fault = ""
    try:
        view.part = typed_range(
            asked.get("from", "").strip(), asked.get("to", "").strip(), view.origin_ms, view.whole
        )
    except RequestRefused as refusal:
        fault = refusal.message
    events = view.events()
    live = [each for each in site.units.values() if each.session_id == view.session_id]
    return site.page(
        request,
        "history/session.html",
        status=422 if fault else 200,
        view=view,
        table=table_called(site, view.record),
        events=events,
        plot=view.plot(events),
        live=live,
        last_verified=LastVerified.of(site.folder).words(view.session_id),
        typed={
            "from": asked.get("from", view.time(view.part.first_ms)),
            "to": asked.get("to", view.time(view.part.last_ms)),
        },
        fault=fault,
    )
