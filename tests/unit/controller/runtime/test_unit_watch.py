"""A unit that is looked at before the arming: what a restart is, and what a person sees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.errors import UnitFaulted
from controller.runtime.clock import VirtualClock
from controller.runtime.recorder import Recorder
from controller.runtime.session_ports import SessionPorts
from controller.runtime.unit_watch import UnitWatch
from tests.support.typed import said
from tests.unit.controller.runtime.runtime_parts import (
    IDLE,
    Answers,
    ListJournal,
    Story,
    StoryUnit,
    press_test,
)


class Watched:
    """A watch on a unit that was identified at 0 s."""

    def __init__(self, story: Story, *, first_look_at_s: float = 0.0) -> None:
        self.clock = VirtualClock(start_s=first_look_at_s)
        self.unit, self.operator = StoryUnit(self.clock, story), Answers()
        recorder = Recorder(ListJournal(), self.clock, first_look_at_s)
        self.watch = UnitWatch(
            ports=SessionPorts.of(self.unit, self.clock, recorder, self.operator, "session-1"),
            planned_s=930.0,
            identified_at_s=0.0,
            hear=lambda: None,
        )


@pytest.mark.parametrize(("uptime_s", "restarted"), [(998.0, False), (997.999, True)])
def test_the_uptime_may_lag_the_identification_by_a_second_and_a_thousandth(
    uptime_s: float, restarted: bool
) -> None:
    """1 000 s after it: by 1 s for reading times and 1 s for the unit's crystal."""

    def look() -> None:
        Watched(lambda elapsed_s: replace(IDLE, uptime_s=uptime_s), first_look_at_s=1000.0)

    if restarted:
        with pytest.raises(UnitFaulted, match=r"was restarted .* \(up for 998\.0 s\)"):
            look()
    else:
        look()


@pytest.mark.parametrize(("lag_s", "restarted"), [(2.0, False), (2.001, True)])
def test_between_two_readings_the_clocks_may_be_apart_by_as_much(
    lag_s: float, restarted: bool
) -> None:
    watched = Watched(lambda elapsed_s: IDLE)
    watched.clock.sleep_until(1000.0)
    watched.unit.story = lambda elapsed_s: replace(IDLE, uptime_s=said(IDLE.uptime_s) - lag_s)
    if restarted:
        with pytest.raises(UnitFaulted, match="was restarted"):
            watched.watch.look()
    else:
        watched.watch.look()


def test_a_person_sees_the_force_and_what_is_waited_for() -> None:
    watched = Watched(press_test)
    (waiting,) = watched.operator.shown
    assert (waiting.phase, waiting.planned_s, waiting.target_n) == ("checking", 930.0, 0.0)
    assert waiting.force_n == watched.watch.reading.force_n
    assert waiting.round_trip_s == 0.0, "this unit answers at once"
    assert waiting.message == "waiting for the patient's press test"
    while not watched.watch.press_test_passed:
        assert watched.operator.shown[-1].message == waiting.message
        watched.watch.look()
    assert watched.operator.shown[-1].message == ""


def test_without_an_uptime_another_identity_shows_the_restart() -> None:
    watched = Watched(lambda elapsed_s: replace(IDLE, uptime_s=None))
    watched.clock.sleep_until(2000.0)
    watched.watch.look()
    watched.unit.identity = replace(watched.unit.identity, firmware="2.00.0")
    with pytest.raises(UnitFaulted, match="was restarted since it was identified; start again"):
        watched.watch.look()
