"""The last gate of a unit whose force loop is ours: how far the winch may turn inwards now.

For future units: every unit so far closes its loop itself, so nothing in the program calls this.
Meanwhile tests verify its limits, and the campaigns drive a loop of the host with it.
"""

from __future__ import annotations

from typing import Final

from controller.safety.limits import SafetyLimits
from controller.safety.situation import SLACK_N
from controller.safety.verdict import Action

MAX_STEP_MM: Final = 2.0
"""A small step limits what a failed host leaves to be wound in (plant.md#consequences)."""
MAX_SPEED_MM_PER_S: Final = 20.0
MAX_SLACK_SPEED_MM_PER_S: Final = 2.0


def inward_step_mm(
    limits: SafetyLimits,
    *,
    force_n: float | None,
    age_s: float,
    granted_force_n: float,
    latched: Action,
    tick_s: float,
) -> float:
    """Returns the largest inward step for this tick, applied after the regulator.

    Outward steps are free. 0 without a force, with one older than the stale limit, above the
    granted force and its margin, for a tick that is not positive, and permanently once a verdict
    from HOLD upwards is latched. NaN gives 0.
    """
    if latched >= Action.HOLD or force_n is None or not tick_s > 0.0:
        return 0.0
    if not age_s <= limits.stale_s or not force_n <= limits.trip_force_n(granted_force_n):
        return 0.0
    speed = MAX_SLACK_SPEED_MM_PER_S if force_n < SLACK_N else MAX_SPEED_MM_PER_S
    return min(MAX_STEP_MM, speed * tick_s)
