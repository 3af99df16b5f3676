"""A unit's snapshots at the stages of a treatment, for tests of its page."""

from __future__ import annotations

from typing import Any, Final

from controller.questions import OpenQuestion, Question
from controller.snapshot import Doing, SettledCheck

SESSION: Final = "20261130T140000Z-aaaaaa"
HOLDING: Final[dict[str, Any]] = {
    "doing": Doing.SESSION,
    "session_id": SESSION,
    "phase": "holding",
    "hold_number": 3,
    "hold_count": 11,
    "elapsed_s": 271.0,
    "planned_s": 900.0,
    "target_n": 102.0,
    "force_n": 101.0,
    "second_force_n": 100.2,
    "ceiling_n": 102.0,
    "limit_n": 120.0,
    "increase_n": 8.0,
    "reading_age_s": 0.02,
}
CHECKING: Final[dict[str, Any]] = {
    "doing": Doing.SESSION,
    "session_id": SESSION,
    "phase": "checking",
    "force_n": 0.4,
    "reading_age_s": 0.02,
}


def asked(question: Question, text: str) -> OpenQuestion:
    """An open question that only a person may answer."""
    return OpenQuestion(question=question, text=text, person_only=True)


def confirmed(name: str, by: str) -> SettledCheck:
    """An item that somebody has confirmed."""
    return SettledCheck(name=name, state="confirmed", value="no sensor sees it", by=by)


LOCKED: Final = asked(Question.LIFT_LOCKED, "Is the table's lift locked?")
BELL: Final = asked(Question.CALL_BELL_IN_HAND, "Does the patient hold a call bell?")
START: Final = asked(
    Question.START_TRACTION, "Is everybody clear of cord and table? Yes starts the traction now."
)
ENDED: Final = asked(
    Question.END_ACKNOWLEDGED, "The session has ended. Free the patient and confirm."
)
