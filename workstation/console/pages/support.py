"""Support: bytes of the line, its statistics, and one file without any data of a patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from records.clinic.audit import record_read
from workstation.console.acts import Form, posted, shown, shown_to_person, site_of, to
from workstation.console.asked import outcome_of
from workstation.console.pages.unit import unit_named
from workstation.console.site import Site
from workstation.console.units import KeptUnit
from workstation.history.captures import LastBytes, capture_named, captures_of, last_bytes
from workstation.history.line_statistics import LineOfSession, lines_of_sessions
from workstation.history.support_file import UnitForSupport, support_text
from workstation.station.messages import Followed
from workstation.texts.shipped import program_version, system_versions

PATIENCE_S: Final = 2.0
FILE_NAME: Final = "traction-support.txt"
NOT_HEARD: Final = "the request was not answered; check that the station is running, then try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLine:
    """A unit with the state of its line."""

    unit: KeptUnit
    sessions: list[LineOfSession]
    captures: list[str]


def routes() -> list[BaseRoute]:
    """Returns the page, the bytes of a unit, and the file: first shown, then saved as shown."""
    return [
        Route("/support", shown(page), methods=["GET"]),
        Route("/support/file", shown_to_person(show_file), methods=["GET"]),
        Route("/support/file/{file_id}", shown(save_file), methods=["GET"]),
        Route("/support/units/{name}/trace", posted(trace), methods=["POST"]),
        Route("/support/units/{name}/captures/{file}", shown_to_person(capture), methods=["GET"]),
    ]


def page(request: Request) -> Response:
    """Every table's line."""
    return _page(request, "")


def _page(request: Request, fault: str) -> Response:
    return site_of(request).page(
        request,
        "more/support.html",
        status=409 if fault else 200,
        lines=[*_lines(site_of(request))],
        fault=fault,
    )


def trace(request: Request, form: Form, person: str) -> Response:
    """Have the bytes of a unit's line captured from now on."""
    unit = unit_named(request)
    outcome = outcome_of(site_of(request).clock, unit.trace(person), PATIENCE_S)
    if outcome is None:
        return _page(request, f"{unit.name}: {NOT_HEARD}")
    if outcome.result is not Followed.FOLLOWED:
        return _page(request, f"{unit.name}: {outcome.reason}")
    return to("/support")


def capture(request: Request, person: str) -> Response:
    """The last minutes of a capture; it contains forces of treatments, so the access is audited."""
    site, unit = site_of(request), unit_named(request)
    path = capture_named(unit.place, request.path_params["file"])
    record_read(site.folder, site.author(person), "bytes of the line")
    return site.page(
        request, "more/capture.html", of=unit.name, file=path.name, last=last_bytes(path)
    )


def show_file(request: Request, person: str) -> Response:
    """The file as it would be saved, to be read first."""
    site = site_of(request)
    units = [
        UnitForSupport(live=line.unit.live, sessions=line.sessions, last_bytes=_newest(line))
        for line in _lines(site)
    ]
    versions = {"traction": program_version(), **system_versions()}
    text = support_text(versions, site.settings, units)
    record_read(site.folder, site.author(person), "file for support")
    return site.page(
        request, "more/support_file.html", text=text, file_id=site.support_files.keep(text)
    )


def save_file(request: Request) -> Response:
    """What was shown, byte for byte."""
    text = site_of(request).support_files.of(request.path_params["file_id"])
    if text is None:
        raise HTTPException(410, "This file is no longer kept. Make it again. STOP works.")
    return Response(
        text,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{FILE_NAME}"'},
    )


def _newest(line: UnitLine) -> LastBytes | None:
    found = captures_of(line.unit.place)
    return last_bytes(found[0]) if found else None


def _lines(site: Site) -> Iterator[UnitLine]:
    sessions = lines_of_sessions(site.folder)
    for unit in site.units.values():
        yield UnitLine(
            unit=unit,
            sessions=sessions.get(unit.table.unit_id or "", []),
            captures=[path.name for path in captures_of(unit.place)],
        )
