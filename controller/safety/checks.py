"""Every supervised hazard: one function, one finding, one hazard id (row of hazards.md).

This file has patient, force and cord; ``link_checks`` has link, unit and host, ``release_checks``
the checks after the unit was ordered to release. A check gets the situation and the limits and
returns what exceeds which limit, or None. A value that is not measured is None and is never taken
for 0.
"""

from __future__ import annotations

from controller.safety.hazard import (
    ALWAYS,
    PULLING,
    Check,
    Exceeded,
    above,
    hazard,
    known,
    seen,
)
from controller.safety.limits import SafetyLimits
from controller.safety.link_checks import LINK_CHECKS
from controller.safety.release_checks import RELEASE_CHECKS
from controller.safety.situation import SLIP_WINDOW_S, Situation
from controller.safety.verdict import Action
from controller.safety.windows import elapsed_s, exceeds
from controller.telemetry import PatientSwitch, UnitFault, UnitStatus

OVERLOADED = UnitFault.CHANNEL_1_OVERLOAD | UnitFault.CHANNEL_2_OVERLOAD
OPENED = UnitFault.CHANNEL_1_OPEN | UnitFault.CHANNEL_2_OPEN
BOTH_ENDS = UnitStatus.STROKE_END_IN | UnitStatus.STROKE_END_OUT

# --- the patient and the emergency stop -------------------------------------------------------


@hazard(18, Action.RELEASE_FAST, "pressed", "ask the patient for the reason", stages=ALWAYS)
def patient_switch_pressed(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The patient wants to stop."""
    return seen(now.reading.patient_switch is PatientSwitch.PRESSED)


@hazard(21, Action.RELEASE_FAST, "absent", "plug the patient switch in", stages=ALWAYS)
def patient_switch_absent(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The switch was unplugged, which counts as pressed."""
    return seen(now.reading.patient_switch is PatientSwitch.ABSENT)


@hazard(23, Action.CUT_POWER, "open", "close the emergency stop", stages=ALWAYS)
def emergency_stop_open(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Somebody pressed the emergency stop."""
    return seen(now.reading.emergency_stop_open)


# --- the force channels -----------------------------------------------------------------------


@hazard(6, Action.RELEASE_FAST, "s", "have the force channel serviced")
def force_stuck(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The same value for 1 s while the force must change, or for 3 s on a channel with noise.

    A constant display is not stuck by itself (decision 0296): with noise every movement of the
    winch must show, without it only a change of set-point or winch by 5 N.
    """
    must_move_s = now.force_must_move.lasting_s(now.accepted_at_s)
    if not now.force_shows_noise:
        return above(must_move_s, limits.stuck_moving_s)
    unchanged_s = elapsed_s(now.force_changed_at_s, now.accepted_at_s)
    moved_mm = now.moved_unseen_mm
    moves = moved_mm is not None and exceeds(abs(moved_mm), limits.stuck_mm)
    at_rest = above(unchanged_s, limits.stuck_moving_s if moves else limits.stuck_s)
    return at_rest or above(must_move_s, limits.stuck_moving_s)


@hazard(7, Action.RELEASE, "N", "have both force channels checked with a weight")
def channels_disagree(now: Situation, limits: SafetyLimits) -> Exceeded:
    """One of the two channels drifts, or has another gain (row 11)."""
    if not now.disagreeing.lasts(now.now_s, limits.disagree_s):
        return None
    return known(now.apart_n, now.may_be_apart_n)


@hazard(7, Action.RELEASE, "channel", "check the second load cell and its cable")
def second_channel_lost(now: Situation, limits: SafetyLimits) -> Exceeded:
    """A second channel that the unit has is gone: nothing supervises the first one."""
    return seen(now.has_second_channel and now.reading.second_force_n is None)


@hazard(7, Action.RELEASE, "N", "set the tare again with the cord free", needs=("gross_force_n",))
def zero_shifted(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The tare changed in the session: gross and net force moved apart."""
    tare_n, first_n = now.reading.tare_n, now.first.tare_n
    if tare_n is None or first_n is None:
        return None
    return above(abs(tare_n - first_n), limits.zero_shift_n)


@hazard(8, Action.RELEASE_FAST, "N", "check the load cell for overload")
def force_saturated(now: Situation, limits: SafetyLimits) -> Exceeded:
    """A channel is at its end: the true force may be higher than any reading."""
    if now.reading.faults.has(OVERLOADED):
        gross_n, capacity_n = now.reading.gross_force_n, limits.capacity_n
        return capacity_n if gross_n is None else max(gross_n, capacity_n), capacity_n
    largest_n = now.largest_force_n
    if largest_n is None or largest_n < limits.capacity_n:
        return None
    return largest_n, limits.capacity_n


@hazard(9, Action.RELEASE_FAST, "missing channels", "check the load cell's cable")
def force_missing(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The unit reports that a force channel is open or that channel 1 is invalid."""
    return seen(now.reading.faults.has(OPENED) or now.reading.force_n is None)


@hazard(9, Action.RELEASE_FAST, "N below zero", "check the load cell's cable")
def force_negative(now: Situation, limits: SafetyLimits) -> Exceeded:
    """A cord cannot push: the converter ran to its lower rail."""
    force_n = now.reading.force_n
    return None if force_n is None else above(-force_n, limits.negative_n)


@hazard(
    10,
    Action.RELEASE_FAST,
    "N",
    "check the load cell's leads with a weight",
    stages=PULLING,
    needs=("extension_mm",),
)
def sign_wrong(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The first tension reads as a push: the force falls while the cord is wound in."""
    before_mm, at_mm = now.first.extension_mm, now.reading.extension_mm
    before_n, force_n = now.first.force_n, now.reading.force_n
    if before_mm is None or at_mm is None or before_n is None or force_n is None:
        return None
    if now.was_taut or at_mm - before_mm <= limits.sign_mm:
        return None
    return above(before_n - force_n, limits.sign_fall_n)


@hazard(42, Action.RELEASE_FAST, "N", "look at patient, cord and table")
def over_force(now: Situation, limits: SafetyLimits) -> Exceeded:
    """More force than the highest one ordered now, for longer than a transient."""
    if now.missed or not now.over_force.lasts(now.now_s, limits.over_force_s):
        return None
    return known(now.largest_force_n, now.trip_force_n)


@hazard(
    42,
    Action.RELEASE,
    "N",
    "look at patient, cord and table",
    stages=PULLING,
    needs=("setpoint_in_effect_n",),
)
def force_above_order(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The force stays above the set-point in effect: the drive winds in, or cannot pay out."""
    if not now.above_set_point.lasts(now.now_s, limits.above_s):
        return None
    return known(now.above_set_point_n, now.may_stray_n)


@hazard(
    42,
    Action.HOLD,
    "N",
    "look at winch, cord and table",
    stages=PULLING,
    needs=("setpoint_in_effect_n",),
)
def force_below_order(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The force stays below the set-point in effect and no cord is wound in: a jammed drive."""
    if not now.below_set_point.lasts(now.now_s, limits.below_s):
        return None
    return known(now.below_set_point_n, now.may_stray_n)


@hazard(43, Action.RELEASE, "changes of side", "have the unit's regulator checked", stages=PULLING)
def force_oscillating(now: Situation, limits: SafetyLimits) -> Exceeded:
    """With a constant order the force swings from side to side."""
    return above(now.swings.count(now.now_s), limits.swings)


# --- cord, harness and stroke -----------------------------------------------------------------


@hazard(13, Action.RELEASE_FAST, "N", "inspect cord and harness", stages=PULLING)
def tension_lost(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The force fell although no cord was paid out; tension is never applied again after this."""
    from_n = now.fallen_from_n
    if from_n is None:
        return None
    small_n = max(limits.tension_loss_floor_n, limits.tension_loss_share * from_n)
    return above(now.unexplained_fall_n, min(limits.tension_loss_n, small_n))


@hazard(14, Action.HOLD, "mm/s", "tighten the harness", stages=PULLING, needs=("extension_mm",))
def harness_slipping(now: Situation, limits: SafetyLimits) -> Exceeded:
    """With a constant order more and more cord is wound in."""
    if now.orders.unchanged_s < SLIP_WINDOW_S:
        return None
    return above(now.slipped_mm_per_s, limits.slip_mm_per_s)


@hazard(
    15,
    Action.RELEASE,
    "mm",
    "guide the cord and take the slack up by hand",
    stages=PULLING,
    needs=("extension_mm",),
)
def cord_slack(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Cord is wound in without any force."""
    at_mm, from_mm = now.reading.extension_mm, now.slack_from_mm
    return None if at_mm is None or from_mm is None else above(at_mm - from_mm, limits.slack_mm)


@hazard(
    16,
    Action.RELEASE_FAST,
    "mm/s",
    "have the unit's slack speed checked",
    needs=("speed_mm_per_s|extension_mm",),
)
def slack_wound_fast(now: Situation, limits: SafetyLimits) -> Exceeded:
    """A slack cord is wound in so fast that it would end in a jerk."""
    if not now.winding_slack_fast.lasts(now.now_s, limits.slack_fast_s):
        return None
    return known(now.speed_mm_per_s, limits.slack_mm_per_s)


@hazard(16, Action.RELEASE_FAST, "N", "look at patient, cord and table")
def force_risen_fast(now: Situation, limits: SafetyLimits) -> Exceeded:
    """In half a second the force rose by more than any order explains."""
    return above(now.unordered_rise_n, limits.rise_n)


@hazard(
    17,
    Action.ALLOW,
    "mm",
    "the session ends at the limit; shorten the free cord next time",
    stages=PULLING,
    needs=("extension_mm",),
)
def stroke_near(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Most of the pull length allowed from the pretension on is used up."""
    return above(now.pull_mm, limits.pull_warn_share * limits.pull_mm)


@hazard(
    17,
    Action.RELEASE,
    "mm",
    "shorten the free cord, check the harness",
    stages=PULLING,
    needs=("extension_mm",),
)
def stroke_used_up(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The allowed pull length is used up."""
    return above(now.pull_mm, limits.pull_mm)


@hazard(
    17, Action.RELEASE, "end switch", "shorten the free cord, check the harness", stages=PULLING
)
def stroke_end(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The winch is at its end; a parked winch may be at the outer one."""
    ends = UnitStatus.STROKE_END_IN if now.taking_up_slack else BOTH_ENDS
    return seen(now.reading.status.has(ends))


CHECKS: tuple[Check, ...] = (
    emergency_stop_open,
    patient_switch_pressed,
    patient_switch_absent,
    over_force,
    force_above_order,
    force_below_order,
    force_risen_fast,
    tension_lost,
    sign_wrong,
    force_missing,
    force_negative,
    force_saturated,
    force_stuck,
    channels_disagree,
    second_channel_lost,
    zero_shifted,
    force_oscillating,
    harness_slipping,
    cord_slack,
    slack_wound_fast,
    stroke_near,
    stroke_used_up,
    stroke_end,
    *RELEASE_CHECKS,
    *LINK_CHECKS,
)
