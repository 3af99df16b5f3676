"""The operator at a terminal: lines answer questions or become requests, and nothing blocks."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field, replace

import pytest

from controller.errors import AnswerMissing, RequestRefused
from controller.order.prescription import Table
from controller.questions import Answer, Question
from controller.requests import Pause, Remark, SessionRequest, Stop, TakeOver
from controller.snapshot import Snapshot
from tests.unit.controller.builders import prescription
from workstation.session.operators import (
    LINES_AT_A_TIME,
    LINES_WAITING,
    PROGRAM,
    SCRIPT,
    PersonAtTerminal,
    SessionOperator,
    check_somebody_answers,
    possible_questions,
)
from workstation.session.session_script import parse_script

ASKED = Question.PRETENSION_LOOKS_RIGHT


@dataclass
class Terminal:
    """Gives lines to the reader thread and takes what is said; an error is raised there."""

    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    typed: queue.SimpleQueue[str | Exception] = field(default_factory=queue.SimpleQueue)

    def read_line(self) -> str:
        line = self.typed.get(timeout=20)
        if isinstance(line, Exception):
            raise line
        return line

    def operator(self) -> SessionOperator:
        return SessionOperator(
            scripted=False,
            show=lambda snapshot: None,
            person=PersonAtTerminal(
                read_line=self.read_line, by="P. Jones", asking=self.asked.append
            ),
            tell=self.said.append,
        )


CLOSED = Remark(by=PROGRAM, text="the terminal closed: nobody can type")


def asked(operator: SessionOperator) -> list[SessionRequest]:
    """The requests without their ids."""
    return [each.request for each in operator.requests()]


def heard(
    operator: SessionOperator, terminal: Terminal, *lines: str | Exception
) -> list[SessionRequest]:
    """Type the lines and end the input, then take everything that arrived before the end."""
    for line in lines:
        terminal.typed.put(line)
    terminal.typed.put(EOFError())
    operator.reader_ended.wait(timeout=20)
    *requests, last = asked(operator)
    assert last == CLOSED
    assert operator.requests() == []
    return requests


def test_y_and_n_answer_the_oldest_question_and_other_lines_are_requests() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    operator.ask(ASKED, "Looks right?", person_only=False)
    operator.ask(Question.RESUME_RAISES_FORCE, "Go on?", person_only=False)
    requests = heard(operator, terminal, "remark odd noise", "Y", "pause", "no")
    assert requests == [Remark(by="P. Jones", text="odd noise"), Pause(by="P. Jones")]
    assert operator.answer(ASKED) == Answer(accepted=True, answered_by="P. Jones")
    assert operator.answer(Question.RESUME_RAISES_FORCE) == Answer(
        accepted=False, answered_by="P. Jones"
    )
    assert terminal.said == ["Looks right? [y/n]", "Go on? [y/n]"]
    looks_right, go_on = "[y/n] Looks right?", "[y/n] Go on?"
    assert terminal.asked == [looks_right, looks_right, go_on, "", ""]


def test_who_takes_over_answers_and_asks_from_then_on() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    operator.ask(ASKED, "Does it look right?", person_only=True)
    lines = ("takeover B. Example", "y", "pause", "stop")
    assert heard(operator, terminal, *lines) == [
        TakeOver(by="B. Example"),
        Pause(by="B. Example"),
    ]
    assert operator.answer(ASKED) == Answer(accepted=True, answered_by="B. Example")
    assert operator.begun_by == "P. Jones", "as the session was begun"


def test_a_no_does_not_acknowledge_the_end() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    operator.ask(Question.END_ACKNOWLEDGED, "Free the patient and confirm.", person_only=False)
    assert heard(operator, terminal, "n", "no", "y", "n") == []
    assert operator.answer(Question.END_ACKNOWLEDGED) == Answer(
        accepted=True, answered_by="P. Jones"
    )
    refused = '"n" confirms nothing; answer y once it is so: [y] Free the patient and confirm.'
    not_understood = terminal.said.pop()
    assert not_understood.startswith("'n' is not understood")
    assert terminal.said == ["Free the patient and confirm. [y]", refused, refused]


def test_what_was_typed_before_a_question_does_not_answer_it() -> None:
    ready = ["y"] * (2 * LINES_AT_A_TIME + 1)
    asked, all_read, later = threading.Event(), threading.Event(), queue.SimpleQueue[str]()

    def read_line() -> str:
        asked.wait(timeout=20)
        if ready:
            return ready.pop()
        all_read.set()
        return later.get(timeout=20)

    operator = SessionOperator(
        scripted=False,
        show=lambda snapshot: None,
        person=PersonAtTerminal(read_line=read_line, by="P. Jones"),
    )
    operator.ask(ASKED, "Looks right?", person_only=False)
    asked.set()
    all_read.wait(timeout=20)
    operator.ask(Question.START_TRACTION, "Start?", person_only=True)
    assert operator.answer(ASKED) == Answer(accepted=True, answered_by="P. Jones")
    assert operator.answer(Question.START_TRACTION) is None
    later.put("n")


def test_what_is_not_understood_is_answered_with_what_would_be() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    operator.ask(ASKED, "Looks right?", person_only=False)
    assert heard(operator, terminal, "maybe", "help") == []
    assert terminal.said[1].startswith("answer the question with y or n; 'maybe' is not understood")
    assert "pause [REASON]" in terminal.said[2]


def test_a_line_that_cannot_be_taken_is_refused_in_words_and_the_next_one_is_heard() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    refusal = RequestRefused("the line has the byte 0xFF")
    assert heard(operator, terminal, refusal, "pause") == [Pause(by="P. Jones")]
    assert terminal.said == ["the line has the byte 0xFF"]


def test_a_pasted_page_is_taken_a_few_lines_at_a_time_and_waits_in_the_terminal() -> None:
    page = iter(["pause"] * 3 * LINES_WAITING)
    read, many_read = [0], threading.Event()

    def read_line() -> str:
        read[0] += 1
        if read[0] == LINES_WAITING:
            many_read.set()
        try:
            return next(page)
        except StopIteration:
            raise EOFError from None

    operator = SessionOperator(
        scripted=False,
        show=lambda snapshot: None,
        person=PersonAtTerminal(read_line=read_line),
    )
    assert many_read.wait(timeout=20)
    taken: list[int] = []
    while not operator.reader_ended.is_set() or taken[-1]:
        assert read[0] <= sum(taken) + LINES_WAITING + 1
        taken.append(len(operator.requests()))
    taken.append(len(operator.requests()))  # what came between the last look and the end
    assert sum(taken) == 3 * LINES_WAITING + 1, "and the remark that the terminal closed"
    assert max(taken) <= LINES_AT_A_TIME


def test_a_reader_that_fails_counts_as_a_closed_terminal() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    assert heard(operator, terminal, "pause", ZeroDivisionError()) == [Pause(by="P. Jones")]
    assert terminal.said == ["the terminal cannot be read any more (ZeroDivisionError)"]


def test_notices_and_reminders_come_with_the_next_requests() -> None:
    said: list[str] = []
    notices = [["the display shows nothing"], []]
    operator = SessionOperator(
        scripted=True, show=lambda snapshot: None, tell=said.append, notices=lambda: notices.pop(0)
    )
    operator.remind("Ctrl-Z does not stop a session")
    assert said == []
    assert asked(operator) == [Remark(by=PROGRAM, text="the display shows nothing")]
    assert said == ["Ctrl-Z does not stop a session"]
    assert operator.requests() == []
    assert len(said) == 1


def test_a_terminal_that_closes_answers_no_to_everything() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    operator.ask(ASKED, "Looks right?", person_only=False)
    assert operator.answer(ASKED) is None
    heard(operator, terminal)
    assert operator.answer(ASKED) == Answer(accepted=False, answered_by="terminal closed")
    operator.ask(Question.END_ACKNOWLEDGED, "Ended?", person_only=False)
    later = operator.answer(Question.END_ACKNOWLEDGED)
    assert later is not None
    assert not later.accepted


def test_a_script_answers_unless_only_a_person_may() -> None:
    operator = SessionOperator(scripted=True, show=lambda snapshot: None)
    operator.ask(ASKED, "?", person_only=False)
    assert operator.answer(ASKED) == Answer(accepted=True, answered_by=SCRIPT)
    operator.ask(ASKED, "?", person_only=True)
    assert operator.answer(ASKED) == Answer(accepted=False, answered_by="nobody at the terminal")


def test_beside_a_script_a_person_at_the_terminal_answers_what_only_a_person_may() -> None:
    terminal = Terminal()
    operator = SessionOperator(
        scripted=True,
        show=lambda snapshot: None,
        person=PersonAtTerminal(read_line=terminal.read_line, by="P. Jones"),
        tell=terminal.said.append,
    )
    operator.ask(ASKED, "Looks right?", person_only=True)
    assert operator.answer(ASKED) is None
    heard(operator, terminal, "y")
    assert operator.answer(ASKED) == Answer(accepted=True, answered_by="P. Jones")
    assert terminal.said == ["Looks right? [y/n]"]


def test_script_steps_follow_the_time_that_was_shown() -> None:
    script = parse_script('[[step]]\nat = "5 s"\ndo = "pause"\nby = "P. Jones"\n', "s")
    operator = SessionOperator(scripted=True, show=lambda snapshot: None, script=script)
    snapshot = Snapshot(
        number=1,
        utc_ms=0,
        phase="holding",
        elapsed_s=5.0,
        planned_s=60.0,
        target_n=1.0,
        force_n=None,
    )
    operator.show(snapshot)
    assert operator.requests() == []
    operator.show(replace(snapshot, since_start_s=5.0))
    assert asked(operator) == [Pause(by="P. Jones")]


def test_without_anybody_the_questions_are_listed_before_anything_is_opened() -> None:
    order = prescription(treatment_s=1900.0)
    asked = [question.value for question in possible_questions(order)]
    assert {"lift_locked", "long_treatment", "pretension_looks_right"} <= set(asked)
    assert {"start_traction", "clock_in_doubt", "resume_raises_force"} <= set(asked)
    assert "table_moves_freely" not in asked
    with pytest.raises(AnswerMissing) as missing:
        check_somebody_answers(order, scripted=False, terminal=False)
    assert all(name.replace("_", " ") in missing.value.message for name in asked)
    check_somebody_answers(order, scripted=True, terminal=False)
    check_somebody_answers(order, scripted=False, terminal=True)


def test_on_a_verified_unit_a_script_alone_is_refused_with_what_a_person_must_see() -> None:
    order = prescription(treatment_s=1900.0, table=Table.SLIDING)
    with pytest.raises(AnswerMissing) as missing:
        check_somebody_answers(order, scripted=True, terminal=False, verified=True)
    assert missing.value.message == (
        "nobody is there to answer: table moves freely, lift locked, quick release in reach, "
        "call bell in hand, patient and order, start traction, "
        "pretension looks right, end acknowledged; answer at a terminal"
    )
    check_somebody_answers(order, scripted=True, terminal=True, verified=True)


def test_a_typed_stop_waits_behind_no_other_line() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    for number in range(40):
        terminal.typed.put(f"remark {number}")
    terminal.typed.put(" STOP ")
    terminal.typed.put(EOFError())
    operator.reader_ended.wait(timeout=20)
    assert operator.stop_requested() == Stop(by="P. Jones")
    assert operator.leave_requested() is None


def test_a_second_typed_stop_makes_the_release_fast() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    assert heard(operator, terminal, "stop", "stop") == []
    assert operator.stop_requested() == Stop(by="P. Jones", fast=True)


def test_whoever_leaves_stops_too() -> None:
    operator = SessionOperator(scripted=True, show=lambda snapshot: None)
    operator.stop("P. Jones")
    assert operator.leave_requested() is None
    operator.leave("SIGTERM")
    assert operator.leave_requested() == "SIGTERM"
    assert operator.stop_requested() == Stop(by="SIGTERM", fast=True)


def test_a_question_that_is_withdrawn_is_said_and_the_next_one_is_asked() -> None:
    terminal = Terminal()
    operator = terminal.operator()
    operator.ask(ASKED, "Right?", person_only=False)
    operator.ask(Question.LIFT_LOCKED, "Locked?", person_only=False)
    operator.withdraw(ASKED)
    assert terminal.said[-1] == "no answer is needed any more: [y/n] Right?"
    assert terminal.asked[-1] == "[y/n] Locked?"
    assert heard(operator, terminal, "y") == []
    assert operator.answer(ASKED) is None
    locked = operator.answer(Question.LIFT_LOCKED)
    assert locked is not None
    assert locked.accepted


def test_a_withdrawn_question_leaves_no_answer_behind_for_the_next_time() -> None:
    operator = SessionOperator(scripted=True, show=lambda snapshot: None)
    operator.ask(ASKED, "Right?", person_only=False)
    operator.withdraw(ASKED)
    assert operator.answer(ASKED) is None
