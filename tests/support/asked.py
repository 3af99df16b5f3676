"""A scripted person who answers the questions before a session and keeps them."""

from __future__ import annotations

from controller.questions import Answer, Question
from workstation.session.operators import SessionOperator
from workstation.session.session_script import parse_script


class Asked(SessionOperator):
    """A script that keeps what it was asked, and answers as a person where only a person may.

    ``no`` is the one question that is answered with no; ``script`` holds requests.
    """

    def __init__(
        self, *, person: bool = False, no: Question | None = None, script: str = ""
    ) -> None:
        super().__init__(
            scripted=True,
            show=lambda snapshot: None,
            script=parse_script(script, "script") if script else None,
        )
        self._person, self._no = person, no
        self.texts: dict[Question, str] = {}

    @property
    def at_terminal(self) -> bool:
        return self._person

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        self.texts[question] = text
        super().ask(question, text, person_only=person_only)
        by_person = person_only and self._person
        if by_person or question is self._no:
            accepted = question is not self._no
            self._answers[question] = Answer(accepted=accepted, answered_by="P. Jones")
