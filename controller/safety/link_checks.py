"""The hazards of link, unit and host; ``checks`` explains what a check is."""

from __future__ import annotations

from typing import Final

from controller.safety.hazard import (
    ALWAYS,
    PULLING,
    Check,
    Exceeded,
    above,
    hazard,
    seen,
)
from controller.safety.limits import SafetyLimits
from controller.safety.situation import SEQUENCES, Situation, SupervisedStage
from controller.safety.verdict import Action
from controller.telemetry import CommandKind, UnitState, UnitStatus

REFUSED_RESULTS = frozenset({3, 5, 7})
"""Results of 0x101: out of range, wrong token, sequence. 4 and 6 come with a unit that stopped by
itself (row 26), 8 is a wrong CRC: the wire's, a missed reading (row 2)."""
UPTIME_MODULUS_S: Final = 2**32 / 1000
"""The unit counts milliseconds in 32 bits, which overflow after 49.7 days."""
OVERFLOW_TOLERANCE_S: Final = 1.0
"""Permitted difference of an overflown uptime and the time between two readings."""

# --- the link ---------------------------------------------------------------------------------


@hazard(1, Action.RELEASE_FAST, "s", "check cable and unit", stages=ALWAYS)
def link_silent(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The device stopped answering."""
    return above(now.silence_s, limits.silence_s)


@hazard(2, Action.ALLOW, "share of exchanges", "check the cable")
def readings_missed(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Too many exchanges of the last 10 s brought no reading."""
    return above(now.link.share(now.link.missed), limits.missed_share)


@hazard(2, Action.ALLOW, "times in 10 s", "check the cable")
def readings_missed_in_pairs(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Two exchanges in a row brought no reading, and not for the first time."""
    return above(now.link.missed_pairs.count(now.now_s), limits.missed_pairs)


@hazard(2, Action.RELEASE, "s", "replace cable or adapter")
def link_unreliable(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Missed readings persist."""
    return above(now.link.troubled.lasting_s(now.now_s), limits.troubled_s)


@hazard(3, Action.ALLOW, "share of exchanges", "connect the adapter to a port of its own")
def answers_slow(now: Situation, limits: SafetyLimits) -> Exceeded:
    """More than 1 % of the answers need most of a tick."""
    return above(now.link.share(now.link.slow), limits.slow_answers_share)


@hazard(4, Action.RELEASE, "answers in 10 s", "check hubs and gateways on the way to the unit")
def answers_mixed_up(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Answers to other requests came: each was refused, but the line cannot be trusted."""
    return above(now.link.mixed_up.count(now.now_s), limits.mismatches)


@hazard(5, Action.RELEASE_FAST, "s", "have the force channel serviced", needs=("sample_number",))
def reading_stale(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Answers come, but the force sample in them is old."""
    return above(now.stale_s, limits.stale_s)


# --- the unit ---------------------------------------------------------------------------------


@hazard(
    25, Action.RELEASE_FAST, "s back", "check the unit's supply", stages=ALWAYS, needs=("uptime_s",)
)
def unit_restarted(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The unit's uptime went back without an overflow: it lost power or was reset.

    Compares the last two readings with an uptime.
    """
    before_s, uptime_s = now.uptime_reading_before.uptime_s, now.uptime_reading.uptime_s
    if before_s is None or uptime_s is None:
        return None
    back_s = before_s - uptime_s
    passed_s = now.uptime_reading.taken_at_s - now.uptime_reading_before.taken_at_s
    overflowed = abs(UPTIME_MODULUS_S - back_s - passed_s) < OVERFLOW_TOLERANCE_S
    return None if overflowed else above(back_s, 0.0)


@hazard(
    26,
    Action.RELEASE,
    "s left",
    "have the unit's watchdog checked",
    stages=PULLING,
    needs=("watchdog_left_s",),
)
def watchdog_off(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The unit would not release by itself: its watchdog is off, expired or longer than ordered."""
    left_s = now.reading.watchdog_left_s
    if left_s is None:
        return None
    runs = now.reading.status.has(UnitStatus.WATCHDOG_ARMED) and 0.0 < left_s <= limits.watchdog_s
    return None if runs or not now.is_driven else (left_s, limits.watchdog_s)


@hazard(
    26, Action.RELEASE_FAST, "unit state", "read the unit's events for the cause", stages=PULLING
)
def unit_stopped(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The unit left the states in which it follows orders; its own supervision acted."""
    if now.is_driven or now.reading.unit_state is UnitState.LOCAL:
        return None
    return int(now.reading.unit_state), int(UnitState.HOLDING)


@hazard(
    36,
    Action.RELEASE,
    "steps",
    "find the second host on the line",
    stages=PULLING,
    needs=("sequence_accepted",),
)
def sequence_ahead(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The unit accepted more commands than this host sent: another host drives it too."""
    steps = now.accepted_steps
    if steps is None or steps > SEQUENCES // 2:
        return None
    return above(steps, now.link.sent_before_reading)


@hazard(
    36,
    Action.RELEASE,
    "result code",
    "find the second host on the line",
    stages=PULLING,
    needs=("command_result",),
)
def order_refused(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The unit refused an order of this host, which a single working host never causes."""
    result = now.reading.command_result
    return (result, 2) if result is not None and result in REFUSED_RESULTS else None


@hazard(
    37,
    Action.HOLD,
    "local operation",
    "agree with the person at the unit's panel",
    stages=PULLING,
)
def local_takeover(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Somebody operates the unit at its own panel."""
    local = now.reading.unit_state is UnitState.LOCAL
    return seen(local or now.reading.status.has(UnitStatus.LOCAL_TAKEOVER))


@hazard(
    37,
    Action.HOLD,
    "N",
    "agree with the person at the unit's panel",
    stages=PULLING,
    needs=("setpoint_in_effect_n",),
)
def set_point_foreign(now: Situation, limits: SafetyLimits) -> Exceeded:
    """For 1.5 s the set-point in effect was outside all orders of 5 s and came no nearer.

    A register may be renewed more slowly than the tick and in coarse steps, so that a constant
    value under a rising order proves nothing before that time.
    """
    if not now.strayed.filled or now.strayed.change < 0.0:
        return None
    return above(now.strayed.lowest, limits.set_point_n)


@hazard(39, Action.RELEASE, "N", "report this defect")
def order_too_high(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The wanted force is above the limit, which only a defect causes; clamping would hide it."""
    return above(now.wish.force_n, limits.force_n)


@hazard(39, Action.RELEASE, "order", "report this defect")
def order_unsound(now: Situation, limits: SafetyLimits) -> Exceeded:
    """An order that no working program gives.

    Not a number, below zero, too fast, a ceiling too high, no order at all while the unit pulls, or
    traction after a release.
    """
    wish = now.wish
    in_range = (
        wish.force_n >= 0.0
        and 0.0 <= wish.rate_n_per_s <= limits.rate_n_per_s
        and 0.0 <= wish.ceiling_n <= limits.force_n
    )
    pulls = wish.kind in (CommandKind.FOLLOW, CommandKind.HOLD)
    idle = wish.kind is CommandKind.OBSERVE
    return seen(not in_range or (idle if now.stage is SupervisedStage.PULLING else pulls))


# --- the host ---------------------------------------------------------------------------------


@hazard(27, Action.ALLOW, "s", "look at the console; the session ends soon")
def console_quiet(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The console has not been heard for 5 s; None means that there is none."""
    return above(now.health.console_age_s, limits.console_warn_s)


@hazard(27, Action.RELEASE, "s", "start the console again")
def console_lost(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Nobody can see the session any more."""
    return above(now.health.console_age_s, limits.console_s)


@hazard(27, Action.ALLOW, "s", "look at the station; the session ends soon")
def station_quiet(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The station that runs this process has not been heard for 5 s; None: there is none."""
    return above(now.health.station_age_s, limits.station_warn_s)


@hazard(27, Action.RELEASE, "s", "start the station again")
def station_lost(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The STOP door and the sounds are no longer served."""
    return above(now.health.station_age_s, limits.station_s)


@hazard(27, Action.RELEASE, "s", "report this defect", stages=PULLING)
def session_over_time(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The session continues although its time and that of its pauses is over."""
    return above(now.session_s, limits.session_s)


@hazard(27, Action.RELEASE, "s", "report this defect", stages=PULLING)
def dwell_over_time(now: Situation, limits: SafetyLimits) -> Exceeded:
    """One force is ordered for longer than any hold with its pauses: the core is stuck."""
    return above(now.orders.dwell_s, limits.dwell_s)


@hazard(28, Action.ALLOW, "s", "close other programs on the workstation")
def loop_slow(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The host is slower than it should be."""
    return above(now.health.lateness_s, limits.late_warn_s)


@hazard(28, Action.RELEASE, "s", "close other programs on the workstation")
def loop_late(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The host was too slow to be trusted with traction."""
    return above(now.health.lateness_s, limits.late_s)


@hazard(29, Action.ALLOW, "s", "nothing to do: all timing is on the monotonic clock")
def clock_stepped(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The wall clock was set; time stamps before and after are not comparable."""
    return above(abs(now.health.wall_clock_step_s), limits.clock_step_s)


@hazard(30, Action.RELEASE, "s", "keep the workstation from sleeping")
def host_suspended(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The boot clock ran on while the monotonic one stood still: the host slept."""
    return above(now.health.boot_clock_gap_s, limits.suspended_s)


@hazard(47, Action.HOLD, "s", "check the disk", stages=ALWAYS)
def journal_silent(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Nothing is being recorded any more (row 46: no durable write)."""
    return above(now.health.journal_age_s, limits.journal_s)


LINK_CHECKS: tuple[Check, ...] = (
    link_silent,
    reading_stale,
    unit_restarted,
    unit_stopped,
    watchdog_off,
    readings_missed,
    readings_missed_in_pairs,
    link_unreliable,
    answers_slow,
    answers_mixed_up,
    sequence_ahead,
    order_refused,
    local_takeover,
    set_point_foreign,
    order_too_high,
    order_unsound,
    console_quiet,
    console_lost,
    station_quiet,
    station_lost,
    session_over_time,
    dwell_over_time,
    loop_slow,
    loop_late,
    clock_stepped,
    host_suspended,
    journal_silent,
)
