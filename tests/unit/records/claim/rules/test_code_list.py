"""The shipped list of diagnosis codes answers as the tabular list is printed."""

from __future__ import annotations

import re

import pytest

from records.claim.rules.code_list import CodeList
from records.claim.rules.code_list_sources import codes_of_note
from records.claim.rules.code_lists import shipped_code_list
from records.claim.rules.predicates.diagnosis import AS_SENT
from records.order.order import DIAGNOSIS


@pytest.fixture(scope="module")
def codes() -> CodeList:
    return shipped_code_list()


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("M5116", "billable"),
        ("M51360", "billable"),
        ("M5136", "category"),
        ("M545", "category"),
        ("M5450", "billable"),
        ("M5199", "unknown"),
        ("QA00101", "billable"),
        ("QA0", "category"),
        ("m5116", "unknown"),
        ("M5116\t1", "unknown"),
        ("M50-M54", "category"),
        ("13", "category"),
        ("", "unknown"),
    ],
)
def test_only_leaves_can_be_billed(codes: CodeList, code: str, state: str) -> None:
    assert codes.state(code) == state


@pytest.mark.parametrize(
    ("first", "second", "exclude"),
    [
        ("M5116", "M5416", True),
        ("M542", "M50120", True),
        ("M5459", "M5126", True),
        ("M5441", "M5116", True),
        ("M5116", "M5459", False),
        ("M5116", "NONE", False),
        ("B342", "U071", True),
        ("Z8616", "U099", True),
    ],
)
def test_excludes1_works_in_both_directions(
    codes: CodeList, first: str, second: str, exclude: bool
) -> None:
    assert codes.exclude_each_other(first, second) is exclude
    assert codes.exclude_each_other(second, first) is exclude


@pytest.mark.parametrize(
    ("note", "codes"),
    [
        ("lumbago due to disc displacement (M51.2-)", ["M512"]),
        ("COVID-19 (U07.1)", ["U071"]),
        ("of the edition of 2026 (QA0.0101, Z3A.00-)", ["QA00101", "Z3A00"]),
        ("a range (M50-M54)", ["M50", "M54"]),
        ("no code", []),
        ("capitals that are none (NOS) (HIV) (COVID-19)", []),
    ],
)
def test_codes_are_read_from_a_note(note: str, codes: list[str]) -> None:
    assert codes_of_note(note) == codes


def test_each_code_of_the_list_has_the_shape_that_order_and_claim_accept() -> None:
    for row in shipped_code_list().rows():
        if re.fullmatch(r"[A-Z][0-9A-Z]{2,6}", row.code):  # no block, no chapter
            dotted = f"{row.code[:3]}.{row.code[3:]}".removesuffix(".")
            assert DIAGNOSIS.fullmatch(dotted), row.code
            assert AS_SENT.fullmatch(row.code), row.code
