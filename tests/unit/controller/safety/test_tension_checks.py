"""What the force does to the patient: too much, swinging, suddenly gone.

A step is what the unit resolves: 0.1 N, 0.1 mm, 0.1 mm/s, or one tick.
"""

from __future__ import annotations

import pytest

from controller.safety.limits import SafetyLimits
from controller.safety.verdict import Action
from tests.unit.controller.safety.bench import Bench, codes

TRIP_N = 102.0 + 10.2


def creep_to(bench: Bench, force_n: float) -> None:
    """Rise slowly enough that only the height of the force can be wrong."""
    seen_n = 100.0
    while seen_n < force_n - 0.5:
        seen_n += 0.4
        bench.tick(force_n=seen_n)


def test_over_force_counts_time_above_the_trip_and_starts_again_below() -> None:
    bench = Bench()
    creep_to(bench, TRIP_N)
    assert codes(*bench.ticks(3, force_n=TRIP_N + 0.1), bench.tick(force_n=TRIP_N)) == []
    verdicts = bench.ticks(4, force_n=TRIP_N + 0.1)
    assert codes(*verdicts[:3]) == []
    assert codes(verdicts[3]) == ["over_force"]
    (finding,) = verdicts[3].findings
    assert (finding.measured, finding.limit) == (TRIP_N + 0.1, TRIP_N)
    assert verdicts[3].action is Action.RELEASE_FAST


def test_a_tick_without_a_reading_shows_no_over_force_and_ends_none() -> None:
    bench = Bench()
    creep_to(bench, TRIP_N)
    bench.ticks(3, force_n=TRIP_N + 0.1)
    assert codes(bench.tick(silent=True)) == []
    assert codes(bench.tick(force_n=TRIP_N + 0.1)) == ["over_force"]


def test_at_the_trip_force_itself_nothing_happens() -> None:
    bench = Bench()
    creep_to(bench, TRIP_N)
    assert codes(*[bench.tick(force_n=TRIP_N - 0.1 * (n % 2)) for n in range(20)]) == []


def test_the_second_channel_alone_is_enough_for_over_force() -> None:
    bench = Bench()
    creep_to(bench, 104.0)
    found = codes(*[bench.tick(force_n=104.0 - n % 2, second_force_n=112.3) for n in range(4)])
    assert found == ["over_force"]
    bench = Bench()
    creep_to(bench, 104.0)
    found = codes(*[bench.tick(force_n=104.0, second_force_n=112.2) for n in range(4)])
    assert found == []


def test_below_100_n_the_margin_is_10_n() -> None:
    bench = Bench(force_n=60.0)
    bench.order |= {"force_n": 60.0, "ceiling_n": 60.0}
    assert codes(*[bench.tick(force_n=60 + n / 2) for n in range(21)]) == []
    assert codes(*bench.ticks(4, force_n=70.1)) == ["over_force"]


# --- oscillation ----------------------------------------------------------------------------------


def swing(bench: Bench, errors_n: list[float], ticks: int = 10) -> list[str]:
    """Hold each error for some ticks; the winch explains each fall."""
    found: list[str] = []
    for at, error_n in enumerate(errors_n):
        for n in range(ticks):
            found += codes(
                bench.tick(
                    force_n=100.0 - error_n + 0.1 * (n % 2), extension_mm=30.0 + (at % 2) * 2
                )
            )
    return found


@pytest.mark.parametrize(
    ("errors_n", "found"),
    [
        ([5.2, -5.1, 5.2], []),
        ([-5.2, 5.1, -5.2], []),
        ([5.2, -5.1, 5.2, -5.1], ["force_oscillating"]),
        ([5.2, -4.9, 5.2, -4.9, 5.2, -4.9], []),
        ([5.0, -5.0, 5.0, -5.0, 5.0], []),
        ([6.0, 0.0, -6.0, 0.0, 6.0, 6.0], []),
        ([6.0, 6.0, 6.0, 6.0, 6.0], []),
    ],
)
def test_changes_of_the_force_s_sign_are_counted_as_oscillation(
    errors_n: list[float], found: list[str]
) -> None:
    assert swing(Bench(), errors_n) == found


def test_swings_3_s_apart_are_not_counted_together() -> None:
    # Changes at 1.5 s distance: three of them span 3 s.
    assert swing(Bench(), [6.0, -6.0, 6.0, -6.0, 6.0], ticks=30) == []
    assert swing(Bench(), [6.0, -6.0, 6.0, -6.0], ticks=29) == ["force_oscillating"]


def test_above_100_n_an_error_of_5_percent_is_steady() -> None:
    limits = SafetyLimits()
    bench = Bench(limits, force_n=400.0)
    bench.order |= {"force_n": 400.0, "ceiling_n": 450.0}
    bench.ticks(2)
    found = [
        bench.tick(force_n=400.0 + 20.0 * (-1) ** (n // 5), extension_mm=30.0 + n // 5 % 2 * 2)
        for n in range(40)
    ]
    assert codes(*found) == []


def test_a_new_order_begins_a_new_count() -> None:
    bench = Bench()
    assert swing(bench, [6.0, -6.0, 6.0]) == []
    bench.order["force_n"] = 100.1
    assert swing(bench, [-6.0, 6.0, -6.0]) == []


# --- tension lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before_n", "after_n", "lost"),
    [
        (100.0, 80.1, False),
        (100.0, 80.0, False),
        (100.0, 79.9, True),
        (16.0, 11.2, False),
        (16.0, 11.0, False),
        (16.0, 10.9, True),
        (60.0, 42.1, False),
        (60.0, 41.9, True),
        (5.0, 0.0, False),
    ],
)
def test_tension_lost(before_n: float, after_n: float, lost: bool) -> None:
    bench = Bench(force_n=before_n, order={"force_n": before_n})
    bench.tick(force_n=before_n)
    verdict = bench.tick(force_n=after_n)
    assert (codes(verdict) == ["tension_lost"]) is lost


def test_a_force_that_was_never_known_is_missing_and_not_lost() -> None:
    assert codes(Bench(force_n=None, taking_up_slack=True).tick()) == ["force_missing"]


def test_a_fall_counts_within_200_ms_and_across_a_missed_reading() -> None:
    bench = Bench()
    bench.tick(force_n=100.0)
    slow = [bench.tick(force_n=100.0 - 4.9 * n) for n in range(1, 6)]
    assert codes(*slow) == []
    bench = Bench()
    bench.tick(force_n=100.0)
    fast = [bench.tick(force_n=100.0 - 5.1 * n) for n in range(1, 6)]
    assert codes(*fast) == ["tension_lost"]
    bench = Bench()
    bench.tick(force_n=100.0)
    gap = [*bench.ticks(5, silent=True), bench.tick(force_n=70.0)]
    assert "tension_lost" in codes(*gap)


@pytest.mark.parametrize(("after_n", "lost"), [(80.0, False), (79.9, True)])
def test_without_a_position_no_cord_that_was_paid_out_explains_a_fall(
    after_n: float, lost: bool
) -> None:
    bench = Bench(extension_mm=None)
    bench.tick(force_n=100.0)
    assert codes(bench.tick(force_n=after_n)) == ["tension_lost"] * lost


def test_cord_that_was_paid_out_explains_a_fall_and_a_snap_in_it_is_still_seen() -> None:
    order = {"force_n": 400.0, "ceiling_n": 400.0}
    bench = Bench(SafetyLimits(), force_n=400.0, extension_mm=100.0, order=order)
    bench.tick(force_n=400.0)
    for n in range(1, 9):
        verdict = bench.tick(
            order={"force_n": 400.0 - 3.0 * n},
            force_n=400.0 - 10.0 * n,
            extension_mm=100.0 - 0.5 * n,
        )
        assert "tension_lost" not in codes(verdict)
    assert "tension_lost" in codes(
        bench.tick(order={"force_n": 373.0}, force_n=0.0, extension_mm=95.5)
    )


@pytest.mark.parametrize(("paid_out_mm", "lost"), [(0.4, True), (0.5, False), (0.6, False)])
def test_a_millimetre_explains_20_n(paid_out_mm: float, lost: bool) -> None:
    bench = Bench(extension_mm=30.0)
    bench.tick(force_n=100.0)
    verdict = bench.tick(force_n=71.0, extension_mm=30.0 - paid_out_mm)
    assert (codes(verdict) == ["tension_lost"]) is lost


def test_cord_paid_out_more_than_300_ms_ago_explains_nothing() -> None:
    bench = Bench(extension_mm=30.0)
    bench.tick(force_n=100.0)
    bench.ticks(6, force_n=100.0, extension_mm=29.0)
    assert codes(bench.tick(force_n=75.0)) == ["tension_lost"]


def test_winding_in_explains_no_fall() -> None:
    bench = Bench(extension_mm=30.0)
    bench.tick(force_n=100.0)
    assert codes(bench.tick(force_n=79.9, extension_mm=31.0)) == ["tension_lost"]


def test_what_a_cough_added_may_go_again() -> None:
    bench = Bench(force_n=15.0, order={"force_n": 15.0})
    up = [bench.tick(force_n=15.0 + n) for n in (6, 12, 16, 12, 6, 0, -4.9)]
    assert codes(*up) == []
