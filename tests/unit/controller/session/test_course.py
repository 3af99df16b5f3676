"""What people see of a session's course is what its logic will do."""

from __future__ import annotations

import pytest

from controller.requests import AdjustForce, Pause, Resume, Stop
from controller.session.adjustments import INCREASE_EVERY_S
from controller.session.course import Course
from controller.session.inputs_and_effects import StopRequested
from tests.unit.controller.session.machine_bench import Bench

WHO = "P. Jones"


def test_before_the_treatment_there_is_nothing_that_runs_out_and_no_increase() -> None:
    course = Bench().course
    assert (course.phase, course.stage) == ("armed", "preparation")
    assert (course.phase_left_s, course.pause_left_s, course.check_in_s) == (None, None, None)
    assert (course.hold_number, course.increase_n, course.since_start_s) == (0, 0.0, None)


def test_a_course_that_says_phase_and_plan_alone_says_nothing_else() -> None:
    """As in the preparation, where no treatment has begun."""
    course = Course(phase="checking", planned_s=600.0)
    assert (course.stage, course.hold_number, course.hold_count) == ("", 0, 0)
    assert (course.elapsed_s, course.increase_n) == (0.0, 0.0)
    assert (course.since_start_s, course.phase_left_s, course.pause_left_s) == (None, None, None)
    assert (course.check_in_s, course.ceiling_n) == (None, None)


def test_a_hold_is_treatment_and_an_increase_waits_behind_an_increase() -> None:
    bench = Bench(maximum_force_n=110.0).into_hold()
    assert bench.course.stage == "treatment"
    room_n = bench.course.increase_n
    assert room_n > 0
    bench.ask(AdjustForce(by=WHO, change_n=min(room_n, 1.0), reason="asked for"))
    assert bench.course.increase_n == 0.0
    bench.seconds(INCREASE_EVERY_S + 0.1)
    assert bench.course.increase_n > 0
    bench.give(StopRequested(Stop(by=WHO)))
    assert bench.course.phase == "releasing"
    assert bench.course.increase_n == 0.0, "nothing rises in a release"


def test_a_phase_is_left_when_its_time_has_run_out() -> None:
    bench = Bench().into_hold()
    left_s, phase = bench.course.phase_left_s, bench.course.phase
    assert left_s is not None
    bench.seconds(left_s - 0.1)
    assert bench.course.phase == phase
    assert bench.course.phase_left_s == pytest.approx(0.1, abs=0.05)
    bench.seconds(0.2)
    assert bench.course.phase != phase


def test_a_pause_shows_when_it_goes_back_and_when_it_ends_and_keeps_its_stage() -> None:
    bench = Bench().into_hold()
    stage = bench.course.stage
    bench.ask(Pause(by=WHO))
    course = bench.course
    assert (course.phase, course.stage) == ("paused", stage)
    assert course.phase_left_s == pytest.approx(60.0, abs=0.1)
    left_s = course.pause_left_s
    assert left_s is not None
    bench.seconds(left_s - 1.0)
    assert bench.course.phase == "paused"
    assert bench.course.phase_left_s is None
    bench.seconds(2.0)
    assert bench.course.phase == "releasing"


def test_a_pause_that_ends_in_a_stop_shows_no_end_any_more() -> None:
    bench = Bench().into_hold()
    bench.ask(Pause(by=WHO))
    bench.give(StopRequested(Stop(by=WHO)))
    assert bench.course.phase == "releasing"
    assert (bench.course.phase_left_s, bench.course.pause_left_s) == (None, None)


def test_a_pause_that_is_left_shows_no_end() -> None:
    bench = Bench().into_hold()
    bench.ask(Pause(by=WHO))
    bench.ask(AdjustForce(by=WHO, change_n=-1.0))
    bench.ask(Resume(by=WHO))
    assert bench.course.phase == "paused"
    assert (bench.course.phase_left_s, bench.course.pause_left_s) == (None, None)


def test_the_check_in_is_shown_until_the_release() -> None:
    bench = Bench().into_treatment()
    assert bench.course.check_in_s == pytest.approx(300.0, abs=0.1)
    bench.give(StopRequested(Stop(by=WHO)))
    assert bench.course.check_in_s is None
    assert bench.course.increase_n == 0.0


def test_the_ceiling_is_the_one_that_is_sent() -> None:
    bench = Bench().into_hold()
    assert bench.course.ceiling_n == bench.machine.command(bench.now_s).ceiling_n
