"""Force beside the set-point in effect: what a slow check finds and what it must let pass."""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety.limits import SafetyLimits
from controller.safety.verdict import Action, Verdict
from controller.telemetry import CommandKind
from tests.unit.controller.safety.bench import TICK_S, Bench, codes

LIMITS = SafetyLimits().narrowed(force_n=300.0)
TRACKING = {"force_above_order", "force_below_order"}


def resting(set_point_n: float = 100.0, **bench: Any) -> Bench:
    """A rest far below the ceiling, so that row 42's quick check says nothing."""
    order = {"kind": CommandKind.FOLLOW, "force_n": set_point_n, "ceiling_n": 300.0}
    return Bench(LIMITS, force_n=set_point_n, order=order, **bench)


def drift(bench: Bench, to_n: float, **changes: Any) -> list[Verdict]:
    """Go there slowly enough that no check of a jump says anything."""
    start_n = bench.base["force_n"]
    steps = max(1, int(abs(to_n - start_n)))
    return [
        bench.tick(force_n=start_n + (to_n - start_n) * n / steps, **changes)
        for n in range(1, steps + 1)
    ]


def stays(bench: Bench, force_n: float, seconds: float, **changes: Any) -> list[str]:
    found: list[str] = []
    for n in range(round(seconds / TICK_S)):
        verdict = bench.tick(force_n=force_n + 0.1 * (n % 2), **changes)
        found += [code for code in codes(verdict) if code in TRACKING]
    return found


@pytest.mark.parametrize(
    ("set_point_n", "force_n", "found"),
    [
        (100.0, 109.9, []),
        (100.0, 110.2, ["force_above_order"]),
        (50.0, 59.8, []),
        (50.0, 60.2, ["force_above_order"]),
        (200.0, 219.8, []),
        (200.0, 220.3, ["force_above_order"]),
    ],
)
def test_above_the_set_point_by_10_n_or_a_tenth_is_released_after_2_5_s(
    set_point_n: float, force_n: float, found: list[str]
) -> None:
    bench = resting(set_point_n)
    drift(bench, force_n)
    assert stays(bench, force_n, 2.4) == []
    assert stays(bench, force_n, 0.3) == found
    assert bench.supervisor.latched is (Action.RELEASE if found else Action.ALLOW)


@pytest.mark.parametrize(
    ("set_point_n", "force_n", "found"),
    [
        (100.0, 90.0, []),
        (100.0, 89.7, ["force_below_order"]),
        (50.0, 40.0, []),
        (50.0, 39.7, ["force_below_order"]),
        (200.0, 180.0, []),
        (200.0, 179.6, ["force_below_order"]),
    ],
)
def test_below_the_set_point_without_winding_in_holds_after_3_s(
    set_point_n: float, force_n: float, found: list[str]
) -> None:
    bench = resting(set_point_n)
    drift(bench, force_n)
    assert stays(bench, force_n, 2.9) == []
    assert stays(bench, force_n, 0.3) == found
    assert bench.supervisor.latched is (Action.HOLD if found else Action.ALLOW)


def test_a_movement_that_is_over_in_time_begins_a_new_count() -> None:
    bench = resting()
    for _ in range(4):
        drift(bench, 115.0)
        assert stays(bench, 115.0, 1.5) == []
        assert stays(bench, 100.0, 1.2) == []


def test_a_set_point_of_the_last_second_still_explains_a_force() -> None:
    """A register that runs ahead of the force by a ramp: 20 N/s down, the force a second behind."""
    bench = resting(200.0)
    found: list[str] = []
    for n in range(100):
        set_point_n = max(100.0, 200.0 - 20.0 * n * TICK_S)
        force_n = max(100.0, 200.0 - 20.0 * max(0.0, n * TICK_S - 1.0)) + 0.1 * (n % 2)
        order = {"force_n": set_point_n}
        found += codes(bench.tick(order=order, setpoint_in_effect_n=set_point_n, force_n=force_n))
    assert TRACKING.isdisjoint(found)


def test_a_force_below_a_falling_set_point_is_met_by_it() -> None:
    bench = resting(200.0)
    drift(bench, 150.0)
    found: list[str] = []
    for n in range(80):
        set_point_n = 200.0 - 10.0 * n * TICK_S
        order = {"force_n": set_point_n}
        found += codes(
            bench.tick(order=order, setpoint_in_effect_n=set_point_n, force_n=150 + n % 2 / 10)
        )
    assert TRACKING.isdisjoint(found)


@pytest.mark.parametrize(("mm_per_s", "found"), [(0.4, []), (0.2, ["force_below_order"])])
def test_a_drive_that_winds_in_is_on_its_way(mm_per_s: float, found: list[str]) -> None:
    bench = resting()
    drift(bench, 80.0)
    told: list[str] = []
    for n in range(80):
        verdict = bench.tick(
            force_n=80.0 + 0.1 * (n % 2), extension_mm=30.0 + mm_per_s * n * TICK_S
        )
        told += [code for code in codes(verdict) if code in TRACKING]
    assert told == found


def test_a_drive_that_pays_out_below_its_order_is_found() -> None:
    bench = resting()
    drift(bench, 80.0)
    told: list[str] = []
    for n in range(80):
        told += codes(
            bench.tick(force_n=80.0 + 0.1 * (n % 2), extension_mm=30.0 - 0.5 * n * TICK_S)
        )
    assert "force_below_order" in told


def test_without_a_position_a_force_below_its_order_is_a_jam() -> None:
    bench = resting(extension_mm=None)
    drift(bench, 80.0)
    assert stays(bench, 80.0, 3.2) == ["force_below_order"]


@pytest.mark.parametrize(
    "changes",
    [{"setpoint_in_effect_n": None}, {"order": {"kind": CommandKind.HOLD}}],
)
def test_without_a_set_point_in_effect_nothing_is_compared(changes: dict[str, Any]) -> None:
    bench = resting()
    bench.tick(**changes)
    assert stays(bench, 60.0, 4.0, **changes) == []


def test_while_slack_is_taken_up_no_force_is_expected() -> None:
    order = {"kind": CommandKind.FOLLOW, "force_n": 10.0, "ceiling_n": 300.0}
    bench = Bench(LIMITS, force_n=0.0, order=order, taking_up_slack=True)
    assert stays(bench, 0.0, 5.0, setpoint_in_effect_n=40.0) == []
