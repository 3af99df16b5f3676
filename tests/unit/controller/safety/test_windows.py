"""The memory of the last seconds."""

from __future__ import annotations

import pytest

from controller.safety.windows import Recent, Since, Window, elapsed_s, exceeds


def test_a_window_keeps_its_span_and_one_older_value() -> None:
    window = Window(0.2)
    for n in range(5):
        window.add(100.0 + n * 0.05, float(n))
    assert (window.first, window.last, window.lowest, window.highest) == (0.0, 4.0, 0.0, 4.0)
    window.add(100.25, -1.0)
    assert (window.first, window.lowest, window.highest) == (1.0, -1.0, 4.0)
    window.add(110.0, 7.0)
    assert (window.first, window.last, window.lowest, window.highest) == (-1.0, 7.0, -1.0, 7.0)
    window.add(110.2, 8.0)
    assert window.first == 7.0


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


def test_differences_are_whole_microseconds() -> None:
    assert elapsed_s(100.05, 100.35) == 0.3
    assert 100.35 - 100.05 != 0.3


@pytest.mark.parametrize(
    ("value", "above"), [(1.0, False), (1.0 + 2e-10, False), (1.0 + 1e-8, True), (0.9, False)]
)
def test_a_rounding_is_no_excess(value: float, above: bool) -> None:
    assert exceeds(value, 1.0) is above
