"""Reads and writes what the live pages need of databases, in a thread of its own.

Live view, alarms and STOP never wait for a database: what cannot be read yet is read again, and
until then a page shows table and figures only. An audit row that cannot be kept yet is kept later.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from controller.errors import TractionError
from controller.ports import Clock
from records.clinic.audit import record_read
from records.evidence.last_minute import read_last_minute
from records.store.record_folder import RecordFolder
from workstation.author_now import author_now
from workstation.console.chart import CHART_S
from workstation.console.session_facts import SessionFacts, read_facts
from workstation.console.units import KeptUnit
from workstation.station.sparing_log import SparingLog

LOOKS_EVERY_S: Final = 0.5
LIVE_VIEW: Final = "live view"
"""The name of a page with an open session in audit rows."""


@dataclass(frozen=True, slots=True)
class _View:
    """A person has seen whose session is open on a unit."""

    by: str
    facts: SessionFacts


class SessionReader:
    """One per console; ``report`` takes what only the log shows."""

    def __init__(
        self,
        folder: RecordFolder,
        units: Mapping[str, KeptUnit],
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        self._folder, self._units, self._clock = folder, units, clock
        self._log = SparingLog(clock, report)
        self._seen: set[_View] = set()
        self._unwritten: deque[_View] = deque()
        self._looked_at: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def close(self) -> None:
        """End, with a last attempt to keep the missing rows."""
        self._closed.set()
        self._thread.join()
        self._write_views()

    def note_view(self, by: str, facts: SessionFacts) -> None:
        """Note that a person is shown a session: its row is kept later, once for each person."""
        view = _View(by, facts)
        if view not in self._seen:
            self._seen.add(view)
            self._unwritten.append(view)

    def look(self) -> None:
        """Read and write whatever is missing and available now."""
        for unit in self._units.values():
            if unit.snapshot is not None and unit.name not in self._looked_at:
                self._looked_at.add(unit.name)
                self._read_chart(unit)
            if unit.session_id:
                self._read_facts(unit, unit.session_id)
        self._write_views()

    def _keep(self) -> None:
        while not self._closed.wait(LOOKS_EVERY_S):
            try:
                self.look()
            except Exception as error:
                self._log.say("failed", f"the reader of sessions failed: {error!r}")

    def _read_facts(self, unit: KeptUnit, session_id: str) -> None:
        if unit.facts is not None and unit.facts.session_id == session_id:
            return
        try:
            unit.facts = read_facts(self._folder, session_id)
        except TractionError as error:
            self._log.say("facts", f"{unit.name}: {error.message}")

    def _read_chart(self, unit: KeptUnit) -> None:
        """Begin the chart with the record where a session was open before the console was."""
        session_id = unit.session_id
        if not session_id or unit.table.unit_id is None:
            return
        path = self._folder.unit_database(unit.table.unit_id)
        try:
            unit.chart.begin_with(read_last_minute(path, session_id, int(CHART_S * 1000)))
        except TractionError as error:
            self._log.say("chart", f"{unit.name}: {error.message}")

    def _write_views(self) -> None:
        while self._unwritten:
            view = self._unwritten[0]
            try:
                record_read(
                    self._folder,
                    author_now(self._folder, view.by, self._clock.utc_ms()),
                    LIVE_VIEW,
                    session_id=view.facts.session_id,
                    patient_key=view.facts.patient_key,
                )
            except TractionError as error:
                self._log.say("audit", f"an audit row waits: {error.message}")
                return
            self._unwritten.popleft()
