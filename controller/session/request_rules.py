"""The phases in which a request is followed; in all others it is refused by name."""

from __future__ import annotations

from typing import assert_never

from controller.order.phases import FORCE_PHASES, TREATING_PHASES, Phase
from controller.requests import (
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    Remark,
    Resume,
    TreatmentRequest,
)

_DRIVEN_PHASES = FORCE_PHASES | {Phase.ARMED}


def phases_for(request: TreatmentRequest) -> frozenset[Phase]:
    """Returns the phases in which a request is followed (session-rules.md#in-motion)."""
    match request:
        case Pause():
            return TREATING_PHASES
        case Resume():
            return frozenset({Phase.PAUSED})
        case AdjustForce(change_n=change_n):
            return TREATING_PHASES | {Phase.PAUSED} if change_n > 0 else _DRIVEN_PHASES
        case EndEarly():
            return _DRIVEN_PHASES
        case CheckIn() | Remark():
            return _DRIVEN_PHASES | {Phase.RELEASING}
        case _:
            assert_never(request)
