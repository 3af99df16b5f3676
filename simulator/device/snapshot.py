"""The measurement block 0x100-0x113 of a unit, built when it is read (B.3)."""

from __future__ import annotations

from typing import Final

from simulator.device.machine import UnitMachine
from simulator.device.register_image import FEATURE_EVENT_RING, Measurement, tenths
from simulator.device.regulator import SLACK_FORCE_N
from simulator.map_v1 import Result, State

MOVING_MM_PER_S: Final = 0.2
IDLE_CURRENT_10_MA: Final = 30
CURRENT_10_MA_PER_N: Final = 0.5
STOP_TEST_DUE, CONFIGURATION_CORRUPT = 1 << 13, 1 << 15


def take_snapshot(machine: UnitMachine, result: Result, at_s: float) -> list[int]:
    """Returns one coherent block; ages and uptime move between cycles with ``at_s`` (device)."""
    channels, plant = machine.channels, machine.plant
    energised = plant.clutch_closed
    current = IDLE_CURRENT_10_MA + CURRENT_10_MA_PER_N * plant.cord_force_n if energised else 0.0
    return Measurement(
        sequence=machine.sequence,
        result=int(result),
        state=int(machine.state),
        status=_status_bits(machine, at_s),
        faults=_fault_bits(machine),
        first_fault=machine.first_fault,
        force_1=channels.net_1,
        force_2=channels.net_2,
        setpoint=machine.variants.set_point_register.tenths(machine.loop.setpoint_n),
        gross_1=channels.gross_1,
        position=tenths(plant.position_mm),
        speed=tenths(plant.speed_mm_per_s),
        motor_current_10_ma=round(current),
        sample_counter=channels.sample_counter,
        sample_age_ms=int((at_s - channels.sample_at_s) * 1000 + 1e-6),
        watchdog_left_ms=int(machine.watchdog_left_s(at_s) * 1000 + 1e-6),
        uptime_ms=int((at_s + machine.uptime_ahead_s) * 1000 + 1e-6),
        newest_event=machine.ring.newest if machine.unit.has(FEATURE_EVENT_RING) else 0,
    ).registers()


def _status_bits(machine: UnitMachine, at_s: float) -> int:
    """Returns bits A.

    The brake (4) is on in a unit that keeps force without power, from its restart on; local
    takeover (13) only by an injected fault.
    """
    plant = machine.plant
    following = machine.state in (State.TRACKING, State.HOLDING)
    armed = machine.limits is not None
    bits = machine.emergency_stop.open << 0
    bits |= machine.switch.shown(at_s) << 1 | machine.switch.present << 2
    bits |= plant.clutch_closed << 3 | plant.brake_on << 4 | machine.motor_cut << 5
    counts = armed and not machine.watchdog_expired and not machine.variants.watchdog.stopped
    bits |= counts << 6 | machine.watchdog_expired << 7
    bits |= (plant.position_mm >= plant.parameters.stroke_mm) << 8
    bits |= (plant.position_mm <= machine.unit.stroke_min_mm) << 9
    bits |= (following and machine.channels.force_n < SLACK_FORCE_N) << 10
    bits |= (abs(plant.speed_mm_per_s) > MOVING_MM_PER_S) << 11
    bits |= machine.at_set_point() << 12
    bits |= machine.local_takeover << 13 | machine.channels.tare_active << 14
    return bits | (machine.state is State.SAFE_LATCHED) << 15


def _fault_bits(machine: UnitMachine) -> int:
    bits = machine.channels.fault_bits() | machine.latched_faults
    if machine.unit.stop_test_due:
        bits |= STOP_TEST_DUE
    if machine.state is State.FAULT:
        bits |= CONFIGURATION_CORRUPT
    return bits
