"""The data sheet of the CMS-1500: the same claim as the 837P, box by box, never the form."""

from __future__ import annotations

import json
import re

import pytest

from controller.errors import ExportIncomplete
from records.exports.claim.claim_837p import claim_837p
from records.exports.claim.cms1500 import Box, cms1500_boxes, cms1500_json, cms1500_text
from records.visit.face import Face
from tests.support.claims import MADE_AT, made_claim

SESSION = "20261124T160000Z-0a1b2c"
FACE = Face(status="signed", signer="P. Jones, PT", signed_at="2026-11-24 10:41:00-06:00")


def by_number(boxes: list[Box]) -> dict[str, str]:
    numbers = [box.number for box in boxes]
    assert len(numbers) == len(set(numbers))
    return {box.number: box.value for box in boxes}


@pytest.mark.parametrize("seed", range(20))
def test_boxes_agree_with_the_837p_of_the_same_claim(seed: int) -> None:
    context = made_claim(seed)
    boxes = by_number(cms1500_boxes(context, session_id=SESSION, face=FACE))
    text = claim_837p(context, session_id=SESSION, made_at=MADE_AT, signed=True)
    total = re.search(r"CLM\*[^*]+\*([0-9.]+)", text)
    assert total is not None
    assert float(boxes["28"]) == float(total[1])
    pointers = re.findall(r"SV1\*.*\*([0-9:]+)~", text)
    for number, pointed in enumerate(pointers, start=1):
        letters = "".join(chr(ord("A") + int(p) - 1) for p in pointed.split(":"))
        assert boxes[f"24E.{number}"] == letters
    codes = re.findall(r"AB[KF]:(\w+)", text)
    assert [boxes[f"21{letter}"] for letter in "ABCDEFGHIJKL"[: len(codes)]] == codes
    assert ("17b" in boxes) == (context.referring is not None)
    assert boxes["33a"] == "1234567893"
    assert boxes["25"] == "123456789 EIN"


def test_the_sheet_says_that_it_is_not_the_form_and_shows_errors_on_its_face() -> None:
    face = Face(status="draft, not signed", errors=("T-021: add GP.",))
    boxes = cms1500_boxes(made_claim(2), session_id=SESSION, face=face)
    text = cms1500_text(boxes, session_id=SESSION, face=face)
    assert text.startswith("CMS-1500 data sheet (not the form)")
    assert SESSION in text
    assert "NOT READY: 1 error found by the rules\nT-021: add GP." in text
    document = json.loads(cms1500_json(boxes, session_id=SESSION, face=face))
    assert document["ready"] is False
    assert {"box": "31", "label": "signature", "value": "open: the note is not signed"} in document[
        "boxes"
    ]


def test_accepted_modifiers_join_the_practices_own_in_the_usual_order() -> None:
    line = {"cpt": "97012", "modifiers": ["GP"], "charge": "22", "dx_pointers": [1, 9], "pos": "11"}
    boxes = by_number(
        cms1500_boxes(made_claim(1, lines=[line]), session_id=SESSION, face=FACE, accepted=("59",))
    )
    assert boxes["24D.1"] == "97012 59 GP"
    assert boxes["24E.1"] == "AI"


def test_what_is_missing_is_named() -> None:
    context = made_claim(1, patient={"last_name": "Doe"})
    with pytest.raises(ExportIncomplete) as refused:
        cms1500_boxes(context, session_id=SESSION, face=FACE)
    for name in ("patient.first_name", "patient.birth_date", "patient.sex", "patient.address"):
        assert name in refused.value.message


def test_more_lines_than_a_form_holds_are_refused() -> None:
    line = {"cpt": "97110", "charge": "1", "dx_pointers": [1], "pos": "11"}
    with pytest.raises(ExportIncomplete, match="room for 7 lines"):
        cms1500_boxes(made_claim(1, lines=[line] * 7), session_id=SESSION, face=FACE)
