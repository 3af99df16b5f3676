"""Questions that are known before a unit is read: their words, and who may answer them."""

from __future__ import annotations

import pytest

from controller.order.prescription import Prescription, Region, Table
from controller.questions import Question
from controller.start.before_start import (
    needs_person,
    patient_question,
    question_text,
    questions_before_start,
)
from tests.unit.controller.builders import IDENTITY, prescription, start_facts

LUMBAR = prescription(
    region=Region.LUMBAR,
    hold_force_n=400.0,
    rest_force_n=200.0,
    ramp_up_n_per_s=30.0,
    ramp_down_n_per_s=60.0,
)
ALWAYS = {
    Question.FORCE_ABOVE_SOFT_LIMIT,
    Question.FIRMWARE_CHANGED,
    Question.ZERO_SHIFTED,
    Question.RELEASE_NOT_SEEN,
}


@pytest.mark.parametrize("question", Question)
def test_a_script_answers_nothing_on_a_verified_unit_but_a_number_of_the_order(
    question: Question,
) -> None:
    assert needs_person(question, verified=True) is (question is not Question.LONG_TREATMENT)
    assert needs_person(question, verified=False) is (question in ALWAYS)


@pytest.mark.parametrize("question", Question)
def test_an_end_whose_release_is_in_doubt_is_a_person_s_on_every_unit(question: Question) -> None:
    persons = ALWAYS | {Question.END_ACKNOWLEDGED}
    needed = needs_person(question, verified=False, release_doubtful=True)
    assert needed is (question in persons)


TABLES: list[tuple[Prescription, bool, str]] = [
    (prescription(), False, ""),
    (prescription(table=Table.FLAT), False, ""),
    (prescription(table=Table.SLIDING), True, "The order says sliding table. Is it unlocked"),
    (LUMBAR, True, "400 N is more than a friction table allows (294 N): up to half"),
]


@pytest.mark.parametrize(("order", "asked", "words"), TABLES)
def test_somebody_looks_at_a_table_that_must_move(
    order: Prescription, asked: bool, words: str
) -> None:
    question = Question.TABLE_MOVES_FREELY
    assert (question in questions_before_start(order)) is asked
    assert words in (question_text(question, order) if asked else "")


def test_a_question_names_patient_order_unit_region_force_and_time() -> None:
    facts = start_facts(patient_reference="MRN-7")
    text = patient_question(prescription(maximum_force_n=110.0), facts, IDENTITY)
    assert text == (
        "Patient MRN-7, order 0123456789ab, unit SIM Cervical 1 serial 10042: cervical on a "
        "friction table (the order does not say which), 102 N (at most 110 N), 15 min. Is this "
        "the patient, and is this the order?"
    )
    nameless = patient_question(prescription(), start_facts(patient_reference=""), IDENTITY)
    assert nameless.startswith("Patient not named in the order, order 0123")
