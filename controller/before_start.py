"""What is known of a start before anything is read: the questions, and whether the order fits."""

from __future__ import annotations

from controller.errors import PrescriptionInvalid
from controller.ports import Question, UnitCapabilities
from controller.prescription import LONG_TREATMENT_S, Prescription


def questions_before_start(order: Prescription, *, commissioned: bool) -> list[Question]:
    """The questions that are known before anything is read from the unit."""
    asked = [] if commissioned else [Question.UNIT_NOT_COMMISSIONED]
    if order.traction_s > LONG_TREATMENT_S:
        asked.append(Question.LONG_TREATMENT)
    if order.force_limit_n > order.soft_limit_n:
        asked.append(Question.FORCE_ABOVE_SOFT_LIMIT)
    return [*asked, Question.SURROUNDINGS_SAFE]


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
    """The words in which a question before the start is put to a person."""
    match question:
        case Question.UNIT_NOT_COMMISSIONED:
            return (
                "No weight test is on record for this unit: only a test fixture or a simulator "
                "may be pulled, no patient. Go on?"
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
                f"{order.soft_limit_n:g} N for the {order.region.value} region. Go on?"
            )
        case Question.SURROUNDINGS_SAFE:
            return (
                "Is the table's lift locked, does the harness have a quick release within reach, "
                "and does the patient hold a call bell?"
            )
        case Question.PRESS_TEST_NOT_SEEN:
            return (
                "The patient's press of the stop switch was not seen. The record will say "
                '"switch not press-tested". Go on?'
            )
        case _:
            return f"{question.value.replace('_', ' ')}?"
