"""Times of events past midnight and over a change of the clock, on the page and in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from controller.events import EventKind
from controller.order.force_unit import ForceUnit
from records.evidence.reader import read_session
from records.note.delivered_dose import compute_dose
from records.store.record_folder import RecordFolder
from tests.support.notes import Happened, recorded
from workstation.history.told_events import told_events

CHICAGO = ZoneInfo("America/Chicago")


def times(folder: RecordFolder, began: datetime, **more: int) -> list[str]:
    """The times of a session of one minute that was opened then."""
    began_ms = int(began.timestamp() * 1000)
    recorded(folder, "s-1", began_ms=began_ms, **more)  # type: ignore[arg-type]
    record = read_session(folder, "s-1")
    told = told_events(record, CHICAGO, compute_dose(record), ForceUnit.NEWTON)
    return [each.of_day for each in told]


def test_past_midnight_the_day_stands_beside_the_time(folder: RecordFolder) -> None:
    said = times(folder, datetime(2026, 1, 2, 5, 59, 30, tzinfo=UTC))
    assert said[0] == "23:59:30"
    assert said[-1] == "2026-01-02 00:00:34"


def test_past_a_change_of_the_clock_the_zone_stands_there(folder: RecordFolder) -> None:
    """On 2026-11-01 clocks go from 02:00 back to 01:00, which is 07:00 UTC."""
    said = times(folder, datetime(2026, 11, 1, 6, 59, 30, tzinfo=UTC))
    assert said[0] == "01:59:30"
    assert said[-1] == "01:00:34 CST"


def test_an_event_is_marked_by_what_people_look_for(folder: RecordFolder) -> None:
    happened: Happened = [
        (500, EventKind.UNIT_ARMED, {}),
        (30_000, EventKind.UNIT_EVENT_SEEN, {"code": 10, "unit_at_ms": 30_000}),
    ]
    recorded(folder, "s-1", happened=happened, outcome="stopped")
    record = read_session(folder, "s-1")
    told = [*told_events(record, CHICAGO, compute_dose(record), ForceUnit.POUND)]
    assert [each.at_ms for each in told if each.mark == "stop"] == [30_000]
