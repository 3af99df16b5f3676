"""What the loop counts as its own lateness, what it does with the rest of a tick, what it shows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from controller.alarms import SOUND_PAUSE_S
from controller.events import EventKind
from controller.requests import PauseSound, Resume, Stop
from controller.telemetry import UnitState
from tests.safety import obedient_unit
from tests.safety.obedient_unit import TICK_S
from tests.unit.controller.runtime.loop_parts import Bench, Once

SERVICE_S = 0.04
"""So long a service takes behind the exchange of a tick, which overruns by it."""


def stopped_at(bench: Bench, at_s: float) -> Callable[[float], None]:
    def step(elapsed_s: float) -> None:
        stops = elapsed_s >= at_s - 1e-6
        bench.operator.stop = Stop(by="A. Person") if stops else None

    return step


def taking_time(bench: Bench, service: Callable[[], None]) -> Callable[[], None]:
    def slow() -> None:
        service()
        bench.clock.sleep_until(bench.clock.now_s() + SERVICE_S)

    return slow


# --- lateness ---------------------------------------------------------------------------------


def test_each_tick_is_counted_once() -> None:
    bench = Bench()
    bench.run_until_over(stopped_at(bench, 0.3))
    assert bench.lateness.report()["ticks"] == len(bench.journal.samples) >= 7


def test_a_disarm_excuses_the_tick_that_it_makes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(bench.unit, "disarm", taking_time(bench, bench.unit.disarm))
    bench.run_until_over(stopped_at(bench, 0.3))
    assert len(bench.details(EventKind.UNIT_DISARMED)) == 1
    overruns = [b - a for (a, _), (b, _) in pairwise(bench.unit.sent) if b - a > TICK_S + 0.001]
    assert overruns == [pytest.approx(obedient_unit.EXCHANGE_S + SERVICE_S)]
    assert bench.lateness.report()["max_ms"] == 0.0


def test_a_release_without_a_token_excuses_the_tick_that_it_makes_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second one, behind which no other order leaves in its tick."""
    bench = Bench()
    slow = taking_time(bench, bench.unit.release_without_token)
    monkeypatch.setattr(bench.unit, "release_without_token", slow)

    def step(elapsed_s: float) -> None:
        bench.unit.changes = {"unit_state": UnitState.SAFE_LATCHED, "force_n": 60.0}
        if elapsed_s >= 3.5:
            bench.operator.answers["release_not_seen"] = True

    bench.run_until_over(step)
    assert len(bench.unit.tokenless_at_s) == 4
    assert bench.lateness.report()["max_ms"] == 0.0


# --- the rest of the tick ---------------------------------------------------------------------


@pytest.mark.parametrize(("exchange_s", "read"), [(0.029, True), (0.031, False)])
def test_the_unit_s_events_are_read_with_two_fifths_of_the_tick_left(
    monkeypatch: pytest.MonkeyPatch, exchange_s: float, read: bool
) -> None:
    monkeypatch.setattr(obedient_unit, "EXCHANGE_S", exchange_s)
    bench = Bench()
    bench.unit.changes = {"newest_event": 4}
    bench.run_until_over(stopped_at(bench, 0.3))
    assert bench.unit.read_from == ([3] if read else [])


# --- what a person sees and hears -------------------------------------------------------------


def test_who_asks_for_what_is_not_possible_is_told_so() -> None:
    bench = Bench()
    bench.operator.queue.append(Resume(by="A. Person"))
    bench.run_until_over(stopped_at(bench, 0.3))
    assert "resume refused: not possible while taking up slack" in bench.operator.told


def test_an_alarm_is_shown_and_heard_and_a_paused_sound_says_for_how_long() -> None:
    bench, paused = Bench(), Once(0.3)

    def step(elapsed_s: float) -> None:
        stopped_at(bench, 0.6)(elapsed_s)
        bench.journal.trouble = "the disk is full" if elapsed_s >= 0.1 - 1e-6 else ""
        if paused(elapsed_s):
            bench.operator.queue.append(PauseSound(by="A. Person"))

    bench.run_until_over(step)
    shown = bench.operator.shown
    codes = [[alarm.code for alarm in progress.alarms] for progress in shown]
    first = codes.index(["record_put_aside"])
    assert codes == [[]] * first + [["record_put_aside"]] * (len(shown) - first)
    assert [number for number, progress in enumerate(shown) if progress.tone] == [first]
    silent_s = [progress.sound_paused_s for progress in shown if progress.sound_paused_s > 0.0]
    assert SOUND_PAUSE_S - TICK_S < silent_s[0] <= SOUND_PAUSE_S
    assert silent_s[0] - silent_s[4] == pytest.approx(4 * TICK_S)
