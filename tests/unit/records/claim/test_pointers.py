"""A pointer means the place to which it was written, in every export; a diagnosis twice is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import RequestRefused
from records.claim.charge_line import context_of_session, with_accepted, without_room
from records.claim.context import ClaimContext, Payer
from records.clinic.acceptance import Acceptance
from records.exports.claim.cms1500 import cms1500_boxes
from records.exports.messages.fhir_bundle import fhir_bundle
from records.note.stored_text import codes_text
from records.note.treatment_note import TreatmentNote
from records.visit.face import Face
from tests.support.claims import made_claim
from tests.support.documents import SESSION_ID, made_visit
from tests.support.written import dft_of, x12_of

TWICE = ("M5116", "M5116", "M5450")
PAYER = Payer(kind="medicare_b", profile="medicare_b")
TWELVE = tuple(f"M54{number}" for number in range(10, 22))


def accepted(*codes: str) -> list[Acceptance]:
    return [
        Acceptance(
            session_id="S-1",
            what="diagnosis",
            value=code,
            accepted=True,
            evidence=(),
            by="P. Jones",
            at_utc_ms=0,
        )
        for code in codes
    ]


def claim_with(pointers: list[int], codes: tuple[str, ...] = TWICE) -> ClaimContext:
    line = {"cpt": "97012", "modifiers": ["GP"], "charge": "22", "pos": "11"}
    changes: dict[str, Any] = {"lines": [{**line, "dx_pointers": pointers}], "diagnoses": codes}
    return with_accepted(made_claim(1, **changes), [])


def test_a_pointer_to_a_repeated_diagnosis_keeps_its_place_in_837p_and_cms1500() -> None:
    claim = claim_with([2])
    text = x12_of(claim)
    assert "HI*ABK:M5116*ABF:M5116*ABF:M5450~" in text
    assert "*UN*1***2~" in text
    boxes = cms1500_boxes(claim, session_id=SESSION_ID, face=Face(status="draft"))
    values = {box.number: box.value for box in boxes}
    assert (values["21A"], values["21B"], values["21C"]) == TWICE
    assert values["24E.1"] == "B"


@pytest.mark.parametrize(
    ("pointers", "named"),
    [([2], ["M51.16"]), ([3], ["M54.50"]), ([3, 1], ["M54.50", "M51.16"]), ([9], None)],
)
def test_fhir_and_hl7_give_the_charge_the_diagnoses_that_it_points_to(
    pointers: list[int], named: list[str] | None
) -> None:
    """A charge that points to nothing is given all: T-054 says so."""
    visit = made_visit(context=claim_with(pointers))
    entries = json.loads(fhir_bundle(visit, b"%PDF"))["entry"]
    resources = {entry["resource"]["resourceType"]: entry["resource"] for entry in entries}
    expected = named or ["M51.16", "M51.16", "M54.50"]
    for reasons in (resources["ChargeItem"]["reason"], resources["Procedure"]["reasonCode"]):
        assert [reason["coding"][0]["code"] for reason in reasons] == expected
    charge = next(line for line in dft_of(visit).split("\r") if line.startswith("FT1"))
    assert charge.split("|")[19] == "~".join(f"{code}^^I10" for code in expected)


@pytest.mark.parametrize(
    ("pointers", "cells"),
    [
        ([2], ("M5116", "", "1")),
        ([3, 2], ("M5450", "M5116", "12")),
        ([9, 3], ("M5450", "", "")),
        ([], ("M5116", "M5116", "")),
    ],
)
def test_the_charge_row_has_the_diagnoses_pointed_to_or_no_pointers(
    pointers: list[int], cells: tuple[str, str, str]
) -> None:
    row = made_visit(context=claim_with(pointers)).charge().values
    assert (row["dx1"], row["dx2"], row["pointers"]) == cells


@given(
    st.lists(st.sampled_from([*TWICE, "M51.16", "m5116", "M542"]), min_size=1, max_size=12),
    st.lists(st.integers(-1, 14), max_size=6),
    st.lists(st.sampled_from(["M5116", "M542", "M4316"]), max_size=4),
)
def test_acceptances_move_no_diagnosis_of_the_claim(
    codes: list[str], pointers: list[int], said: list[str]
) -> None:
    before = claim_with(pointers, tuple(codes))
    after = with_accepted(before, accepted(*said))
    assert after.diagnoses[: len(codes)] == tuple(codes)
    assert after.lines[0].dx_pointers[: len(pointers)] == tuple(pointers)
    assert len(after.diagnoses) <= 12
    listed = {code.replace(".", "").upper() for code in codes}
    added = [code for code in dict.fromkeys(said) if code not in listed]
    assert [*after.diagnoses[len(codes) :], *without_room(before, accepted(*said))] == added


def test_an_accepted_diagnosis_without_room_is_named() -> None:
    full = claim_with([1], TWELVE)
    assert with_accepted(full, accepted("M4316")).diagnoses == TWELVE
    assert without_room(full, accepted("M4316")) == ["M4316"]


def test_more_diagnoses_in_the_note_than_a_claim_holds_are_refused_in_words() -> None:
    visit = made_visit()
    note = _with_diagnosis(visit.note, codes_text([*TWELVE, "M5450"]))
    with pytest.raises(RequestRefused, match="names 13 diagnoses, a claim holds 12; correct"):
        context_of_session(visit.record, visit.order, note, PAYER)


def _with_diagnosis(note: TreatmentNote, text: str) -> TreatmentNote:
    fields = tuple(
        replace(field, value=text) if field.name == "diagnosis" else field
        for field in note.clinician_fields
    )
    return replace(note, clinician_fields=fields)
