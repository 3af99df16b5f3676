"""A patient who is not on file is added at the beginning of the visit, and nobody twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from records.claim.rules.payer_profile import all_profiles
from records.standing.versions import read_standing
from records.standing.write import StandingChange, write_standing
from tests.support.reception import (
    FINDINGS,
    FIRST_TIME,
    NEW_PATIENT,
    OTHERWISE,
    Left,
    Reception,
)
from tests.support.standing import example, keep, patient, writer
from tests.unit.workstation.visit.test_flow import heard, names
from workstation.visit.dialogue import VisitLeft
from workstation.visit.flow import AskedVisit, begin_visit

WHOM = AskedVisit(reference="TEST-9")
BEHIND_IT = "identified name"
"""The first question of a visit of who is on file."""
ANSWERS = {**FINDINGS, **OTHERWISE, **FIRST_TIME, **NEW_PATIENT}


def test_the_patient_is_added_as_it_was_said_and_the_visit_goes_on(clinic: Reception) -> None:
    begin_visit(clinic.desk(ANSWERS), WHOM)
    added = read_standing(clinic.folder).patient("TEST-9")
    assert added is not None
    assert (added.number, added.by) == (1, "Pat Jones")
    record = added.record
    assert (record.full_name, record.birth_date) == ("Poe, Mary", date(1971, 2, 28))
    assert record.payer is not None
    assert (record.payer.profile, record.payer.kind) == ("commercial", "commercial")
    assert (record.payer.name, record.member_id) == ("Example Health", "W123")
    asked = names(clinic)
    assert asked[: asked.index("member id") + 2] == [*NEW_PATIENT, "identified name"]
    assert "signed by Pat Jones" in heard(clinic)


def left_when_on_file(clinic: Reception, answers: Mapping[str, str]) -> None:
    """A visit that is left as soon as its patient is on file."""
    with pytest.raises(Left):
        begin_visit(clinic.desk(answers, kill_at=BEHIND_IT), WHOM)


def test_nothing_but_names_and_birth_date_has_to_be_known(clinic: Reception) -> None:
    answers = {**ANSWERS, "payer": "3"}
    del answers["payer name"], answers["member id"]
    left_when_on_file(clinic, answers)
    added = read_standing(clinic.folder).patient("TEST-9")
    assert added is not None
    assert (added.record.payer, added.record.member_id) == (None, None)


def test_the_clinic_s_payers_are_offered_and_one_that_is_not_known_is_told(
    clinic: Reception,
) -> None:
    keep(clinic.folder, example("clinic", payers=["commercial", "my_own"]), made_from=1)
    left_when_on_file(clinic, {**ANSWERS, "payer": "medicare_b|1"})
    assert "Payer's rules? (1 commercial, 2 not known yet)" in heard(clinic)
    assert "payer profile my_own, which is not known" in heard(clinic)
    assert names(clinic).count("payer") == 2, "one that the clinic does not use is no choice"


def test_without_payers_in_the_clinic_s_record_each_profile_is_offered(clinic: Reception) -> None:
    keep(clinic.folder, example("clinic", payers=[]), made_from=1)
    left_when_on_file(clinic, {**ANSWERS, "payer": "medicare_b"})
    offered = next(text for text in clinic.dialogue.heard if text.startswith("Payer's rules?"))
    assert all(name in offered for name in all_profiles())


@pytest.mark.parametrize("day", ["28.2.1971", "1971-02-30", "2971-02-28", "19710228 "])
def test_a_birth_date_that_is_none_is_asked_again(clinic: Reception, day: str) -> None:
    left_when_on_file(clinic, {**ANSWERS, "birth date": f"{day}|1971-02-28"})
    assert names(clinic).count("birth date") == 2
    assert f"birth date {day!r} is not a day in the past" in heard(clinic)


@pytest.mark.parametrize("question", NEW_PATIENT)
def test_nothing_is_on_file_before_the_last_answer(clinic: Reception, question: str) -> None:
    with pytest.raises(Left):
        begin_visit(clinic.desk(ANSWERS, kill_at=question), WHOM)
    assert read_standing(clinic.folder).patient("TEST-9") is None
    left_when_on_file(clinic, ANSWERS)
    assert read_standing(clinic.folder).patient("TEST-9") is not None


def test_the_same_person_under_another_reference_is_asked_for(clinic: Reception) -> None:
    keep(
        clinic.folder,
        patient(reference="TEST-7", last_name="poe", first_name="Mary", birth_date="1971-02-28"),
    )
    with pytest.raises(VisitLeft):
        begin_visit(clinic.desk({**ANSWERS, "another person": "n"}), WHOM)
    assert "begin with `traction visit TEST-7`" in heard(clinic)
    assert read_standing(clinic.folder).patient("TEST-9") is None
    left_when_on_file(clinic, {**ANSWERS, "another person": "y"})
    assert read_standing(clinic.folder).patient("TEST-9") is not None


def test_whoever_was_faster_at_another_desk_is_named(clinic: Reception) -> None:
    def meanwhile() -> str:
        record = patient(reference="TEST-9", last_name="Roe")
        write_standing(clinic.folder, writer("A. Ray"), [StandingChange(record=record)])
        return "W123"

    with pytest.raises(Exception, match=r"TEST-9.*A\. Ray"):
        begin_visit(clinic.desk({**ANSWERS, "member id": meanwhile}), WHOM)
    added = read_standing(clinic.folder).patient("TEST-9")
    assert added is not None
    assert added.record.last_name == "Roe"
