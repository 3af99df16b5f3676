"""The treatment clock stands still exactly as long as it was stopped; glides keep their rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.session.treatment_clock import Glide, TreatmentClock


@given(st.integers(0, 100_000), st.lists(st.tuples(st.integers(1, 90_000), st.integers(0, 90_000))))
def test_elapsed_is_the_time_that_it_ran(started_ms: int, runs: list[tuple[int, int]]) -> None:
    clock, now_ms, ran_ms = TreatmentClock(started_ms), started_ms, 0
    for running_ms, standing_ms in runs:
        now_ms, ran_ms = now_ms + running_ms, ran_ms + running_ms
        assert clock.elapsed_ms(now_ms) == ran_ms
        clock.stop(now_ms)
        now_ms += standing_ms
        assert clock.elapsed_ms(now_ms) == ran_ms
        assert abs(clock.elapsed_s(now_ms / 1000) - ran_ms / 1000) < 1e-6
        clock.go_on(now_ms)
    assert clock.elapsed_ms(now_ms) == ran_ms


def test_a_glide_goes_at_its_rate_and_arrives_exactly() -> None:
    glide = Glide(from_n=100.0, to_n=15.0, since_s=10.0, rate_n_per_s=20.0)
    assert [glide.at_n(second) for second in (9.0, 10.0, 11.0, 14.25, 60.0)] == [
        100.0,
        100.0,
        80.0,
        15.0,
        15.0,
    ]
    assert not glide.arrived(14.2)
    assert glide.arrived(14.25)


def test_a_glide_that_turns_starts_from_where_it_is_at_the_rate_of_its_direction() -> None:
    glide = Glide(from_n=100.0, to_n=15.0, since_s=0.0, rate_n_per_s=20.0)
    up = glide.towards(90.0, 2.0, up=10.0, down=20.0)
    assert (up.from_n, up.rate_n_per_s, up.at_n(4.0)) == (60.0, 10.0, 80.0)
    assert up.towards(70.0, 4.0, up=10.0, down=20.0).rate_n_per_s == 20.0


def test_a_small_step_up_goes_up() -> None:
    glide = Glide(from_n=15.0, to_n=15.5, since_s=0.0, rate_n_per_s=1.0)
    assert [glide.at_n(second) for second in (0.0, 0.25, 0.5)] == [15.0, 15.25, 15.5]


def test_before_the_clock_started_no_time_has_gone() -> None:
    assert TreatmentClock(20_000).elapsed_s(19.0) == 0.0


def test_a_glide_has_arrived_when_it_has_gone_its_way_whatever_binary_makes_of_the_sum() -> None:
    way_n = 47.4 - 15.3
    assert 47.4 - way_n != 15.3
    glide = Glide(from_n=47.4, to_n=15.3, since_s=0.0, rate_n_per_s=way_n)
    assert glide.at_n(1.0) == 15.3
    assert glide.arrived(1.0)
