"""Every hazard that is supervised: one function, one finding, one hazard id (row of devices.md D).

A function gets a Situation and the limits and answers with a Finding or None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.safety.limits import SafetyLimits
from controller.safety.verdict import Action, Finding
from controller.telemetry import HostHealth, PatientSwitch, Telemetry, UnitState

ACKNOWLEDGE = "operator acknowledges; a new session starts at slack take-up"

DRIVEN_STATES = frozenset({UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known in this tick. Times in seconds, forces in newtons.

    ``unordered_fall_n`` is the fall of the force within the window of row 13 beyond what was
    ordered, ``fallen_from_n`` the force from which it fell.
    """

    reading: Telemetry
    silence_s: float
    sample_unchanged_s: float
    over_force_s: float
    unordered_fall_n: float
    fallen_from_n: float
    wanted_force_n: float
    ceiling_n: float
    health: HostHealth


Check = Callable[[Situation, SafetyLimits], Finding | None]


def link_silent(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 1: the device stopped answering."""
    if now.silence_s <= limits.silence_s:
        return None
    return Finding(
        hazard=1,
        code="link_silent",
        action=Action.RELEASE_FAST,
        measured=now.silence_s,
        limit=limits.silence_s,
        unit="s",
        clears="check cable and unit; " + ACKNOWLEDGE,
    )


def reading_stale(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 5: answers come, but the force sample in them is old."""
    stale_s = max(now.sample_unchanged_s, now.reading.sample_age_s)
    if stale_s <= limits.stale_s:
        return None
    return Finding(
        hazard=5,
        code="reading_stale",
        action=Action.RELEASE_FAST,
        measured=stale_s,
        limit=limits.stale_s,
        unit="s",
        clears="have the force channel serviced; " + ACKNOWLEDGE,
    )


def force_missing(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 9: the unit says that its force channel is not valid."""
    if now.reading.force_n is not None:
        return None
    return Finding(
        hazard=9,
        code="force_missing",
        action=Action.RELEASE_FAST,
        measured=0,
        limit=1,
        unit="valid channels",
        clears="check the load cell's cable; " + ACKNOWLEDGE,
    )


def tension_lost(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 13: the force fell although nobody ordered it; never tension again after this."""
    fall_n = now.unordered_fall_n
    relative = fall_n > limits.tension_loss_share * now.fallen_from_n
    if fall_n <= limits.tension_loss_n and not (relative and fall_n > limits.tension_loss_floor_n):
        return None
    return Finding(
        hazard=13,
        code="tension_lost",
        action=Action.RELEASE_FAST,
        measured=fall_n,
        limit=limits.tension_loss_n,
        unit="N",
        clears="inspect cord and harness; " + ACKNOWLEDGE,
    )


def patient_switch_pressed(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 18: the patient wants to stop."""
    if now.reading.patient_switch is not PatientSwitch.PRESSED:
        return None
    return Finding(
        hazard=18,
        code="patient_switch_pressed",
        action=Action.RELEASE_FAST,
        measured=1,
        limit=0,
        unit="pressed",
        clears="ask the patient for the reason; " + ACKNOWLEDGE,
    )


def patient_switch_absent(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 21: the switch was unplugged, which counts as pressed."""
    if now.reading.patient_switch is not PatientSwitch.ABSENT:
        return None
    return Finding(
        hazard=21,
        code="patient_switch_absent",
        action=Action.RELEASE_FAST,
        measured=0,
        limit=1,
        unit="present",
        clears="plug the patient switch in; " + ACKNOWLEDGE,
    )


def emergency_stop_open(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 23: somebody pressed the emergency stop."""
    if not now.reading.emergency_stop_open:
        return None
    return Finding(
        hazard=23,
        code="emergency_stop_open",
        action=Action.CUT_POWER,
        measured=1,
        limit=0,
        unit="open",
        clears="close the emergency stop; " + ACKNOWLEDGE,
    )


def unit_stopped(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 26: the unit left the states in which it follows; its own supervision acted."""
    if now.reading.unit_state in DRIVEN_STATES:
        return None
    return Finding(
        hazard=26,
        code="unit_stopped",
        action=Action.RELEASE_FAST,
        measured=int(now.reading.unit_state),
        limit=int(UnitState.HOLDING),
        unit="unit state",
        clears="read the unit's events for the cause; " + ACKNOWLEDGE,
    )


def loop_late(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 28: the host was too slow to be trusted with a pull."""
    late_s = now.health.lateness_s
    if late_s <= limits.late_warn_s:
        return None
    action = Action.RELEASE if late_s > limits.late_s else Action.ALLOW
    return Finding(
        hazard=28,
        code="loop_late" if action else "loop_slow",
        action=action,
        measured=late_s,
        limit=limits.late_s if action else limits.late_warn_s,
        unit="s",
        clears="close other programs on the workstation; " + ACKNOWLEDGE,
    )


def order_too_high(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 39: whoever wants more than the limit is broken; clamping alone would hide it."""
    if now.wanted_force_n <= limits.force_n:
        return None
    return Finding(
        hazard=39,
        code="order_too_high",
        action=Action.RELEASE,
        measured=now.wanted_force_n,
        limit=limits.force_n,
        unit="N",
        clears="report this defect; " + ACKNOWLEDGE,
    )


def over_force(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 42: more force than ordered, for longer than a transient."""
    if now.over_force_s < limits.over_force_s:
        return None
    return Finding(
        hazard=42,
        code="over_force",
        action=Action.RELEASE_FAST,
        measured=now.reading.force_n or 0.0,
        limit=limits.trip_force_n(now.ceiling_n),
        unit="N",
        clears="look at patient, cord and table; " + ACKNOWLEDGE,
    )


def journal_silent(now: Situation, limits: SafetyLimits) -> Finding | None:
    """Row 47: nothing that happens is being kept any more."""
    if now.health.journal_age_s <= limits.journal_s:
        return None
    return Finding(
        hazard=47,
        code="journal_silent",
        action=Action.HOLD,
        measured=now.health.journal_age_s,
        limit=limits.journal_s,
        unit="s",
        clears="check the disk; " + ACKNOWLEDGE,
    )


CHECKS: tuple[Check, ...] = (
    emergency_stop_open,
    patient_switch_pressed,
    patient_switch_absent,
    link_silent,
    reading_stale,
    force_missing,
    over_force,
    tension_lost,
    unit_stopped,
    loop_late,
    order_too_high,
    journal_silent,
)
