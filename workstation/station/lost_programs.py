"""A program that was lost in a session of a unit: the record says it, until somebody took note.

The alarm stands in the record of the session that the lost program left open, once that is closed.
That somebody has looked stands beside it, in a file of the station, because the record is sealed by
then. So the alarm outlives every restart of every program; where the file is missing, it is raised
once more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from controller.alarms import CONTROL_GONE
from controller.errors import RecordNotFound
from controller.event_details.findings_and_alarms import AlarmRaised
from controller.events import EventKind, Outcome
from records.evidence.reader import newest_session, read_session
from records.evidence.unit_reading import open_sessions
from records.store.private_files import write_private
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from workstation.station.place import station_folder

_SUFFIX: Final = ".noted"


class LostPrograms:
    """Those of one unit; what is written may wait for the disk."""

    def __init__(self, folder: RecordFolder, unit_id: str) -> None:
        self._folder = folder
        self._unit_id = unit_id

    def unnoted(self) -> str:
        """The session that the last lost program left open; "" where somebody took note.

        Whoever began a later session had to look at the table, and has taken note by that.
        """
        session_id = newest_session(self._folder, self._unit_id)
        if not session_id or session_id == self._noted_session():
            return ""
        try:
            record = read_session(self._folder, session_id)
        except RecordNotFound:
            return ""  # a person removed its content, long after
        raised = [one.said(AlarmRaised).code for one in record.of_kind(EventKind.ALARM_RAISED)]
        was_lost = record.outcome == Outcome.INTERRUPTED and CONTROL_GONE in raised
        return record.head.session_id if was_lost else ""

    def left_open(self) -> str:
        """The session that a lost program left open and that nobody has closed yet.

        "" where there is none, where a program drives it, and where somebody took note. Only who
        reaches the unit may close it; that it was lost can be said before.
        """
        database = self._folder.unit_database(self._unit_id)
        if UnitLock(database).is_held():
            return ""
        newest = open_sessions(database)[-1:]
        for head in newest:
            record = read_session(self._folder, head.session_id)
            has_ended = bool(record.of_kind(EventKind.SESSION_ENDED))
            if not has_ended and head.session_id != self._noted_session():
                return head.session_id
        return ""

    def note(self, session_id: str) -> None:
        """Keep that a person took note of it; raises OSError."""
        write_private(self._file, session_id.encode("ascii"))

    def _noted_session(self) -> str:
        try:
            return self._file.read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""

    @property
    def _file(self) -> Path:
        return station_folder(self._folder.path) / f"{self._unit_id}{_SUFFIX}"
