"""The alarms of every session on file, of all tables and across restarts, newest first.

A log checks nothing: a session's page and ``traction verify`` tell whether its record was altered.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from controller.errors import JournalError
from controller.event_details.findings_and_alarms import (
    AlarmAcknowledged,
    AlarmRaised,
    SafetyCleared,
)
from controller.events import EventKind
from records.evidence.reader import SessionHead, events_of_kinds
from records.evidence.stored_session import session_rows_of
from records.evidence.unit_reading import reading
from records.exports.claim.charge_csv import safe_cell
from records.store.canonical import StoredEvent
from records.store.database import Database
from records.store.record_folder import RecordFolder

LONGEST: Final = timedelta(days=1)
"""No session lasts longer."""
KINDS: Final = (EventKind.ALARM_RAISED, EventKind.SAFETY_CLEARED, EventKind.ALARM_ACKNOWLEDGED)
COLUMNS: Final = (
    "raised",
    "session",
    "unit",
    "table",
    "priority",
    "code",
    "text",
    "ended",
    "acknowledged",
    "acknowledged_by",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAlarm:
    """One raising of an alarm, UTC milliseconds.

    ``ended_utc_ms`` is when its cause was last seen, None where its end was not seen, or for a
    cause that does not end (a session that is over). ``by`` is who acknowledged it; "" until then.
    With a ``fault`` the alarms of the session could not be read.
    """

    session_id: str
    unit_id: str
    raised_utc_ms: int
    code: str = ""
    priority: str = ""
    text: str = ""
    ended_utc_ms: int | None = None
    acknowledged_utc_ms: int | None = None
    by: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmQuery:
    """Which alarms to list; None or empty matches everything. Days are inclusive."""

    first_day: date | None = None
    last_day: date | None = None
    priority: str = ""
    words: tuple[str, ...] = ()
    units: frozenset[str] = frozenset()
    not_acknowledged: bool = False

    def fits(self, alarm: LoggedAlarm, day: date) -> bool:
        """Returns True for an alarm of that day, and for a session whose alarms cannot be read."""
        if not (self.first_day or day) <= day <= (self.last_day or day):
            return False
        if self.units and alarm.unit_id not in self.units:
            return False
        if alarm.fault:
            return True
        if self.priority and alarm.priority != self.priority:
            return False
        if self.not_acknowledged and alarm.by:
            return False
        said = f"{alarm.code} {alarm.text} {alarm.by} {alarm.session_id}".lower()
        return all(word.lower() in said for word in self.words)


def logged_alarms(
    folder: RecordFolder, query: AlarmQuery, day_of: Callable[[int], date]
) -> Generator[LoggedAlarm, None, None]:
    """Yields the matching alarms, newest sessions first; reads nothing before it is needed.

    What cannot be read is included with its fault. A caller that does not take all of them closes
    it.
    """
    with ExitStack() as stack:
        files: dict[Path, Database] = {}
        for path in folder.readable_databases():
            try:
                files[path] = stack.enter_context(reading(path))
            except JournalError as error:
                yield LoggedAlarm(
                    session_id="", unit_id=path.stem, raised_utc_ms=0, fault=error.message
                )
        heads = [(head, path) for path, db in files.items() for head in session_rows_of(db)]
        heads.sort(key=lambda pair: (pair[0].started_utc_ms, pair[0].session_id), reverse=True)
        for head, path in heads:
            if _may_fit(head, query, day_of):
                for alarm in reversed([*_of_session(files[path], path, head)]):
                    if query.fits(alarm, day_of(alarm.raised_utc_ms)):
                        yield alarm


def _may_fit(head: SessionHead, query: AlarmQuery, day_of: Callable[[int], date]) -> bool:
    """Returns whether it can: a session over midnight has alarms of the next day too."""
    if query.units and head.unit_id not in query.units:
        return False
    day = day_of(head.started_utc_ms)
    before = query.last_day is not None and day > query.last_day
    return not before and (query.first_day is None or day >= query.first_day - LONGEST)


def _of_session(db: Database, path: Path, head: SessionHead) -> Iterator[LoggedAlarm]:
    """Yields them in the order in which they were raised."""
    nothing = LoggedAlarm(
        session_id=head.session_id, unit_id=head.unit_id, raised_utc_ms=head.started_utc_ms
    )
    try:
        yield from _alarms(head, events_of_kinds(db, path, head, KINDS))
    except JournalError as error:
        yield replace(nothing, fault=error.message)


def _alarms(head: SessionHead, events: Iterable[StoredEvent]) -> list[LoggedAlarm]:
    """Returns the alarms of one session, each with its end and its acknowledgement.

    Raises JournalError.
    """
    raised: list[LoggedAlarm] = []
    for event in events:
        if event.kind is EventKind.ALARM_RAISED:
            raised.append(_raised(head, event))
        elif event.kind is EventKind.SAFETY_CLEARED:
            _end(raised, head, event)
        else:
            _acknowledge(raised, event)
    return raised


def _raised(head: SessionHead, event: StoredEvent) -> LoggedAlarm:
    said = event.said(AlarmRaised)
    return LoggedAlarm(
        session_id=head.session_id,
        unit_id=head.unit_id,
        raised_utc_ms=event.utc_ms,
        code=said.code,
        priority=said.priority,
        text=said.text,
    )


def _end(raised: list[LoggedAlarm], head: SessionHead, event: StoredEvent) -> None:
    """Note the end of the cause of the newest alarm of this code."""
    cleared = event.said(SafetyCleared)
    for number in range(len(raised) - 1, -1, -1):
        if raised[number].code == cleared.code:
            at_ms = head.started_utc_ms + cleared.last_seen_ms
            raised[number] = replace(raised[number], ended_utc_ms=at_ms)
            return


def _acknowledge(raised: list[LoggedAlarm], event: StoredEvent) -> None:
    """Acknowledge every alarm of these codes that nobody had acknowledged yet."""
    said = event.said(AlarmAcknowledged)
    for number, alarm in enumerate(raised):
        if alarm.code in said.codes and not alarm.by:
            raised[number] = replace(alarm, acknowledged_utc_ms=event.utc_ms, by=said.by)


def alarms_csv(
    alarms: Iterable[LoggedAlarm], local: Callable[[int], datetime], tables: Mapping[str, str]
) -> str:
    """Returns the same as a file; a cell that a spreadsheet would run as a formula is marked."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in alarms:
        cells = (
            _moment(each.raised_utc_ms, local),
            each.session_id,
            each.unit_id,
            tables.get(each.unit_id, ""),
            each.priority,
            each.code,
            each.fault or each.text,
            _moment(each.ended_utc_ms, local),
            _moment(each.acknowledged_utc_ms, local),
            each.by,
        )
        writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue()


def _moment(utc_ms: int | None, local: Callable[[int], datetime]) -> str:
    return local(utc_ms).isoformat(timespec="milliseconds") if utc_ms else ""
