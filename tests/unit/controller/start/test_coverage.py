"""What is not covered on a unit stands in its self-check, or refuses it."""

from __future__ import annotations

import pytest

from controller.safety.coverage import CHECKED_FIELDS, UNARMABLE_WITHOUT, blind_checks
from controller.start.coverage import coverage_items
from controller.start.self_check import CheckState


def test_a_unit_that_says_everything_has_no_item() -> None:
    assert coverage_items(frozenset()) == []


def test_a_blind_check_is_named_with_its_row_and_what_is_missing() -> None:
    (item,) = coverage_items({"gross_force_n", "motor_current_a"})
    assert (item.name, item.state, item.refuses) == (
        "row_7_zero_shifted",
        CheckState.NOT_COVERED,
        False,
    )
    assert item.text == (
        "row 7 zero shifted: not covered (not covered on this unit); its readings have no force "
        "without the tare"
    )


@pytest.mark.parametrize("unknown", sorted(CHECKED_FIELDS))
def test_what_nothing_else_stands_in_for_refuses(unknown: str) -> None:
    items = coverage_items({unknown})
    assert [item.name for item in items] == [
        f"row_{check.row}_{check.code}" for check in blind_checks({unknown})
    ]
    assert all(item.refuses is (unknown in UNARMABLE_WITHOUT) for item in items)
    if unknown != "speed_mm_per_s":
        assert items


def test_of_two_that_would_do_both_are_named() -> None:
    items = coverage_items({"speed_mm_per_s", "extension_mm"})
    slack = next(item for item in items if item.name == "row_16_slack_wound_fast")
    assert slack.refuses
    assert slack.value == "its readings have no speed and no position"
