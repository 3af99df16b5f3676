"""Values that many controller tests start from; each test changes only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from controller.order.prescription import Mode, Prescription, Region
from controller.ports import StartFacts, UnitCapabilities, UnitIdentity
from controller.telemetry import HostHealth, Telemetry, UnitFault, UnitState, UnitStatus

CERVICAL = Prescription(
    region=Region.CERVICAL,
    mode=Mode.INTERMITTENT,
    hold_force_n=102.0,
    rest_force_n=51.0,
    hold_s=60.0,
    rest_s=20.0,
    treatment_s=900.0,
    ramp_up_n_per_s=10.0,
    ramp_down_n_per_s=20.0,
)

HEALTHY = HostHealth(
    lateness_s=0.0,
    tick_s=0.05,
    exchange_s=0.027,
    mismatches=0,
    boot_clock_gap_s=0.0,
    wall_clock_step_s=0.0,
    journal_age_s=0.0,
    console_age_s=None,
    station_age_s=None,
)

TRACKING = Telemetry(
    taken_at_s=0.0,
    sequence_accepted=3,
    command_result=1,
    unit_state=UnitState.TRACKING,
    status=UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.WATCHDOG_ARMED,
    faults=UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_2_VALID,
    first_fault_code=0,
    force_n=100.0,
    second_force_n=100.2,
    gross_force_n=100.0,
    setpoint_in_effect_n=100.0,
    extension_mm=30.0,
    speed_mm_per_s=0.0,
    motor_current_a=0.5,
    sample_number=1,
    sample_age_s=0.004,
    watchdog_left_s=0.5,
    uptime_s=100.0,
    newest_event=2,
)

IDENTITY = UnitIdentity(
    unit_id="545243310000273A",
    model="SIM Cervical 1",
    serial_number=10042,
    vendor_id=1,
    product_id=1,
    firmware="1.00.0",
    firmware_crc=1,
    calibration_crc=2,
    calibrated_on="2026-01-04",
    calibration_due="2027-01-04",
    boot_count=1,
    map_version="1.0",
    raw_block=b"",
)

CAPABILITIES = UnitCapabilities(
    regions=frozenset({Region.CERVICAL}),
    features=0,
    rated_force_n=200.0,
    cut_off_force_n=260.0,
    pretension_floor_n=0.0,
    max_rate_up_n_per_s=50.0,
    max_rate_down_n_per_s=100.0,
    fast_release_rate_n_per_s=300.0,
    watchdog_min_s=0.2,
    watchdog_max_s=2.0,
    sample_period_s=0.01,
    maximum_answer_time_s=0.01,
    second_channel=True,
    force_shows_noise=True,
    event_ring_size=32,
    cell_capacity_n=500.0,
    days_since_stop_test=0,
    patient_switch_sensed=True,
    patient_switch_two_channel=True,
    emergency_stop_hard_wired=True,
    releases_on_power_loss=True,
    raw_block=b"",
)


FACTS = StartFacts(
    patient_reference="TEST-1",
    order_digest="0123456789abcdef" * 4,
    screening="A. Person: nothing found",
    identified_at_s=0.0,
    last_arming=None,
    last_record_utc_ms=None,
    last_seen=None,
    told_at=lambda utc_ms: f"UTC {utc_ms} ms",
    day_at=lambda utc_ms: f"{datetime.fromtimestamp(utc_ms / 1000, UTC):%Y-%m-%d}",
)


def prescription(**changes: Any) -> Prescription:
    """The cervical order of the mission's example with ``changes``."""
    return replace(CERVICAL, **changes)


def start_facts(**changes: Any) -> StartFacts:
    """What order and records say of an order for TEST-1 on a unit seen for the first time."""
    return replace(FACTS, **changes)


def reading(**changes: Any) -> Telemetry:
    """A sound reading of a unit that follows, with ``changes``; both channels agree by default."""
    if changes.get("force_n") is not None:
        changes.setdefault("second_force_n", changes["force_n"])
    return replace(TRACKING, **changes)


def health(**changes: Any) -> HostHealth:
    """A healthy host with ``changes``."""
    return replace(HEALTHY, **changes)
