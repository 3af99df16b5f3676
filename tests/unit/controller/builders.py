"""Values that many controller tests start from; each test changes only what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.prescription import Mode, Prescription, Region
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
    elapsed_s=10.0,
    planned_s=900.0,
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


def prescription(**changes: Any) -> Prescription:
    """The cervical order of the mission's example with ``changes``."""
    return replace(CERVICAL, **changes)


def reading(**changes: Any) -> Telemetry:
    """A sound reading of a unit that follows, with ``changes``."""
    return replace(TRACKING, **changes)


def health(**changes: Any) -> HostHealth:
    """A healthy host with ``changes``."""
    return replace(HEALTHY, **changes)
