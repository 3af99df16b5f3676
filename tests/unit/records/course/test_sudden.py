"""Falls to under 20 N within a second: which are told and which are the treatment's own."""

from __future__ import annotations

import pytest

from records.course.course import observe_course
from tests.unit.records.course.drawn import STATIC, Knot, intermittent, readings

HELD: tuple[Knot, ...] = STATIC[:5]


def ended(*, at_s: float, down_s: float) -> list[Knot]:
    return [*HELD, (at_s, 100.0), (at_s + down_s, 0.0), (at_s + down_s + 20.0, 0.0)]


def test_a_fall_in_the_middle_of_a_hold_is_told_with_when_and_from_where() -> None:
    course = observe_course(readings(ended(at_s=150.0, down_s=0.5)), ordered_traction_ms=300_000)
    (sudden,) = course.sudden_releases
    assert sudden.at_ms == pytest.approx(150_450, abs=150)
    assert sudden.from_dn == pytest.approx(1000, abs=30)
    assert sudden.within_ms <= 1000


def test_a_fall_that_takes_longer_than_a_second_is_a_release() -> None:
    assert observe_course(readings(ended(at_s=150.0, down_s=2.0))).sudden_releases == ()


def test_the_ordered_end_may_be_as_fast_as_it_likes() -> None:
    course = readings(ended(at_s=317.0, down_s=0.5))
    assert observe_course(course, ordered_traction_ms=300_000).sudden_releases == ()
    assert len(observe_course(course, ordered_traction_ms=330_000).sudden_releases) == 1
    assert len(observe_course(course).sudden_releases) == 1


def test_a_fall_behind_the_ordered_time_from_which_the_force_comes_back_is_no_end() -> None:
    knots = [*ended(at_s=317.0, down_s=0.5), (345.0, 100.0), (365.0, 100.0)]
    course = observe_course(readings(knots), ordered_traction_ms=300_000)
    assert len(course.sudden_releases) == 1


def test_rests_on_a_loose_cord_are_the_treatments_own_when_they_come_again() -> None:
    course = observe_course(
        readings(intermittent(5, rest_n=0.0, down_s=0.6)), ordered_traction_ms=200_000
    )
    assert course.cycles == 5
    assert course.sudden_releases == ()


def test_one_loose_cord_among_rests_at_50_n_is_told() -> None:
    knots = intermittent(5)
    knots[14:16] = [(130.4, 3.0), (140.0, 3.0)]
    course = observe_course(readings(knots), ordered_traction_ms=200_000)
    assert [s.at_ms // 1000 for s in course.sudden_releases] == [130]


def test_a_faster_fall_than_that_of_the_rests_is_told() -> None:
    knots = intermittent(5, rest_n=14.0, down_s=4.0)
    knots[14:16] = [(130.4, 14.0), (140.0, 14.0)]
    course = observe_course(readings(knots), ordered_traction_ms=200_000)
    assert [s.at_ms // 1000 for s in course.sudden_releases] == [130]


def test_a_cough_on_the_way_down_is_no_release() -> None:
    course = observe_course(readings(ended(at_s=150.0, down_s=6.0), coughs_s=(154.0, 154.6)))
    assert course.sudden_releases == ()


@pytest.mark.parametrize(("to_n", "told"), [(17.0, 0), (3.0, 1)])
def test_a_short_fall_of_the_cord_alone_is_a_rest_where_it_stays_taut(
    to_n: float, told: int
) -> None:
    """Friction holds the body: 20 N go twice as fast as the ramp does in the other cycles."""
    first: list[Knot] = [(0.0, 0.0), (8.0, 0.0), (9.5, 15.0), (20.0, 15.0), (24.0, 37.0)]
    first += [(50.0, 37.0), (50.9, to_n), (70.0, to_n)]
    knots = list(first)
    for _ in range(3):
        at_s = knots[-1][0]
        knots += [(at_s + 6.0, 78.0), (at_s + 30.0, 78.0), (at_s + 33.0, 43.0)]
        knots += [(at_s + 60.0, 43.0)]
    end_s = knots[-1][0]
    course = observe_course(readings([*knots, (end_s + 5.0, 0.0), (end_s + 15.0, 0.0)]))
    assert len(course.sudden_releases) == told
