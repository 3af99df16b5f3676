"""Narrows the supervisor's hard limits: by region, by what the unit can do, then by the order."""

from __future__ import annotations

from typing import Final

from controller.ports import UnitCapabilities
from controller.prescription import REGION_LIMITS, Prescription, Region
from controller.safety.limits import SafetyLimits

CONSOLE_LOST_S: Final = 15.0
"""How long a session goes on without its console ("Times that bind": a setting of 5 to 60 s)."""

REGION_NARROWING: dict[Region, dict[str, float]] = {
    # devices.md E.3 (rise beyond the ordered one in 0.5 s) and C.2 (pull length).
    Region.CERVICAL: {"rise_n": 20.0, "pull_mm": 80.0},
    Region.LUMBAR: {"rise_n": 40.0, "pull_mm": 150.0},
}


def session_limits(order: Prescription, unit: UnitCapabilities) -> SafetyLimits:
    """The limits of one session; every step can only make them smaller."""
    region = SafetyLimits().narrowed(
        force_n=REGION_LIMITS[order.region].hard_force_n,
        rate_up_n_per_s=REGION_LIMITS[order.region].ramp_up_n_per_s[1],
        console_s=CONSOLE_LOST_S,
        **REGION_NARROWING[order.region],
    )
    profile = region.narrowed(
        force_n=unit.rated_force_n,
        rate_up_n_per_s=unit.max_rate_up_n_per_s,
        capacity_n=unit.cell_capacity_n,
    )
    return profile.narrowed(force_n=order.force_limit_n, rate_up_n_per_s=order.ramp_up_n_per_s)
