"""Cord, harness and stroke: every limit one step below, at and above.

A step is what the unit resolves: 0.1 N, 0.1 mm, 0.1 mm/s, or one tick.
"""

from __future__ import annotations

import pytest

from controller.safety.situation import TAUT_READINGS
from controller.safety.verdict import Action
from tests.unit.controller.safety.bench import Bench, codes


@pytest.mark.parametrize(
    ("mm_per_tick", "tripped"), [(0.05, False), (0.0505, False), (0.051, True)]
)
def test_a_harness_that_slips_faster_than_the_limit_is_held(
    mm_per_tick: float, tripped: bool
) -> None:
    bench = Bench(extension_mm=0.0)
    verdicts = [bench.tick(extension_mm=mm_per_tick * n) for n in range(1, 62)]
    assert (codes(*verdicts) == ["harness_slipping"]) is tripped
    assert (verdicts[-1].action is Action.HOLD) is tripped


def test_slipping_is_seen_once_3_s_of_it_were_seen() -> None:
    bench = Bench(extension_mm=0.0)
    found = [codes(bench.tick(extension_mm=0.07 * n)) for n in range(1, 62)]
    assert [n for n, code in enumerate(found, 1) if code] == [60 - TAUT_READINGS + 1]


def test_cord_that_stretches_the_body_is_no_slip() -> None:
    """2.5 N/mm is the softest there is: a rise of 2.5 N explains a millimetre."""
    for n_per_mm, slips in ((2.4, False), (0.0, True)):
        bench = Bench(extension_mm=0.0, force_n=90.0)
        verdicts = [
            bench.tick(extension_mm=0.1 * n, force_n=90.0 + 0.1 * (n % 2) + n_per_mm * 0.1 * n)
            for n in range(1, 62)
        ]
        assert ("harness_slipping" in codes(*verdicts)) is slips


def test_creep_of_a_body_that_was_pulled_far_is_no_slip() -> None:
    """0.4 % of the pull in a second: 1.2 mm/s are a slip at 10 mm and creep at 60 mm."""
    for pull_mm, slips in ((10.0, True), (60.0, False)):
        bench = Bench(extension_mm=0.0)
        bench.tick(extension_mm=pull_mm)
        bench.ticks(20, order={"force_n": 99.9})
        bench.order |= {"force_n": 100.0}
        verdicts = [bench.tick(extension_mm=pull_mm + 0.06 * n) for n in range(1, 70)]
        assert ("harness_slipping" in codes(*verdicts)) is slips


def test_slipping_is_not_judged_while_the_order_changes_or_slack_is_taken_up() -> None:
    bench = Bench(extension_mm=0.0)
    for n in range(1, 80):
        order = {"force_n": 100.0 - 0.01 * n}
        assert codes(bench.tick(order=order, extension_mm=0.06 * n)) == []
    bench = Bench(extension_mm=0.0, taking_up_slack=True, force_n=3.0)
    assert codes(*[bench.tick(extension_mm=0.06 * n) for n in range(1, 80)]) == []


@pytest.mark.parametrize(("mm", "tripped"), [(19.9, False), (20.0, False), (20.1, True)])
def test_slack_beyond_the_limit_is_found_in_the_take_up(mm: float, tripped: bool) -> None:
    bench = Bench(taking_up_slack=True, force_n=1.0, extension_mm=-2.0)
    bench.tick(extension_mm=-5.0)
    verdict = bench.tick(extension_mm=-5.0 + mm)
    assert (codes(verdict) == ["cord_slack"]) is tripped


def test_slack_is_measured_from_where_the_cord_was_last_taut() -> None:
    bench = Bench(taking_up_slack=True, force_n=4.9, extension_mm=0.0)
    assert codes(bench.tick(force_n=5.0, extension_mm=19.0)) == []
    assert codes(bench.tick(force_n=4.9, extension_mm=39.0)) == []
    assert codes(bench.tick(force_n=4.8, extension_mm=39.1)) == ["cord_slack"]


def test_without_a_position_slack_slip_and_stroke_are_not_covered() -> None:
    bench = Bench(extension_mm=None, speed_mm_per_s=None, force_n=3.0)
    assert codes(*bench.ticks(80)) == []


def test_a_position_that_goes_is_not_covered_from_there() -> None:
    bench = Bench(extension_mm=0.0, force_n=100.0)
    bench.ticks(62)
    assert codes(*bench.ticks(3, extension_mm=None)) == []
    slack = Bench(taking_up_slack=True, force_n=1.0, extension_mm=0.0)
    assert codes(slack.tick(), slack.tick(extension_mm=None)) == []


def test_a_position_that_comes_later_counts_from_there() -> None:
    bench = Bench(extension_mm=None, force_n=3.0, taking_up_slack=True)
    bench.tick()
    assert codes(bench.tick(extension_mm=50.0), bench.tick(extension_mm=70.0)) == []
    assert codes(bench.tick(extension_mm=70.1)) == ["cord_slack"]


@pytest.mark.parametrize(
    ("force_n", "speed", "ticks", "tripped"),
    [
        (4.8, 3.0, 9, False),
        (4.8, 3.1, 4, False),
        (4.8, 3.1, 5, True),
        (5.0, 9.0, 9, False),
        (4.8, -9.0, 9, False),
    ],
)
def test_slack_is_wound_slowly(force_n: float, speed: float, ticks: int, tripped: bool) -> None:
    bench = Bench(taking_up_slack=True, force_n=force_n)
    verdicts = bench.ticks(ticks, speed_mm_per_s=speed)
    assert (codes(*verdicts) == ["slack_wound_fast"]) is tripped
    if tripped:
        (finding,) = verdicts[-1].findings
        assert (finding.measured, finding.limit) == (3.1, 3.0)


@pytest.mark.parametrize(("rise_n", "tripped"), [(19.9, False), (20.0, False), (20.1, True)])
def test_a_rise_that_nobody_ordered_is_released_fast_above_the_limit(
    rise_n: float, tripped: bool
) -> None:
    bench = Bench(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    bench.ticks(12, force_n=51.0)
    verdicts = [bench.tick(force_n=51.0 + rise_n * n / 10) for n in range(1, 11)]
    assert (codes(*verdicts) == ["force_risen_fast"]) is tripped
    assert (verdicts[-1].action is Action.RELEASE_FAST) is tripped


def test_a_rise_over_more_than_half_a_second_is_slower_than_it_looks() -> None:
    bench = Bench(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    bench.tick(force_n=51.0)
    assert codes(*[bench.tick(force_n=51.0 + 1.9 * n) for n in range(1, 20)]) == []


@pytest.mark.parametrize(("rise_n", "tripped"), [(24.9, False), (25.0, False), (25.1, True)])
def test_an_ordered_rise_counts_only_as_far_as_it_may_be_ordered(
    rise_n: float, tripped: bool
) -> None:
    """10 N/s explain 5 N in half a second, however much more the core wants at once."""
    bench = Bench(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    bench.tick(force_n=51.0)
    bench.order |= {"force_n": 90.0}
    assert (codes(bench.tick(force_n=51.0 + rise_n)) == ["force_risen_fast"]) is tripped


def test_an_ordered_fall_explains_no_rise() -> None:
    bench = Bench(force_n=51.0)
    bench.tick(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    assert codes(bench.tick(force_n=71.0)) == []
    assert codes(bench.tick(force_n=71.1)) == ["force_risen_fast"]


@pytest.mark.parametrize(
    ("pull_mm", "found"),
    [
        (63.9, []),
        (64.0, []),
        (64.1, ["stroke_near"]),
        (79.9, ["stroke_near"]),
        (80.0, ["stroke_near"]),
        (80.1, ["stroke_near", "stroke_used_up"]),
    ],
)
def test_the_stroke_counts_from_the_pretension_on(pull_mm: float, found: list[str]) -> None:
    bench = Bench(taking_up_slack=True, extension_mm=0.0)
    bench.tick(extension_mm=12.0)
    bench.tick(extension_mm=14.0)
    verdict = bench.tick(extension_mm=14.0 + pull_mm)
    assert codes(verdict) == found
    wanted = {0: Action.ALLOW, 1: Action.ALLOW, 2: Action.RELEASE}[len(found)]
    assert verdict.action is wanted


def test_before_the_pretension_no_stroke_is_used() -> None:
    bench = Bench(taking_up_slack=True, extension_mm=0.0)
    assert codes(bench.tick(extension_mm=100.0)) == []
