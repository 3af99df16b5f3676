"""The memory of the last seconds."""

from __future__ import annotations

import math

import pytest

from controller.safety.windows import Recent, Since, Window, elapsed_s, exceeds


def test_a_window_keeps_its_span_and_one_older_value() -> None:
    window = Window(0.2)
    for n in range(5):
        window.add(100.0 + n * 0.05, float(n))
    assert (window.last, window.lowest, window.highest, window.change) == (4.0, 0.0, 4.0, 4.0)
    window.add(100.25, -1.0)
    assert (window.lowest, window.highest, window.change) == (-1.0, 4.0, -2.0)
    window.add(110.0, 7.0)
    assert (window.last, window.lowest, window.highest, window.change) == (7.0, -1.0, 7.0, 8.0)
    window.add(110.2, 8.0)
    assert (window.lowest, window.change) == (7.0, 1.0)


def test_a_value_that_is_a_microsecond_too_young_is_not_yet_the_older_one() -> None:
    window = Window(1.0)
    for at_s, value in ((100.0, 1.0), (101.0, 2.0), (101.999998, 3.0)):
        window.add(at_s, value)
    assert window.lowest == 1.0
    window.add(102.0, 4.0)
    assert window.lowest == 2.0


def test_a_window_is_filled_once_its_values_reach_back_over_the_span() -> None:
    window = Window(0.2)
    assert not window.filled
    for n in range(4):
        window.add(100.0 + n * 0.05, 10.0)
        assert not window.filled
    window.add(100.2, 10.0)
    assert window.filled
    window.clear()
    assert not window.filled


def test_change_rise_and_fall_are_those_of_the_newest_value() -> None:
    window = Window(10.0)
    for at_s, value in ((100.0, 20.0), (101.0, 14.0), (102.0, 26.0), (103.0, 23.0)):
        window.add(at_s, value)
    assert (window.change, window.rise, window.fall) == (3.0, 9.0, 3.0)


def test_an_empty_window_knows_no_value_and_no_change() -> None:
    used = Window(1.0)
    used.add(100.0, 5.0)
    used.clear()
    for window in (Window(1.0), used):
        assert (window.last, window.lowest, window.highest) == (None, None, None)
        assert (window.change, window.rise, window.fall) == (0.0, 0.0, 0.0)


def test_recent_counts_up_to_its_span() -> None:
    recent = Recent(10.0)
    for at_s in (100.0, 101.0, 109.95):
        recent.add(at_s)
    counts = [recent.count(at_s) for at_s in (109.95, 110.0, 110.95, 111.0, 119.9, 119.95)]
    assert counts == [3, 2, 2, 1, 1, 0]
    recent.add(121.0)
    recent.clear()
    assert recent.count(121.0) == 0


def test_since_lasts_until_it_breaks() -> None:
    since = Since()
    assert since.lasting_s(100.0) == 0.0
    since.update(100.0, True)
    since.update(100.1, True)
    assert since.lasting_s(100.3) == pytest.approx(0.3)
    since.update(100.35, False)
    assert since.lasting_s(100.4) == 0.0


def test_since_lasts_for_a_time_from_that_time_on() -> None:
    since = Since()
    assert not since.lasts(100.0, 0.0)
    since.update(100.0, True)
    assert [since.lasts(at_s, 0.3) for at_s in (100.25, 100.3, 100.35)] == [False, True, True]
    assert since.lasts(math.nan, 0.3), "a time that is no number lasts"
    since.update(100.35, False)
    assert not since.lasts(101.0, 0.3)


def test_differences_are_whole_microseconds() -> None:
    assert elapsed_s(100.05, 100.35) == 0.3
    assert 100.35 - 100.05 != 0.3
    assert elapsed_s(0.0, 0.000001) == 0.000001
    assert elapsed_s(0.0, 0.0000004) == 0.0


@pytest.mark.parametrize(
    ("value", "above"),
    [(1.0, False), (1.0 + 2e-10, False), (1.0 + 1e-8, True), (0.9, False), (math.nan, True)],
)
def test_a_rounding_is_no_excess(value: float, above: bool) -> None:
    assert exceeds(value, 1.0) is above


def test_what_is_off_by_the_tolerance_alone_is_on_its_limit() -> None:
    """A microsecond of a span, a thousandth of a millionth of a value."""
    assert not exceeds(1.0 + 1e-9, 1.0)
    window = Window(1.0)
    window.add(100.0, 1.0)
    window.add(100.999999, 2.0)
    assert window.filled
    window.add(102.0 - 1.0 + 1e-6, 3.0)
    window.add(102.0, 4.0)
    assert window.lowest == 3.0
