"""The two guards against answers of another request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import StaleAnswer
from firmware_bridge.units.freshness import SequenceEcho, UptimeGuard, next_sequence


def test_sequences_skip_zero() -> None:
    assert [next_sequence(s) for s in (0, 1, 65534, 65535)] == [1, 2, 65535, 1]


@pytest.mark.parametrize(
    ("echoes", "settled"),
    [((1, 2), True), ((0, 1), True), ((1, 1), False), ((0, 0), False), ((2, 1), False)],
)
def test_only_two_orders_are_known(echoes: tuple[int, int], settled: bool) -> None:
    assert SequenceEcho().learn((1, echoes[0]), (2, echoes[1])) is settled


def test_a_write_first_unit_must_echo_the_present_sequence() -> None:
    echo = SequenceEcho()
    echo.learn((1, 1), (2, 2))
    echo.check(sent=3, previous=2, echoed=3)
    with pytest.raises(StaleAnswer, match="sequence 2 was echoed, 3 is right"):
        echo.check(sent=3, previous=2, echoed=2)


def test_a_read_first_unit_must_echo_the_one_before() -> None:
    echo = SequenceEcho()
    echo.learn((1, 0), (2, 1))
    echo.check(sent=1, previous=65535, echoed=65535)
    with pytest.raises(StaleAnswer):
        echo.check(sent=3, previous=2, echoed=3)


@given(st.lists(st.floats(0.02, 0.5), min_size=1, max_size=200), st.floats(-300e-6, 300e-6))
def test_an_honest_unit_with_a_slow_crystal_is_never_refused(
    steps_s: list[float], ppm: float
) -> None:
    guard, sent_s = UptimeGuard(), 100.0
    for step_s in steps_s:
        sent_s += step_s
        guard.check(sent_s, 5.0 + (sent_s - 100.0) * (1.0 + ppm))


@pytest.mark.parametrize(("lag_s", "refused"), [(0.149, False), (0.151, True)])
def test_a_lagging_uptime_is_refused(lag_s: float, refused: bool) -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    if refused:
        with pytest.raises(StaleAnswer, match="lags by 151 ms"):
            guard.check(101.0, 51.0 - lag_s)
    else:
        guard.check(101.0, 51.0 - lag_s)


def test_an_uptime_that_goes_back_is_refused_however_old_the_last_reading_is() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    with pytest.raises(StaleAnswer, match="went back"):
        guard.check(200.0, 49.9)


def test_a_refused_reading_does_not_shift_the_guard() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    for sent_s in (101.0, 102.0):
        with pytest.raises(StaleAnswer):
            guard.check(sent_s, sent_s - 50.2)
    guard.check(103.0, 53.0)
