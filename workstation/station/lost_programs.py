"""A program lost in a session of a unit: its record shows it, until somebody acknowledges it.

The alarm is in the record of the session that the lost program left open, once that is closed. The
acknowledgement is beside it, in a file of the station, because the record is sealed by then. So the
alarm outlives every restart of every program; where the file is missing, it is raised again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from controller.alarms import CONTROL_GONE
from controller.errors import RecordNotFound, TractionError
from controller.event_details.findings_and_alarms import AlarmRaised
from controller.events import EventKind, Outcome
from records.evidence.reader import SessionRecord, load_session, newest_of_unit
from records.evidence.unit_reading import open_sessions, reading
from records.store.private_files import write_private
from records.store.record_folder import RecordFolder, unit_id_of
from records.store.unit_lock import UnitLock
from workstation.station.place import station_folder

_SUFFIX: Final = ".noted"


class LostPrograms:
    """The lost programs of one unit; writing may wait for the disk."""

    def __init__(self, folder: RecordFolder, unit_id: str) -> None:
        self._folder = folder
        self._unit_id = unit_id

    def unnoted(self) -> str:
        """Returns the session that the last lost program left open; "" once that is acknowledged.

        Beginning a later session acknowledges it, because that person had to look at the table.
        """
        try:
            record = newest_of_unit(self._folder, self._unit_id)
        except RecordNotFound:
            return ""  # a person removed its content, long afterwards
        if record is None or record.head.session_id == self._noted_session():
            return ""
        raised = [one.said(AlarmRaised).code for one in record.of_kind(EventKind.ALARM_RAISED)]
        was_lost = record.outcome == Outcome.INTERRUPTED and CONTROL_GONE in raised
        return record.head.session_id if was_lost else ""

    def left_open(self) -> SessionRecord | None:
        """Returns the session that a lost program left open and that nobody has closed yet.

        None where there is none, where a program drives it, and once it is acknowledged. Only a
        program that reaches the unit may close it; the loss can be reported before.
        """
        database = self._folder.unit_database(self._unit_id)
        if UnitLock(database).is_held():
            return None
        for head in open_sessions(database)[-1:]:
            with reading(database) as db:
                record = load_session(db, database, head, with_samples=False)
            has_ended = bool(record.of_kind(EventKind.SESSION_ENDED))
            if not has_ended and head.session_id != self._noted_session():
                return record
        return None

    def note(self, session_id: str) -> None:
        """Record that a person acknowledged it; raises OSError."""
        write_private(self._file, session_id.encode("ascii"))

    def _noted_session(self) -> str:
        try:
            return self._file.read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""

    @property
    def _file(self) -> Path:
        return station_folder(self._folder.path) / f"{self._unit_id}{_SUFFIX}"


class LostSession(NamedTuple):
    """A session that a lost program left open at a table; ``of`` is its unit."""

    of: LostPrograms
    session_id: str


def left_open_at(folder: RecordFolder, address: str, unit_id: str | None) -> LostSession | None:
    """Returns what was left open at a table, whether its unit answers or not; None: nothing.

    A table whose record names no unit is found by the address in its sessions. Raises TractionError
    for a file that cannot be read, where the others show nothing.
    """
    if unit_id is None:
        return _left_open_by_address(folder, address)
    lost = LostPrograms(folder, unit_id)
    record = lost.left_open()
    return None if record is None else LostSession(lost, record.head.session_id)


def _left_open_by_address(folder: RecordFolder, address: str) -> LostSession | None:
    unread: list[TractionError] = []
    for database in folder.unit_databases():
        lost = LostPrograms(folder, unit_id_of(database))
        try:
            record = lost.left_open()
        except TractionError as error:
            unread.append(error)
            continue
        if record is not None and record.started.session.uri == address:
            return LostSession(lost, record.head.session_id)
    if unread:
        raise unread[0]
    return None
