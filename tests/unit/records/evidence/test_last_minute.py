"""The end of an open session as its journal holds it, for a chart that begins late."""

from __future__ import annotations

import pytest

from controller.errors import RecordNotFound
from controller.events import EventKind
from controller.runtime.clock import VirtualClock
from records.evidence.journal import open_session
from records.evidence.last_minute import read_last_minute
from records.store.record_folder import RecordFolder
from tests.unit.records.evidence.test_journal import (
    KEY,
    UNIT,
    event,
    filled,
    opening,
    sample,
)


def test_the_newest_samples_and_events_by_the_wall_clock(folder: RecordFolder) -> None:
    journal = filled(folder, ticks=40)
    journal.sync()
    read = read_last_minute(folder.unit_database(UNIT), "s-1", for_ms=500)
    assert [each.force_n for each in read.forces] == [round(103.0 + n / 10, 1) for n in range(10)]
    assert {each.target_n for each in read.forces} == {102.0}
    assert [each.kind for each in read.events] == [
        EventKind.OPERATOR_ACTED,
        EventKind.SESSION_ENDED,
    ]
    steps = {b.utc_ms - a.utc_ms for a, b in zip(read.forces, read.forces[1:], strict=False)}
    assert steps == {50}
    newest = read.events[-1]
    assert read.forces[-1].utc_ms == newest.utc_ms - 50
    journal.close()


def test_a_moment_without_a_reading_has_no_force(folder: RecordFolder) -> None:
    journal = open_session(folder, opening(), VirtualClock(), key=KEY)
    journal.append_sample(sample(0, None))
    journal.append_event(event(50))
    journal.sync()
    read = read_last_minute(folder.unit_database(UNIT), "s-1", for_ms=60_000)
    assert [each.force_n for each in read.forces] == [None]
    journal.close()


def test_a_session_without_samples_yet_has_its_events(folder: RecordFolder) -> None:
    journal = open_session(folder, opening(), VirtualClock(), key=KEY)
    journal.sync()
    read = read_last_minute(folder.unit_database(UNIT), "s-1", for_ms=60_000)
    assert read.forces == ()
    assert [each.kind for each in read.events] == [EventKind.SESSION_STARTED]
    with pytest.raises(RecordNotFound, match="session s-2 is not on file"):
        read_last_minute(folder.unit_database(UNIT), "s-2", for_ms=60_000)
    journal.close()
