"""Arming conditions on the unit's word: what it must have, and what the record says it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.start.self_check import CheckState
from controller.start.unit_word import unit_word_items
from tests.unit.controller.builders import CAPABILITIES

LACKS: list[tuple[str, dict[str, Any], str]] = [
    ("watchdog", {"watchdog_min_s": 0.0, "watchdog_max_s": 0.0}, "0 ms to 0 ms, 500 ms needed"),
    ("watchdog", {"watchdog_min_s": 0.501}, "501 ms to 2000 ms"),
    ("watchdog", {"watchdog_max_s": 0.499}, "200 ms to 499 ms"),
    ("switch_presence", {"patient_switch_sensed": False}, "unplugged switch"),
    ("emergency_stop_wiring", {"emergency_stop_hard_wired": False}, "not hard-wired"),
    ("power_loss", {"releases_on_power_loss": False}, "keeps its force"),
]


@pytest.mark.parametrize(("name", "lacking", "value"), LACKS)
def test_a_unit_without_a_layer_of_safety_is_refused(
    name: str, lacking: dict[str, Any], value: str
) -> None:
    items = unit_word_items(replace(CAPABILITIES, **lacking), watchdog_s=0.5)
    (bad,) = [item for item in items if item.state is not CheckState.PASSED]
    assert (bad.name, bad.refuses) == (name, True)
    assert value in bad.value
    assert "choose another one" in bad.todo


@pytest.mark.parametrize("ends_s", [(0.5, 2.0), (0.2, 0.5), (0.5, 0.5)])
def test_the_ends_of_the_watchdog_s_range_belong_to_it(ends_s: tuple[float, float]) -> None:
    unit = replace(CAPABILITIES, watchdog_min_s=ends_s[0], watchdog_max_s=ends_s[1])
    items = unit_word_items(unit, watchdog_s=0.5)
    assert {item.state for item in items} == {CheckState.PASSED}


def test_a_switch_with_one_contact_is_said_and_refuses_nothing() -> None:
    items = unit_word_items(replace(CAPABILITIES, patient_switch_two_channel=False), watchdog_s=0.5)
    (found,) = [item for item in items if item.state is not CheckState.PASSED]
    assert (found.name, found.state) == ("switch_contacts", CheckState.NOT_COVERED)
    assert not found.refuses
    assert "press test is the only check" in found.todo
