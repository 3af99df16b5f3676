"""The two guards against answers of another request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import StaleAnswer
from firmware_bridge.units.freshness import (
    UPTIME_MODULUS_S,
    SequenceEcho,
    UptimeGuard,
    next_sequence,
)


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
    with pytest.raises(StaleAnswer, match="sequence 2 was echoed, 3 was expected"):
        echo.check(sent=3, previous=2, echoed=2)


def test_an_order_is_known_once_it_was_learned() -> None:
    echo = SequenceEcho()
    assert (echo.is_known, echo.needs_previous) == (False, False)
    assert not echo.learn((1, 1), (2, 1))
    assert not echo.is_known
    echo.learn((1, 1), (2, 2))
    assert (echo.is_known, echo.needs_previous) == (True, False)
    echo.learn((1, 0), (2, 1))
    assert (echo.is_known, echo.needs_previous) == (True, True)


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


def refuse(guard: UptimeGuard, sent_s: float, uptime_s: float, words: str = "was refused") -> bool:
    """A reading that must be refused; True when the guard now suspects a restart."""
    with pytest.raises(StaleAnswer, match=words):
        guard.check(sent_s, uptime_s)
    return guard.suspects_restart


def test_the_window_slides_and_its_best_reading_decides() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    guard.check(105.0, 55.1)
    guard.check(109.0, 59.0)
    # 55.1 s at 105 s is the best: 109.9 s may lag it by 150 ms, and so may 115 s.
    refuse(guard, 110.0, 59.94, "lags by 160 ms .limit 150 ms")
    refuse(guard, 115.0, 64.94, "lags by 160 ms")
    guard.check(115.0, 64.96)
    guard.check(115.1, 64.96)
    # Behind 10 s it is forgotten; the next best is the reading of 115.0 s.
    guard.check(118.9, 68.76)
    guard.check(119.1, 68.92)
    refuse(guard, 119.2, 68.96, "lags by 200 ms")


def test_a_long_silence_lets_no_old_answer_in_but_two_crystals_drift_apart() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    refuse(guard, 130.0, 79.82, "lags by 180 ms .limit 170 ms")
    guard.check(1100.0, 1049.7)


def test_of_readings_older_than_the_window_the_newest_alone_is_kept() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    guard.check(100.1, 50.0)
    guard.check(111.0, 60.8)


# --- a restart --------------------------------------------------------------------------------


@pytest.mark.parametrize("before_s", [0.4, 50.0, 4_000_000.0])
def test_the_second_reading_in_step_of_a_young_unit_is_suspected_to_be_a_restart(
    before_s: float,
) -> None:
    guard = UptimeGuard()
    guard.check(100.0, before_s)
    assert not refuse(guard, 100.3, 0.1, "went back")
    assert refuse(guard, 100.35, 0.15, "went back")
    guard.start_anew(100.35, 0.15)
    assert not guard.suspects_restart
    guard.check(100.4, 0.2)
    assert not refuse(guard, 101.0, 0.62, "lags by 180 ms")


def test_a_restart_in_a_long_silence_is_suspected_though_the_uptime_did_not_go_back() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 5.0)
    assert not refuse(guard, 120.0, 19.0, "lags")
    assert refuse(guard, 120.1, 19.1, "lags")


@pytest.mark.parametrize(
    ("step_s", "advance_s", "suspected"),
    [
        (0.1, 0.0, False),
        (0.1, 0.001, True),
        (0.2, 0.051, True),
        (0.2, 0.048, False),
        (0.2, 0.349, True),
        (0.2, 0.352, False),
        (100.0, 99.76, True),
        (100.0, 99.74, False),
    ],
)
def test_a_cache_that_repeats_and_an_uptime_out_of_step_are_no_restart(
    step_s: float, advance_s: float, suspected: bool
) -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50_000.0)
    refuse(guard, 101.0, 0.1)
    assert refuse(guard, 101.0 + step_s, 0.1 + advance_s) is suspected


@pytest.mark.parametrize(("uptime_s", "young"), [(1.15, True), (1.152, False)])
def test_only_a_unit_that_was_switched_on_behind_the_last_reading_is_young(
    uptime_s: float, young: bool
) -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    refuse(guard, 101.0, uptime_s)
    assert refuse(guard, 101.05, uptime_s + 0.05) is young


def test_what_comes_between_two_young_readings_ends_the_suspicion() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    refuse(guard, 100.3, 0.1)
    assert not refuse(guard, 100.35, 50.0 - 0.1)
    assert not refuse(guard, 100.40, 0.2)
    assert refuse(guard, 100.45, 0.25)
    assert not refuse(guard, 100.50, 49.0)
    refuse(guard, 100.55, 0.35)
    guard.check(100.6, 50.6)
    assert not refuse(guard, 100.65, 0.1)


@given(
    st.floats(20.0, 4_294_960.0),
    st.lists(
        st.tuples(st.floats(0.02, 0.5), st.none() | st.floats(0.0, 1.0)), min_size=2, max_size=40
    ),
)
def test_no_answer_of_this_start_however_late_is_ever_suspected(
    uptime_s: float, story: list[tuple[float, float | None]]
) -> None:
    """The unit was on before the connection; an answer may be as old as the connection is."""
    guard, connected_s, sent_s = UptimeGuard(), 100.0, 100.0
    guard.check(sent_s, uptime_s)
    for step_s, share in story:
        sent_s += step_s
        late_s = 0.0 if share is None else share * (sent_s - connected_s)
        old_s = (uptime_s + sent_s - connected_s - late_s) % UPTIME_MODULUS_S
        try:
            guard.check(sent_s, old_s)
        except StaleAnswer:
            assert late_s > 0.0
        assert not guard.suspects_restart


# --- the overflow after 49.7 days --------------------------------------------------------------


def test_an_overflow_is_no_restart_and_the_guard_goes_on_behind_it() -> None:
    guard = UptimeGuard()
    sent_s = 100.0
    for _ in range(3):
        guard.check(sent_s, UPTIME_MODULUS_S - 0.02)
        guard.check(sent_s + 0.05, 0.03)
        refuse(guard, sent_s + 0.1, UPTIME_MODULUS_S - 0.01, "went back|lags")
        refuse(guard, sent_s + 1.0, 0.82, "lags by 1[56]0 ms")
        guard.check(sent_s + 1.0, 0.98)
        sent_s += UPTIME_MODULUS_S


@pytest.mark.parametrize("left_s", [0.5, 1.0, 7.0, 59.0, 3600.0])
def test_a_restart_shortly_before_an_overflow_is_seen(left_s: float) -> None:
    guard = UptimeGuard()
    guard.check(100.0, UPTIME_MODULUS_S - left_s)
    assert not refuse(guard, 100.25, 0.05, "went back")
    assert refuse(guard, 100.30, 0.10, "went back")


@pytest.mark.parametrize("since_s", [0.01, 0.5, 7.0, 59.0])
def test_a_restart_shortly_behind_an_overflow_is_seen(since_s: float) -> None:
    guard = UptimeGuard()
    guard.check(90.0, UPTIME_MODULUS_S - (10.0 - since_s))
    guard.check(100.0, since_s)
    assert not refuse(guard, 103.0, 0.3)
    assert refuse(guard, 103.05, 0.35)


def test_a_restart_behind_an_overflow_is_no_overflow_however_long_the_silence_was() -> None:
    guard = UptimeGuard()
    guard.check(100.0, UPTIME_MODULUS_S - 10.0)
    # 60 s later the counter would show 50 s; 5 s say that the unit has started since.
    assert not refuse(guard, 160.0, 5.0, r"went back from 4294957\.296 s to 5\.000 s")
    assert refuse(guard, 160.1, 5.1, "went back")
