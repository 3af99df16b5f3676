"""Finds the id of a treatment from what a person calls it, for every command that asks for one.

A name means the same in every command: a session, or a downtime sheet that was entered later.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.errors import RecordNotFound, RequestRefused, SessionAmbiguous, TractionError
from workstation.commands.options import Place

if TYPE_CHECKING:
    from records.keeping.session_names import CalledTreatment, Fitting

SHOWN = 10
"""Most treatments that are listed where a name matches several."""
WAYS = "an id or an end of it, last, a day, a patient reference or a unit"


@dataclass(frozen=True, slots=True)
class Named:
    """What a person named: the id of a session, or of a sheet (``on_paper``)."""

    called: str
    on_paper: bool = False


def named_session(place: Place, name: str, by: str = "") -> str:
    """Returns the id of the one session that matches, as ``named_treatment`` finds it.

    Raises RequestRefused where a downtime sheet matches.
    """
    named = named_treatment(place, name, by)
    if named.on_paper:
        called = name if name == named.called else f"{name!r} ({named.called})"
        raise RequestRefused(
            f"{called} is a downtime sheet: no device recorded it, so there is no session. "
            "`traction note`, `scrub`, and `export` as pdf, text or json take it; `traction "
            "sessions` lists the sessions with their ids"
        )
    return named.called


def named_treatment(place: Place, name: str, by: str = "") -> Named:
    """Returns the one session or sheet that matches.

    Raises RecordNotFound, or SessionAmbiguous with the matches. A look-up by the patient, and a
    list that shows patients, leave a row of the access first. A whole id is found from the evidence
    alone, whatever state clinic.db is in.
    """
    from records.clinic.paper_names import is_paper

    if is_paper(name):
        return _sheet_called_so(place, name)
    if whole := _session_called_so(place, name):
        return Named(whole)
    place = place.at_the_clinic_if_readable()
    fitting = _fitting(place, name)
    found = fitting.treatments
    if not found:
        raise RecordNotFound(
            f"session {name!r} is not on file in {place.folder}; `traction sessions` lists "
            f"them. A session is named by {WAYS}"
        )
    if fitting.by_patient or len(found) > 1:
        _leave_row(place, found[:SHOWN], by)
    if len({one.called for one in found}) == 1:  # a copied file has it twice: its reader refuses
        return Named(found[0].called, found[0].on_paper)
    raise SessionAmbiguous(
        f"session {name!r} matches {len(found)} {_kinds(found)}; say which by its id, "
        f"or the newest with 'last {name}'",
        listed=_lines(place, found),
    )


def _sheet_called_so(place: Place, name: str) -> Named:
    """Returns the sheet whose id begins so; raises RecordNotFound or SessionAmbiguous."""
    from records.clinic.paper_sheets import sheets_on_file
    from records.visit.paper_visit import require_sheet

    ids = [each.sheet.sheet_id for each in sheets_on_file(place.folder)]
    fitting = [each for each in ids if each.startswith(name)]
    if len(fitting) > 1 and name not in fitting:
        raise SessionAmbiguous(
            f"{name!r} matches {len(fitting)} sheets; say which one", listed=(*fitting,)
        )
    found = name if name in fitting or not fitting else fitting[0]
    return Named(require_sheet(place.folder, found).sheet.sheet_id, on_paper=True)


def _session_called_so(place: Place, name: str) -> str:
    """Returns ``name`` where it is an id, else ""."""
    from records.evidence.reader import find_session

    try:
        return name if find_session(place.folder, name).session_id == name else ""
    except RecordNotFound:
        return ""


def _fitting(place: Place, name: str) -> Fitting:
    from controller.runtime.clock import SystemClock
    from records.keeping.search import SessionQuery
    from records.keeping.session_names import SessionNaming, find_treatments, treatments_named

    day_of = place.day_of
    listed = find_treatments(place.folder, SessionQuery(), day_of)
    naming = SessionNaming(day_of=day_of, today=day_of(SystemClock().utc_ms()), unit_names={})
    fitting = treatments_named(listed, name, naming)
    if not listed or not all(one.on_paper for one in fitting.treatments):
        return fitting
    return treatments_named(listed, name, replace(naming, unit_names=_unit_names(place, listed)))


def _unit_names(place: Place, listed: Sequence[CalledTreatment]) -> dict[str, str]:
    """Returns the clinic's names of its units, by id; read only where no session matches otherwise.

    A table on file without a unit id is the one whose last session was held at its address. A sheet
    names its own table.
    """
    from records.standing.kinds import UnitRecord
    from records.standing.versions import read_standing

    found = (each.record for each in read_standing(place.folder).all_of("unit"))
    tables = [each for each in found if isinstance(each, UnitRecord)]
    names = {each.unit_id: each.name for each in tables if each.unit_id}
    at_address = {each.address: each.name for each in tables if not each.unit_id}
    newest = {one.unit: one.called for one in reversed(listed) if not one.on_paper}
    if at_address:
        addresses = {unit: _address_of(place, newest[unit]) for unit in newest.keys() - names}
        names |= {unit: at_address[uri] for unit, uri in addresses.items() if uri in at_address}
    return names


def _address_of(place: Place, session_id: str) -> str:
    """Returns where a session was held; "" where its record does not say it."""
    from records.evidence.reader import read_session

    with suppress(TractionError):
        return read_session(place.folder, session_id).started.session.uri
    return ""


def _leave_row(place: Place, found: Sequence[CalledTreatment], by: str) -> None:
    from records.clinic.audit import record_read
    from workstation.author_now import reader_now

    ids = [one.called for one in found]
    record_read(place.folder, reader_now(place.folder, by), "search", fields=ids)


def _kinds(found: Sequence[CalledTreatment]) -> str:
    sheets = sum(one.on_paper for one in found)
    if not sheets:
        return "sessions"
    return "sheets" if sheets == len(found) else "sessions and sheets"


def _lines(place: Place, found: Sequence[CalledTreatment]) -> tuple[str, ...]:
    from records.times_in_words import minute_in_words

    lines = [
        f"{one.called}  {one.reference or 'no patient'}  "
        f"{minute_in_words(place.local(one.began_utc_ms))}  {one.state}"
        for one in found[:SHOWN]
    ]
    more = len(found) - len(lines)
    return (*lines, f"and {more} older ones: `traction sessions` lists them") if more else (*lines,)
