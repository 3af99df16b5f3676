"""The shipped list of diagnosis codes answers as the tabular list is printed."""

from __future__ import annotations

import pytest

from records.claim.rules.code_list import CodeList
from records.claim.rules.code_list_sources import codes_of_note
from records.claim.rules.code_lists import shipped_code_list


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
    ],
)
def test_excludes1_works_in_both_directions(
    codes: CodeList, first: str, second: str, exclude: bool
) -> None:
    assert codes.exclude_each_other(first, second) is exclude
    assert codes.exclude_each_other(second, first) is exclude


def test_codes_are_read_from_a_note() -> None:
    assert codes_of_note("lumbago due to disc displacement (M51.2-)") == ["M512"]
    assert codes_of_note("no code") == []
