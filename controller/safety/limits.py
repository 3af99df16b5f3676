"""The limits that a session is supervised against. Each step can only narrow the one before."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyLimits:
    """The defaults are the hard limits; sources: devices.md D (row numbers) and "Times that bind".

    For every field a smaller value is the safer one. Where the regions differ, the default is the
    lumbar one and a cervical session narrows it.
    """

    # Force (N), and for how long (s)
    force_n: float = 981.0  # the largest that may be ordered (C.2)
    rate_up_n_per_s: float = 50.0  # the fastest rise that may be ordered (C.2)
    over_force_n: float = 10.0  # row 42, above the ceiling: the larger of the two
    over_force_share: float = 0.10
    over_force_s: float = 0.150
    rise_n: float = 40.0  # row 16, above the ordered rise in 0.5 s; cervical 20
    tension_loss_n: float = 20.0  # row 13, in 0.2 s
    tension_loss_share: float = 0.30
    tension_loss_floor_n: float = 5.0
    cord_n_per_mm: float = 20.0  # E.2: the most that a millimetre of paid out cord explains
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
    # Motion
    slip_mm_per_s: float = 1.0  # row 14, over 3 s
    slack_mm: float = 20.0  # row 15
    slack_mm_per_s: float = 3.0  # row 16: 2 mm/s, and 1 mm/s for the regulator's noise
    slack_fast_s: float = 0.200
    pull_mm: float = 150.0  # row 17, C.2: from the pretension on; cervical 80
    pull_warn_share: float = 0.80
    swing_n: float = 5.0  # row 43 and section F: the larger of the two
    swing_share: float = 0.05
    swings: float = 2.0
    set_point_n: float = 2.0  # row 37
    # Link
    silence_s: float = 0.300  # row 1
    stale_s: float = 0.250  # row 5
    missed_share: float = 0.05  # row 2, in 10 s
    missed_pairs: float = 1.0
    troubled_s: float = 10.0
    slow_answers_share: float = 0.01  # row 3: p99
    slow_share_of_tick: float = 0.6
    mismatches: float = 2.0  # row 4
    # Host
    late_warn_s: float = 0.150  # row 28
    late_s: float = 0.300
    clock_step_s: float = 2.0  # row 29
    suspended_s: float = 1.0  # row 30
    console_warn_s: float = 5.0
    console_s: float = 60.0  # the longest that the setting allows
    journal_s: float = 5.0  # rows 46 and 47
    over_time_s: float = 30.0  # section F: treatment time
    hold_s: float = 2.0  # class R3: a hold becomes a release

    def narrowed(self, **limits: float) -> SafetyLimits:
        """A copy in which each named limit is the smaller of the two; widening is impossible."""
        known = {f.name for f in fields(self)}
        unknown = set(limits) - known
        if unknown:
            raise ValueError(f"unknown safety limits: {sorted(unknown)}")
        return replace(self, **{name: min(getattr(self, name), v) for name, v in limits.items()})

    def trip_force_n(self, ceiling_n: float) -> float:
        """Measured force above which row 42 counts, newtons."""
        return ceiling_n + max(self.over_force_n, self.over_force_share * ceiling_n)
