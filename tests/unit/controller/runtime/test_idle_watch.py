"""A unit between two sessions is read and shown; it gets a release where one is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.errors import LinkLost, ReplyTimeout
from controller.runtime.clock import VirtualClock
from controller.runtime.idle_watch import (
    DRIVEN,
    LOOKING,
    NO_READING,
    NOT_FREE,
    SILENCE_LIMIT_S,
    IdleWatch,
)
from controller.session.release import RELEASE_LIMIT_S
from controller.snapshot import Doing, Snapshot
from controller.telemetry import CommandKind, Telemetry, UnitState
from tests.unit.controller.runtime.runtime_parts import IDLE, PRESSED, StoryUnit

PULLS = replace(IDLE, force_n=59.0, second_force_n=58.0)


class Bench:
    """A watch over a unit with a story, and what it has shown."""

    def __init__(self, *readings: Telemetry) -> None:
        self.clock = VirtualClock()
        self.readings = [*readings]
        self.silent = self.gone = False
        self.unit = StoryUnit(self.clock, self._story)
        self.shown: list[Snapshot] = []
        self.watch = IdleWatch(self.unit, self.clock, self.shown.append)

    def _story(self, elapsed_s: float) -> Telemetry:
        if self.gone:
            raise LinkLost("the port has gone")
        if self.silent:
            raise ReplyTimeout("no answer")
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]

    def look(self, times: int = 1) -> Snapshot:
        for _ in range(times):
            self.watch.look()
        return self.shown[-1]


def test_a_free_unit_is_read_at_its_tick_and_shown_as_it_is() -> None:
    bench = Bench(IDLE, IDLE, PRESSED)
    began_s = bench.clock.now_s()
    shown = bench.look(3)
    assert bench.clock.now_s() - began_s == pytest.approx(2 * bench.unit.tick_s)
    assert [each.number for each in bench.shown] == [1, 2, 3]
    assert [each.message for each in bench.shown] == [LOOKING, "", ""]
    assert (shown.doing, shown.phase, shown.message) == (Doing.IDLE, "idle", "")
    assert shown.unit_state is UnitState.IDLE
    assert shown.force_n == pytest.approx(0.3)
    assert shown.reading_age_s == pytest.approx(IDLE.sample_age_s)
    assert shown.patient_switch is PRESSED.patient_switch
    assert shown.round_trip_s == 0.0, "this unit answers at once"
    assert bench.watch.is_free
    assert {command.kind for command in bench.unit.commands} == {CommandKind.OBSERVE}
    assert not bench.unit.released


def test_a_lost_answer_leaves_no_number_of_before() -> None:
    bench = Bench(IDLE)
    bench.look(2)
    bench.silent = True
    shown = bench.look()
    assert (shown.message, shown.force_n, shown.reading_age_s) == (NO_READING, None, None)
    assert (shown.unit_state, shown.missed) == (None, 1)
    assert not bench.watch.is_free
    bench.silent = False
    assert bench.look().message == "", "its sample is newer than the last one that was read"


def test_a_silent_unit_and_a_port_that_has_gone_end_the_watch() -> None:
    bench = Bench(IDLE)
    bench.look()
    bench.silent = True
    began_s = bench.clock.now_s()
    with pytest.raises(ReplyTimeout):
        bench.look(100)
    assert SILENCE_LIMIT_S <= bench.clock.now_s() - began_s < SILENCE_LIMIT_S + 0.2
    bench = Bench(IDLE)
    bench.gone = True
    with pytest.raises(LinkLost):
        bench.look()


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (PULLS, NOT_FREE),
        (replace(PULLS, unit_state=UnitState.HOLDING), DRIVEN),
        (replace(IDLE, unit_state=UnitState.ARMED), DRIVEN),
        (replace(IDLE, unit_state=UnitState.TRACKING), DRIVEN),
        (replace(IDLE, unit_state=UnitState.RELEASING), DRIVEN),
        (replace(IDLE, sample_age_s=5.0), NOT_FREE),
        (replace(IDLE, force_n=None), NOT_FREE),
    ],
)
def test_a_stop_releases_whatever_is_not_seen_free(reading: Telemetry, message: str) -> None:
    bench = Bench(reading)
    assert bench.look(3).message == message
    assert not bench.unit.released, "watching orders nothing"
    bench.watch.stop()
    assert bench.unit.released, "in the moment of the stop"


def test_a_stop_of_a_free_unit_orders_nothing_and_its_release_ends_with_the_force() -> None:
    bench = Bench(IDLE)
    bench.look(2)
    bench.watch.stop()
    assert not bench.unit.released
    bench.readings = [PULLS, PULLS, IDLE]
    bench.look()
    assert bench.unit.released, "force that comes right behind the stop"
    bench.look(2)
    bench.unit.released = False
    bench.look(40)
    assert not bench.unit.released


def test_a_stop_is_over_when_no_release_can_be_expected_any_more() -> None:
    bench = Bench(PULLS)
    bench.look(2)
    bench.watch.stop()
    bench.look(round((RELEASE_LIMIT_S + 1) / bench.unit.tick_s))
    bench.unit.released = False
    bench.look(40)
    assert not bench.unit.released
    assert bench.shown[-1].message == NOT_FREE


def test_a_stop_before_the_first_look_releases_because_nothing_is_known() -> None:
    bench = Bench(IDLE)
    assert not bench.watch.is_free
    bench.watch.stop()
    assert bench.unit.released
