"""Reads the unit's event ring beside the control exchange, each entry exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.errors import LinkError
from controller.event_details.treatment import UnitEventSeen, UnitEventsLost
from controller.ports import TractionUnit
from controller.runtime.recorder import Recorder
from controller.session.inputs_and_effects import session_ms
from controller.telemetry import Telemetry, UnitEvent

ENTRIES_IN_MOTION: Final = 2
"""Maximum entries read per tick while force is on (times.md#exceptions)."""
ENTRIES_AT_REST: Final = 10


class UnitEventReader:
    """Remembers which ring entry was recorded last; starts after the entries already there.

    A reading without the number of the newest event or the unit's uptime causes no read; a later
    reading does.

    A restarted unit counts its events from 1 again; none of that start was recorded.
    """

    def __init__(self, unit: TractionUnit, recorder: Recorder, first: Telemetry) -> None:
        self._unit = unit
        self._recorder = recorder
        self._last = first.newest_event or 0
        self._boot_count = unit.identity.boot_count

    def behind(self, reading: Telemetry) -> bool:
        """Returns True if the unit has events that are not recorded yet."""
        self._notice_restart()
        return reading.newest_event not in (None, self._last)

    def read(self, reading: Telemetry, now_s: float, *, limit: int) -> Sequence[UnitEvent]:
        """Record and return at most ``limit`` new entries; a failed read is repeated later."""
        self._notice_restart()
        if reading.newest_event is None or reading.uptime_s is None:
            return ()
        behind = (reading.newest_event - self._last) & 0xFFFF
        if behind == 0:
            return ()
        lost = max(0, behind - self._unit.capabilities.event_ring_size)
        first = self._last + lost + 1
        try:
            entries = self._unit.read_events(first, min(behind - lost, limit))
        except LinkError:
            return ()
        if lost:
            self._recorder.event(UnitEventsLost(count=lost), now_s=now_s)
        for entry in entries:
            self._record(entry, reading, reading.uptime_s, now_s)
            self._last = entry.sequence
        return entries

    def _notice_restart(self) -> None:
        boot_count = self._unit.identity.boot_count
        if boot_count != self._boot_count:
            self._boot_count, self._last = boot_count, 0

    def _record(self, entry: UnitEvent, reading: Telemetry, uptime_s: float, now_s: float) -> None:
        asked_at_s = reading.taken_at_s + reading.sample_age_s
        happened_at_s = asked_at_s - (uptime_s - entry.uptime_ms / 1000)
        self._recorder.event(
            UnitEventSeen(
                boot=entry.boot_count,
                sequence=entry.sequence,
                code=entry.code,
                uptime_ms=entry.uptime_ms,
                unit_at_ms=max(0, session_ms(happened_at_s, self._recorder.origin_s)),
                value_1=entry.value_1,
                value_2=entry.value_2,
            ),
            now_s=now_s,
        )
