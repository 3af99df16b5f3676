"""What is known of a start before anything is read: the questions, and whether the order fits."""

from __future__ import annotations

from typing import Final

from controller.errors import PrescriptionInvalid
from controller.order.prescription import LONG_TREATMENT_S, Prescription
from controller.ports import StartFacts, UnitCapabilities, UnitIdentity
from controller.questions import Question

DIGEST_SHOWN: Final = 12
"""Characters of an order's digest that a person sees: as many as a part of a checkpoint has."""
ALWAYS_A_PERSON = frozenset(
    {
        Question.FORCE_ABOVE_SOFT_LIMIT,
        Question.FIRMWARE_CHANGED,
        Question.ZERO_SHIFTED,
        Question.RELEASE_NOT_SEEN,
    }
)
"""Only a person at a terminal may answer for soft limits (session-rules.md#opening), a firmware
that nobody has tested yet (hazard row 49), a force channel whose zero has moved (7) and a patient
who may still be under traction (23).
"""
SURROUNDINGS_TEXTS: Final = {
    Question.LIFT_LOCKED: "Is the table's lift locked?",
    Question.QUICK_RELEASE_IN_REACH: "Is the quick release of the harness within reach?",
    Question.CALL_BELL_IN_HAND: "Does the patient hold a call bell?",
}
"""The texts of these questions, on the screen and on paper."""
SURROUNDINGS = tuple(SURROUNDINGS_TEXTS)
"""What no sensor sees (hazard rows 51 and 52): one question each."""
NOTHING_TO_SEE = frozenset({Question.LONG_TREATMENT})
"""The only question about a mere number of the order, for which nobody must be at the table."""


def needs_person(question: Question, *, verified: bool, release_doubtful: bool = False) -> bool:
    """Returns True if no script may answer the question; the only place that decides this.

    ``verified``: the unit's profile is verified, so that it may treat a patient; then a script
    answers nothing that has to be seen. ``release_doubtful``: after an emergency stop, or with more
    than 20 N read last; then only a person acknowledges the end.
    """
    if question in ALWAYS_A_PERSON or (release_doubtful and question is Question.END_ACKNOWLEDGED):
        return True
    return verified and question not in NOTHING_TO_SEE


def questions_before_start(order: Prescription) -> list[Question]:
    """Returns the questions that are known before the unit is read."""
    asked: list[Question] = []
    if order.traction_s > LONG_TREATMENT_S:
        asked.append(Question.LONG_TREATMENT)
    if order.force_limit_n > order.soft_limit_n:
        asked.append(Question.FORCE_ABOVE_SOFT_LIMIT)
    if order.table_is_asked:
        asked.append(Question.TABLE_MOVES_FREELY)
    return [*asked, *SURROUNDINGS]


def check_order_fits_unit(order: Prescription, unit: UnitCapabilities, name: str) -> None:
    """Refuse an order that this unit cannot give; raises PrescriptionInvalid."""
    if order.region not in unit.regions:
        regions = ", ".join(sorted(region.value for region in unit.regions))
        raise PrescriptionInvalid(
            f"region={order.region.value} is not offered by {name} ({regions}); choose another unit"
        )
    for key, value, most, text in (
        ("maximum_force", order.force_limit_n, unit.rated_force_n, "N"),
        ("ramp_up", order.ramp_up_n_per_s, unit.max_rate_up_n_per_s, "N/s"),
        ("ramp_down", order.ramp_down_n_per_s, unit.max_rate_down_n_per_s, "N/s"),
    ):
        if value > most:
            raise PrescriptionInvalid(
                f"{key}={value:g} {text} exceeds {most:g} {text} of {name}; "
                "lower it or choose another unit"
            )


def question_text(question: Question, order: Prescription) -> str:
    """Returns the text of a question before the start."""
    match question:
        case Question.UNIT_NOT_COMMISSIONED:
            return (
                "No weight test holds for this unit: only a test fixture or a simulator may be "
                "pulled, no patient. Go on?"
            )
        case Question.FIRMWARE_CHANGED:
            return (
                "The unit's firmware is not the one that it had when it was last armed from here. "
                "Have the stop test and the weight test been passed with it?"
            )
        case Question.ZERO_SHIFTED:
            return (
                "The force channel's zero without the tare has moved by more than 5 N since the "
                "unit was last armed from here. Has it passed a weight test since?"
            )
        case Question.LONG_TREATMENT:
            minutes = order.traction_s / 60
            return f"The treatment time of {minutes:g} min is above 30 min. Go on?"
        case Question.FORCE_ABOVE_SOFT_LIMIT:
            return (
                f"The force of {order.force_limit_n:g} N is above the confirmation limit of "
                f"{order.soft_limit_n:g} N for the {order.region.value} region on a "
                f"{order.table_text}. Go on?"
            )
        case Question.TABLE_MOVES_FREELY:
            return _table_question(order)
        case _ if question in SURROUNDINGS_TEXTS:
            return SURROUNDINGS_TEXTS[question]
        case Question.PRESS_TEST_NOT_SEEN:
            return (
                "The patient's press of the stop switch was not seen. The record will say "
                '"switch not press-tested". Go on?'
            )
        case _:
            return f"{question.value.replace('_', ' ')}?"


def table_confirmed(order: Prescription) -> str:
    """Returns what an answer to TABLE_MOVES_FREELY states about the table."""
    name = order.table_text if order.table is not None else "a table that the order does not name"
    return f"{name}, moves with the body"


def _table_question(order: Prescription) -> str:
    if order.table is not None:
        return f"The order says {order.table_text}. Is it unlocked, and does it move with the body?"
    return (
        f"The order does not say what the patient lies on, and {order.force_limit_n:g} N is more "
        f"than a friction table allows ({order.friction_limit_n:g} N): up to half of it would "
        "stay in the body after the release. Is the table unlocked, and does it move with the "
        "body?"
    )


def patient_question(order: Prescription, facts: StartFacts, unit: UnitIdentity) -> str:
    """Returns patient, order and unit, to be compared with the patient."""
    patient = facts.patient_reference or "not named in the order"
    return (
        f"Patient {patient}, order {facts.order_digest[:DIGEST_SHOWN]}, unit {unit.model} serial "
        f"{unit.serial_number}: {order.region.value} on a {order.table_text}, "
        f"{order.hold_force_n:g} N (at most {order.force_limit_n:g} N), "
        f"{order.traction_s / 60:g} min. Is this the patient, and is this the order?"
    )


ALL_CLEAR: Final = "Is everybody clear of cord and table?"
START_QUESTION: Final = f"{ALL_CLEAR} Yes starts the traction now."
"""The last question before the arming."""
