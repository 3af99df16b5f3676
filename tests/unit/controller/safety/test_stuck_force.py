"""A force that stands still, on a unit with noise and on a display without."""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety.limits import SafetyLimits
from controller.telemetry import CommandKind
from tests.unit.controller.safety.bench import TICK_S, Bench, codes


@pytest.mark.parametrize(
    ("seconds", "mm", "tripped"),
    [
        (2.95, 0.0, False),
        (3.0, 0.0, False),
        (3.05, 0.0, True),
        (1.0, 0.6, False),
        (1.05, 0.6, True),
        (1.05, -0.6, True),
        (1.05, 0.5, False),
        (2.95, 0.4, False),
    ],
)
def test_a_force_that_stands_still(seconds: float, mm: float, tripped: bool) -> None:
    bench = Bench(force_n=99.0)
    bench.tick(force_n=100.0, extension_mm=30.0)
    count = round(seconds / TICK_S)
    verdicts = [bench.tick(force_n=100.0, extension_mm=30.0 + mm) for _ in range(count)]
    assert (codes(*verdicts) == ["force_stuck"]) is tripped


def test_without_a_position_only_the_longer_time_counts() -> None:
    bench = Bench(extension_mm=None, force_n=99.0)
    bench.tick(force_n=100.0)
    assert codes(*bench.ticks(60, force_n=100.0)) == []
    assert codes(bench.tick(force_n=100.0)) == ["force_stuck"]


def quiet(**changes: Any) -> Bench:
    """A session that holds 100 N on a unit whose forces are those of a display without noise."""
    bench = Bench(force_shows_noise=False, force_n=99.0, **changes)
    bench.tick(force_n=100.0, extension_mm=30.0)
    return bench


def test_a_display_may_stand_still_for_a_whole_hold() -> None:
    bench = quiet()
    assert codes(*bench.ticks(1200, force_n=100.0)) == []


@pytest.mark.parametrize("way", [-1.0, 1.0])
@pytest.mark.parametrize(
    ("set_point_n", "seconds", "tripped"), [(5.0, 5.0, False), (5.1, 1.0, False), (5.1, 1.05, True)]
)
def test_a_display_that_stands_still_while_the_set_point_moves_is_stuck(
    way: float, set_point_n: float, seconds: float, tripped: bool
) -> None:
    bench = quiet(limits=SafetyLimits())
    bench.ticks(200, force_n=100.0)
    order = {"force_n": 100.0 + way * set_point_n, "ceiling_n": 120.0}
    verdicts = [bench.tick(force_n=100.0, order=order) for _ in range(1 + round(seconds / TICK_S))]
    assert ("force_stuck" in codes(*verdicts)) is tripped


def test_the_finding_of_a_display_that_stands_still_says_how_long_the_force_had_to_move() -> None:
    bench = quiet(limits=SafetyLimits())
    bench.ticks(200, force_n=100.0)
    verdicts = bench.ticks(22, force_n=100.0, order={"force_n": 90.0})
    (found,) = [f for verdict in verdicts for f in verdict.findings if f.code == "force_stuck"]
    assert found.measured == pytest.approx(1.05)
    assert found.limit == 1.0


def test_a_force_with_noise_that_does_not_follow_its_set_point_is_stuck_after_1_s() -> None:
    bench = Bench(SafetyLimits(), force_n=99.0)
    bench.tick(force_n=100.0)
    verdicts = bench.ticks(22, force_n=100.0, order={"force_n": 90.0})
    assert codes(*verdicts[:-1]) == []
    assert codes(verdicts[-1]) == ["force_stuck"]


def test_a_display_that_moves_one_step_a_second_is_not_stuck_in_a_slow_ramp() -> None:
    bench = quiet(limits=SafetyLimits())
    for second in range(30):
        order = {"force_n": 100.0 + 2.0 * second, "ceiling_n": 200.0}
        assert codes(*bench.ticks(20, force_n=99.0 + 2.0 * second, order=order)) == []


def test_a_set_point_that_comes_to_the_force_shown_asks_for_no_movement() -> None:
    """A hold ends where the force is, though the set-point stood elsewhere when it was read."""
    bench = quiet(limits=SafetyLimits())
    bench.tick(force_n=93.0, order={"force_n": 100.0})
    bench.ticks(10, force_n=93.0, order={"force_n": 93.0})
    assert codes(*bench.ticks(100, force_n=93.0)) == []


def test_what_a_set_point_shows_in_a_held_position_asks_for_no_movement() -> None:
    bench = quiet(limits=SafetyLimits())
    held = {"kind": CommandKind.HOLD}
    verdicts = bench.ticks(30, force_n=100.0, setpoint_in_effect_n=80.0, order=held)
    following = {"kind": CommandKind.FOLLOW, "force_n": 80.0}
    verdicts += bench.ticks(20, force_n=100.0, order=following)
    assert "force_stuck" not in codes(*verdicts)


@pytest.mark.parametrize(("mm", "tripped"), [(2.0, False), (2.2, True), (-2.2, True)])
def test_a_display_that_stands_still_while_the_winch_moves_is_stuck(
    mm: float, tripped: bool
) -> None:
    bench = quiet(extension_mm=30.0)
    verdicts = bench.ticks(25, force_n=100.0, extension_mm=30.0 + mm)
    assert ("force_stuck" in codes(*verdicts)) is tripped


def test_a_body_that_creeps_may_leave_a_display_alone() -> None:
    """0.4 % of the pull a second, for a minute, is more than the 2 mm that a movement may be."""
    bench = Bench(force_shows_noise=False, extension_mm=0.0)
    for tick in range(1, 750):
        assert codes(bench.tick(extension_mm=0.04 * tick)) == []
    for tick in range(1, 1200):
        creeps_mm = 30.0 + 0.003 * 30.0 * tick * TICK_S
        assert codes(bench.tick(force_n=100.0, extension_mm=creeps_mm)) == []


def test_a_slack_cord_moves_no_display_and_its_way_is_limited() -> None:
    bench = Bench(force_shows_noise=False, taking_up_slack=True, force_n=0.0, extension_mm=30.0)
    found: list[str] = []
    for tick in range(1, 240):
        verdict = bench.tick(force_n=0.0, extension_mm=30.0 + 2.0 * tick * TICK_S)
        found += codes(verdict)
    assert found == ["cord_slack"]


@pytest.mark.parametrize("known", ["at the last change", "now"])
def test_of_a_position_that_is_not_always_known_only_the_longer_time_counts(known: str) -> None:
    first, later = (10.0, None) if known == "at the last change" else (None, 30.0)
    bench = Bench(extension_mm=first, force_n=99.0)
    bench.tick(force_n=100.0, extension_mm=first)
    assert codes(*bench.ticks(60, force_n=100.0, extension_mm=later)) == []
    assert codes(bench.tick(force_n=100.0, extension_mm=later)) == ["force_stuck"]
