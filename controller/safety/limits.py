"""The limits that a session is supervised against. Each step can only narrow the one before."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyLimits:
    """The defaults are the hard limits; sources: devices.md D (row numbers) and "Times that bind".

    For every field a smaller value is the safer one.
    """

    force_n: float = 981.0
    """Largest force that may be ordered (region lumbar, C.2)."""
    over_force_n: float = 10.0
    """Row 42: absolute margin of the measured force above the ceiling, newtons."""
    over_force_share: float = 0.10
    """Row 42: relative margin; the larger of the two counts."""
    over_force_s: float = 0.150
    stale_s: float = 0.250
    """Row 5: sample counter unchanged or age reported by the unit."""
    silence_s: float = 0.300
    """Row 1: no accepted reading."""
    late_warn_s: float = 0.150
    late_s: float = 0.300
    """Row 28: lateness of a tick."""
    tension_loss_n: float = 20.0
    """Row 13: fall of the force within ``tension_loss_window_s`` without a pay-out order."""
    tension_loss_share: float = 0.30
    tension_loss_floor_n: float = 5.0
    tension_loss_window_s: float = 0.200
    journal_s: float = 5.0
    """Row 47: time for which no record became durable."""
    hold_s: float = 2.0
    """Class R3: a hold becomes a release after this time."""

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
