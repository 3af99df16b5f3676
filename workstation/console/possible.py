"""What may be asked of a session now, and for everything else why not, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from controller.order.force_unit import ForceUnit
from controller.order.phases import FINAL_PHASES, Phase
from controller.order.prescription import NEWTONS_PER_KGF, NEWTONS_PER_LBF
from controller.requests import (
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    Remark,
    Resume,
    TreatmentRequest,
)
from controller.session.request_rules import phases_for
from controller.snapshot import Doing, Snapshot

STEPS_N: Final = {
    ForceUnit.NEWTON: 5.0,
    ForceUnit.POUND: NEWTONS_PER_LBF,
    ForceUnit.KILOGRAM: 0.5 * NEWTONS_PER_KGF,
}
"""By how much one click changes the force, by the clinic's unit."""
AT_THE_LIMIT_N: Final = 0.05
BETWEEN_INCREASES: Final = (
    "More is not possible at this moment: at least 2 s must pass between two increases, and "
    "a ramp may not take longer than the hold."
)
NOT_HEARD: Final = "not heard"
"""Fills in for the phase of a unit that sends nothing."""
WHO: Final = "Say who sits here first."


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleAct:
    """Something that can be asked for; ``why_not`` is "" where it would be followed now.

    ``change_n`` is what a change of force would add. ``outward`` leads to less force or serves the
    patient: it needs nobody's name.
    """

    name: str
    label: str
    why_not: str = ""
    change_n: float = 0.0
    outward: bool = False

    @property
    def version(self) -> str:
        """Returns a value that changes when the act reads differently."""
        return f"{self.label}|{self.why_not}"


def acts_now(shown: Snapshot, forces: ForceUnit, *, signed_in: bool) -> dict[str, PossibleAct]:
    """Returns every act by its name, in the order of a page."""
    step_n = STEPS_N[forces]
    more_n = min(step_n, math.floor(shown.increase_n * 10 + 1e-6) / 10) or step_n
    acts = (
        PossibleAct(
            name="less",
            label=f"Less by {forces.in_unit(step_n)}",
            why_not=_refused(AdjustForce(by=_ANYBODY, change_n=-step_n), "Less", shown),
            change_n=-step_n,
            outward=True,
        ),
        PossibleAct(
            name="more",
            label=f"More by {forces.in_unit(more_n)}",
            why_not=_more(shown, forces, signed_in),
            change_n=more_n,
        ),
        PossibleAct(name="pause", label="Pause", why_not=_pause(shown), outward=True),
        PossibleAct(name="resume", label="Resume", why_not=_resume(shown, signed_in)),
        PossibleAct(
            name="check_in",
            label="Check-in",
            why_not=_refused(CheckIn(by=_ANYBODY), "A check-in", shown),
            outward=True,
        ),
        PossibleAct(
            name="remark",
            label="Remark",
            why_not=_refused(Remark(by=_ANYBODY, text="."), "A remark", shown),
            outward=True,
        ),
        PossibleAct(
            name="end",
            label="End the treatment",
            why_not=_refused(EndEarly(by=_ANYBODY), "The end", shown),
            outward=True,
        ),
    )
    return {act.name: act for act in acts}


_ANYBODY: Final = "anybody"


def phase_of(shown: Snapshot) -> Phase:
    """Returns the phase of a snapshot; IDLE for an unknown one."""
    return next((each for each in Phase if each.label == shown.phase), Phase.IDLE)


def _refused(request: TreatmentRequest, called: str, shown: Snapshot) -> str:
    """Returns why a request is refused in this phase."""
    if shown.doing is not Doing.SESSION:
        why = (
            "nothing is heard from the table"
            if shown.phase == NOT_HEARD
            else "no treatment is open"
        )
        return f"{called} is not possible: {why}."
    phase = phase_of(shown)
    if phase in phases_for(request):
        return ""
    if phase in FINAL_PHASES:
        return f"{called} is not possible: the treatment has ended."
    return f"{called} is not possible while {phase.label.replace('_', ' ')}."


def _pause(shown: Snapshot) -> str:
    if shown.doing is Doing.SESSION and phase_of(shown) is Phase.PAUSED:
        return "Pause is not possible: the treatment is paused."
    return _refused(Pause(by=_ANYBODY), "Pause", shown)


def _resume(shown: Snapshot, signed_in: bool) -> str:
    why_not = _refused(Resume(by=_ANYBODY), "Resume", shown)
    if why_not and shown.doing is Doing.SESSION and phase_of(shown) not in FINAL_PHASES:
        why_not = "Resume is not possible: the treatment is not paused."
    return why_not or ("" if signed_in else WHO)


def _more(shown: Snapshot, forces: ForceUnit, signed_in: bool) -> str:
    why_not = _refused(AdjustForce(by=_ANYBODY, change_n=1.0), "More", shown)
    if why_not:
        return why_not
    if shown.increase_n <= 0:
        ceiling_n, limit_n = shown.ceiling_n, shown.limit_n
        if ceiling_n is not None and limit_n is not None and ceiling_n > limit_n - AT_THE_LIMIT_N:
            return (
                f"More is not possible: the order allows at most {forces.in_unit(limit_n)}. "
                "Lower the order's limit only with a new order."
            )
        return BETWEEN_INCREASES
    return "" if signed_in else WHO
