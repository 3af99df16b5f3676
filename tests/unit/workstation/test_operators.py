"""Who answers which question, and how a signal becomes a stop."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from controller.errors import AnswerMissing
from controller.ports import Answer, Progress, Question
from tests.unit.controller.builders import prescription
from workstation.operators import (
    SCRIPT,
    ReadLine,
    SessionOperator,
    check_somebody_answers,
    possible_questions,
    stopped_by_signals,
)

ABOVE_SOFT_LIMIT = prescription(hold_force_n=190.0)


def operator(*, scripted: bool = False, read_line: ReadLine | None = None) -> SessionOperator:
    return SessionOperator(scripted=scripted, show=lambda progress: None, read_line=read_line)


def test_a_script_answers_and_the_answer_says_so() -> None:
    script = operator(scripted=True)
    script.ask(Question.PRESS_TEST_NOT_SEEN, "Go on?")
    assert script.answer(Question.PRESS_TEST_NOT_SEEN) == Answer(accepted=True, answered_by=SCRIPT)
    assert script.answer(Question.END_ACKNOWLEDGED) is None


def test_a_script_never_answers_for_a_person() -> None:
    script = operator(scripted=True)
    script.ask(Question.FORCE_ABOVE_SOFT_LIMIT, "Go on?")
    answer = script.answer(Question.FORCE_ABOVE_SOFT_LIMIT)
    assert answer is not None
    assert not answer.accepted


@pytest.mark.parametrize(
    ("typed", "accepted"), [("y", True), (" YES ", True), ("n", False), ("", False), ("yo", False)]
)
def test_a_person_at_the_terminal_answers(typed: str, accepted: bool) -> None:
    asked: list[str] = []
    done = threading.Event()

    def read_line(text: str) -> str:
        asked.append(text)
        done.set()
        return typed

    person = operator(read_line=read_line)
    person.ask(Question.LONG_TREATMENT, "Above 30 min. Go on?")
    assert done.wait(5.0)
    _join_readers()
    answer = person.answer(Question.LONG_TREATMENT)
    assert answer is not None
    assert answer.accepted is accepted
    assert answer.answered_by not in ("", SCRIPT)
    assert "Above 30 min. Go on?" in asked[0]


def test_a_closed_terminal_is_a_no() -> None:
    def read_line(text: str) -> str:
        raise EOFError

    person = operator(read_line=read_line)
    person.ask(Question.LONG_TREATMENT, "Go on?")
    _join_readers()
    answer = person.answer(Question.LONG_TREATMENT)
    assert answer is not None
    assert not answer.accepted


def _join_readers() -> None:
    """The thread that reads the terminal has handed its answer over."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon:
            thread.join(5.0)


def test_asking_again_forgets_the_earlier_answer() -> None:
    script = operator(scripted=True)
    script.ask(Question.LONG_TREATMENT, "Go on?")
    script._scripted = False
    script.ask(Question.LONG_TREATMENT, "Go on?")
    answer = script.answer(Question.LONG_TREATMENT)
    assert answer is not None
    assert answer.answered_by == "nobody at the terminal"


def test_questions_depend_on_the_order() -> None:
    plain = possible_questions(prescription())
    assert Question.LONG_TREATMENT not in plain
    assert Question.FORCE_ABOVE_SOFT_LIMIT not in plain
    assert Question.PRETENSION_LOOKS_RIGHT in plain
    assert plain[-1] is Question.END_ACKNOWLEDGED
    without = possible_questions(prescription(pretension_force_n=0.0, pretension_s=0.0))
    assert Question.PRETENSION_LOOKS_RIGHT not in without
    assert Question.LONG_TREATMENT in possible_questions(prescription(treatment_s=1801.0))
    assert Question.FORCE_ABOVE_SOFT_LIMIT in possible_questions(ABOVE_SOFT_LIMIT)


def test_somebody_must_be_able_to_answer() -> None:
    check_somebody_answers(ABOVE_SOFT_LIMIT, scripted=False, terminal=True)
    check_somebody_answers(prescription(), scripted=True, terminal=False)
    with pytest.raises(AnswerMissing, match=r"unit_not_commissioned.*or give --yes"):
        check_somebody_answers(prescription(), scripted=False, terminal=False)
    with pytest.raises(AnswerMissing, match=r"force_above_soft_limit; answer at a terminal \["):
        check_somebody_answers(ABOVE_SOFT_LIMIT, scripted=True, terminal=False)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_asks_for_the_stop_and_handlers_come_back(name: str) -> None:
    number = getattr(signal, name, None)
    if number is None:
        assert os.name == "nt"
        return
    before = signal.getsignal(number)
    waiting = operator()
    with stopped_by_signals(waiting):
        assert waiting.stop_requested() is None
        signal.raise_signal(number)
        assert waiting.stop_requested() == name
    assert signal.getsignal(number) == before


def test_progress_reaches_the_display() -> None:
    seen: list[Progress] = []
    shown = SessionOperator(scripted=True, show=seen.append)
    progress = Progress(phase="holding", elapsed_s=1, planned_s=2, target_n=3, force_n=None)
    shown.show(progress)
    assert seen == [progress]
