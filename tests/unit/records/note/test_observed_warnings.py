"""What a reader of an observed session's numbers is told beside them."""

from __future__ import annotations

from records.course.course import observe_course
from records.note.event_texts import clock_text
from records.note.observed import OBSERVED, course_warnings
from tests.unit.records.course.drawn import STATIC, intermittent, readings


def test_an_open_end_is_named_with_its_seconds_and_that_they_are_not_counted() -> None:
    knots = intermittent(4, rest_n=30.0, down_s=3.5)[:-4]
    end_s = knots[-1][0]
    course = observe_course(readings([*knots, (end_s + 5.0, 0.0), (end_s + 15.0, 0.0)]))
    (sentence,) = [each for each in course_warnings(course, clock_text) if each != OBSERVED]
    assert sentence == (
        "The treatment is taken to end where the last fall of the force begins. Up to 4 s of that "
        "fall may still have been a ramp of the treatment; they are not counted."
    )


def test_an_end_that_the_force_shows_needs_no_word() -> None:
    assert list(course_warnings(observe_course(readings(STATIC)), clock_text)) == [OBSERVED]
