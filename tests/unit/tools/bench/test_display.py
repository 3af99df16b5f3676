"""The benchmark beside a display that blocks: the display does block, and the verdict is right."""

from __future__ import annotations

import pytest

from tools.bench.display import (
    BLOCKED,
    NONE,
    PAIRS,
    BlockedDisplay,
    Pair,
    measured_pairs,
    p99_of,
    pairs_table,
    pairs_verdict,
)


def test_the_display_of_the_benchmark_takes_nothing() -> None:
    display = BlockedDisplay(lambda: 0.0)
    for _ in range(100):
        display.tick()
    assert display.took_nothing
    display.close()


def test_pairs_take_turns_and_a_display_that_took_something_counts_for_nothing() -> None:
    asked: list[str] = []

    def p99_us(display: str) -> float:
        asked.append(display)
        return 110.0 if display == BLOCKED else 100.0

    pairs = measured_pairs(p99_us)
    assert asked[:4] == [NONE, BLOCKED, BLOCKED, NONE]
    assert len(pairs) == PAIRS == pairs_table(pairs).row_count
    assert {round(pair.ratio, 2) for pair in pairs} == {1.1}
    late_us = [float(number) for number in range(1, 201)]
    assert p99_of({"late_us": late_us, "display_took_nothing": None}) == pytest.approx(199, abs=1)
    with pytest.raises(AssertionError, match="accepted data"):
        p99_of({"late_us": late_us, "display_took_nothing": False})


@pytest.mark.parametrize(
    ("blocked_us", "none_us", "held"),
    [(120.0, 100.0, "held"), (400.0, 100.0, "held"), (2000.0, 1000.0, "missed")],
)
def test_the_verdict_takes_the_ratio_or_the_difference(
    blocked_us: float, none_us: float, held: str
) -> None:
    assert pairs_verdict([Pair(blocked_us, none_us)] * 3).endswith(held)
