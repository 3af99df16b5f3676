"""A snapshot holds what is so now: of the reading of this tick only, and of nothing else."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest

from controller.errors import LinkError, StaleAnswer
from controller.questions import Question
from controller.requests import AcknowledgeAlarms
from controller.runtime.clock import VirtualClock
from controller.runtime.recorder import Recorder
from controller.runtime.session_ports import SessionPorts
from controller.safety.limits import SafetyLimits
from controller.session.course import Course
from controller.snapshot import Snapshot
from controller.telemetry import PatientSwitch, UnitState, UnitStatus
from tests.unit.controller.builders import TRACKING
from tests.unit.controller.runtime.runtime_parts import Answers, ListJournal, StoryUnit

COURSE = Course(
    phase="holding",
    planned_s=900.0,
    stage="treatment",
    hold_number=3,
    hold_count=12,
    elapsed_s=271.0,
    since_start_s=302.0,
    phase_left_s=7.0,
    pause_left_s=8.0,
    check_in_s=9.0,
    ceiling_n=102.0,
    increase_n=10.0,
)


class Showing:
    def __init__(self, journal: ListJournal | None = None) -> None:
        self.clock, self.operator = VirtualClock(start_s=100.0), Answers()
        recorder = Recorder(journal or ListJournal(), self.clock, 100.0)
        unit = StoryUnit(self.clock, lambda elapsed_s: TRACKING)
        self.ports = SessionPorts.of(unit, self.clock, recorder, self.operator, "session-1")
        self.present = self.ports.present

    @property
    def last(self) -> Snapshot:
        return self.operator.shown[-1]


def test_every_field_of_the_course_is_shown_under_its_own_name() -> None:
    showing = Showing()
    showing.present.show(COURSE, TRACKING)
    for field in fields(Course):
        assert getattr(showing.last, field.name) == getattr(COURSE, field.name), field.name


def test_snapshots_are_numbered_and_name_their_session() -> None:
    showing = Showing()
    for _ in range(3):
        showing.present.show(COURSE, None)
    assert [snapshot.number for snapshot in showing.operator.shown] == [1, 2, 3]
    assert {snapshot.session_id for snapshot in showing.operator.shown} == {"session-1"}


def test_without_a_reading_nothing_of_an_earlier_one_is_left_but_its_age() -> None:
    showing = Showing()
    reading = replace(TRACKING, taken_at_s=99.98, speed_mm_per_s=2.0)
    showing.present.show(COURSE, reading, pull_mm=None)
    seen = showing.last
    assert (seen.force_n, seen.speed_mm_per_s) == (reading.force_n, 2.0)
    assert seen.second_force_n == reading.second_force_n
    assert (seen.unit_state, seen.patient_switch) == (UnitState.TRACKING, PatientSwitch.OPEN)
    assert (seen.emergency_stop_open, seen.local_takeover) == (False, False)
    showing.clock.sleep_until(100.25)
    showing.present.show(COURSE, None)
    gone = showing.last
    assert (gone.force_n, gone.second_force_n, gone.speed_mm_per_s) == (None, None, None)
    assert (gone.unit_state, gone.patient_switch) == (None, None)
    assert (gone.emergency_stop_open, gone.local_takeover) == (None, None)
    assert gone.reading_age_s == pytest.approx(0.27)


def test_a_stop_a_takeover_and_a_press_are_shown() -> None:
    showing = Showing()
    bits = UnitStatus.EMERGENCY_STOP_OPEN | UnitStatus.LOCAL_TAKEOVER
    showing.present.show(COURSE, replace(TRACKING, status=UnitStatus(TRACKING.status | bits)))
    assert (showing.last.emergency_stop_open, showing.last.local_takeover) == (True, True)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_reading_that_is_no_number_is_none(value: float) -> None:
    showing = Showing()
    showing.present.limits = SafetyLimits()
    broken = replace(TRACKING, force_n=value, second_force_n=value, speed_mm_per_s=value)
    showing.present.show(COURSE, broken, pull_mm=value)
    seen = showing.last
    assert (seen.force_n, seen.second_force_n, seen.speed_mm_per_s) == (None, None, None)
    assert (seen.pull_mm, seen.pull_share) == (None, None)


def test_the_pull_is_shown_with_its_share_of_the_limit() -> None:
    showing = Showing()
    showing.present.show(COURSE, TRACKING, pull_mm=40.0)
    assert (showing.last.pull_mm, showing.last.pull_share, showing.last.limit_n) == (40, None, None)
    showing.present.limits = SafetyLimits().narrowed(pull_mm=80.0, force_n=150.0)
    showing.present.show(COURSE, TRACKING, pull_mm=40.0)
    assert (showing.last.pull_share, showing.last.limit_n) == (0.5, 150.0)


class LateJournal(ListJournal):
    """Has not taken what it was given, and says why."""

    trouble = "the disk is full"

    def age_s(self, now_s: float) -> float:
        return 3.0


def test_trouble_of_the_record_is_shown_with_its_age() -> None:
    sound = Showing()
    sound.present.show(COURSE, TRACKING)
    assert (sound.last.record_age_s, sound.last.record_trouble) == (0.0, "")
    showing = Showing(LateJournal())
    showing.present.show(COURSE, TRACKING)
    assert (showing.last.record_age_s, showing.last.record_trouble) == (3.0, "the disk is full")


def test_lost_and_foreign_answers_are_counted() -> None:
    showing = Showing()
    showing.present.answered(0.012)
    showing.present.unanswered(LinkError("nothing came"))
    showing.present.unanswered(StaleAnswer("another request's"))
    showing.present.show(COURSE, None)
    seen = showing.last
    assert (seen.round_trip_s, seen.missed, seen.mismatched) == (0.012, 2, 1)


def test_alarms_and_open_questions_stand_in_each_snapshot_until_they_are_settled() -> None:
    showing = Showing()
    question = Question.PRETENSION_LOOKS_RIGHT
    showing.ports.questions.ask(question, "Right?", person_only=True)
    showing.ports.alarms.raise_alarm("check_in_due", 100.0)
    for _ in range(2):
        showing.present.show(COURSE, None)
        assert [alarm.code for alarm in showing.last.alarms] == ["check_in_due"]
        (asked,) = showing.last.questions
        assert (asked.question, asked.text, asked.person_only) == (question, "Right?", True)
    assert showing.ports.questions.answer(question) is None
    showing.operator.answers[question.value] = True
    assert showing.ports.questions.answer(question) is not None
    showing.present.show(COURSE, None)
    assert showing.last.questions == ()


def test_the_alarm_that_is_raised_again_has_another_number() -> None:
    showing = Showing()
    numbers = []
    for _ in range(2):
        showing.ports.alarms.raise_alarm("check_in_due", 100.0)
        showing.present.show(COURSE, None)
        numbers += [alarm.number for alarm in showing.ports.alarms.active]
        showing.ports.alarms.request(
            AcknowledgeAlarms(by="P. Jones", alarms=showing.present.alarms_shown), 100.0
        )
    assert numbers == [1, 2]
