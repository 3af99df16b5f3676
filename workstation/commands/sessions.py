"""``traction sessions`` and ``show``: list and show what is on file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RequestRefused
from workstation.commands.options import (
    PersonOptions,
    Place,
    RecordsOptions,
    SessionArgument,
    grouped,
    say_whose_visit,
)
from workstation.commands.session_names import named_session
from workstation.exit_status import RECORD_BAD
from workstation.output import say, say_json, say_json_text, warn

if TYPE_CHECKING:
    from controller.order.force_unit import ForceUnit
    from records.keeping.search import FoundSession, SessionQuery
    from records.keeping.sheet_search import FoundSheet
    from records.keeping.unfollowed_orders import UnfollowedOrder
    from records.visit.visit import Visit
    from workstation.history.finding import FoundTreatments


NOT_CHECKED = (
    "this list checks nothing: `traction verify --all` checks every session, each document its own"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """Which sessions to list."""

    patient: Annotated[str, typer.Option(help="Patient reference, exactly.")] = ""
    first_day: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = ""
    last_day: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = ""
    outcome: Annotated[str, typer.Option(help="How the session ended.")] = ""
    text: Annotated[str, typer.Option(help="Words that order or note contain, all of them.")] = ""
    refused: Annotated[
        bool, typer.Option("--refused", help="Also refused attempts and orders without a session.")
    ] = False
    limit: Annotated[int, typer.Option(min=0, help="How many, the newest first; 0: all.")] = 20

    def asked(self) -> SessionQuery:
        """Returns the query; raises RequestRefused for an invalid day."""
        from records.keeping.search import SessionQuery

        return SessionQuery(
            patient=self.patient,
            first_day=_day("--from", self.first_day),
            last_day=_day("--to", self.last_day),
            outcome=self.outcome,
            words=tuple(self.text.split()),
        )


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("sessions")(sessions)
    app.command("show")(show)


@grouped
def sessions(query: QueryOptions, person: PersonOptions) -> None:
    """List the sessions on file, newest first, or those that match."""
    from workstation.history.finding import find_treatments_told

    place = person.place.at_the_clinic_if_readable()
    found = find_treatments_told(
        place.folder, query.asked(), place.day_of, refused_too=query.refused
    )
    _list(query, person, place, found)
    for text in found.unread:
        warn(f"a file could not be read, and none of its sessions is listed: {text}")
    if found.unread:
        raise typer.Exit(RECORD_BAD)


def _list(query: QueryOptions, person: PersonOptions, place: Place, found: FoundTreatments) -> None:
    from records.clinic.audit import record_read
    from records.keeping.search import SessionQuery
    from workstation.author_now import reader_now

    folder, asked = place.folder, query.asked()
    listed = found.part(0, query.limit)
    called = listed.every
    if called or (folder.clinic_database.exists() and (asked.patient or asked.words)):
        ids = [one.called for one in called]
        record_read(folder, reader_now(folder, person.by), "search", fields=ids)
    shown = _facts(listed.sessions, place)
    sheets, orders = _sheets(listed.sheets, place), _orders(listed.orders, place)
    left_out = {
        "refused": found.left_out,
        "orders": found.left_out_orders,
        "older": found.count - len(called),
    }
    if person.as_json:
        every = {"sessions": shown, "from_paper": sheets, "orders": orders}
        say_json("sessions", every | {"left_out": left_out})
        return
    if not found.count:
        that_fit = " that fit" if asked != SessionQuery() else ""
        say(f"no sessions{that_fit} in {folder}")
    lines = {
        (False, True): map(partial(_line, place), shown),
        (True, True): map(partial(_sheet_line, place), sheets),
        (False, False): map(partial(_order_line, place), orders),
    }
    for one in called:
        say(next(lines[one.on_paper, one.was_begun]))
    for line in _left_out(left_out):
        say(line)
    if shown:
        say(NOT_CHECKED)


def _orders(found: Sequence[UnfollowedOrder], place: Place) -> list[dict[str, object]]:
    """Returns the facts of each order that no session followed."""
    from records.keeping.unfollowed_orders import NO_SESSION

    return [
        {
            "session_id": one.session_id,
            "unit_id": one.unit_id,
            "patient_reference": one.reference,
            "filed": place.local(one.filed_utc_ms).isoformat(),
            "filed_by": one.by,
            "outcome": NO_SESSION,
        }
        for one in found
    ]


def _order_line(place: Place, row: Mapping[str, object]) -> str:
    return "  ".join(
        (
            str(row["session_id"]),
            _minute(place, row["filed"]),
            str(row["patient_reference"]) or "no patient",
            f"{row['outcome']}, order filed by {row['filed_by']}",
            f"unit {row['unit_id']}",
        )
    )


def _sheets(found: Sequence[FoundSheet], place: Place) -> list[dict[str, object]]:
    """Returns the facts of each visit that was entered from a downtime sheet."""
    from records.note.paper_note import minutes_of

    return [
        {
            "sheet_id": one.kept.sheet.sheet_id,
            "patient_reference": one.reference,
            "began": place.local(one.kept.sheet.began_utc_ms).isoformat(),
            "minutes": minutes_of(one.kept.sheet),
            "outcome": one.outcome,
            "note": one.note_status,
            "entered_by": one.kept.by,
        }
        for one in found
    ]


def _sheet_line(place: Place, row: Mapping[str, object]) -> str:
    return "  ".join(
        (
            str(row["sheet_id"]),
            _minute(place, row["began"]),
            str(row["patient_reference"]),
            f"{row['minutes']} min",
            str(row["outcome"]),
            f"note {row['note']}",
            f"entered from paper by {row['entered_by']}, not recorded by the device",
        )
    )


def _facts(found: Sequence[FoundSession], place: Place) -> list[dict[str, object]]:
    """Returns the facts of each session."""
    from records.keeping.session_facts import claims_sent, delivered_minutes
    from workstation.last_check import LastVerified

    verified = LastVerified.of(place.folder)
    sent = claims_sent(place.folder) if found else {}
    minutes = delivered_minutes(place.folder, [one.head.session_id for one in found])
    return [
        {
            "session_id": session.head.session_id,
            "unit_id": session.head.unit_id,
            "patient_reference": session.reference,
            "started": place.local(session.head.started_utc_ms).isoformat(),
            "minutes": minutes[session.head.session_id],
            "outcome": session.outcome,
            "sealed": session.sealed,
            "note": session.note_status,
            "claim_exported_as": sent.get(session.head.session_id, []),
            "verified": verified.words(session.head.session_id),
        }
        for session in found
    ]


def _line(place: Place, row: Mapping[str, object]) -> str:
    """Returns the same for people."""
    sealed = "" if row["sealed"] else ", not sealed"
    return "  ".join(
        (
            str(row["session_id"]),
            _minute(place, row["started"]),
            str(row["patient_reference"]) or "no patient",
            "minutes unknown" if row["minutes"] is None else f"{row['minutes']} min",
            f"{row['outcome']}{sealed}",
            f"note {row['note']}",
            _claim(row),
            f"unit {row['unit_id']}",
            str(row["verified"]),
        )
    )


def _minute(place: Place, moment: object) -> str:
    from records.times_in_words import minute_in_words

    utc_s = datetime.fromisoformat(str(moment)).timestamp()
    return minute_in_words(place.local(round(utc_s * 1000)))


def _claim(row: Mapping[str, object]) -> str:
    """Returns whether the session's claim left, and as what; nothing is judged for a list."""
    sent = row["claim_exported_as"]
    if isinstance(sent, list) and sent:
        return f"claim exported as {', '.join(dict.fromkeys(sent))}"
    return "no claim exported" if row["minutes"] else "no treatment to claim"


def _left_out(count: Mapping[str, int]) -> Iterator[str]:
    names = {
        "refused": ("refused try", "refused tries"),
        "orders": ("order without a session", "orders without a session"),
    }
    for kind, (one, several) in names.items():
        if count[kind]:
            is_one = count[kind] == 1
            what = f"1 {one} is" if is_one else f"{count[kind]} {several} are"
            yield f"{what} not listed; --refused lists {'it' if is_one else 'them'} as well"
    if older := count["older"]:
        yield f"{older} older ones are not listed; --limit 0 lists all"


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RequestRefused(f"{option}={text} is not a day; write it as 2026-01-31") from error


@grouped
def show(session: SessionArgument, records: RecordsOptions) -> None:
    """Show what happened in a session, event by event."""
    from records.exports.formats import written
    from records.visit.load import audited_visit
    from workstation.author_now import reader_now

    place = records.place
    session_id = named_session(place, session)
    person = reader_now(place.folder)
    visit = audited_visit(
        place.folder, session_id, place.settings, person, "show", altered_too=not records.as_json
    )
    if visit.further is not None and not records.as_json:
        warn(_one_visit(visit))
    if records.as_json:
        say_whose_visit(visit)
        say_json_text(written(visit, "json").decode().rstrip("\n"))
        return
    if visit.mark:
        say(visit.mark)
    for line in event_lines(visit, place.leading_unit):
        say(line)
    if visit.mark:
        say(visit.mark)
        raise typer.Exit(RECORD_BAD)


def event_lines(visit: Visit, forces: ForceUnit) -> Iterator[str]:
    """Yields the events of the named session, on both axes of time."""
    from records.note.device_fields import local_time
    from records.times_in_words import zone_in_words
    from workstation.history.told_events import told_events

    record = visit.asked_session.record
    yield f"session {record.head.session_id}: {record.outcome}"
    yield f"events {len(record.events)}, samples {len(record.samples)}"
    yield f"times of day in {zone_in_words(local_time(record, 0, visit.zone))}; s since the opening"
    for told in told_events(record, visit.zone, visit.asked_dose, forces):
        yield (f"{told.of_day}  {told.since_traction:<26} {told.at_ms / 1000:10.3f} s  {told.said}")


def _one_visit(visit: Visit) -> str:
    """Say which other sessions belong to the visit, since events are shown of one session."""
    others = [name for name in visit.note.sessions if name != visit.asked_for]
    return (
        f"session {visit.asked_for} is one visit with {', '.join(others)}; these are its own events"
    )
