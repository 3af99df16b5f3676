"""Changes of the ordered forces during a session: decreases always, increases by the rules.

Source of the rules: session-rules.md#in-motion and session-rules.md#arming.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from controller.errors import RequestRefused
from controller.order.planner import OrderedForces
from controller.order.prescription import LEAST_HOLD_N, Mode, Prescription, most_rest_n
from controller.requests import AdjustedForce, AdjustForce

INCREASE_SHARE: Final = 0.10
INCREASE_N: Final = 10.0
"""An increase per action is at most the smaller of the two."""
INCREASE_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceChange:
    """One ordered force changed from ``old_n`` to ``new_n`` newtons."""

    force: AdjustedForce
    old_n: float
    new_n: float
    reason: str


def changes_for(
    order: Prescription,
    forces: OrderedForces,
    request: AdjustForce,
    *,
    since_increase_s: float = math.inf,
) -> tuple[ForceChange, ...]:
    """Returns the changes for a request; raises RequestRefused naming value and limit.

    A lower hold force also lowers a rest force that would come too close. A decrease is limited to
    the least force that can be ordered, never refused for its size.
    """
    if order.mode is Mode.STATIC and request.force is AdjustedForce.REST:
        raise RequestRefused("a static treatment has no rest force; adjust the hold force")
    old_n = forces.hold_n if request.force is AdjustedForce.HOLD else forces.rest_n
    new_n = round(old_n + request.change_n, 1)
    if request.change_n > 0:
        _check_increase(order, forces, request, new_n, since_increase_s)
    else:
        new_n = max(new_n, LEAST_HOLD_N if request.force is AdjustedForce.HOLD else 0.0)
    if new_n == old_n:
        raise RequestRefused(
            f"the {request.force.value} force stays at {old_n:g} N: there is nothing less to "
            "order; end the session to release the patient"
        )
    change = ForceChange(force=request.force, old_n=old_n, new_n=new_n, reason=request.reason)
    return (change, *_rest_that_follows(order, forces, change))


def largest_increase_n(
    order: Prescription, forces: OrderedForces, *, since_increase_s: float
) -> float:
    """Returns the largest increase of the hold force that ``changes_for`` accepts, in 0.1 N."""
    if since_increase_s < INCREASE_EVERY_S:
        return 0.0
    room_n = min(INCREASE_SHARE * forces.hold_n, INCREASE_N, order.force_limit_n - forces.hold_n)
    if order.mode is not Mode.STATIC:
        longest_ramp_n = order.hold_s * order.ramp_up_n_per_s
        room_n = min(room_n, longest_ramp_n - (forces.hold_n - forces.rest_n))
    return max(0.0, math.floor(room_n * 10 + 1e-6) / 10)


def applied(forces: OrderedForces, changes: tuple[ForceChange, ...]) -> OrderedForces:
    """Returns the ordered forces after the changes."""
    for change in changes:
        if change.force is AdjustedForce.HOLD:
            forces = replace(forces, hold_n=change.new_n)
        else:
            forces = replace(forces, rest_n=change.new_n)
    return forces


def _rest_that_follows(
    order: Prescription, forces: OrderedForces, change: ForceChange
) -> tuple[ForceChange, ...]:
    if change.force is AdjustedForce.REST or order.mode is Mode.STATIC:
        return ()
    most_n = math.floor(most_rest_n(change.new_n) * 10 + 1e-6) / 10
    if forces.rest_n <= most_n:
        return ()
    reason = f"follows the hold force of {change.new_n:g} N"
    rest = ForceChange(force=AdjustedForce.REST, old_n=forces.rest_n, new_n=most_n, reason=reason)
    return (rest,)


def _check_increase(
    order: Prescription,
    forces: OrderedForces,
    request: AdjustForce,
    new_n: float,
    since_increase_s: float,
) -> None:
    if not request.reason.strip():
        raise RequestRefused("an increase needs a reason; say it behind the force")
    if since_increase_s < INCREASE_EVERY_S:
        raise RequestRefused(
            f"the last increase was {since_increase_s:.1f} s ago; wait {INCREASE_EVERY_S:g} s "
            "between two increases"
        )
    old_n = new_n - request.change_n
    most_n = min(INCREASE_SHARE * old_n, INCREASE_N)
    if request.change_n > most_n + 1e-6:
        raise RequestRefused(
            f"an increase of {request.change_n:g} N exceeds {most_n:z.1f} N (the smaller of 10 % "
            f"of {old_n:g} N and 10 N); ask for less at a time"
        )
    if request.force is AdjustedForce.HOLD:
        _check_maximum(order, new_n)
        hold_n, rest_n = new_n, forces.rest_n
    else:
        _check_rest(forces, new_n)
        hold_n, rest_n = forces.hold_n, new_n
    _check_ramp(order, hold_n - rest_n)


def _check_maximum(order: Prescription, new_n: float) -> None:
    if new_n <= order.force_limit_n + 1e-6:
        return
    if order.maximum_force_n is None:
        raise RequestRefused(
            f"{new_n:g} N is above the ordered hold force of {order.force_limit_n:g} N and the "
            "order has no maximum_force; a higher force needs a new order"
        )
    raise RequestRefused(
        f"{new_n:g} N exceeds maximum_force={order.force_limit_n:g} N of the order; "
        "a higher force needs a new order"
    )


def _check_rest(forces: OrderedForces, new_n: float) -> None:
    most_n = most_rest_n(forces.hold_n)
    if new_n > most_n + 1e-6:
        raise RequestRefused(
            f"a rest force of {new_n:g} N exceeds {most_n:z.1f} N (the smaller of 90 % of the hold "
            "force and hold force - 10 N); ask for less"
        )


def _check_ramp(order: Prescription, change_n: float) -> None:
    if order.mode is Mode.STATIC:
        return
    if change_n / order.ramp_up_n_per_s > order.hold_s + 1e-9:
        raise RequestRefused(
            f"the ramp up would take {change_n / order.ramp_up_n_per_s:.1f} s, longer than "
            f"hold_time={order.hold_s:g} s; ask for less"
        )
