"""The self-check: each item passes, fails or is not covered, and says what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller import self_check as check
from controller.ports import LastArming
from controller.self_check import CheckItem, CheckState
from controller.telemetry import UnitFault, UnitStatus
from tests.unit.controller.builders import CAPABILITIES, IDENTITY, prescription, reading

PASSED, FAILED = CheckState.PASSED, CheckState.FAILED
NOT_COVERED, CONFIRMED = CheckState.NOT_COVERED, CheckState.CONFIRMED
VALID = UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_2_VALID
PRESENT = UnitStatus.PATIENT_SWITCH_PRESENT
IDLE = reading(force_n=0.1, second_force_n=0.2, gross_force_n=0.1)
QUIET = tuple(0.1 * (n % 3) for n in range(20))
LAST = LastArming(firmware="1.00.0", firmware_crc=1, gross_zero_n=2.0, armed_on="2026-11-01")
ONE_CHANNEL = replace(CAPABILITIES, second_channel=False)

ITEMS: list[tuple[CheckItem, CheckState, bool, str]] = [
    (check.identity_item(IDENTITY), PASSED, False, "serial 10042"),
    (check.calibration_item(IDENTITY, IDLE, "2027-01-04", verified=True), PASSED, False, "due"),
    (check.calibration_item(IDENTITY, IDLE, "2027-01-05", verified=True), FAILED, True, "due"),
    (check.calibration_item(IDENTITY, IDLE, "2027-01-05", verified=False), FAILED, False, "due"),
    (check.calibration_item(
        IDENTITY, reading(faults=VALID | UnitFault.CALIBRATION_OVERDUE), "2026-06-01", verified=True
    ), FAILED, True, "2027-01-04"),
    (check.stop_test_item(CAPABILITIES, IDLE), PASSED, False, "0 days ago"),
    (check.stop_test_item(CAPABILITIES, reading(faults=VALID | UnitFault.STOP_TEST_DUE)),
     FAILED, True, "0 days ago"),
    (check.emergency_stop_item(IDLE), PASSED, False, "closed"),
    (check.emergency_stop_item(reading(status=PRESENT | UnitStatus.EMERGENCY_STOP_OPEN)),
     FAILED, True, "open"),
    (check.patient_switch_item(IDLE), PASSED, False, "open"),
    (check.patient_switch_item(reading(status=UnitStatus.NONE)), FAILED, True, "absent"),
    (check.force_channels_item(CAPABILITIES, IDLE), PASSED, False, "all fitted"),
    (check.force_channels_item(CAPABILITIES, reading(second_force_n=None)), FAILED, True, "0x"),
    (check.force_channels_item(ONE_CHANNEL, reading(second_force_n=None)), PASSED, False, "all"),
    (check.force_channels_item(CAPABILITIES, reading(faults=VALID | UnitFault.CHANNEL_2_OPEN)),
     FAILED, True, "0x0020"),
    (check.second_channel_item(CAPABILITIES), PASSED, False, "fitted"),
    (check.second_channel_item(ONE_CHANNEL), NOT_COVERED, False, "not fitted"),
    (check.zero_item(QUIET), PASSED, False, "0.2 N"),
    (check.zero_item((*QUIET, 3.0)), PASSED, False, "3.0 N"),
    (check.zero_item((*QUIET, 3.1)), FAILED, True, "3.1 N"),
    (check.zero_item((*QUIET, -3.1)), FAILED, True, "-3.1 N"),
    (check.zero_item((0.5,) * 20), FAILED, True, "without noise"),
    (check.zero_item((*QUIET, None)), FAILED, True, "no valid force"),
    (check.zero_item(()), FAILED, True, "no valid force"),
    (check.gross_zero_item(7.0, LAST), PASSED, False, "7.0 N without the tare"),
    (check.gross_zero_item(-3.0, LAST), PASSED, False, "-3.0 N without the tare"),
    (check.gross_zero_item(7.1, LAST), FAILED, False, "was 2.0 N on 2026-11-01"),
    (check.gross_zero_item(-3.1, LAST), FAILED, False, "was 2.0 N on 2026-11-01"),
    (check.gross_zero_item(None, LAST), NOT_COVERED, False, "not measured"),
    (check.gross_zero_item(7.1, None), NOT_COVERED, False, "7.1 N"),
    (check.gross_zero_item(7.1, replace(LAST, gross_zero_n=None)), NOT_COVERED, False, "7.1 N"),
    (check.limits_item(prescription(), CAPABILITIES), PASSED, False, "region 200 N"),
    (check.screening_item("A. Example PT", verified=True), CONFIRMED, False, "order"),
    (check.screening_item(" ", verified=False), NOT_COVERED, False, "not attested"),
    (check.screening_item("", verified=True), FAILED, True, "not attested"),
    (check.press_test_item(True, limit_s=60.0, verified=True), PASSED, False, "released"),
    (check.press_test_item(False, limit_s=60.0, verified=False), NOT_COVERED, False, "60 s"),
    (check.press_test_item(False, limit_s=60.0, verified=True), FAILED, True, "60 s"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "state", "refuses", "value"), ITEMS)
def test_items(item: CheckItem, state: CheckState, refuses: bool, value: str) -> None:
    assert (item.state, item.refuses) == (state, refuses)
    assert value in item.value
    assert item.todo or state in (PASSED, CONFIRMED)
    assert item.name.replace("_", " ") in item.text
    assert item.text.endswith(f"; {item.todo}" if item.todo else ")")


def test_confirmed_items_say_who() -> None:
    items = check.confirmed_items(check.SURROUNDINGS, "seen", "P. Jones")
    assert [item.name for item in items] == ["lift_locked", "quick_release", "call_bell"]
    assert items[0].text == "lift locked: confirmed by P. Jones (seen)"


def test_the_gross_zero_is_the_mean_of_readings_that_are_all_there() -> None:
    assert check.gross_zero_n([0.1, 0.2, 0.6]) == 0.3
    assert check.gross_zero_n([0.1, None, 0.6]) is None
    assert check.gross_zero_n([]) is None
