"""Which checks a unit's readings leave blind: what each one needs, and nothing more."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from controller.safety.coverage import (
    CHECKED_FIELDS,
    UNARMABLE_WITHOUT,
    blind_checks,
    unknown_in,
)
from controller.telemetry import Telemetry
from tests.unit.controller.builders import reading
from tests.unit.controller.safety.bench import Bench, codes
from tests.unit.controller.safety.causes import CAUSES

OTHER_FIELDS = ("motor_current_a", "newest_event")
"""Parts of a reading that may be missing and that no check needs."""
MAY_LACK = [*sorted(CHECKED_FIELDS - {"sample_number"}), *OTHER_FIELDS]
"""The bench numbers its samples itself."""


def found(code: str, lacking: str) -> bool:
    """Whether the cause is found on a unit that never says one part of its readings."""
    cause = CAUSES[code]
    first: dict[str, Any] = {lacking: None}
    bench = Bench(**first)
    tick: dict[str, Any] = {**cause.tick, lacking: None}
    return code in codes(bench.tick(**tick))


def lacks_its_need(code: str, lacking: str) -> bool:
    return code in {check.code for check in blind_checks({lacking})}


@pytest.mark.parametrize("lacking", MAY_LACK)
@pytest.mark.parametrize("code", CAUSES)
def test_a_check_is_blind_without_what_it_needs_and_only_then(code: str, lacking: str) -> None:
    assert found(code, lacking) is not lacks_its_need(code, lacking)


def test_what_a_check_needs_is_a_part_of_a_reading_that_may_be_missing() -> None:
    may_be_none = {each.name for each in fields(Telemetry) if "None" in str(each.type)}
    assert may_be_none >= CHECKED_FIELDS
    assert CHECKED_FIELDS >= UNARMABLE_WITHOUT
    assert may_be_none - CHECKED_FIELDS == {*OTHER_FIELDS, "force_n", "second_force_n"}


def test_one_of_several_is_enough() -> None:
    blind = {check.code for check in blind_checks({"speed_mm_per_s"})}
    assert "slack_wound_fast" not in blind
    blind = {check.code for check in blind_checks({"speed_mm_per_s", "extension_mm"})}
    assert "slack_wound_fast" in blind


def test_a_whole_reading_leaves_nothing_blind() -> None:
    assert unknown_in(reading()) == frozenset()
    assert blind_checks(unknown_in(reading())) == ()
    assert unknown_in(reading(uptime_s=None, gross_force_n=None)) == {"uptime_s", "gross_force_n"}


def test_without_a_speed_the_position_shows_how_fast_slack_is_wound_in() -> None:
    """3 mm/s is the limit: 0.15 mm a tick is it, 0.2 mm is 4 mm/s."""
    for step_mm, tripped in ((0.15, False), (0.2, True)):
        bench = Bench(taking_up_slack=True, force_n=4.0, extension_mm=0.0, speed_mm_per_s=None)
        verdicts = [bench.tick(extension_mm=step_mm * n) for n in range(1, 14)]
        assert ("slack_wound_fast" in codes(*verdicts)) is tripped


def test_an_uptime_that_comes_only_sometimes_shows_a_restart_all_the_same() -> None:
    bench = Bench()
    assert codes(*bench.ticks(20, uptime_s=None)) == []
    assert "unit_restarted" in codes(bench.tick(uptime_s=0.2))
