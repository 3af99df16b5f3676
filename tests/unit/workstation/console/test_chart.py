"""The last minute of a unit: what is kept of what is heard, and what a journal puts before it."""

from __future__ import annotations

from dataclasses import replace

from controller.alarms import RaisedAlarm
from controller.events import EventKind
from controller.snapshot import Snapshot
from records.evidence.last_minute import LastMinute, RecordedForce
from records.store.canonical import EventRow
from tests.support.unit_stages import HOLDING
from workstation.console.chart import CHART_S, POINTS_PER_S, UnitChart

SHOWN = Snapshot(number=1, utc_ms=10_000, **HOLDING)


def marks(chart: UnitChart) -> list[tuple[int, str, str]]:
    return [(each.utc_ms, each.kind, each.text) for each in chart.marks]


def recorded(*at_ms: int, events: tuple[EventRow, ...] = ()) -> LastMinute:
    forces = tuple(RecordedForce(utc_ms=at, force_n=90.0, target_n=102.0) for at in at_ms)
    return LastMinute(forces=forces, events=events)


def row(kind: EventKind, utc_ms: int) -> EventRow:
    return EventRow(sequence=0, at_ms=0, utc_ms=utc_ms, kind=int(kind), version=1, detail_json="{}")


def test_a_moment_is_kept_once_and_the_minute_moves_on() -> None:
    chart = UnitChart()
    for number in range(int(CHART_S * POINTS_PER_S) + 10):
        for _ in range(2):
            chart.keep(replace(SHOWN, number=number, utc_ms=50 * number))
    assert len(chart.points) == CHART_S * POINTS_PER_S
    assert chart.points[0].utc_ms == 500


def test_pauses_and_alarms_are_marked_when_they_begin() -> None:
    chart = UnitChart()
    alarm = RaisedAlarm(code="harness_slipping", number=1, utc_ms=10_150)
    chart.keep(SHOWN)
    chart.keep(replace(SHOWN, number=2, utc_ms=10_100, phase="paused"))
    chart.keep(replace(SHOWN, number=3, utc_ms=10_200, phase="paused", alarms=(alarm,)))
    chart.keep(replace(SHOWN, number=4, utc_ms=10_300, phase="holding", alarms=(alarm,)))
    again = replace(alarm, number=2, utc_ms=10_400)
    chart.keep(replace(SHOWN, number=5, utc_ms=10_450, alarms=(again,)))
    assert marks(chart) == [
        (10_100, "pause", "paused"),
        (10_150, "alarm", "harness slips: tighten it"),
        (10_300, "pause", "resumed"),
        (10_400, "alarm", "harness slips: tighten it"),
    ]
    assert chart.marked == 4


def test_behind_a_clock_that_was_set_back_the_minute_begins_anew() -> None:
    chart = UnitChart()
    alarm = RaisedAlarm(code="harness_slipping", number=1, utc_ms=3_600_000)
    chart.keep(replace(SHOWN, utc_ms=3_600_000, alarms=(alarm,)))
    chart.keep(replace(SHOWN, number=2, utc_ms=3_598_000, alarms=(alarm,)))  # 2 s: an adjustment
    assert (len(chart.points), len(chart.marks)) == (2, 1)
    again = replace(alarm, number=2, utc_ms=100)
    chart.keep(replace(SHOWN, number=3, utc_ms=100, alarms=(alarm, again)))
    assert [each.utc_ms for each in chart.points] == [100]
    assert marks(chart) == [(100, "alarm", "harness slips: tighten it")]
    chart.begin_with(recorded(50, 3_600_000))
    assert [each.utc_ms for each in chart.points] == [50, 100]


def test_a_journal_fills_what_the_console_did_not_hear() -> None:
    chart = UnitChart()
    chart.keep(SHOWN)
    events = (
        row(EventKind.PAUSED, 9_000),
        row(EventKind.FORCE_ADJUSTED, 9_500),
        row(EventKind.ALARM_RAISED, 9_600),
        row(EventKind.QUESTION_ASKED, 9_700),
        row(EventKind.RESUMED, 10_500),
    )
    chart.begin_with(recorded(8_900, 9_950, 10_000, 10_050, events=events))
    assert [each.utc_ms for each in chart.points] == [8_900, 9_950, 10_000]
    assert [each.force_n for each in chart.points] == [90.0, 90.0, 101.0]
    assert [kind for _, kind, _ in marks(chart)] == ["pause", "request", "alarm"]
    chart.keep(replace(SHOWN, number=2, utc_ms=10_050))
    assert [each.utc_ms for each in chart.points][-2:] == [10_000, 10_050]


def test_marks_of_before_the_minute_are_not_shown() -> None:
    chart = UnitChart()
    chart.mark(1, "request", "check-in")
    assert marks(chart) == [(1, "request", "check-in")]
    chart.keep(SHOWN)
    assert marks(chart) == []
