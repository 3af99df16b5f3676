"""The data sheet of the CMS-1500: the same claim as the 837P, box by box, never the form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from controller.errors import ExportIncomplete
from records.claim.account import account_number
from records.exports.claim.cms1500 import cms1500_boxes, cms1500_json, cms1500_text
from records.exports.claim.cms1500_words import Box
from records.exports.readiness import NOT_SCRUBBED
from records.visit.face import Face
from tests.support.claims import made_claim
from tests.support.documents import made_visit
from tests.support.written import x12_of

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
    text = x12_of(context)
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
    visit = made_visit(context=made_claim(2), errors=("T-021: add GP.",))
    boxes = cms1500_boxes(made_claim(2), session_id=SESSION, face=visit.face)
    text = cms1500_text(boxes, visit)
    assert text.startswith("CMS-1500 data sheet (not the form)")
    assert SESSION in text
    assert "NOT READY: 1 error found by the rules, 0 errors not judged\nT-021: add GP." in text
    document = json.loads(cms1500_json(boxes, visit))
    assert (document["ready"], document["errors"]) == (False, ["T-021: add GP."])
    assert {"box": "31", "label": "signature", "value": "open: the note is not signed"} in document[
        "boxes"
    ]


def test_a_sheet_that_no_rule_has_looked_at_says_so_and_a_ready_one_is_ready() -> None:
    visit = made_visit(context=made_claim(2), scrubbed=False)
    assert f"\nNOT READY\n{NOT_SCRUBBED}\n" in cms1500_text([], visit)
    assert json.loads(cms1500_json([], visit))["errors"] == [NOT_SCRUBBED]
    ready = made_visit(context=made_claim(2))
    assert "NOT READY" not in cms1500_text([], ready)
    assert json.loads(cms1500_json([], ready))["ready"] is True


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


MEDICARE = {"kind": "medicare_b", "profile": "medicare_b", "name": "Medicare", "payer_id": "1"}
COMMERCIAL = MEDICARE | {"kind": "commercial", "profile": "commercial"}


def sheet(**changes: Any) -> dict[str, str]:
    options: dict[str, Any] = {"payer": MEDICARE, "subscriber": None, "service_facility": None}
    context = made_claim(1, **options | changes)
    return by_number(cms1500_boxes(context, session_id=SESSION, face=FACE))


def test_a_sheet_for_medicare_has_items_10_11_and_32() -> None:
    boxes = sheet(related_causes=["none"])
    assert [boxes[number] for number in ("10a", "10b", "10c")] == ["NO", "NO", "NO"]
    assert boxes["11"] == "NONE"
    assert boxes["32"] == boxes["33"]
    assert not {"4", "6", "7", "32a"} & set(boxes)


def test_causes_stand_in_box_10_with_the_state_of_an_auto_accident() -> None:
    boxes = sheet(related_causes=["auto", "other"], accident_state="il")
    assert [boxes[number] for number in ("10a", "10b", "10c")] == ["NO", "YES IL", "YES"]
    assert not {"10a", "10b", "10c"} & set(sheet(payer=COMMERCIAL, related_causes=[]))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"related_causes": []}, "related_causes"),
        ({"other_insurance_first": None}, "other_insurance_first"),
        ({"other_insurance_first": True}, "other_payer"),
        ({"related_causes": ["auto"], "accident_state": None}, "accident_state"),
        ({"subscriber": {"last_name": "D", "member_id": "1"}}, "Medicare insures the patient only"),
        ({"claim_id": "ACCOUNT-1234567"}, "at most 14 characters for box 26"),
        ({"frequency": "void", "payer_claim_number": None}, "payer_claim_number"),
    ],
)
def test_what_medicare_wants_is_asked_for(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ExportIncomplete, match=named):
        sheet(**changes)


def test_a_home_is_not_the_practices_address() -> None:
    line = {"cpt": "97012", "charge": "1", "dx_pointers": [1], "pos": "12"}
    with pytest.raises(ExportIncomplete, match="the address of the home"):
        sheet(lines=[line])


def test_other_payers_get_insured_and_group() -> None:
    boxes = sheet(payer=COMMERCIAL)
    assert {"4", "6", "7"} <= set(boxes)
    assert "32" not in boxes
    assert boxes.get("11") != "NONE"


def test_the_number_of_an_accident_stands_in_box_11b() -> None:
    assert sheet(payer=COMMERCIAL, casualty_claim_number="C-1")["11b"] == "Y4 C-1"
    assert "11b" not in sheet(payer=COMMERCIAL, casualty_claim_number=None)
    assert "11b" not in sheet(casualty_claim_number="C-1")


def test_box_32a_is_for_a_place_with_an_npi_of_its_own() -> None:
    place = {"last_name": "Clinic", "address": {"line_1": "1 A St", "city": "York", "state": "PA"}}
    assert sheet(service_facility=place | {"npi": "1093817465"})["32a"] == "1093817465"
    assert "32a" not in sheet(service_facility=place | {"npi": "1234567893"})


def test_a_corrected_claim_names_the_one_before_it_in_box_22() -> None:
    boxes = sheet(frequency="corrected", payer_claim_number="CCN-1")
    assert boxes["22"] == "7 CCN-1"
    assert "22" not in sheet(frequency=None, payer_claim_number=None)


def test_box_21_has_no_dots_and_box_26_the_account() -> None:
    boxes = sheet(diagnoses=["M51.16", "m54.50"], claim_id=SESSION)
    assert [boxes["21A"], boxes["21B"]] == ["M5116", "M5450"]
    assert boxes["26"] == account_number(SESSION)
    assert len(boxes["26"]) == 14
