"""The questions that wait for an answer, as shown on every screen."""

from __future__ import annotations

from typing import Final

from controller.ports import Operator
from controller.questions import Answer, OpenQuestion, Question

NONE: Final[frozenset[Question]] = frozenset()


class OpenQuestions:
    """One per session. The caller decides whether questions and answers are recorded."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self.waiting: tuple[OpenQuestion, ...] = ()
        """The waiting questions, oldest first."""

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        """Ask a question, replacing one of the same kind that may wait."""
        self._operator.ask(question, text, person_only=person_only)
        self._forget(question)
        asked = OpenQuestion(question=question, text=text, person_only=person_only)
        self.waiting = (*self.waiting, asked)

    def answer(self, question: Question) -> Answer | None:
        """Returns the answer, or None while there is none; an answer is returned once.

        A withdrawn question cannot be answered any more.
        """
        if all(each.question is not question for each in self.waiting):
            return None
        answer = self._operator.answer(question)
        if answer is not None:
            self._forget(question)
        return answer

    def withdraw(self, *, but: frozenset[Question] = NONE) -> None:
        """Withdraw every question except ``but``."""
        for each in self.waiting:
            if each.question not in but:
                self._operator.withdraw(each.question)
                self._forget(each.question)

    def _forget(self, question: Question) -> None:
        self.waiting = tuple(each for each in self.waiting if each.question is not question)
