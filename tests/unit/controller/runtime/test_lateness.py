"""The histogram answers what a sorted list of all ticks would, to a step of 0.01 ms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.lateness import Lateness


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=2000))
def test_percentiles_are_those_of_the_sorted_ticks(late_s: list[float]) -> None:
    lateness = Lateness()
    for value in late_s:
        lateness.add(value)
    report = lateness.report()
    assert report["ticks"] == len(late_s)
    assert report["max_ms"] == pytest.approx(max(late_s) * 1000, abs=0.051)
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999)):
        ordered = sorted(late_s)
        needed = next(v for i, v in enumerate(ordered, 1) if i >= share * len(ordered))
        assert report[name] == pytest.approx(needed * 1000, abs=0.0151)


def test_without_ticks_there_is_nothing_to_report() -> None:
    assert Lateness().report() == {
        "ticks": 0,
        "p50_ms": 0.0,
        "p99_ms": 0.0,
        "p999_ms": 0.0,
        "max_ms": 0.0,
    }


def test_percentiles_are_told_to_a_hundredth_of_a_millisecond() -> None:
    lateness = Lateness()
    lateness.add(0.012_345)
    report = lateness.report()
    assert (report["max_ms"], report["p50_ms"]) == (12.3, 12.35)
