"""Where a treatment ended: what the last fall shows, and what it leaves open."""

from __future__ import annotations

import pytest

from records.course.course import ObservedCourse, observe_course
from records.course.phases import ObservedKind
from tests.unit.records.course.drawn import STATIC, Knot, intermittent, readings

Kind = ObservedKind


def ended(*tail: Knot, cycles: int = 4) -> tuple[ObservedCourse, float]:
    """``cycles`` with rests of 10 s at 50 N, ramps of 20 N/s, a last hold, then ``tail``.

    The tail counts from the end of that hold, which comes with the course.
    """
    knots = intermittent(cycles)[:-2]
    at_s = knots[-1][0]
    held_s = at_s + 30.0
    knots += [(at_s + 5.0, 100.0), (held_s, 100.0)]
    knots += [(held_s + after_s, force_n) for after_s, force_n in tail]
    return observe_course(readings([*knots, (knots[-1][0] + 10.0, 0.0)])), held_s


@pytest.mark.parametrize("rest_s", [2.0, 3.0, 6.0])
def test_a_short_rest_in_the_last_fall_is_known_from_the_rests_before_it(rest_s: float) -> None:
    course, held_s = ended((2.5, 50.0), (2.5 + rest_s, 50.0), (5.0 + rest_s, 0.0))
    kinds = [p.kind for p in course.phases]
    assert kinds[-4:] == [Kind.RAMP_DOWN, Kind.REST, Kind.RELEASE, Kind.FREE]
    assert course.treatment_ended_ms == pytest.approx((held_s + 2.5 + rest_s) * 1000, abs=700)
    assert course.open_end_ms == 0


def test_a_last_fall_without_a_rest_ends_the_treatment_where_it_begins_and_stays_open() -> None:
    course, held_s = ended((5.0, 0.0))
    assert course.treatment_ended_ms == pytest.approx(held_s * 1000, abs=500)
    assert course.open_end_ms == pytest.approx(2500, abs=500)


def test_phases_follow_one_another_where_a_rest_was_put_apart() -> None:
    course, _ = ended((2.5, 50.0), (5.5, 50.0), (8.0, 0.0))
    ends = [
        (before.end_ms, behind.start_ms)
        for before, behind in zip(course.phases, course.phases[1:], strict=False)
    ]
    assert all(end == start for end, start in ends[-4:])


def turns(*more: Knot) -> ObservedCourse:
    """Ramps of 40 s between 60 and 100 N from 17 s on, which end with the fall to 60 N."""
    knots: list[Knot] = [(0.0, 0.0), (5.0, 0.0), (7.0, 15.0), (17.0, 15.0)]
    for turn, force_n in enumerate((100.0, 60.0, 100.0, 60.0), start=1):
        knots.append((17.0 + 40.0 * turn, force_n))
    at_s = knots[-1][0]
    knots += [(at_s + after_s, force_n) for after_s, force_n in more]
    return observe_course(readings([*knots, (knots[-1][0] + 10.0, 0.0)]))


def test_a_last_turn_of_a_few_newtons_belongs_to_the_treatment() -> None:
    course = turns((4.0, 64.0), (7.0, 0.0))
    assert course.treatment_ended_ms == pytest.approx((177.0 + 4.0) * 1000, abs=1000)
    assert course.cycles == 2


def test_a_release_at_the_end_of_a_whole_ramp_begins_there_however_low_that_is() -> None:
    knots: list[Knot] = [(0.0, 0.0), (5.0, 0.0), (7.0, 15.0), (17.0, 15.0)]
    for turn, force_n in enumerate((100.0, 18.0, 100.0, 18.0, 100.0, 18.0), start=1):
        knots.append((17.0 + 30.0 * turn, force_n))
    end_s = knots[-1][0]
    course = observe_course(readings([*knots, (end_s + 0.6, 0.0), (end_s + 10.0, 0.0)]))
    assert course.treatment_ended_ms == pytest.approx(end_s * 1000, abs=1000)


def test_a_gentle_fall_behind_the_last_rise_is_a_turn_where_the_treatment_turns() -> None:
    """2 s of a ramp down that is slower than the others by more than their spread."""
    knots: list[Knot] = [(0.0, 0.0), (5.0, 0.0), (7.0, 15.0), (17.0, 15.0)]
    for turn, force_n in enumerate((100.0, 60.0, 100.0, 60.0, 100.0), start=1):
        knots.append((17.0 + 20.0 * turn, force_n))
    end_s = knots[-1][0]
    knots += [(end_s + 3.0, 88.0), (end_s + 5.0, 0.0), (end_s + 15.0, 0.0)]
    course = observe_course(readings(knots))
    assert course.treatment_ended_ms == pytest.approx((end_s + 3.0) * 1000, abs=700)


def test_halts_at_two_turns_are_turns_where_the_treatment_turns_there_without_one() -> None:
    knots: list[Knot] = [(0.0, 0.0), (5.0, 0.0), (7.0, 15.0), (17.0, 15.0)]
    at_s = 17.0
    for turn in range(8):
        at_s += 30.0
        knots.append((at_s, 40.0 if turn % 2 else 170.0))
        if turn in (2, 6):
            at_s += 2.3
            knots.append((at_s, 170.0))
    course = observe_course(readings([*knots, (at_s + 2.0, 0.0), (at_s + 12.0, 0.0)]))
    assert (course.held, course.cycles) == (False, 4)


def test_a_pretension_that_slips_by_a_few_newtons_is_one_pretension() -> None:
    knots: list[Knot] = [(0.0, 0.0), (6.3, 0.0), (6.4, 9.0), (9.5, 9.5), (9.6, 15.5), (20.0, 13.0)]
    knots += [(70.0, 170.0), (100.0, 40.0), (150.0, 170.0), (153.0, 0.0), (165.0, 0.0)]
    course = observe_course(readings(knots))
    assert course.treatment_started_ms == pytest.approx(20_000, abs=2000)
    assert Kind.STEP not in {p.kind for p in course.phases}


def test_a_ramp_that_goes_a_little_too_far_reaches_its_level_at_its_own_end() -> None:
    knots: list[Knot] = [*STATIC[:3], (17.0, 15.0), (34.0, 100.0), (36.0, 98.0), (325.0, 98.0)]
    course = observe_course(readings([*knots, (330.0, 0.0), (340.0, 0.0)], breath_n=1.0))
    (hold,) = [p for p in course.phases if p.kind is Kind.HOLD]
    assert hold.start_ms == pytest.approx(34_000, abs=450)
