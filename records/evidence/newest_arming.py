"""A unit as last armed on record: its firmware and zero, its clock, the times of that day.

Apart from the reader of sessions: these values belong to the core's ports, which a reader of a note
or a claim does not need.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TypeVar

from controller.event_details.before_treatment import SelfCheckRecorded
from controller.event_details.codec import decode_fields
from controller.event_details.opening import SessionStarted
from controller.event_details.seen_of_unit import ClockNumbers, UnitArmed
from controller.events import EventKind
from controller.ports import LastArming, LastSeen
from records.evidence.session_content import event_rows
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.store.canonical import EventRow
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.strict_json import parse_object
from records.times_in_words import DayOf

T = TypeVar("T")


def last_arming_of(path: Path, day_of: DayOf) -> LastArming | None:
    """Returns the unit of this file as it was in the newest session on file that armed it."""
    if not path.exists():
        return None
    with reading(path) as db, refused_in_words(f"the newest arming in {path}"):
        events = _newest_armed(db)
        for armed in _of_kind(events, EventKind.UNIT_ARMED):
            for opening in _of_kind(events, EventKind.SESSION_STARTED):
                said = _said(opening, SessionStarted), _said(armed, UnitArmed)
                return _last_arming(*said, day_of(armed.utc_ms))
    return None


def _said(row: EventRow, as_class: type[T]) -> T:
    """Returns the content of a row; ValueError for what its kind does not allow."""
    return decode_fields(as_class, parse_object(row.detail_json))


def _last_arming(started: SessionStarted, armed: UnitArmed, day: date) -> LastArming:
    identity, zero_dn = started.session.identity, armed.gross_zero_dn
    if identity is None:
        raise ValueError("an observed session arms nothing")
    return LastArming(
        firmware=identity.firmware,
        firmware_crc=identity.firmware_crc,
        gross_zero_n=None if zero_dn is None else zero_dn / 10,
        armed_on=day.isoformat(),
    )


def _newest_armed(db: Database) -> list[EventRow]:
    """Returns the events of the newest session that armed the unit; none without one.

    A session that armed nothing may have been refused for its clock: its times prove nothing.
    """
    for (session,) in rows(db, "SELECT number FROM session ORDER BY number DESC"):
        events = event_rows(db, session)
        if _of_kind(events, EventKind.UNIT_ARMED):
            return events
    return []


def _of_kind(events: list[EventRow], kind: EventKind) -> list[EventRow]:
    return [event for event in events if event.kind == kind]


def last_seen_of(path: Path) -> LastSeen | None:
    """Returns the unit's own clock in the newest session that armed it.

    None where it recorded none.
    """
    if not path.exists():
        return None
    with reading(path) as db, refused_in_words(f"the unit's clock in {path}"):
        for event in _of_kind(_newest_armed(db), EventKind.SELF_CHECK_RECORDED):
            item = _said(event, SelfCheckRecorded)
            if item.item == "clock" and item.numbers is not None:
                seen = decode_fields(ClockNumbers, item.numbers)
                return LastSeen(
                    utc_ms=seen.utc_ms, boot_count=seen.boot_count, uptime_ms=seen.uptime_ms
                )
    return None


def last_record_utc_ms(folder: RecordFolder) -> int | None:
    """Returns the latest time in the newest session of each unit that armed it, UTC milliseconds.

    Only the newest counts, so that a clock that was once ahead and then corrected is in doubt once,
    not for ever.
    """
    newest: list[int] = []
    for present in folder.unit_databases():
        for path in folder.databases_of(present.stem):
            with reading(path) as db, refused_in_words(f"the newest times in {path}"):
                times = [event.utc_ms for event in _newest_armed(db)]
            newest += times
            if times:
                break
    return max(newest, default=None)
