"""What the rest of a treatment says about a level, a turn, a rise and its end."""

from __future__ import annotations

import numpy as np
import pytest

from records.course import levels as levels_module
from records.course import phases as phases_module
from records.course.course import ObservedCourse, observe_course
from records.course.phases import ObservedKind
from records.course.pieces import tolerance_dn
from tests.unit.records.course.drawn import STATIC, Knot, intermittent, readings

LEVELS = (ObservedKind.HOLD, ObservedKind.STEP, ObservedKind.REST)


def levels(course: ObservedCourse) -> list[tuple[ObservedKind, int]]:
    """Kinds of the levels with the forces at their ends in newtons."""
    return [(p.kind, round(p.end_dn / 10)) for p in course.phases if p.kind in LEVELS]


def released(knots: list[Knot], *, down_s: float = 3.0) -> list[Knot]:
    end_s = knots[-1][0]
    return [*knots, (end_s + down_s, 0.0), (end_s + down_s + 10.0, 0.0)]


def cyclic(*turns_n: float, ramp_s: float = 40.0) -> list[Knot]:
    """A pretension until 17 s and a ramp of ``ramp_s`` to each of these forces."""
    knots: list[Knot] = [(0.0, 0.0), (5.0, 0.0), (7.0, 15.0), (17.0, 15.0)]
    return knots + [(17.0 + ramp_s * turn, n) for turn, n in enumerate(turns_n, start=1)]


def test_a_rest_before_a_lower_hold_is_a_rest_and_the_lower_hold_a_step() -> None:
    knots = intermittent(4)[:-2]
    at_s = knots[-1][0]
    knots += [(at_s + 1.5, 30.0), (at_s + 30.0, 30.0), (at_s + 31.0, 15.0), (at_s + 40.0, 15.0)]
    found = levels(observe_course(readings(released(knots))))
    assert found[-3:] == [
        (ObservedKind.REST, 50),
        (ObservedKind.STEP, 30),
        (ObservedKind.REST, 15),
    ]


def test_a_lower_hold_near_the_force_of_the_rests_is_known_by_its_length() -> None:
    knots = intermittent(4)[:-4]
    at_s = knots[-1][0]
    knots += [(at_s + 2.5, 52.0), (at_s + 27.5, 52.0), (at_s + 29.0, 25.0), (at_s + 37.0, 25.0)]
    found = levels(observe_course(readings(released(knots))))
    assert found[-2:] == [(ObservedKind.STEP, 52), (ObservedKind.REST, 25)]


def test_a_fall_that_goes_too_far_after_a_cough_leads_to_the_usual_rest() -> None:
    knots = intermittent(4)
    at = knots.index((92.5, 50.0))
    knots[at : at + 1] = [(92.5, 35.0), (95.5, 50.0)]
    found = levels(observe_course(readings(knots)))
    assert [kind for kind, _ in found] == 4 * [ObservedKind.HOLD, ObservedKind.REST]


@pytest.mark.parametrize("halt_n", [70.0, 30.0])
def test_a_release_that_friction_halts_is_one_release(halt_n: float) -> None:
    knots = [*STATIC[:5], (325.5, 100.0), (327.5, halt_n), (330.0, halt_n)]
    course = observe_course(readings(released(knots)))
    assert course.traction_ms == pytest.approx(308_500, abs=700)
    assert levels(course) == [(ObservedKind.HOLD, 100)]


def test_a_short_rest_that_the_end_cuts_is_one_where_the_treatment_has_such_rests() -> None:
    knots = intermittent(4)[:-4]
    at_s = knots[-1][0]
    course = observe_course(readings(released([*knots, (at_s + 2.5, 50.0), (at_s + 5.0, 50.0)])))
    assert levels(course)[-1] == (ObservedKind.REST, 50)
    assert course.traction_ms == pytest.approx((at_s + 5.0 - 20.0) * 1000, abs=1000)


def test_a_hold_that_the_end_cuts_after_3_s_is_part_of_the_traction() -> None:
    knots = [*intermittent(4)[:-2], (185.0, 100.0), (188.0, 100.0)]
    course = observe_course(readings(released(knots)))
    assert course.traction_ms == pytest.approx(168_000, abs=1000)
    assert levels(course)[-1][0] is ObservedKind.HOLD


@pytest.mark.parametrize("ramp_s", [35.0, 70.0, 140.0])
def test_a_slow_first_ramp_begins_where_the_pretension_ends(ramp_s: float) -> None:
    knots = cyclic(85, 50, 85, 50, 85, ramp_s=ramp_s)
    course = observe_course(readings(released(knots), breath_n=1.0))
    assert course.treatment_started_ms == pytest.approx(17_000, abs=1500)


def test_a_slow_ramp_without_a_pretension_has_none() -> None:
    knots: list[Knot] = [(0.0, 0.0), (10.0, 0.0), (110.0, 100.0), (400.0, 100.0)]
    course = observe_course(readings(released(knots)))
    assert course.treatment_started_ms == pytest.approx(10_000, abs=3500)


@pytest.mark.parametrize("rise_s", [0.3, 0.6, 1.0, 1.5, 2.0])
def test_a_first_rise_of_a_moment_is_no_error(rise_s: float) -> None:
    knots: list[Knot] = [(0.0, 0.0), (rise_s, 90.0), (60.0, 90.0)]
    assert observe_course(readings(released(knots))).cycles == 1


@pytest.mark.parametrize(("reached_n", "cycles"), [(94.0, 3), (98.0, 4)])
def test_a_last_rise_is_a_cycle_from_nine_tenths_on(reached_n: float, cycles: int) -> None:
    course = observe_course(readings(released(cyclic(100, 60, 100, 60, 100, 60, reached_n))))
    assert course.cycles == cycles


def test_a_hold_behind_a_rise_that_was_cut_short_is_a_cycle() -> None:
    knots = intermittent(4)[:-2]
    at_s = knots[-1][0]
    knots += [(at_s + 2.5, 80.0), (at_s + 3.5, 65.0), (at_s + 33.0, 65.0)]
    knots += [(at_s + 34.5, 32.0), (at_s + 44.0, 32.0)]
    course = observe_course(readings(released(knots)))
    assert levels(course)[-2:] == [(ObservedKind.HOLD, 65), (ObservedKind.REST, 32)]
    assert course.cycles == 5


def test_the_last_ramp_of_a_cyclic_treatment_is_no_hold_however_short() -> None:
    knots = cyclic(85, 55, 85, 55, 85, 55, 85, 55)
    course = observe_course(readings(released([*knots, (knots[-1][0] + 7.0, 60.2)])))
    assert (course.held, course.hold_time_ms) == (False, 0)


def test_a_gentle_start_of_a_release_is_a_ramp_only_where_the_treatment_has_such_ramps() -> None:
    slow: list[Knot] = [(345.5, 75.0), (348.0, 0.0), (360.0, 0.0)]
    static = observe_course(readings([*STATIC[:5], (325.5, 100.0), *slow]))
    assert static.traction_ms == pytest.approx(308_500, abs=1000)
    turns = cyclic(100, 60, 100, 60, 100, 60, 100)
    end_s = turns[-1][0]
    cut = [*turns, (end_s + 20.0, 80.0), (end_s + 22.5, 0.0), (end_s + 35.0, 0.0)]
    course = observe_course(readings(cut))
    assert course.traction_ms == pytest.approx((end_s + 20.0 - 17.0) * 1000, abs=1500)


def test_a_last_fall_that_may_have_begun_as_a_ramp_leaves_the_end_open() -> None:
    """Down at 20 N/s to 50 N in 2.5 s and at the same rate to the loose cord."""
    knots = intermittent(4)[:-4]
    at_s = knots[-1][0]
    course = observe_course(readings(released(knots, down_s=5.0)))
    assert course.open_end_ms == pytest.approx(2500, abs=600)
    assert course.traction_ms == pytest.approx((at_s - 20.0) * 1000, abs=700)


def test_an_end_that_the_force_shows_is_not_open() -> None:
    rest = observe_course(readings(intermittent(4)))
    short = [*intermittent(4)[:-2], (185.0, 100.0), (195.0, 100.0)]
    cut = observe_course(readings(released(short, down_s=5.0)))
    slow = observe_course(readings(released(intermittent(4)[:-4], down_s=20.0)))
    static = observe_course(readings(STATIC))
    assert [each.open_end_ms for each in (rest, cut, slow, static)] == [0, 0, 0, 0]


def test_a_course_does_not_depend_on_when_the_watch_began() -> None:
    early = readings(intermittent(4))
    late = type(early)(times_ms=early.times_ms + 86_400_000, forces_dn=early.forces_dn)
    here, there = observe_course(early), observe_course(late)
    assert [(p.kind, p.start_ms + 86_400_000) for p in here.phases] == [
        (p.kind, p.start_ms) for p in there.phases
    ]
    assert np.array_equal(here.hold_time_ms, there.hold_time_ms)


def test_twice_as_many_levels_cost_about_twice_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted are the comparisons of two forces; no course of a day may take the desk's minutes."""
    asked: list[float] = []

    def counting(force_dn: float) -> float:
        asked.append(force_dn)
        return tolerance_dn(force_dn)

    for module in (levels_module, phases_module):
        monkeypatch.setattr(module, "tolerance_dn", counting)
    source = np.random.default_rng(1)
    costs = []
    for count in (800, 1600, 3200):
        forces_n = source.choice([30.0, 60.0, 90.0, 120.0], count)
        knots: list[Knot] = [(0.0, 0.0)]
        for at, force_n in enumerate(forces_n):
            knots += [(6.0 * at + 1.0, float(force_n)), (6.0 * at + 6.0, float(force_n))]
        asked.clear()
        observe_course(readings(knots))
        costs.append(len(asked))
    assert costs[1] < 2.5 * costs[0]
    assert costs[2] < 2.5 * costs[1]
