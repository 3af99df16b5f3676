"""The planned session in words, before anything moves: stages, steps and the total time."""

from __future__ import annotations

from collections.abc import Iterator

from controller.order.force_unit import ForceUnit
from controller.order.phases import Stage
from controller.order.planner import TreatmentPlan
from controller.order.prescription import Mode, Prescription
from controller.words import lines_of


def plan_text(plan: TreatmentPlan, forces: ForceUnit = ForceUnit.NEWTON) -> str:
    """Returns several lines: the forces, their steps, and the total time."""
    return lines_of(_lines(plan, forces))


def _lines(plan: TreatmentPlan, unit: ForceUnit) -> Iterator[str]:
    order, times = plan.order, plan.times
    yield f"{order.region.value}, {order.mode.value}: {_forces(order, unit)}"
    yield f"  table        {order.table_text}"
    if order.progressive_steps:
        yield (
            f"  progressive  {_time(times.progressive_s)}, steps at "
            f"{_steps(plan, Stage.PROGRESSIVE, unit)}"
        )
    yield f"  treatment    {_time(times.treatment_s)}"
    if order.regressive_steps:
        yield (
            f"  regressive   {_time(times.regressive_s)}, steps at "
            f"{_steps(plan, Stage.REGRESSIVE, unit)}"
        )
    yield (
        f"  total        {_time(times.total_s)}: traction {_time(times.traction_s)}, pretension "
        f"{_time(times.pretension_s)}, release {_time(times.release_s)}; "
        f"before it at most {times.slack_limit_s:g} s to take up the slack"
    )


def _forces(order: Prescription, unit: ForceUnit) -> str:
    hold, rest = unit.with_other(order.hold_force_n), unit.with_other(order.rest_force_n)
    if order.mode is Mode.STATIC:
        return f"{hold} all the time"
    if order.mode is Mode.CYCLIC:
        return f"up to {hold} in {order.hold_s:g} s, down to {rest} in {order.rest_s:g} s"
    return f"hold {hold} for {order.hold_s:g} s, rest {rest} for {order.rest_s:g} s"


def _steps(plan: TreatmentPlan, stage: Stage, unit: ForceUnit) -> str:
    """Returns the forces of the steps; the rests between them are left out."""
    levels: dict[int, float] = {
        s.part: s.end_force_n for s in plan.profile.segments if s.stage is stage
    }
    every = 1 if plan.order.mode is Mode.STATIC else 2
    return ", ".join(map(unit.with_other, list(levels.values())[::every]))


def _time(seconds: float) -> str:
    minutes, rest_s = divmod(round(seconds), 60)
    return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
