"""Decisions that only a person may make: the questions of a session, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from controller.words import NAME_CHARACTERS, check_text


class Question(Enum):
    """A decision that only a person may make; each asks one thing. The journal has who answered."""

    UNIT_NOT_COMMISSIONED = "unit_not_commissioned"
    CLOCK_IN_DOUBT = "clock_in_doubt"
    FIRMWARE_CHANGED = "firmware_changed"
    ZERO_SHIFTED = "zero_shifted"
    ACKNOWLEDGE_LATCHED_UNIT = "acknowledge_latched_unit"
    PRESS_TEST_NOT_SEEN = "press_test_not_seen"
    PRETENSION_LOOKS_RIGHT = "pretension_looks_right"
    LONG_TREATMENT = "long_treatment"
    FORCE_ABOVE_SOFT_LIMIT = "force_above_soft_limit"
    TABLE_MOVES_FREELY = "table_moves_freely"
    LIFT_LOCKED = "lift_locked"
    QUICK_RELEASE_IN_REACH = "quick_release_in_reach"
    CALL_BELL_IN_HAND = "call_bell_in_hand"
    PATIENT_AND_ORDER = "patient_and_order"
    START_TRACTION = "start_traction"
    RESUME_RAISES_FORCE = "resume_raises_force"
    RELEASE_NOT_SEEN = "release_not_seen"
    END_ACKNOWLEDGED = "end_acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person's (or a script's) answer."""

    accepted: bool
    answered_by: str

    def __post_init__(self) -> None:
        check_text("answered_by", self.answered_by, NAME_CHARACTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A question that waits for its answer; with ``person_only`` no script may answer it."""

    question: Question
    text: str
    person_only: bool
