"""The limits of a session's supervision. Each step can only narrow the one before."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyLimits:
    """The defaults are the hard limits; sources: hazards.md (rows), times.md, session-rules.md.

    For every field a smaller value is safer. If the regions differ, the default is the lumbar one,
    and a cervical session narrows it.
    """

    # Force (N), and for how long (s)
    force_n: float = 981.0  # the largest that may be ordered
    rate_up_n_per_s: float = 50.0  # the fastest rise that may be ordered
    rate_n_per_s: float = 100.0  # the fastest rate in a command: down at most 2 x up
    over_force_n: float = 10.0  # row 42, above the ceiling: the larger of the two
    over_force_share: float = 0.10
    over_force_s: float = 0.150
    track_n: float = 10.0  # force beside the set-point in effect: the larger of the two
    track_share: float = 0.10
    above_s: float = 2.5
    below_s: float = 3.0
    winding_mm: float = 0.3  # wound in within 1 s: the drive is still moving there
    rise_n: float = 40.0  # row 16, above the ordered rise in 0.5 s; cervical 20
    tension_loss_n: float = 20.0  # row 13, in 0.2 s
    tension_loss_share: float = 0.30
    tension_loss_floor_n: float = 5.0
    cord_n_per_mm: float = 20.0  # plant.md: the most that a millimetre of cord paid out explains
    # Force channels
    disagree_n: float = 10.0  # row 7: the larger of the two
    disagree_share: float = 0.10
    disagree_s: float = 0.300
    zero_shift_n: float = 5.0  # row 7
    capacity_n: float = 3276.7  # row 8: the map's rail, narrowed to the unit's cell
    negative_n: float = 20.0  # row 9
    sign_fall_n: float = 3.0  # row 10: ten times the cell's noise
    sign_mm: float = 3.0
    stuck_moving_s: float = 1.0  # row 6
    stuck_s: float = 3.0
    stuck_mm: float = 0.5
    stuck_order_n: float = 5.0  # the force must move: five steps of the coarsest display
    # Release
    free_n: float = 20.0  # reference map B.10: at or below it a unit may be disarmed
    slow_release_n: float = 10.0  # above what remains at the ordered rate: the larger of the two
    slow_release_share: float = 0.05
    slow_release_s: float = 2.0
    fast_release_s: float = 4.0  # hazards.md#reactions: lumbar 4 s, cervical 2 s
    still_on_s: float = 3.0  # row 23
    # Motion
    slip_mm_per_s: float = 1.0  # row 14, over 3 s, beyond what force and creep explain
    creep_per_s: float = 0.004  # of the pull; still patients need none (decision 0138)
    softest_n_per_mm: float = 2.5  # plant.md: cord and a body half as stiff as the softest
    slack_mm: float = 20.0  # row 15
    slack_mm_per_s: float = 3.0  # row 16: 2 mm/s, and 1 mm/s for the regulator's noise
    slack_fast_s: float = 0.200
    pull_mm: float = 150.0  # row 17: from the pretension on; cervical 80
    pull_warn_share: float = 0.80
    swing_n: float = 5.0  # row 43 and acceptance-limits.md: the larger of the two
    swing_share: float = 0.05
    swings: float = 2.0
    set_point_n: float = 2.0  # row 37
    # Link
    silence_s: float = 0.300  # row 1
    stale_s: float = 0.250  # row 5
    watchdog_s: float = 0.500  # the unit's watchdog (times.md)
    missed_share: float = 0.05  # row 2, in 10 s
    missed_pairs: float = 1.0
    troubled_s: float = 10.0
    slow_answers_share: float = 0.01  # row 3: p99
    slow_share_of_tick: float = 0.6
    mismatches: float = 2.0  # row 4, in 10 s
    # Host
    late_warn_s: float = 0.150  # row 28
    late_s: float = 0.300
    clock_step_s: float = 2.0  # row 29
    suspended_s: float = 1.0  # row 30
    console_warn_s: float = 5.0
    console_s: float = 60.0  # the longest that the setting allows
    station_warn_s: float = 5.0
    station_s: float = 60.0  # times.md
    journal_s: float = 5.0  # rows 46 and 47
    session_s: float = 7500.0  # row 27: 99 min, what comes before it and its pauses
    dwell_s: float = 6300.0  # row 27: 99 min at one force and its pauses
    hold_s: float = 2.0  # class R3: a hold becomes a release

    def narrowed(self, **limits: float) -> SafetyLimits:
        """Returns a copy in which each named limit is the smaller of the two.

        Widening is impossible.
        """
        known = {f.name for f in fields(self)}
        unknown = set(limits) - known
        if unknown:
            raise ValueError(f"unknown safety limits: {sorted(unknown)}")
        return replace(self, **{name: min(getattr(self, name), v) for name, v in limits.items()})

    def trip_force_n(self, ceiling_n: float) -> float:
        """Returns the measured force above which row 42 counts, newtons."""
        return ceiling_n + max(self.over_force_n, self.over_force_share * ceiling_n)
