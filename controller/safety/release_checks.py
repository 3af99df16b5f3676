"""The hazards of a release: checked from the first release order until the patient is free."""

from __future__ import annotations

from controller.safety.hazard import RELEASING, Check, Exceeded, above, hazard, known
from controller.safety.limits import SafetyLimits
from controller.safety.situation import Situation, SupervisedStage
from controller.safety.verdict import Action

_CLEARS = "look at the patient, open the clutch"


@hazard(42, Action.RELEASE_FAST, "N", _CLEARS, stages=RELEASING)
def release_rising(now: Situation, limits: SafetyLimits) -> Exceeded:
    """In a release the force exceeds its initial value: the drive winds in."""
    if not now.rising_in_release.lasts(now.now_s, limits.over_force_s):
        return None
    return known(now.largest_force_n, now.orders.release_trip_n)


@hazard(42, Action.RELEASE_FAST, "N", _CLEARS, stages=RELEASING)
def release_slow(now: Situation, limits: SafetyLimits) -> Exceeded:
    """In a release the force falls more slowly than ordered: the winch is jammed."""
    if not now.slow_in_release.lasts(now.now_s, limits.slow_release_s):
        return None
    return known(now.largest_force_n, now.orders.may_be_left_n(now.now_s))


@hazard(23, Action.CUT_POWER, "N", _CLEARS, stages=RELEASING)
def fast_release_rising(now: Situation, limits: SafetyLimits) -> Exceeded:
    """Even a fast release did not stop the rise: only the clutch is left."""
    rising = now.rising_in_release.lasts(now.now_s, limits.over_force_s)
    if not rising or now.orders.fast_for_s < limits.over_force_s:
        return None
    return known(now.largest_force_n, now.orders.release_trip_n)


@hazard(23, Action.CUT_POWER, "s", _CLEARS, stages=RELEASING)
def fast_release_late(now: Situation, limits: SafetyLimits) -> Exceeded:
    """A fast release has had its time and the force is still on, or unknown."""
    return above(now.orders.fast_for_s, limits.fast_release_s) if now.force_is_on else None


@hazard(23, Action.CUT_POWER, "s", _CLEARS, stages=RELEASING)
def force_still_on(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The unit has ended its session, or its motor has no power, and the force stays on."""
    return above(now.still_on.lasting_s(now.now_s), limits.still_on_s)


@hazard(42, Action.CUT_POWER, "N", _CLEARS, stages=frozenset({SupervisedStage.FREE}))
def force_back_on(now: Situation, limits: SafetyLimits) -> Exceeded:
    """The patient was free and there is force again."""
    if not now.back_after_release.lasts(now.now_s, limits.over_force_s):
        return None
    return known(now.largest_force_n, limits.free_n)


RELEASE_CHECKS: tuple[Check, ...] = (
    release_rising,
    release_slow,
    fast_release_rising,
    fast_release_late,
    force_still_on,
    force_back_on,
)
