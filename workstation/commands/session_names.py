"""From what a person calls a session to its id, wherever a command asks for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from controller.errors import RecordNotFound, RequestRefused, SessionAmbiguous
from workstation.commands.options import Place

if TYPE_CHECKING:
    from records.keeping.search import FoundSession
    from records.keeping.session_names import Fitting

SHOWN = 10
"""Most sessions that are listed where a name fits several."""
WAYS = "an id or an end of it, last, a day, a patient reference or a unit"


def named_session(place: Place, name: str, by: str = "") -> str:
    """The id of the one session that is called so.

    Raises RecordNotFound, or SessionAmbiguous with those that fit. A look-up by the patient, and a
    list that shows patients, leave a row of the access first. A whole id is found by the evidence
    alone, whatever state the words are in.
    """
    from records.clinic.paper_sheets import is_paper

    if is_paper(name):
        raise RequestRefused(
            f"{name} is a downtime sheet: no device recorded it, so there is no session. `traction "
            "note`, `scrub`, and `export` as pdf, text or json take it"
        )
    if whole := _called_so(place, name):
        return whole
    fitting = _fitting(place, name)
    found = fitting.sessions
    if not found:
        raise RecordNotFound(
            f"session {name!r} is not on file in {place.folder}; `traction sessions` lists them. "
            f"A session is called by {WAYS}"
        )
    if fitting.by_patient or len(found) > 1:
        _leave_row(place, found[:SHOWN], by)
    if len(found) == 1:
        return found[0].head.session_id
    raise SessionAmbiguous(
        f"session {name!r} fits {len(found)} sessions; say which by its id, or the newest with "
        f"'last {name}'",
        listed=_lines(place, found),
    )


def named_paper(place: Place, name: str) -> str | None:
    """The id of the downtime sheet that is called so, by its id or the beginning of it.

    None for a name that means a session. Raises RecordNotFound or SessionAmbiguous.
    """
    from records.clinic.paper_sheets import is_paper, sheets_on_file
    from records.visit.paper_visit import require_sheet

    if not is_paper(name):
        return None
    ids = [each.sheet.sheet_id for each in sheets_on_file(place.folder)]
    fitting = [each for each in ids if each.startswith(name)]
    if len(fitting) > 1 and name not in fitting:
        raise SessionAmbiguous(
            f"{name!r} fits {len(fitting)} sheets; say which", listed=(*fitting,)
        )
    found = name if name in fitting or not fitting else fitting[0]
    return require_sheet(place.folder, found).sheet.sheet_id


def _called_so(place: Place, name: str) -> str:
    """``name`` where it is an id, else ""."""
    from records.evidence.reader import find_session

    try:
        return name if find_session(place.folder, name).session_id == name else ""
    except RecordNotFound:
        return ""


def _fitting(place: Place, name: str) -> Fitting:
    from controller.runtime.clock import SystemClock
    from records.keeping.search import SessionQuery, find_sessions
    from records.keeping.session_names import SessionNaming, sessions_named

    listed = find_sessions(place.folder, SessionQuery(), place.day_of)
    today = place.day_of(SystemClock().utc_ms())
    naming = SessionNaming(day_of=place.day_of, today=today, unit_names={})
    fitting = sessions_named(listed, name, naming)
    if fitting.sessions or not listed:
        return fitting
    return sessions_named(listed, name, replace(naming, unit_names=_unit_names(place)))


def _unit_names(place: Place) -> dict[str, str]:
    """What the clinic calls its units, by their id; read only where no other name fits."""
    from records.standing.kinds import UnitRecord
    from records.standing.versions import read_standing

    units = (each.record for each in read_standing(place.folder).all_of("unit"))
    return {
        unit.unit_id: unit.name for unit in units if isinstance(unit, UnitRecord) and unit.unit_id
    }


def _leave_row(place: Place, found: Sequence[FoundSession], by: str) -> None:
    from records.clinic.audit import record_read
    from workstation.author_now import reader_now

    ids = [one.head.session_id for one in found]
    record_read(place.folder, reader_now(place.folder, by), "search", fields=ids)


def _lines(place: Place, found: Sequence[FoundSession]) -> tuple[str, ...]:
    lines = [
        f"{one.head.session_id}  {one.reference or 'no patient'}  "
        f"{_minute(place.local(one.head.started_utc_ms))}  {one.outcome}"
        for one in found[:SHOWN]
    ]
    more = len(found) - len(lines)
    return (*lines, f"and {more} older ones: `traction sessions` lists them") if more else (*lines,)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
