"""A wall clock in doubt: before what is on record, before the unit's or the program's own dates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from controller.ports import LastSeen, StartFacts
from controller.runtime.clock_check import BUILT_FROM, clock_item, uptime_off_ms
from controller.start.self_check import CheckItem, CheckState
from tests.unit.controller.builders import IDENTITY, start_facts

NOON_MS = 1_796_126_400_000
"""2026-12-01, 12:00 UTC."""
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
UPTIME_MS = 7_200_000
ROUND_MS = 2**32


def judge(
    utc_ms: int = NOON_MS, *, facts: StartFacts | None = None, uptime_ms: int = UPTIME_MS
) -> CheckItem:
    return clock_item(utc_ms, uptime_ms / 1000, IDENTITY, facts or start_facts())


def seen(*, ago_ms: int, boot_count: int = 1, uptime_ms: int = UPTIME_MS) -> StartFacts:
    """The unit as it was recorded so long before noon."""
    last = LastSeen(utc_ms=NOON_MS - ago_ms, boot_count=boot_count, uptime_ms=uptime_ms)
    return start_facts(last_seen=last)


def test_a_clock_that_fits_everything_passes_and_leaves_its_numbers() -> None:
    item = judge(facts=start_facts(last_record_utc_ms=NOON_MS - 1))
    assert item.state is CheckState.PASSED
    assert item.value == f"UTC {NOON_MS} ms"
    assert item.numbers == {"utc_ms": NOON_MS, "boot_count": 1, "uptime_ms": UPTIME_MS}


def test_before_the_last_record_is_in_doubt_from_2_s_on() -> None:
    assert judge(facts=start_facts(last_record_utc_ms=NOON_MS + 2_000)).state is CheckState.PASSED
    item = judge(facts=start_facts(last_record_utc_ms=NOON_MS + HOUR_MS + 2_000))
    assert item.state is CheckState.FAILED
    assert not item.refuses
    assert "1 h 0 min 0 s before the last record of this workstation" in item.value
    assert item.numbers["before_last_record_ms"] == HOUR_MS


def test_before_the_unit_s_calibration_wherever_that_was() -> None:
    assert judge().state is CheckState.PASSED
    late = replace(IDENTITY, calibrated_on="2026-12-02")
    # The 2nd of December begins in the first zone at 10:00 UTC of the 1st.
    assert clock_item(NOON_MS - 2 * HOUR_MS, 1.0, late, start_facts()).state is CheckState.PASSED
    item = clock_item(NOON_MS - 2 * HOUR_MS - 1, 1.0, late, start_facts())
    assert item.numbers["before_calibration_ms"] == 1
    assert "before the unit was calibrated" in item.value


def test_a_clock_before_the_program_s_own_build_is_in_doubt() -> None:
    # 2026-11-24, 0:00 UTC, is seven and a half days before noon of the 1st.
    assert judge(NOON_MS - 7 * DAY_MS - DAY_MS // 2).state is CheckState.PASSED
    item = judge(NOON_MS - 8 * DAY_MS)
    assert item.numbers["before_build_ms"] == DAY_MS // 2
    assert "12 h 0 min 0 s before this program was built" in item.value


def test_the_build_s_day_is_that_of_the_changelog() -> None:
    changelog = (Path(__file__).parents[4] / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[.*?\].*?(\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == BUILT_FROM


@pytest.mark.parametrize(
    ("ahead_ms", "doubt"),
    [(0, 0), (146_500, 0), (-146_200, 0), (146_600, 146_600), (-HOUR_MS, -HOUR_MS)],
)
def test_a_day_of_the_unit_s_own_clock_since_the_last_record(ahead_ms: int, doubt: int) -> None:
    """60 s and a thousandth of the time since are a clock's own affair."""
    facts = seen(ago_ms=DAY_MS + ahead_ms)
    item = judge(facts=facts, uptime_ms=UPTIME_MS + DAY_MS)
    assert item.numbers.get("off_uptime_ms", 0) == doubt
    assert (item.state is CheckState.FAILED) is bool(doubt)
    said = {
        0: "",
        146_600: "; 0 h 2 min 27 s ahead of what the unit's uptime says",
        -HOUR_MS: "; 1 h 0 min 0 s behind what the unit's uptime says",
    }
    assert item.value == f"UTC {NOON_MS} ms{said[doubt]}"


def test_the_limit_itself_is_no_doubt() -> None:
    """Of 1 000 s since, a thousandth: 61 s in all."""
    facts = seen(ago_ms=1_000_000)
    assert judge(facts=facts, uptime_ms=UPTIME_MS + 939_000).state is CheckState.PASSED
    assert judge(facts=facts, uptime_ms=UPTIME_MS + 938_999).state is CheckState.FAILED
    # A clock that went back may be off by as much: 60.06 s here.
    assert judge(facts=seen(ago_ms=-60_060)).state is CheckState.PASSED
    assert judge(facts=seen(ago_ms=-60_061)).state is CheckState.FAILED


def test_the_unit_s_counter_begins_again_after_49_days() -> None:
    facts = seen(ago_ms=HOUR_MS, uptime_ms=ROUND_MS - HOUR_MS // 2)
    assert judge(facts=facts, uptime_ms=HOUR_MS // 2).state is CheckState.PASSED
    assert judge(facts=facts, uptime_ms=HOUR_MS).state is CheckState.FAILED


def test_a_unit_that_was_started_since_cannot_be_up_for_longer_than_that() -> None:
    assert judge(facts=seen(ago_ms=UPTIME_MS, boot_count=2)).state is CheckState.PASSED
    item = judge(facts=seen(ago_ms=HOUR_MS, boot_count=2))
    assert item.numbers["off_uptime_ms"] == -HOUR_MS
    assert "1 h 0 min 0 s behind what the unit's uptime says" in item.value


def test_differences_of_uptimes_are_those_of_a_counter_that_goes_round() -> None:
    assert uptime_off_ms(1_000, 1_000) == 0
    assert uptime_off_ms(1_000 - ROUND_MS, 1_500) == 500
    assert uptime_off_ms(2_000_000_000, 2_000_000_000) == 0
    assert uptime_off_ms(ROUND_MS + 1_000, 500) == -500
    assert uptime_off_ms(1_000, 3 * ROUND_MS + 1_500) == 500
    # A wall clock that went back is behind, never ahead by what a round of the counter leaves.
    assert uptime_off_ms(1_000, -ROUND_MS + 2_000) == 1_000 - ROUND_MS


def test_a_unit_without_an_uptime_or_a_boot_counter_is_not_compared() -> None:
    """One number less in the record each, and no doubt where there would be one."""
    seen = LastSeen(utc_ms=NOON_MS - HOUR_MS, boot_count=1, uptime_ms=1_000)
    facts = start_facts(last_seen=seen)
    doubtful = clock_item(NOON_MS, 2.0, IDENTITY, facts)
    assert doubtful.state is CheckState.FAILED
    silent = clock_item(NOON_MS, None, IDENTITY, facts)
    assert (silent.state, silent.numbers) == (
        CheckState.PASSED,
        {"utc_ms": NOON_MS, "boot_count": 1},
    )
    uncounted = clock_item(NOON_MS, 2.0, replace(IDENTITY, boot_count=None), facts)
    assert (uncounted.state, uncounted.numbers) == (
        CheckState.PASSED,
        {"utc_ms": NOON_MS, "uptime_ms": 2_000},
    )
    never = start_facts(last_seen=replace(seen, uptime_ms=None))
    assert clock_item(NOON_MS, 2.0, IDENTITY, never).state is CheckState.PASSED
