"""A question stands in each snapshot until it is answered or taken back."""

from __future__ import annotations

import pytest

from controller.errors import RequestRefused
from controller.events import EventKind
from controller.questions import Question
from controller.requests import Stop
from controller.runtime.open_questions import OpenQuestions
from controller.telemetry import UnitState
from tests.unit.controller.runtime.loop_parts import Bench, Person
from tests.unit.controller.runtime.runtime_parts import Answers
from tests.unit.controller.runtime.test_session import YES, SessionBench

PRETENSION, RESUME = Question.PRETENSION_LOOKS_RIGHT, Question.RESUME_RAISES_FORCE
UNSEEN = Question.RELEASE_NOT_SEEN


def nobody_answers(**answers: bool) -> Person:
    person = Person(**answers)
    del person.answers[PRETENSION.value]
    return person


def asked_in(bench: Bench, phase: str) -> list[list[Question]]:
    """What waits in each snapshot of a phase."""
    return [
        [asked.question for asked in snapshot.questions]
        for snapshot in bench.operator.shown
        if snapshot.phase == phase
    ]


def test_a_question_that_was_withdrawn_is_answered_no_more() -> None:
    operator = Answers()
    questions = OpenQuestions(operator)
    for question in (PRETENSION, RESUME, UNSEEN):
        questions.ask(question, question.value, person_only=False)
    questions.withdraw(but=frozenset({UNSEEN}))
    assert [each.question for each in questions.waiting] == [UNSEEN]
    assert operator.withdrawn == [PRETENSION, RESUME]
    operator.answers = {PRETENSION.value: True, UNSEEN.value: True}
    assert questions.answer(PRETENSION) is None
    assert questions.answer(UNSEEN) is not None
    questions.withdraw()
    assert operator.withdrawn == [PRETENSION, RESUME]


def test_a_question_of_the_same_kind_takes_the_place_of_the_first() -> None:
    questions = OpenQuestions(Answers())
    for text in ("first", "second"):
        questions.ask(PRETENSION, text, person_only=False)
    assert [each.text for each in questions.waiting] == ["second"]


def test_a_release_that_nobody_asked_for_takes_the_open_question_back() -> None:
    bench = Bench(operator=nobody_answers())
    bench.run_until_over(lambda elapsed_s: None)
    assert bench.ending.reason == "dwell over time"
    assert bench.operator.withdrawn == [PRETENSION]
    waiting = asked_in(bench, "pretensioning")
    assert waiting[-1] == [PRETENSION]
    assert {len(asked) for asked in asked_in(bench, "releasing")} == {0}


def test_a_stop_takes_the_open_question_back_and_a_late_yes_counts_for_nothing() -> None:
    bench = Bench(operator=nobody_answers())

    def step(elapsed_s: float) -> None:
        if PRETENSION in bench.operator.asked and elapsed_s > 5.0:
            bench.operator.stop = Stop(by="A. Person")
        if bench.operator.withdrawn:
            bench.operator.answers[PRETENSION.value] = True

    bench.run_until_over(step)
    assert bench.operator.withdrawn == [PRETENSION]
    assert {len(asked) for asked in asked_in(bench, "releasing")} == {0}
    assert bench.details(EventKind.QUESTION_ANSWERED) == []


@pytest.mark.usefixtures("impatient_host")
def test_whether_the_release_was_seen_is_asked_to_the_end_of_it() -> None:
    bench = Bench()

    def step(elapsed_s: float) -> None:
        if elapsed_s > 12.0:
            bench.unit.changes = {"unit_state": UnitState.SAFE_LATCHED, "force_n": 60.0}

    bench.run_until_over(step)
    assert asked_in(bench, "releasing")[-1] == [UNSEEN]
    assert bench.operator.withdrawn == [UNSEEN]


def test_before_the_arming_a_refusal_takes_the_open_question_back() -> None:
    person = Person(**{key: yes for key, yes in YES.items() if key != "lift_locked"})
    bench = SessionBench(operator=person)

    def stop(since_s: float | None) -> None:
        if Question.LIFT_LOCKED in person.asked:
            person.stop = Stop(by="A. Person")

    bench.each_exchange = stop
    with pytest.raises(RequestRefused, match="stopped before arming"):
        bench.run()
    assert bench.recorded_end["outcome"] == "refused"
    assert person.withdrawn == [Question.LIFT_LOCKED]


def test_who_leaves_takes_the_question_about_the_end_along() -> None:
    person = Person(**{key: yes for key, yes in YES.items() if key != "end_acknowledged"})
    bench = SessionBench(operator=person)

    def leave(since_s: float | None) -> None:
        if since_s is not None and Question.END_ACKNOWLEDGED in person.asked:
            person.leaving = "SIGTERM"

    bench.each_exchange = leave
    bench.run()
    assert person.withdrawn == [Question.END_ACKNOWLEDGED]
