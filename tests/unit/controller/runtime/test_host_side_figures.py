"""The release without a token, at most once a second, and the host's own figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from controller.errors import ReplyTimeout
from controller.ports import SessionJournal, TractionUnit
from controller.runtime.clock import VirtualClock
from controller.runtime.host_watch import HostWatch
from controller.runtime.recorder import Recorder
from controller.runtime.tokenless import TokenlessRelease
from controller.telemetry import HostHealth
from tests.unit.controller.runtime.runtime_parts import Answers, ListJournal


class CountingUnit:
    """Counts the releases without a token; may not answer them."""

    def __init__(self, *, silent: bool = False) -> None:
        self.ordered, self._silent = 0, silent

    def release_without_token(self) -> None:
        self.ordered += 1
        if self._silent:
            raise ReplyTimeout("no answer")


@pytest.mark.parametrize("silent", [False, True])
def test_the_release_without_a_token_goes_out_once_a_second_answered_or_not(silent: bool) -> None:
    unit = CountingUnit(silent=silent)
    tokenless = TokenlessRelease(cast(TractionUnit, unit))
    times_s = [100.0, 100.05, 100.9, 101.0, 101.5, 102.0]
    assert [tokenless.order(at_s) for at_s in times_s] == [True, False, False, True, False, True]
    assert tokenless.ordered == unit.ordered == 3


class DriftingClock(VirtualClock):
    """Boot and wall clock go ahead of the monotonic one."""

    boot_ahead_s = 7.0
    wall_ahead_s = 0.0

    def boot_s(self) -> float:
        return super().boot_s() + self.boot_ahead_s

    def utc_ms(self) -> int:
        return super().utc_ms() + round(self.wall_ahead_s * 1000)


class OldJournal(ListJournal):
    """Has records that wait."""

    def age_s(self, now_s: float) -> float:
        return now_s - 1000.0


def test_the_figures_of_a_tick_are_compared_with_the_beginning() -> None:
    clock = DriftingClock(start_s=1000.0)
    journal = cast(SessionJournal, OldJournal())
    watch = HostWatch(clock, Recorder(journal, clock, 1000.0), Answers(), 0.05)
    clock.boot_ahead_s, clock.wall_ahead_s = 9.5, -3.0
    clock.sleep_until(1002.0)
    watch.mismatches = 2
    health = watch.health(lateness_s=0.01, tick_at_s=1001.97)
    near: Callable[[float], Any] = pytest.approx
    assert health == HostHealth(
        lateness_s=0.01,
        tick_s=0.05,
        exchange_s=near(0.03),
        mismatches=2,
        boot_clock_gap_s=near(2.5),
        wall_clock_step_s=near(-3.0),
        journal_age_s=2.0,
        console_age_s=None,
        station_age_s=None,
    )
