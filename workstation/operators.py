"""Who answers the questions of a session: a person at the terminal, or ``--yes`` where it may.

An operator is polled by the loop and never makes it wait: the terminal is read in a thread.
"""

from __future__ import annotations

import getpass
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from controller.errors import AnswerMissing
from controller.ports import Answer, Progress, Question
from controller.prescription import Prescription
from controller.runtime.preparation import questions_before_start

SCRIPT = "script (--yes)"
TERMINAL_ONLY = frozenset({Question.FORCE_ABOVE_SOFT_LIMIT})
"""Soft limits take an answer from a person at a terminal only (session.md 1.5)."""

ReadLine = Callable[[str], str]
Show = Callable[[Progress], None]


def possible_questions(order: Prescription) -> list[Question]:
    """Every question that a session with this order may ask, in the order of asking."""
    known = questions_before_start(order, commissioned=False)
    later = [Question.ACKNOWLEDGE_LATCHED_UNIT, Question.PRESS_TEST_NOT_SEEN]
    if order.pretension_force_n or order.pretension_s:
        later.append(Question.PRETENSION_LOOKS_RIGHT)
    return [*known, *later, Question.END_ACKNOWLEDGED]


def check_somebody_answers(order: Prescription, *, scripted: bool, terminal: bool) -> None:
    """Refuse before anything is opened when nobody could answer; raises AnswerMissing."""
    if terminal:
        return
    asked = possible_questions(order)
    open_questions = [q for q in asked if not scripted or q in TERMINAL_ONLY]
    if open_questions:
        names = ", ".join(q.value for q in open_questions)
        way_out = "answer at a terminal" if scripted else "answer at a terminal or give --yes"
        raise AnswerMissing(f"nobody is there to answer: {names}; {way_out}")


class SessionOperator:
    """Answers by script where that is allowed, otherwise by the person at the terminal."""

    def __init__(self, *, scripted: bool, show: Show, read_line: ReadLine | None = None) -> None:
        self._scripted = scripted
        self._show = show
        self._read_line = read_line
        self._answers: dict[Question, Answer] = {}
        self._typed: queue.SimpleQueue[tuple[Question, Answer]] = queue.SimpleQueue()
        self._stopped_by: str | None = None

    def ask(self, question: Question, text: str) -> None:
        """Put the question; the answer comes through ``answer``."""
        self._answers.pop(question, None)
        if self._scripted and question not in TERMINAL_ONLY:
            self._answers[question] = Answer(accepted=True, answered_by=SCRIPT)
        elif self._read_line is not None:
            threading.Thread(
                target=self._read_answer, args=(self._read_line, question, text), daemon=True
            ).start()
        else:
            self._answers[question] = Answer(accepted=False, answered_by="nobody at the terminal")

    def answer(self, question: Question) -> Answer | None:
        """The answer once it is there."""
        while not self._typed.empty():
            answered, answer = self._typed.get()
            self._answers[answered] = answer
        return self._answers.get(question)

    def stop(self, by: str) -> None:
        """Ask the loop for a release and the end of the session; safe in a signal handler."""
        self._stopped_by = by

    def stop_requested(self) -> str | None:
        """Who asked for the stop, or None."""
        return self._stopped_by

    def show(self, progress: Progress) -> None:
        """Hand the tick's figures to the display."""
        self._show(progress)

    def _read_answer(self, read_line: ReadLine, question: Question, text: str) -> None:
        try:
            line = read_line(f"\n{text} [y/n]")
        except EOFError:
            line = "n"
        accepted = line.strip().lower() in ("y", "yes")
        self._typed.put((question, Answer(accepted=accepted, answered_by=getpass.getuser())))


@contextmanager
def stopped_by_signals(operator: SessionOperator) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end in the same release and a closed record."""
    numbers = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]

    def on_signal(number: int, _frame: FrameType | None) -> None:
        operator.stop(signal.Signals(number).name)

    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
