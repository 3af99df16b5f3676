"""The messages about the effects of a request, for its sender.

A refusal is reported with its reason where it happens (``machine``, ``runtime.asides``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from controller.event_details.treatment import RefusalRecorded
from controller.requests import AdjustForce, CheckIn, Pause, Remark, RequestSettled
from controller.session.adjustments import ForceChange
from controller.session.inputs_and_effects import Ask, Effect, Emit, Tell


def adjusted(request: AdjustForce, changes: tuple[ForceChange, ...]) -> Tell:
    """Returns each ordered force that changed, from what to what: "hold 102.3 N -> 97.3 N"."""
    told = [f"{each.force.value} {_forces(each.old_n, each.new_n)}" for each in changes]
    return Tell(f"{', '.join(told)}, by {request.by}")


def paused(request: Pause, held_n: float) -> Tell:
    """Returns the force that is held; the treatment clock is stopped."""
    return Tell(f"paused at {held_n:z.1f} N, the treatment clock is stopped, by {request.by}")


def resumed(by: str, from_n: float, to_n: float) -> Tell:
    """Returns the way back to the treatment."""
    return Tell(f"resumed: {_forces(from_n, to_n)}, then the treatment goes on, by {by}")


def followed(request: CheckIn | Remark) -> Tell:
    """Returns what was recorded."""
    match request:
        case CheckIn(by=by):
            return Tell(f"recorded: {by} checked on the patient")
        case Remark(by=by, text=text):
            return Tell(f"recorded, by {by}: {text}")
        case _:
            assert_never(request)


def outcome_of(effects: Sequence[Effect]) -> RequestSettled:
    """Returns the outcome of the request that these effects answer."""
    for effect in effects:
        if isinstance(effect, Emit) and isinstance(effect.said, RefusalRecorded):
            return RequestSettled(followed=False, text=effect.said.reason)
    told = [effect.text for effect in effects if isinstance(effect, Tell | Ask)]
    return RequestSettled(followed=True, text=told[-1] if told else "")


def _forces(from_n: float, to_n: float) -> str:
    return f"{from_n:z.1f} N -> {to_n:z.1f} N"
