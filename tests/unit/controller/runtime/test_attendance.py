"""Who looks after a session is missed in time, and a terminal has nobody to be missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.errors import RequestRefused
from controller.events import EventKind
from controller.ports import NOBODY_WATCHES, Attendance
from tests.unit.controller.runtime.loop_parts import HOLD_S, Bench, Person
from tests.unit.controller.runtime.runtime_parts import press_test
from tests.unit.controller.runtime.test_session import YES, SessionBench
from tests.unit.controller.runtime.test_unit_watch import Watched

THERE = Attendance(console_age_s=0.1, page_age_s=0.1, station_age_s=0.1)


def watched(ages: Callable[[float], Attendance], *, ends_at_s: float = 40.0) -> Bench:
    """A loop whose watchers are as old as ``ages`` says, seconds since its start."""
    bench = Bench(ends_at_s=ends_at_s)
    bench.operator.watchers = THERE

    def step(elapsed_s: float) -> None:
        bench.operator.watchers = ages(elapsed_s)

    bench.run(step)
    return bench


def gone_since(name: str, since_s: float, back_s: float = 1e9) -> Callable[[float], Attendance]:
    def ages(elapsed_s: float) -> Attendance:
        silent_s = elapsed_s - since_s if since_s < elapsed_s < back_s else 0.1
        return replace(THERE, **{name: max(0.1, silent_s)})

    return ages


def test_a_console_that_is_gone_releases_and_one_that_is_quiet_does_not() -> None:
    quiet = watched(gone_since("console_age_s", 12.0, 25.0), ends_at_s=30.0)
    assert quiet.alarms() == ["console_quiet"]
    assert "ended early" in quiet.ending.reason
    lost = watched(gone_since("console_age_s", 12.0))
    assert lost.alarms()[:2] == ["console_quiet", "console_lost"]
    assert lost.ending.reason == "console lost"
    (released, *_) = [at for at, command in lost.unit.sent if command.kind.value == "release"]
    assert released - lost.started_s == pytest.approx(12.0 + 15.0, abs=0.11)


def test_a_station_that_is_gone_for_a_minute_releases() -> None:
    def ages(elapsed_s: float) -> Attendance:
        return replace(THERE, station_age_s=0.1 if elapsed_s < HOLD_S else 46.0 + elapsed_s)

    bench = watched(ages)
    assert bench.alarms()[:2] == ["station_quiet", "station_lost"]
    assert bench.ending.reason == "station lost"


def test_without_a_visible_page_there_is_one_low_alarm_and_no_release() -> None:
    bench = watched(gone_since("page_age_s", 2.0))
    assert bench.alarms() == ["no_live_page"]
    assert bench.details(EventKind.ALARM_RAISED)[0]["priority"] == "low"
    assert "ended early" in bench.ending.reason


def test_a_page_that_nobody_saw_from_the_start_is_an_alarm_too() -> None:
    unseen = replace(THERE, page_age_s=20.0)
    assert watched(lambda elapsed_s: unseen).alarms() == ["no_live_page"]


@pytest.mark.parametrize("name", ["page_age_s", "console_age_s"])
def test_a_page_without_a_console_and_a_console_without_pages_are_not_missed(name: str) -> None:
    one = replace(replace(THERE, page_age_s=20.0), **{name: None})
    assert watched(lambda elapsed_s: one).alarms() == []


def test_a_console_that_is_not_quiet_yet_has_its_pages_missed() -> None:
    late = replace(THERE, console_age_s=5.0, page_age_s=20.0)
    assert watched(lambda elapsed_s: late).alarms() == ["no_live_page"]


def test_a_quiet_console_has_its_own_alarm_and_its_pages_none() -> None:
    def ages(elapsed_s: float) -> Attendance:
        silent_s = max(0.1, elapsed_s - 8.0)
        return replace(THERE, console_age_s=silent_s, page_age_s=silent_s)

    assert "no_live_page" not in watched(ages).alarms()


def test_at_a_terminal_nobody_is_missed() -> None:
    bench = watched(lambda elapsed_s: NOBODY_WATCHES)
    assert bench.alarms() == []
    last = bench.operator.shown[-1]
    assert (last.console_age_s, last.page_age_s, last.station_age_s) == (None, None, None)


def test_the_ages_are_shown() -> None:
    ages = Attendance(console_age_s=1.0, page_age_s=2.0, station_age_s=3.0)
    last = watched(lambda elapsed_s: ages).operator.shown[-1]
    assert (last.console_age_s, last.page_age_s, last.station_age_s) == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(("age_s", "refused"), [(15.0, False), (15.1, True)])
def test_before_the_arming_a_lost_console_refuses_the_start(age_s: float, refused: bool) -> None:
    watch = Watched(press_test)
    watch.operator.watchers = replace(THERE, console_age_s=age_s)
    if not refused:
        watch.watch.look()
        return
    with pytest.raises(RequestRefused, match=r"not been heard for 15 s, at most 15 s; nothing"):
        watch.watch.look()


def test_a_refusal_for_a_lost_console_is_recorded_and_moves_nothing() -> None:
    person = Person(**YES)
    person.watchers = replace(THERE, console_age_s=16.0)
    bench = SessionBench(operator=person)
    with pytest.raises(RequestRefused, match="console"):
        bench.run()
    assert bench.recorded_end["outcome"] == "refused"
    assert bench.unit.armed_with is None
