"""What is known in this tick, and what the checks compare it with from the last seconds."""

from __future__ import annotations

from enum import Enum
from typing import Final

from controller.safety.limits import SafetyLimits
from controller.safety.link_memory import LinkMemory
from controller.safety.order_memory import OrderMemory
from controller.safety.windows import Recent, Since, Window, elapsed_s, exceeds
from controller.telemetry import (
    FORCE_FAULTS,
    CommandKind,
    ForceCommand,
    HostHealth,
    Telemetry,
    UnitState,
)

SLACK_N: Final = 5.0
"""Below this force the cord counts as slack (session-rules.md#in-motion)."""
TAUT_READINGS: Final = 3
"""The slack is taken up after this many taut readings in a row (session-rules.md#in-motion)."""
TRACK_WINDOW_S: Final = 1.0
"""Permitted lag of a force behind a ramp: motor, cell, friction and a slow register."""
RELEASED_N: Final = 15.0
"""At or below it an ordered release has ended (reference map, B.10)."""
FALL_WINDOW_S: Final = 0.2
RISE_WINDOW_S: Final = 0.5
PAY_OUT_WINDOW_S: Final = 0.3
"""Cord and cell lag: cord paid out slightly earlier explains a fall of the force now."""
SLIP_WINDOW_S: Final = 3.0
SWING_WINDOW_S: Final = 3.0
SET_POINT_WINDOW_S: Final = 1.5
"""A register renewed every 250 ms in steps of 1 N shows a ramp of 2 N/s within this time."""
SEQUENCES: Final = 65535
"""Sequences go from 1 to 65535 and restart at 1 (reference map, B.10)."""
DRIVEN_STATES = (UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING)
ENDED_STATES = (UnitState.SAFE_LATCHED, UnitState.FAULT)


class SupervisedStage(Enum):
    """The stage of a session, from what was sent and seen."""

    PULLING = "pulling"
    RELEASING = "releasing"
    FREE = "free"


class Situation:
    """The supervisor's memory: written by ``take`` once a tick, read by the checks.

    Times in seconds, forces in newtons, positions in millimetres (cord wound in positive).
    ``release_rate_n_per_s`` is the release rate with which the unit was armed, ``second_channel``
    whether the unit reports one, ``force_shows_noise`` whether its forces are the converter's with
    their noise or those of a display that may stand still.
    """

    def __init__(
        self,
        limits: SafetyLimits,
        first: Telemetry,
        now_s: float,
        *,
        release_rate_n_per_s: float,
        force_shows_noise: bool,
        second_channel: bool = False,
    ) -> None:
        self._limits = limits
        self.force_shows_noise = force_shows_noise
        self.has_second_channel = second_channel or first.second_force_n is not None
        self.first = self.previous = self.reading = first
        self.uptime_reading = self.uptime_reading_before = first
        self.missed = False
        self.wish = ForceCommand(kind=CommandKind.HOLD)
        self.started_s = self.now_s = self.accepted_at_s = self.sample_changed_at_s = now_s
        self.link = LinkMemory(limits)
        self.orders = OrderMemory(limits, now_s, release_rate_n_per_s=release_rate_n_per_s)
        self.over_force, self.disagreeing = Since(), Since()
        self.above_set_point, self.below_set_point = Since(), Since()
        self.rising_in_release, self.slow_in_release, self.still_on = Since(), Since(), Since()
        self.back_after_release = Since()
        self.winding_slack_fast = Since()
        self.forces, self.rises = Window(FALL_WINDOW_S), Window(RISE_WINDOW_S)
        self.paid_out, self.positions = Window(PAY_OUT_WINDOW_S), Window(SLIP_WINDOW_S)
        self.strayed = Window(SET_POINT_WINDOW_S)
        self.set_points, self.wound = Window(TRACK_WINDOW_S), Window(TRACK_WINDOW_S)
        self.slip_forces = Window(SLIP_WINDOW_S)
        self.force_changed_at_s = now_s
        self.force_changed_at_mm = self.slack_from_mm = first.extension_mm
        self._force_changed_at_set_point_n = first.setpoint_in_effect_n
        self.force_must_move = Since()
        self.pretension_mm: float | None = None
        self.was_taut = False
        self.taking_up_slack = True
        self._taut_readings = 0
        self.free = False
        self.swings, self._side = Recent(SWING_WINDOW_S), 0
        self._remember_force(first.force_n)
        self._remember_position(first.extension_mm)

    @property
    def stage(self) -> SupervisedStage:
        """FREE once the unit was seen to have released and ended its session."""
        if self.free:
            return SupervisedStage.FREE
        return SupervisedStage.RELEASING if self.orders.released else SupervisedStage.PULLING

    def take(
        self,
        reading: Telemetry | None,
        *,
        sent: ForceCommand,
        health: HostHealth,
        now_s: float,
    ) -> None:
        """Remember this tick; ``reading`` None means that no reading was accepted in it."""
        self.now_s, self.health, self.missed = now_s, health, reading is None
        if self.orders.take(sent, now_s, self.largest_force_n):
            self._side = 0
            self.swings.clear()
        self.link.take(health, now_s, missed=self.missed)
        if reading is not None:
            self._take_reading(reading)
        self._watch_release()

    # --- a reading ----------------------------------------------------------------------------

    def _take_reading(self, reading: Telemetry) -> None:
        if reading.sample_number != self.reading.sample_number:
            self.sample_changed_at_s = self.now_s
        if reading.force_n != self.reading.force_n:
            self.force_changed_at_s = self.now_s
            self.force_changed_at_mm = reading.extension_mm
            self._force_changed_at_set_point_n = reading.setpoint_in_effect_n
        self.previous, self.reading, self.accepted_at_s = self.reading, reading, self.now_s
        if reading.uptime_s is not None:
            self.uptime_reading_before, self.uptime_reading = self.uptime_reading, reading
        self.link.accepted(self.accepted_steps or 0)
        self._remember_force(reading.force_n)
        self._watch_force()
        self._watch_set_point()
        self._remember_position(reading.extension_mm)
        self._watch_display()

    def _remember_force(self, force_n: float | None) -> None:
        if force_n is None:
            self._taut_readings = 0
            return
        self.was_taut |= force_n >= SLACK_N
        self._taut_readings = self._taut_readings + 1 if force_n >= SLACK_N else 0
        self.taking_up_slack &= self._taut_readings < TAUT_READINGS
        self.forces.add(self.now_s, force_n)
        self.rises.add(self.now_s, force_n)
        if self.taking_up_slack:
            self.slip_forces.clear()
        self.slip_forces.add(self.now_s, force_n)
        if self.orders.follows:
            self._take_swing(self.orders.force_n - force_n)

    def _remember_position(self, position_mm: float | None) -> None:
        if position_mm is None:
            return
        self.paid_out.add(self.now_s, position_mm)
        if self.taking_up_slack:
            self.positions.clear()
        self.positions.add(self.now_s, position_mm)
        self.wound.add(self.now_s, position_mm)
        if self.pretension_mm is None and not self.taking_up_slack:
            self.pretension_mm = position_mm
        if not self.is_slack or self.slack_from_mm is None or position_mm < self.slack_from_mm:
            self.slack_from_mm = position_mm

    def _take_swing(self, error_n: float) -> None:
        """Count how often the force changes sides of a constant order."""
        if not exceeds(abs(error_n), self.may_swing_n):
            return
        side = 1 if error_n > 0 else -1
        if side == -self._side:
            self.swings.add(self.now_s)
        self._side = side

    def _watch_force(self) -> None:
        now_s, limits, largest_n = self.now_s, self._limits, self.largest_force_n
        above = largest_n is not None and exceeds(largest_n, self.trip_force_n)
        self.over_force.update(now_s, above)
        apart_n = self.apart_n
        apart = apart_n is not None and exceeds(apart_n, self.may_be_apart_n)
        self.disagreeing.update(now_s, apart)
        speed = self.speed_mm_per_s
        fast = speed is not None and exceeds(speed, limits.slack_mm_per_s)
        self.winding_slack_fast.update(now_s, self.is_slack and fast)

    def _watch_display(self) -> None:
        """Under tension the force moves with the winch, and both with the ordered set-point.

        While slack is taken up they do not; then row 15 limits the travel of the winch.
        """
        if not (self.orders.follows and self.is_driven):
            self._force_changed_at_set_point_n = self.reading.setpoint_in_effect_n
        slack = self.taking_up_slack or self.is_slack
        unseen_n = 0.0 if slack else max(self._ordered_unseen_n, self._wound_unseen_n)
        self.force_must_move.update(self.now_s, exceeds(unseen_n, self._limits.stuck_order_n))

    def _watch_set_point(self) -> None:
        """Compare the force with the unit's own set-point, and that with the orders."""
        set_point_n = self.reading.setpoint_in_effect_n
        follows = self.orders.follows and self.is_driven and not self.taking_up_slack
        if not follows or set_point_n is None:
            self.strayed.clear()
            self.set_points.clear()
            self.above_set_point.update(self.now_s, False)
            self.below_set_point.update(self.now_s, False)
            return
        distance_n = self.orders.distance_n(set_point_n, low_counts=not self.is_slack)
        self.strayed.add(self.now_s, distance_n)
        self.set_points.add(self.now_s, set_point_n)
        above_n, below_n = self.above_set_point_n, self.below_set_point_n
        above = above_n is not None and exceeds(above_n, self.may_stray_n)
        below = below_n is not None and exceeds(below_n, self.may_stray_n)
        self.above_set_point.update(self.now_s, above)
        self.below_set_point.update(self.now_s, below and not self._comes_near)

    # --- the release --------------------------------------------------------------------------

    def _watch_release(self) -> None:
        now_s, orders, largest_n = self.now_s, self.orders, self.largest_force_n
        if orders.released is None:
            return
        may_be_n = orders.may_be_left_n(now_s)
        rises = largest_n is not None and exceeds(largest_n, orders.release_trip_n)
        slow = largest_n is not None and may_be_n is not None and exceeds(largest_n, may_be_n)
        self.rising_in_release.update(now_s, rises)
        self.slow_in_release.update(now_s, slow)
        on = self.force_is_on
        ended = self.reading.unit_state in ENDED_STATES or self.reading.emergency_stop_open
        cut = orders.released is CommandKind.CUT_POWER
        self.still_on.update(now_s, on and (ended or cut))
        self.back_after_release.update(now_s, self.free and self.shows_force)
        self.free = self.free or (self.has_let_go and not self.missed)

    @property
    def has_let_go(self) -> bool:
        """True for a fresh, valid force at or below 20 N from a unit whose session is over."""
        reading = self.reading
        over = reading.unit_state is UnitState.IDLE or reading.unit_state in ENDED_STATES
        fresh = self.stale_s <= self._limits.stale_s
        return over and fresh and not reading.faults.has(FORCE_FAULTS) and not self.force_is_on

    @property
    def force_is_on(self) -> bool:
        """True unless every existing channel shows at most 20 N, whatever its sign."""
        first_n, second_n = self.reading.force_n, self.reading.second_force_n
        if first_n is None or exceeds(abs(first_n), self._limits.free_n):
            return True
        return second_n is not None and exceeds(abs(second_n), self._limits.free_n)

    @property
    def shows_force(self) -> bool:
        """True if an existing channel shows more than 20 N, whatever its sign."""
        channels = (self.reading.force_n, self.reading.second_force_n)
        return any(n is not None and exceeds(abs(n), self._limits.free_n) for n in channels)

    @property
    def may_only_look(self) -> bool:
        """True if a releasing unit may be read without a new order: it is free, or nearly so."""
        state, largest_n = self.reading.unit_state, self.largest_force_n
        if state not in DRIVEN_STATES and state is not UnitState.RELEASING:
            return True
        low = largest_n is not None and largest_n <= RELEASED_N
        return low and state in (UnitState.ARMED, UnitState.RELEASING)

    # --- what the checks ask ------------------------------------------------------------------

    @property
    def silence_s(self) -> float:
        """Seconds since the last accepted reading."""
        return elapsed_s(self.accepted_at_s, self.now_s)

    @property
    def stale_s(self) -> float:
        """Age of the force sample, as the unit reports it or as its number shows."""
        unchanged_s = elapsed_s(self.sample_changed_at_s, self.accepted_at_s)
        return max(unchanged_s, self.reading.sample_age_s)

    @property
    def accepted_steps(self) -> int | None:
        """Commands that the unit accepted between its last two readings, modulo 65535."""
        now, before = self.reading.sequence_accepted, self.previous.sequence_accepted
        return None if now is None or before is None else (now - before) % SEQUENCES

    @property
    def speed_mm_per_s(self) -> float | None:
        """The speed that the unit measures; without one, the change of its position in 0.3 s."""
        speed_mm_per_s = self.reading.speed_mm_per_s
        return self.paid_out.slope if speed_mm_per_s is None else speed_mm_per_s

    @property
    def moved_unseen_mm(self) -> float | None:
        """Returns how far the winch has moved since the force last changed; None if unknown."""
        at_mm, from_mm = self.reading.extension_mm, self.force_changed_at_mm
        return None if at_mm is None or from_mm is None else at_mm - from_mm

    @property
    def _ordered_unseen_n(self) -> float:
        """How far the set-point moved away from the reading since the reading last changed."""
        at_n, from_n = self.reading.setpoint_in_effect_n, self._force_changed_at_set_point_n
        if at_n is None or from_n is None or self.reading.force_n is None:
            return 0.0
        return min(abs(at_n - from_n), abs(at_n - self.reading.force_n))

    @property
    def _wound_unseen_n(self) -> float:
        """Returns what the winch travel since the last new reading does to the softest body.

        The travel that the body's own creep explains is left out.
        """
        limits, moved_mm = self._limits, self.moved_unseen_mm
        if moved_mm is None:
            return 0.0
        unchanged_s = elapsed_s(self.force_changed_at_s, self.now_s)
        creep_mm = limits.creep_per_s * max(0.0, self.pull_mm or 0.0) * unchanged_s
        return limits.softest_n_per_mm * (abs(moved_mm) - creep_mm)

    @property
    def session_s(self) -> float:
        """Seconds since the arming."""
        return elapsed_s(self.started_s, self.now_s)

    @property
    def largest_force_n(self) -> float | None:
        """The larger of the valid channels."""
        first_n, second_n = self.reading.force_n, self.reading.second_force_n
        if first_n is None or second_n is None:
            return second_n if first_n is None else first_n
        return max(first_n, second_n)

    @property
    def trip_force_n(self) -> float:
        """Row 42: above the highest force now ordered, which no order raises above the limit."""
        return self._limits.trip_force_n(self.orders.ceiling_n)

    @property
    def apart_n(self) -> float | None:
        """Difference of the two channels; None if one is missing."""
        first_n, second_n = self.reading.force_n, self.reading.second_force_n
        return None if first_n is None or second_n is None else abs(first_n - second_n)

    @property
    def may_be_apart_n(self) -> float:
        """Row 7: 10 N or 10 % of channel 1."""
        limits, force_n = self._limits, self.reading.force_n
        if force_n is None:
            return limits.disagree_n
        return max(limits.disagree_n, limits.disagree_share * force_n)

    @property
    def may_stray_n(self) -> float:
        """Permitted difference of force and set-point in effect for a while: 10 N or 10 %."""
        limits, set_point_n = self._limits, self.reading.setpoint_in_effect_n
        if set_point_n is None:
            return limits.track_n
        return max(limits.track_n, limits.track_share * set_point_n)

    @property
    def may_swing_n(self) -> float:
        """Row 43: an error that still counts as steady, 5 N or 5 % of the order."""
        return max(self._limits.swing_n, self._limits.swing_share * self.orders.force_n)

    @property
    def above_set_point_n(self) -> float | None:
        """Force above the highest set-point in effect of the last second; None without either."""
        highest_n, force_n = self.set_points.highest, self.largest_force_n
        return None if highest_n is None or force_n is None else force_n - highest_n

    @property
    def below_set_point_n(self) -> float | None:
        """Force below the lowest set-point in effect of the last second; None without either."""
        lowest_n, force_n = self.set_points.lowest, self.largest_force_n
        return None if lowest_n is None or force_n is None else lowest_n - force_n

    @property
    def _comes_near(self) -> bool:
        """True if a falling set-point approaches the force, or the winch is winding in towards it.

        Without a measured position no travel is visible.
        """
        return self.set_points.change < 0.0 or self.wound.change > self._limits.winding_mm

    @property
    def slipped_mm_per_s(self) -> float | None:
        """Speed of winding in over 3 s that no rise of the force and no creep explains.

        None if position or force is not measured, or not for 3 s since the slack was taken up.
        """
        pull_mm, filled = self.pull_mm, self.positions.filled and self.slip_forces.filled
        if pull_mm is None or not filled:
            return None
        limits = self._limits
        explained_mm = max(0.0, self.slip_forces.change) / limits.softest_n_per_mm
        creep_mm_per_s = limits.creep_per_s * max(0.0, pull_mm)
        return (self.positions.change - explained_mm) / SLIP_WINDOW_S - creep_mm_per_s

    @property
    def is_driven(self) -> bool:
        """True if the unit is in a state in which it follows this host."""
        return self.reading.unit_state in DRIVEN_STATES

    @property
    def is_slack(self) -> bool:
        """True for a known force below 5 N."""
        return self.reading.force_n is not None and self.reading.force_n < SLACK_N

    @property
    def pull_mm(self) -> float | None:
        """Cord wound in since the slack was taken up."""
        position_mm = self.reading.extension_mm
        if position_mm is None or self.pretension_mm is None:
            return None
        return position_mm - self.pretension_mm

    @property
    def unordered_rise_n(self) -> float | None:
        """Rise of the force in 0.5 s beyond what was, and may be, ordered in that time.

        An order explains at most its rate: its own rise, and that of the set-point in effect in the
        last second, because a unit follows a stepped order for longer than 0.5 s.
        """
        if self.rises.last is None:
            return None
        may_be_n = self._limits.rate_up_n_per_s * RISE_WINDOW_S
        ordered_n = max(self.orders.rise_n, self.set_points.rise)
        return self.rises.rise - min(ordered_n, may_be_n)

    @property
    def fallen_from_n(self) -> float | None:
        """The force before a fall, without what a movement had added to the order."""
        highest_n = self.forces.highest
        return None if highest_n is None else min(highest_n, self.orders.recent_highest_n)

    @property
    def unexplained_fall_n(self) -> float | None:
        """Fall of the force in 0.2 s that the cord paid out cannot explain."""
        highest_n = self.forces.highest
        if highest_n is None:
            return None
        beyond_order_n = max(0.0, highest_n - self.orders.recent_highest_n)
        explained_n = self._limits.cord_n_per_mm * self.paid_out.fall
        return self.forces.fall - beyond_order_n - explained_n
