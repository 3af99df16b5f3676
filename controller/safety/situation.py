"""What is known in this tick, and what of the last seconds the checks compare it with."""

from __future__ import annotations

from typing import Final

from controller.safety.limits import SafetyLimits
from controller.safety.windows import Recent, Since, Window, elapsed_s, exceeds
from controller.telemetry import HostHealth, Telemetry, UnitState

SLACK_N: Final = 5.0
"""Below this force the cord counts as slack (C.2)."""
ORDER_MEMORY_S: Final = 5.0
"""How long an order explains a set-point: the unit ramps there by itself."""
LINK_WINDOW_S: Final = 10.0
RISE_WINDOW_S: Final = 0.5
FALL_WINDOW_S: Final = 0.2
PAY_OUT_WINDOW_S: Final = 0.3
"""Cord and cell lag: what was paid out a little earlier explains a fall of the force now."""
SLIP_WINDOW_S: Final = 3.0
SWING_WINDOW_S: Final = 3.0
SEQUENCES: Final = 65535
DRIVEN_STATES = (UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING)


class Situation:
    """The supervisor's memory: written by ``take`` once a tick, read by the checks.

    Times in seconds, forces in newtons, positions in millimetres (cord wound in positive).
    """

    def __init__(self, limits: SafetyLimits, first: Telemetry, now_s: float) -> None:
        self._limits = limits
        self.first = self.previous = self.reading = first
        self.missed = False
        self.now_s = self.accepted_at_s = self.sample_changed_at_s = now_s
        self.wanted_n = self.ceiling_n = 0.0
        self.following = self.taking_up_slack = False
        self._sent = self.sent_before_reading = self.missed_in_a_row = 0
        self.missed_recently, self.pairs_recently = Recent(LINK_WINDOW_S), Recent(LINK_WINDOW_S)
        self.slow_recently = Recent(LINK_WINDOW_S)
        self.troubled, self.over_force, self.disagreeing = Since(), Since(), Since()
        self.winding_slack_fast = Since()
        self.forces, self.rises = Window(FALL_WINDOW_S), Window(RISE_WINDOW_S)
        self.orders, self.orders_of_rise = Window(ORDER_MEMORY_S), Window(RISE_WINDOW_S)
        self.paid_out, self.positions = Window(PAY_OUT_WINDOW_S), Window(SLIP_WINDOW_S)
        for window in (self.forces, self.rises):
            window.add(now_s, first.force_n or 0.0)
        for window in (self.paid_out, self.positions):
            window.add(now_s, first.extension_mm or 0.0)
        self.wanted_since_s = self.force_changed_at_s = now_s
        self.force_changed_at_mm = self.slack_from_mm = first.extension_mm
        self.pretension_mm: float | None = None
        self.was_taut = False
        self.swings, self._side = Recent(SWING_WINDOW_S), 0

    def take(
        self,
        reading: Telemetry | None,
        *,
        wanted_force_n: float,
        ceiling_n: float,
        following: bool,
        taking_up_slack: bool,
        health: HostHealth,
        now_s: float,
    ) -> None:
        """Remember this tick; ``reading`` None means that no reading was accepted in it."""
        self.now_s, self.health, self.missed = now_s, health, reading is None
        self.following, self.taking_up_slack = following, taking_up_slack
        self.ceiling_n = ceiling_n
        self._take_order(wanted_force_n)
        self._take_link()
        if reading is not None:
            self._take_reading(reading)

    def _take_order(self, wanted_n: float) -> None:
        if wanted_n != self.wanted_n:
            self.wanted_since_s, self._side = self.now_s, 0
            self.swings.clear()
        self.wanted_n = wanted_n
        self.orders.add(self.now_s, wanted_n)
        self.orders_of_rise.add(self.now_s, wanted_n)

    def _take_link(self) -> None:
        now_s, limits = self.now_s, self._limits
        self._sent += 1
        self.missed_in_a_row = self.missed_in_a_row + 1 if self.missed else 0
        if self.missed:
            self.missed_recently.add(now_s)
        if self.missed_in_a_row == 2:
            self.pairs_recently.add(now_s)
        if exceeds(self.health.exchange_s, limits.slow_share_of_tick * self.health.tick_s):
            self.slow_recently.add(now_s)
        often = exceeds(self.share(self.missed_recently), limits.missed_share)
        in_pairs = self.pairs_recently.count(now_s) > limits.missed_pairs
        self.troubled.update(now_s, often or in_pairs)

    def _take_reading(self, reading: Telemetry) -> None:
        self.sent_before_reading, self._sent = self._sent, 0
        if reading.sample_number != self.reading.sample_number:
            self.sample_changed_at_s = self.now_s
        if reading.force_n != self.reading.force_n:
            self.force_changed_at_s = self.now_s
            self.force_changed_at_mm = reading.extension_mm
        self.previous, self.reading, self.accepted_at_s = self.reading, reading, self.now_s
        self._take_force(reading.force_n, reading.second_force_n)
        if reading.extension_mm is not None:
            self._take_position(reading.extension_mm)

    def _take_force(self, force_n: float | None, second_n: float | None) -> None:
        limits, largest_n = self._limits, self.largest_force_n
        above = largest_n is not None and exceeds(largest_n, limits.trip_force_n(self.ceiling_n))
        self.over_force.update(self.now_s, above)
        self.disagreeing.update(self.now_s, exceeds(self.apart_n, self.may_be_apart_n))
        self.winding_slack_fast.update(
            self.now_s, self.is_slack and exceeds(self.speed_mm_per_s, limits.slack_mm_per_s)
        )
        if force_n is not None:
            self.was_taut |= force_n >= SLACK_N
            self.forces.add(self.now_s, force_n)
            self.rises.add(self.now_s, force_n)
            self._take_swing(self.wanted_n - force_n)

    def _take_swing(self, error_n: float) -> None:
        """Count how often the force goes from one side of a constant order to the other."""
        if not exceeds(abs(error_n), self.may_swing_n):
            return
        side = 1 if error_n > 0 else -1
        if side == -self._side:
            self.swings.add(self.now_s)
        self._side = side

    def _take_position(self, position_mm: float) -> None:
        self.paid_out.add(self.now_s, position_mm)
        self.positions.add(self.now_s, position_mm)
        if self.pretension_mm is None and not self.taking_up_slack:
            self.pretension_mm = position_mm
        if not self.is_slack or self.slack_from_mm is None or position_mm < self.slack_from_mm:
            self.slack_from_mm = position_mm

    # --- what the checks ask ------------------------------------------------------------------

    @property
    def silence_s(self) -> float:
        """Since the last accepted reading."""
        return elapsed_s(self.accepted_at_s, self.now_s)

    @property
    def stale_s(self) -> float:
        """Age of the force sample: as the unit says, or as its number tells."""
        unchanged_s = elapsed_s(self.sample_changed_at_s, self.accepted_at_s)
        return max(unchanged_s, self.reading.sample_age_s)

    @property
    def largest_force_n(self) -> float | None:
        """The larger of the channels that can be believed."""
        first_n, second_n = self.reading.force_n, self.reading.second_force_n
        if first_n is None or second_n is None:
            return second_n if first_n is None else first_n
        return max(first_n, second_n)

    @property
    def apart_n(self) -> float:
        """Difference of the two channels; 0 when one is not there."""
        first_n, second_n = self.reading.force_n, self.reading.second_force_n
        return 0.0 if first_n is None or second_n is None else abs(first_n - second_n)

    @property
    def may_be_apart_n(self) -> float:
        """Row 7: 10 N or 10 % of channel 1."""
        limits = self._limits
        return max(limits.disagree_n, limits.disagree_share * abs(self.reading.force_n or 0.0))

    @property
    def may_swing_n(self) -> float:
        """Row 43: an error that is still steady, 5 N or 5 % of the order (section F)."""
        return max(self._limits.swing_n, self._limits.swing_share * self.wanted_n)

    @property
    def is_driven(self) -> bool:
        """The unit is in a state in which it follows this host."""
        return self.reading.unit_state in DRIVEN_STATES

    @property
    def is_slack(self) -> bool:
        """A known force below 5 N."""
        return self.reading.force_n is not None and self.reading.force_n < SLACK_N

    @property
    def speed_mm_per_s(self) -> float:
        """Speed of the cord, inwards positive; 0 when it is not measured."""
        return self.reading.speed_mm_per_s or 0.0

    @property
    def pull_mm(self) -> float | None:
        """Cord wound in since the pretension began."""
        position_mm = self.reading.extension_mm
        if position_mm is None or self.pretension_mm is None:
            return None
        return position_mm - self.pretension_mm

    @property
    def unordered_rise_n(self) -> float:
        """Rise of the force in 0.5 s beyond what was, and may be, ordered in that time."""
        ordered_n = max(0.0, self.wanted_n - self.orders_of_rise.lowest)
        may_be_n = self._limits.rate_up_n_per_s * RISE_WINDOW_S
        return self.rises.last - self.rises.lowest - min(ordered_n, may_be_n)

    @property
    def fallen_from_n(self) -> float:
        """The force before a fall; what a movement had added to the order does not count."""
        return min(self.forces.highest, self.orders_of_rise.highest)

    @property
    def unexplained_fall_n(self) -> float:
        """Fall of the force in 0.2 s that the cord paid out cannot explain."""
        paid_out_mm = max(0.0, self.paid_out.highest - self.paid_out.last)
        explained_n = self._limits.cord_n_per_mm * paid_out_mm
        return self.fallen_from_n - self.forces.last - explained_n

    def share(self, happened: Recent) -> float:
        """Share of the link window's exchanges in which it happened."""
        return happened.count(self.now_s) * self.health.tick_s / LINK_WINDOW_S
