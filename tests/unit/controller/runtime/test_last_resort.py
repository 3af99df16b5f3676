"""The release of a loop that failed: unit and clock only, whatever else fails on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from controller.errors import LinkError, OutcomeUncertain, UnitRejected
from controller.ports import TractionUnit
from controller.runtime.clock import VirtualClock
from controller.runtime.last_resort import LastResort, release_until_seen
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitState
from tests.unit.controller.builders import reading

TICK_S = 0.05
Fails = Callable[[int], BaseException | None]


def never(number: int) -> None:
    del number


class FallingUnit:
    """Comes down by 100 N/s from its first release order on; ``fails`` spoils an exchange."""

    tick_s = TICK_S

    def __init__(
        self,
        clock: VirtualClock,
        *,
        force_n: float = 100.0,
        fails: Fails = never,
        takes: frozenset[CommandKind] = frozenset({CommandKind.RELEASE_FAST}),
    ) -> None:
        self._clock, self._force_n, self._fails, self._takes = clock, force_n, fails, takes
        self._since_s: float | None = None
        self.commands: list[tuple[float, CommandKind]] = []
        self.tokenless: list[float] = []
        self.disarmed = 0
        self.reading_after_refusal: Telemetry | None = None

    def exchange(self, command: ForceCommand) -> Telemetry:
        self.commands.append((self._clock.now_s(), command.kind))
        self.reading_after_refusal = None
        if (failure := self._fails(len(self.commands))) is not None:
            raise failure
        if command.kind in self._takes and self._since_s is None:
            self._since_s = self._clock.now_s()
        return self._reading()

    def _reading(self) -> Telemetry:
        now_s = self._clock.now_s()
        fallen_n = 0.0 if self._since_s is None else 100.0 * (now_s - self._since_s)
        force_n = max(0.0, self._force_n - fallen_n)
        state = UnitState.RELEASING if self._since_s is not None else UnitState.HOLDING
        return reading(
            force_n=force_n,
            unit_state=UnitState.ARMED if force_n <= 15.0 else state,
            sample_number=len(self.commands),
        )

    def release_without_token(self) -> None:
        self.tokenless.append(self._clock.now_s())
        if not self._takes:
            self._since_s = self._clock.now_s()

    def disarm(self) -> None:
        self.disarmed += 1


def last(unit: FallingUnit, clock: VirtualClock) -> LastResort:
    return release_until_seen(cast(TractionUnit, unit), clock)


def test_a_sound_unit_is_let_go_seen_free_and_disarmed() -> None:
    clock = VirtualClock(start_s=0.0)
    unit = FallingUnit(clock)
    found = last(unit, clock)
    assert found.seen
    assert found.force_n is not None
    assert found.force_n <= 15.0
    assert unit.disarmed == 1
    assert unit.commands[0] == (0.0, CommandKind.RELEASE_FAST), "at once"
    assert {kind for _, kind in unit.commands[::2]} == {CommandKind.RELEASE_FAST}
    assert {kind for _, kind in unit.commands[1::2]} == {CommandKind.OBSERVE}
    assert 0.85 <= clock.now_s() <= 1.1


@pytest.mark.parametrize(
    "failure", [LinkError("lost"), ValueError("broken"), KeyboardInterrupt(), SystemExit(3)]
)
def test_failures_of_any_kind_on_the_way_end_nothing(failure: BaseException) -> None:
    clock = VirtualClock(start_s=0.0)
    unit = FallingUnit(clock, fails=lambda number: failure if number % 3 else None)
    assert last(unit, clock).seen


def test_a_unit_that_never_answers_is_ordered_for_10_s() -> None:
    clock = VirtualClock(start_s=0.0)
    unit = FallingUnit(clock, fails=lambda number: LinkError("lost"))
    assert last(unit, clock) == LastResort(seen=False, force_n=None)
    assert 10.0 < clock.now_s() <= 10.1
    assert len(unit.commands) == 201
    assert unit.disarmed == 0


def test_a_unit_that_takes_no_token_gets_the_release_without_one_each_second() -> None:
    clock = VirtualClock(start_s=0.0)
    unit = FallingUnit(clock, takes=frozenset())
    assert last(unit, clock).seen
    assert unit.tokenless == [pytest.approx(1.0, abs=0.06)]
    silent = FallingUnit(clock, fails=lambda number: LinkError("lost"))
    last(silent, clock)
    gaps = [b - a for a, b in zip(silent.tokenless, silent.tokenless[1:], strict=False)]
    assert len(silent.tokenless) == 9
    assert all(gap == pytest.approx(1.0, abs=0.06) for gap in gaps)


def test_the_reading_behind_a_refusal_counts() -> None:
    clock = VirtualClock(start_s=0.0)

    class Refuses(FallingUnit):
        def exchange(self, command: ForceCommand) -> Telemetry:
            self.commands.append((clock.now_s(), command.kind))
            self.reading_after_refusal = reading(
                force_n=1.0, unit_state=UnitState.SAFE_LATCHED, sample_number=len(self.commands)
            )
            raise UnitRejected("no", exception_code=3)

    assert last(Refuses(clock), clock).seen


def test_a_force_that_stays_is_told_as_not_seen() -> None:
    clock = VirtualClock(start_s=0.0)

    class Keeps(FallingUnit):
        def release_without_token(self) -> None:
            raise OutcomeUncertain("no answer")

    unit = Keeps(clock, takes=frozenset({CommandKind.CUT_POWER}))
    assert last(unit, clock) == LastResort(seen=False, force_n=100.0)


def test_a_clock_that_fails_to_wait_does_not_end_it_either() -> None:
    clock = VirtualClock(start_s=0.0)
    sleep: Any = clock.sleep_until
    calls = 0

    def broken(at_s: float) -> None:
        nonlocal calls
        calls += 1
        sleep(at_s)
        if calls == 2:
            raise InterruptedError

    clock.sleep_until = broken  # type: ignore[method-assign]
    assert last(FallingUnit(clock), clock).seen


@pytest.mark.parametrize("state", [UnitState.TRACKING, UnitState.HOLDING, UnitState.RELEASING])
def test_a_slack_cord_on_a_unit_that_may_still_wind_in_is_not_free(state: UnitState) -> None:
    clock = VirtualClock(start_s=0.0)

    class Moves(FallingUnit):
        def _reading(self) -> Telemetry:
            shown = UnitState.ARMED if clock.now_s() > 3.0 else state
            return reading(force_n=1.0, unit_state=shown, sample_number=len(self.commands))

    unit = Moves(clock)
    assert last(unit, clock) == LastResort(seen=True, force_n=1.0)
    assert clock.now_s() > 3.0
    ordered_s = [at_s for at_s, kind in unit.commands if kind is CommandKind.RELEASE_FAST]
    assert ordered_s[-1] > 2.8
    assert unit.disarmed == 1
