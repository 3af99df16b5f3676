"""Every hazard again on a unit driven over lines of text, whose readings state less.

What is not detected there is marked in hazards.md as not covered on such a unit, and in its record.
"""

from __future__ import annotations

import pytest

from controller.events import EventKind, Outcome
from controller.safety.coverage import blind_checks
from firmware_bridge.units.ascii_unit import AsciiUnit
from records.store.record_folder import RecordFolder
from tests.safety.hazard_stage import HazardStage, hazard_stage
from tests.safety.test_hazards import (
    CASES,
    FREE_N,
    Case,
    assert_found,
    assert_let_go_in_time,
    assert_nothing_wound_in,
    power_cycle,
)

NOT_COVERED = {check.code for check in blind_checks(AsciiUnit.unknown_in_motion)}


def test_what_is_blind_on_lines_is_one_check() -> None:
    assert {"zero_shifted"} == NOT_COVERED
    assert NOT_COVERED.isdisjoint(case.code for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hazard_on_lines(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    with hazard_stage(folder, blind=case.blind, body=case.body, on_lines=True) as h:
        h.monkeypatch = monkeypatch
        h.run(case.inject, phase=case.phase, after_s=case.after_s)
    assert h.injected_at_s
    assert case.took_effect(h)
    assert_found(h, case)
    assert_let_go_in_time(h, case)
    assert_nothing_wound_in(h)


def test_slack_that_is_wound_in_fast_is_seen_by_the_position(folder: RecordFolder) -> None:
    """Row 16 without a speed in the readings: 20 mm/s, where 3 mm/s are allowed."""

    def run_in(h: HazardStage) -> None:
        h.firmware.cord.slack(40.0)
        h.firmware.winch.run_in(20.0)

    with hazard_stage(folder, on_lines=True) as h:
        h.run(run_in, phase="taking_up_slack", after_s=0.2)
    assert h.codes[0] == "slack_wound_fast"
    assert h.let_go_at_s - h.injected_at_s <= 0.8


def test_a_unit_on_lines_that_lost_its_supply_is_known_to_have_restarted(
    folder: RecordFolder,
) -> None:
    """Row 25: its answers in motion have no uptime; the reading after the refused order has."""
    with hazard_stage(folder, on_lines=True) as h:
        h.run(power_cycle, phase="holding", after_s=1.0)
    assert h.firmware.unit.boot_count == 2
    assert "unit_restarted" in h.codes
    assert h.firmware.plant.cord_force_n <= FREE_N
    assert h.firmware.token == 0


def test_record_and_note_say_which_row_is_not_covered(folder: RecordFolder) -> None:
    with hazard_stage(folder, on_lines=True) as h:
        h.run(lambda h: None, phase="holding", after_s=1.0)
    assert h.record is not None
    assert h.ending is not None
    assert h.ending.outcome == Outcome.COMPLETED
    assert h.codes == []
    items = [dict(event.detail) for event in h.record.of_kind(EventKind.SELF_CHECK_RECORDED)]
    said = [item for item in items if str(item["item"]).startswith("row_")]
    assert [(item["item"], item["state"], item["value"]) for item in said] == [
        ("row_7_zero_shifted", "not_covered", "not covered on this unit")
    ]
    assert said[0]["todo"] == "its readings have no force without the tare"
    field = str(h.stage.visit("session-1").note.field("self_check").value)
    assert "not covered:" in field
    assert "row 7 zero shifted" in field


def test_a_unit_that_says_everything_records_no_such_item(folder: RecordFolder) -> None:
    with hazard_stage(folder) as h:
        h.run(lambda h: None, phase="holding", after_s=1.0)
    assert h.record is not None
    items = [event.detail["item"] for event in h.record.of_kind(EventKind.SELF_CHECK_RECORDED)]
    assert items
    assert not [item for item in items if str(item).startswith("row_")]
