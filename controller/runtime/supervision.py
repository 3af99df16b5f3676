"""Narrows the supervisor's hard limits: by region, by the unit's capabilities, by the order."""

from __future__ import annotations

from typing import Final

from controller.order.planner import TreatmentPlan
from controller.order.prescription import REGION_LIMITS, Region
from controller.ports import WATCHDOG_S, UnitCapabilities
from controller.runtime.session_ports import CONSOLE_LOST_S
from controller.safety.limits import SafetyLimits
from controller.session.approach import ANSWER_LIMIT_S

PAUSES_S: Final = 900.0
"""Time that all pauses of a session may add to its planned time before the supervisor ends it."""
DWELL_PAUSES_S: Final = 300.0
"""Time that pauses may add to the longest dwell at one force."""

REGION_NARROWING: dict[Region, dict[str, float]] = {
    # hazards.md, rows 16 (rise beyond the ordered one in 0.5 s) and 17 (pull length).
    Region.CERVICAL: {"rise_n": 20.0, "pull_mm": 80.0, "fast_release_s": 2.0},
    Region.LUMBAR: {"rise_n": 40.0, "pull_mm": 150.0, "fast_release_s": 4.0},
}


def session_limits(
    plan: TreatmentPlan, unit: UnitCapabilities, *, console_lost_s: float = CONSOLE_LOST_S
) -> SafetyLimits:
    """Returns the limits of one session; every step can only lower them."""
    order = plan.order
    region = SafetyLimits().narrowed(
        force_n=REGION_LIMITS[order.region].hard_force_n,
        rate_up_n_per_s=REGION_LIMITS[order.region].ramp_up_n_per_s[1],
        console_s=console_lost_s,
        **REGION_NARROWING[order.region],
    )
    profile = region.narrowed(
        force_n=unit.rated_force_n,
        rate_up_n_per_s=unit.max_rate_up_n_per_s,
        capacity_n=unit.cell_capacity_n,
    )
    return profile.narrowed(
        force_n=order.force_limit_n,
        rate_up_n_per_s=order.ramp_up_n_per_s,
        rate_n_per_s=max(order.ramp_up_n_per_s, order.ramp_down_n_per_s),
        session_s=plan.times.total_s + PAUSES_S,
        dwell_s=_longest_dwell_s(plan) + DWELL_PAUSES_S,
        watchdog_s=WATCHDOG_S,
    )


def _longest_dwell_s(plan: TreatmentPlan) -> float:
    """Returns the longest dwell of the order: a hold, a rest, a step or the pretension."""
    segments = plan.profile.segments
    dwells_s = [s.duration_s for s in segments if s.start_force_n == s.end_force_n]
    return max([*dwells_s, plan.order.pretension_s, ANSWER_LIMIT_S])
