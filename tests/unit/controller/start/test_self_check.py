"""The self-check: each item passes, fails or is not covered, and says what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.event_details.codec import encode_fields
from controller.order.prescription import Table
from controller.ports import LastArming, PatientFlag, UnitCapabilities
from controller.start import self_check as check
from controller.start.self_check import CheckItem, CheckState
from controller.telemetry import Telemetry, UnitFault, UnitStatus
from tests.unit.controller.builders import CAPABILITIES, IDENTITY, prescription, reading

PASSED, FAILED = CheckState.PASSED, CheckState.FAILED
NOT_COVERED, CONFIRMED = CheckState.NOT_COVERED, CheckState.CONFIRMED
VALID = UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_2_VALID
PRESENT = UnitStatus.PATIENT_SWITCH_PRESENT
IDLE = reading(force_n=0.1, second_force_n=0.2, gross_force_n=0.1)
QUIET = tuple(0.1 * (n % 3) for n in range(20))
LAST = LastArming(firmware="1.00.0", firmware_crc=1, gross_zero_n=2.0, armed_on="2026-11-01")
ONE_CHANNEL = replace(CAPABILITIES, second_channel=False)

FLAG = PatientFlag(number=2, words="osteoporosis: ask; P. Jones on 2026-11-02", refuses=False)

ITEMS: list[tuple[CheckItem, CheckState, bool, str]] = [
    (check.identity_item(IDENTITY), PASSED, False, "serial 10042"),
    (check.calibration_item(IDENTITY, IDLE, "2027-01-04", verified=True), PASSED, False, "due"),
    (check.calibration_item(IDENTITY, IDLE, "2027-01-05", verified=True), FAILED, True, "due"),
    (check.calibration_item(IDENTITY, IDLE, "2027-01-05", verified=False), FAILED, False, "due"),
    (
        check.calibration_item(
            IDENTITY,
            reading(faults=VALID | UnitFault.CALIBRATION_OVERDUE),
            "2026-06-01",
            verified=True,
        ),
        FAILED,
        True,
        "2027-01-04",
    ),
    (check.stop_test_item(CAPABILITIES, IDLE), PASSED, False, "0 days ago"),
    (
        check.stop_test_item(CAPABILITIES, reading(faults=VALID | UnitFault.STOP_TEST_DUE)),
        FAILED,
        True,
        "0 days ago",
    ),
    (check.emergency_stop_item(IDLE), PASSED, False, "closed"),
    (
        check.emergency_stop_item(reading(status=PRESENT | UnitStatus.EMERGENCY_STOP_OPEN)),
        FAILED,
        True,
        "open",
    ),
    (check.patient_switch_item(IDLE), PASSED, False, "open"),
    (check.patient_switch_item(reading(status=UnitStatus.NONE)), FAILED, True, "absent"),
    (check.force_channels_item(CAPABILITIES, IDLE), PASSED, False, "all fitted"),
    (check.force_channels_item(CAPABILITIES, reading(second_force_n=None)), FAILED, True, "0x"),
    (check.force_channels_item(ONE_CHANNEL, reading(second_force_n=None)), PASSED, False, "all"),
    (
        check.force_channels_item(CAPABILITIES, reading(faults=VALID | UnitFault.CHANNEL_2_OPEN)),
        FAILED,
        True,
        "0x0020",
    ),
    (
        check.force_channels_item(CAPABILITIES, reading(force_n=0.1, second_force_n=10.1)),
        PASSED,
        False,
        "all fitted",
    ),
    (
        check.force_channels_item(CAPABILITIES, reading(force_n=0.1, second_force_n=-10.0)),
        FAILED,
        True,
        "10.1 N apart",
    ),
    (check.force_channels_item(ONE_CHANNEL, reading(force_n=None)), FAILED, True, "0x0000"),
    (check.second_channel_item(CAPABILITIES), PASSED, False, "fitted"),
    (check.second_channel_item(ONE_CHANNEL), NOT_COVERED, False, "not fitted"),
    (check.unit_faults_item(IDLE), PASSED, False, "none"),
    *[
        (check.unit_faults_item(reading(faults=VALID | bit)), FAILED, True, words)
        for bit, words in (
            (UnitFault.CORD_BREAK, "cord break"),
            (UnitFault.OVER_FORCE, "over force"),
            (UnitFault.OVER_RATE, "over rate"),
            (UnitFault.MOTOR_HOT, "motor hot"),
            (UnitFault.SUPPLY_LOW, "supply low"),
            (UnitFault.CONFIGURATION_CORRUPT, "configuration corrupt"),
        )
    ],
    *[
        (check.unit_faults_item(reading(status=PRESENT | bit)), FAILED, True, words)
        for bit, words in (
            (UnitStatus.WATCHDOG_EXPIRED, "watchdog expired"),
            (UnitStatus.STROKE_END_IN, "stroke end in"),
            (UnitStatus.LOCAL_TAKEOVER, "local takeover"),
        )
    ],
    (
        check.unit_faults_item(reading(status=PRESENT | UnitStatus.STROKE_END_OUT)),
        PASSED,
        False,
        "none",
    ),
    (check.unit_faults_item(reading(first_fault_code=44)), FAILED, True, "first fault 44"),
    (check.zero_item(QUIET, shows_noise=True), PASSED, False, "0.2 N"),
    (check.zero_item((*QUIET, 3.0), shows_noise=True), PASSED, False, "3.0 N"),
    (check.zero_item((*QUIET, 3.1), shows_noise=True), FAILED, True, "3.1 N"),
    (check.zero_item((*QUIET, -3.1), shows_noise=True), FAILED, True, "-3.1 N"),
    (check.zero_item((0.5,) * 20, shows_noise=True), FAILED, True, "without noise"),
    (check.zero_item((0.5,) * 20, shows_noise=False), NOT_COVERED, False, "stands still"),
    (check.zero_item((3.5,) * 20, shows_noise=False), FAILED, True, "3.5 N"),
    (check.zero_item(QUIET, shows_noise=False), PASSED, False, "at most 0.2 N"),
    (check.zero_item((*QUIET, None), shows_noise=True), FAILED, True, "no valid force"),
    (check.zero_item((), shows_noise=True), FAILED, True, "no valid force"),
    (check.gross_zero_item(7.0, LAST), PASSED, False, "7.0 N without the tare"),
    (check.gross_zero_item(-3.0, LAST), PASSED, False, "-3.0 N without the tare"),
    (check.gross_zero_item(7.1, LAST), FAILED, False, "was 2.0 N on 2026-11-01"),
    (check.gross_zero_item(-3.1, LAST), FAILED, False, "was 2.0 N on 2026-11-01"),
    (check.gross_zero_item(None, LAST), NOT_COVERED, False, "not measured"),
    (check.gross_zero_item(7.1, None), NOT_COVERED, False, "7.1 N"),
    (check.gross_zero_item(7.1, replace(LAST, gross_zero_n=None)), NOT_COVERED, False, "7.1 N"),
    (check.limits_item(prescription(), CAPABILITIES), PASSED, False, "region 200 N"),
    (check.screening_item("none found", verified=True), CONFIRMED, False, "in the order"),
    (check.screening_item(" ", verified=False), NOT_COVERED, False, "not attested"),
    (check.screening_item("", verified=True), FAILED, True, "not attested"),
    (check.press_test_item(True, limit_s=60.0, verified=True), PASSED, False, "released"),
    (check.press_test_item(False, limit_s=60.0, verified=False), NOT_COVERED, False, "60 s"),
    (check.press_test_item(False, limit_s=60.0, verified=True), FAILED, True, "60 s"),
]


def test_a_screening_text_is_nobody_s_name() -> None:
    item = check.screening_item("none found", verified=True)
    assert item.by == ""
    assert "none found" not in item.text


@pytest.mark.parametrize(("item", "state", "refuses", "value"), ITEMS)
def test_each_item_has_its_state_and_refuses_or_not(
    item: CheckItem, state: CheckState, refuses: bool, value: str
) -> None:
    assert (item.state, item.refuses) == (state, refuses)
    assert value in item.value
    assert item.todo or state in (PASSED, CONFIRMED)
    assert item.name.replace("_", " ") in item.text
    assert item.text.endswith(f"; {item.todo}" if item.todo else ")")


def test_a_confirmed_item_says_who() -> None:
    item = check.confirmed_item("lift_locked", "seen", "P. Jones")
    assert item.text == "lift locked: confirmed by P. Jones (seen)"


def test_the_gross_zero_is_the_mean_of_readings_that_are_all_there() -> None:
    assert check.gross_zero_n([0.1, 0.2, 0.6]) == 0.3
    assert check.gross_zero_n([0.1, None, 0.6]) is None
    assert check.gross_zero_n([]) is None


def samples(*numbers: int, age_s: float = 0.004) -> list[Telemetry]:
    """One reading each 50 ms with these sample numbers; the newest was asked for at 10 s."""
    return [
        reading(
            sample_number=number,
            sample_age_s=age_s,
            taken_at_s=10.0 - 0.05 * (len(numbers) - 1 - index) - age_s,
        )
        for index, number in enumerate(numbers)
    ]


@pytest.mark.parametrize(
    ("readings", "state"),
    [
        (samples(1, 2, 3), PASSED),
        (samples(1, 2, 2, 2, 2, 2, 2), PASSED),
        (samples(1, 2, 2, 2, 2, 2, 2, 2), FAILED),
        (samples(1, 2, age_s=0.250), PASSED),
        (samples(1, 2, age_s=0.251), FAILED),
    ],
)
def test_samples_go_on_coming_and_are_young(readings: list[Telemetry], state: CheckState) -> None:
    assert check.readings_item(readings, 10.0).state is state


@pytest.mark.parametrize(
    ("capabilities", "changes", "largest_n"),
    [
        (CAPABILITIES, {"force_n": -21.0, "second_force_n": 3.0, "gross_force_n": 2.0}, 21.0),
        (CAPABILITIES, {"force_n": 2.0, "second_force_n": 22.0, "gross_force_n": 2.0}, 22.0),
        (CAPABILITIES, {"force_n": 2.0, "second_force_n": 3.0, "gross_force_n": 23.0}, 23.0),
        (CAPABILITIES, {"force_n": None}, None),
        (CAPABILITIES, {"second_force_n": None}, None),
        (CAPABILITIES, {"gross_force_n": None}, None),
        (ONE_CHANNEL, {"force_n": 1.0, "second_force_n": None, "gross_force_n": 1.5}, 1.5),
    ],
)
def test_the_largest_force_is_that_of_all_channels_or_none(
    capabilities: UnitCapabilities, changes: dict[str, Any], largest_n: float | None
) -> None:
    assert check.shown_force_n(capabilities, reading(**changes)) == largest_n


def test_a_friction_table_is_said_and_one_that_moves_is_asked_about() -> None:
    (item,) = check.table_items(prescription())
    assert (item.state, item.refuses) == (NOT_COVERED, False)
    assert item.value == "friction table (the order does not say which)"
    assert "half of the force may stay in the body" in item.todo
    assert check.table_items(prescription(table=Table.FLAT))[0].value == "friction table (flat)"
    assert check.table_items(prescription(table=Table.SLIDING)) == []


def test_figures_stand_in_the_record_where_there_are_any() -> None:
    item = check.judged("clock", True, "v", "")
    assert encode_fields(item.recorded) == {
        "item": "clock",
        "state": "passed",
        "value": "v",
        "by": "",
        "todo": "",
    }
    with_numbers = encode_fields(item.with_numbers({"utc_ms": 1}).recorded)
    assert with_numbers == encode_fields(item.recorded) | {"numbers": {"utc_ms": 1}}


def test_a_lasting_flag_is_told_in_words_that_no_record_holds() -> None:
    (item,) = check.flag_items([FLAG])
    assert (item.name, item.state, item.refuses) == ("lasting_flag_2", NOT_COVERED, False)
    assert FLAG.words in item.text
    assert "osteoporosis" not in str(encode_fields(item.recorded))


def test_do_not_treat_refuses_and_a_patient_without_flags_has_no_item() -> None:
    (item,) = check.flag_items([replace(FLAG, refuses=True)])
    assert item.refuses
    assert item.value == "do not treat this region"
    assert "have a named person end the flag with a reason" in item.todo
    assert check.flag_items([]) == []
