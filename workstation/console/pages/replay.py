"""The replay of a session on the live chart, at 1, 4 and 16 times: it drives and stops nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from controller.errors import JournalCorrupt, JournalUnavailable, RecordNotFound
from records.visit.load import altered_is_said
from workstation.console.acts import shown, shown_to_person, site_of, to
from workstation.console.chart import TOLERANCE
from workstation.console.figures import scale_unit
from workstation.console.pages.session import read_visit, table_called, unreadable, whole_id
from workstation.console.replays import Replay
from workstation.console.session_view import SessionView

SPEEDS: Final = (1, 4, 16)


def routes() -> list[BaseRoute]:
    """Returns the page, the events of the session, and its samples in pieces of a minute."""
    path = "/sessions/{session_id}/replay"
    return [
        Route(path, shown_to_person(page), methods=["GET"]),
        Route(f"{path}/{{replay_id}}", shown(piece), methods=["GET"]),
    ]


def page(request: Request, person: str) -> Response:
    """The chart, and a banner that says it is not live; its row in the audit comes first."""
    site, called = site_of(request), request.path_params["session_id"]
    session_id = whole_id(site, called)
    if session_id != called:
        return to(f"/sessions/{session_id}/replay")
    try:
        visit = read_visit(site, session_id, person, "replay")
        with altered_is_said(visit):
            view = SessionView(visit, site.words)
            replay = Replay(session_id=session_id, samples=view.record.samples)
            played = _played(view, site.replays.keep(replay), replay)
    except (JournalCorrupt, JournalUnavailable, RecordNotFound) as error:
        return unreadable(request, session_id, error)
    return site.page(
        request,
        "history/replay.html",
        view=view,
        table=table_called(site, view.record),
        played=played,
        speeds=SPEEDS,
    )


def piece(request: Request) -> Response:
    """A minute of samples; 410 for a page that has been open for too long."""
    asked = request.path_params
    replay = site_of(request).replays.of(asked["replay_id"])
    from_ms = request.query_params.get("from_ms", "")
    if replay is None or replay.session_id != asked["session_id"]:
        return JSONResponse({"fault": "Load the page again."}, status_code=410)
    if not from_ms.isdecimal() or len(from_ms) > 10:
        raise HTTPException(400, "from_ms is not a number of milliseconds.")
    return JSONResponse(replay.piece(int(from_ms)))


def _played(view: SessionView, replay_id: str, replay: Replay) -> dict[str, Any]:
    """Returns what the page's script needs beside the samples."""
    first_ms, last_ms = replay.span_ms
    ordered = view.record.started.session.prescription
    return {
        "path": f"{view.path}/replay/{replay_id}",
        "first_ms": first_ms,
        "last_ms": last_ms,
        "origin_ms": view.origin_ms,
        "units": [asdict(scale_unit(one)) for one in (view.forces, view.forces.other)],
        "most_n": replay.highest_n,
        "limit_n": None if view.record.observed else ordered.force_limit_dn / 10,
        "tolerance": TOLERANCE,
        "events": [
            {
                "at": each.told.at_ms,
                "mark": each.told.mark,
                "text": f"{each.told.of_day}  {each.said}",
            }
            for each in view.events()
        ],
    }
