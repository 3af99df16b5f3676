"""The alarm log over all sessions and restarts: what was raised, ended and acknowledged by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.alarms import Priority
from records.clinic.audit import record_read
from records.standing.kinds import UnitRecord
from workstation.console.acts import shown_to_person, site_of
from workstation.console.pages.history import page_number
from workstation.console.site import Site
from workstation.console.unit_names import called_by_clinic
from workstation.history.alarm_log import AlarmQuery, LoggedAlarm, alarms_csv, logged_alarms
from workstation.history.query_form import ReadQuery, read_query

ON_A_PAGE: Final = 50
PRIORITIES: Final = tuple(each.name.lower() for each in sorted(Priority, reverse=True))
SYMBOLS: Final = {"high": "!!!", "medium": "!!", "low": "!"}
FIELDS: Final = ("from", "to", "table", "words")
NOT_CHECKED: Final = (
    "This log checks nothing: the page of a session says whether its record was altered."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """An alarm of the list, as text."""

    alarm: LoggedAlarm
    raised: str
    table: str
    symbol: str
    text: str
    ended: str
    acknowledged: str


def routes() -> list[BaseRoute]:
    """Returns the routes of the list and of the list as a file."""
    return [
        Route("/alarms", shown_to_person(page), methods=["GET"]),
        Route("/alarms.csv", shown_to_person(export), methods=["GET"]),
    ]


def page(request: Request, person: str) -> Response:
    """A part of the log; the access leaves its row in the audit."""
    site, typed = site_of(request), dict(request.query_params)
    tables = _tables(site)
    read = _read(typed, tables)
    context: dict[str, Any] = {
        "typed": typed,
        "faults": read.faults,
        "tables": tables,
        "priorities": PRIORITIES,
        "not_checked": NOT_CHECKED,
    }
    if read.faults:
        return site.page(request, "history/alarms.html", status=422, rows=None, **context)
    number = page_number(typed.get("page", ""))
    first = (number - 1) * ON_A_PAGE
    day_of = site.words.settings.day_at
    with closing(logged_alarms(site.folder, alarm_query(read, typed), day_of)) as fitting:
        found = [*islice(fitting, first, first + ON_A_PAGE + 1)]
    part = found[:ON_A_PAGE]
    _record(site, person, part, "alarms")
    asked = {name: typed[name] for name in (*FIELDS, "priority", "open") if typed.get(name)}
    return site.page(
        request,
        "history/alarms.html",
        rows=[*_rows(site, part, tables)],
        number=number,
        more=len(found) > ON_A_PAGE,
        link=lambda to: f"/alarms?{urlencode(asked | {'page': str(to)})}",
        file=f"/alarms.csv?{urlencode(asked)}",
        **context,
    )


def export(request: Request, person: str) -> Response:
    """Every matching alarm, as CSV."""
    site, typed = site_of(request), dict(request.query_params)
    tables = _tables(site)
    read = _read(typed, tables)
    if read.faults:
        return page(request, person)
    found = [*logged_alarms(site.folder, alarm_query(read, typed), site.words.settings.day_at)]
    _record(site, person, found, "export alarms csv")
    text = alarms_csv(found, site.words.at, _names(tables))
    name = f"alarms-{site.words.settings.day_at(site.clock.utc_ms())}.csv"
    return Response(
        text.encode("utf-8-sig"),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def alarm_query(read: ReadQuery, typed: Mapping[str, str]) -> AlarmQuery:
    """Returns the query that the fields describe."""
    priority = typed.get("priority", "")
    return AlarmQuery(
        first_day=read.query.first_day,
        last_day=read.query.last_day,
        priority=priority if priority in PRIORITIES else "",
        words=read.query.words,
        units=read.query.tables,
        not_acknowledged=bool(typed.get("open")),
    )


def _read(typed: Mapping[str, str], tables: Sequence[UnitRecord]) -> ReadQuery:
    return read_query({name: typed.get(name, "").strip() for name in FIELDS}, tables)


def _tables(site: Site) -> list[UnitRecord]:
    return [each.record for each in site.standing().units]


def _names(tables: Sequence[UnitRecord]) -> dict[str, str]:
    return {table.unit_id: table.name for table in tables if table.unit_id}


def _record(site: Site, person: str, alarms: Sequence[LoggedAlarm], what: str) -> None:
    sessions = dict.fromkeys(each.session_id for each in alarms if each.session_id)
    if sessions:
        record_read(site.folder, site.author(person), what, fields=[*sessions])


def _rows(
    site: Site, alarms: Sequence[LoggedAlarm], tables: Sequence[UnitRecord]
) -> Iterator[AlarmRow]:
    for each in alarms:
        yield AlarmRow(
            alarm=each,
            raised=_moment(site, each.raised_utc_ms),
            table=called_by_clinic(each.unit_id, tables),
            symbol=SYMBOLS.get(each.priority, ""),
            text=f"cannot be read: {each.fault}" if each.fault else site.words.sentence(each.text),
            ended=_moment(site, each.ended_utc_ms) or ("" if each.fault else "not recorded"),
            acknowledged=_acknowledged(site, each),
        )


def _acknowledged(site: Site, alarm: LoggedAlarm) -> str:
    if alarm.fault:
        return ""
    if not alarm.by:
        return "by nobody"
    return f"{_moment(site, alarm.acknowledged_utc_ms)} by {alarm.by}"


def _moment(site: Site, utc_ms: int | None) -> str:
    return site.words.moment(utc_ms) if utc_ms else ""
