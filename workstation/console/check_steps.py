"""The steps before a start as a page lists them: what people settle, in the order of asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controller.order.prescription import Prescription
from controller.questions import OpenQuestion, Question
from controller.runtime.preparation import CONFIRMED_BY_ANSWER
from controller.snapshot import SettledCheck, Snapshot
from controller.start.before_start import SURROUNDINGS, question_text, questions_before_start
from controller.start.self_check import CheckState

PRESS_TEST: Final = "press_test"
PRESS_WORDS: Final = "The patient presses the switch once and lets it go."
COMPARE: Final = "Is this the patient, and is this the order?"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStep:
    """``state`` is done, now or later; a step that is asked ``now`` has its question."""

    name: str
    text: str
    state: str
    by: str = ""
    question: OpenQuestion | None = None


def check_steps(
    shown: Snapshot, checks: Sequence[SettledCheck], order: Prescription | None
) -> list[CheckStep]:
    """Returns every step but the start itself; unforeseen steps come before the others."""
    open_now = {each.question: each for each in shown.questions}
    done = {each.name: each for each in checks if each.state == CheckState.CONFIRMED.value}
    expected = [*_expected(order), Question.PATIENT_AND_ORDER]
    unforeseen = [each for each in CONFIRMED_BY_ANSWER if each not in expected]
    last = {Question.START_TRACTION, Question.PRESS_TEST_NOT_SEEN}
    steps = [
        *(
            _step(each, open_now, done, order)
            for each in unforeseen
            if _is_there(each, open_now, done)
        ),
        *(_asked(each) for q, each in open_now.items() if q not in {*CONFIRMED_BY_ANSWER, *last}),
        *(_step(each, open_now, done, order) for each in expected),
    ]
    return [*steps, _press_step(checks, open_now, waits=all(s.state == "done" for s in steps))]


def _expected(order: Prescription | None) -> Sequence[Question]:
    return SURROUNDINGS if order is None else questions_before_start(order)


def _item(question: Question) -> str:
    """Returns the item of the self-check that an answer settles."""
    return "table" if question is Question.TABLE_MOVES_FREELY else CONFIRMED_BY_ANSWER[question][0]


def _is_there(
    question: Question,
    open_now: dict[Question, OpenQuestion],
    done: dict[str, SettledCheck],
) -> bool:
    return question in open_now or bool(_item(question) in done and done[_item(question)].by)


def _asked(question: OpenQuestion) -> CheckStep:
    return CheckStep(
        name=question.question.value, text=question.text, state="now", question=question
    )


def _step(
    question: Question,
    open_now: dict[Question, OpenQuestion],
    done: dict[str, SettledCheck],
    order: Prescription | None,
) -> CheckStep:
    if question in open_now:
        return _asked(open_now[question])
    settled = done.get(_item(question))
    text = COMPARE if question is Question.PATIENT_AND_ORDER else _words(question, order)
    if settled is not None and settled.by:
        return CheckStep(name=question.value, text=text, state="done", by=settled.by)
    return CheckStep(name=question.value, text=text, state="later")


def _words(question: Question, order: Prescription | None) -> str:
    if order is not None:
        return question_text(question, order)
    return f"{question.value.replace('_', ' ').capitalize()}?"


def _press_step(
    checks: Sequence[SettledCheck], open_now: dict[Question, OpenQuestion], *, waits: bool
) -> CheckStep:
    """Returns the press-test step: seen on the wire; a person is asked only where it was not."""
    if any(each.name == PRESS_TEST and each.state == CheckState.PASSED.value for each in checks):
        return CheckStep(name=PRESS_TEST, text=PRESS_WORDS, state="done")
    question = open_now.get(Question.PRESS_TEST_NOT_SEEN)
    if question is not None:
        return CheckStep(name=PRESS_TEST, text=question.text, state="now", question=question)
    return CheckStep(name=PRESS_TEST, text=PRESS_WORDS, state="now" if waits else "later")
