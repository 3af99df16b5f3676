"""Turns a prescription into the force profile of its treatment, before it or in the middle of it.

Every mode is a row of parts: a level that is reached by a ramp at the start of its time and kept
until its end (session-rules.md#ranges: hold and rest include their ramps).

* static: one part, as long as the treatment.
* intermittent: hold, rest, hold, ... until the treatment time is over, even within a cycle.
* cyclic: as intermittent, but each ramp takes all of its part: the force moves all the time
  between two forces (session-rules.md#modes-and-steps).
* progressive and regressive steps come before and after the treatment. Their forces divide
  the way from the pretension to the hold force evenly. A step of a static treatment is one part of
  the step time; any other step holds, then rests at half of the step's force.

All boundaries are whole milliseconds, the axis of the record; a ramp is rounded up to the next, so
that no ordered rate is exceeded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final

from controller.errors import OrderFault, PrescriptionInvalid
from controller.order.force_profile import ForceProfile, Segment
from controller.order.phases import Phase, Stage
from controller.order.prescription import Mode, Prescription

SLACK_FOLLOW_N: Final = 10.0
"""Set-point of the slack take-up: 5 N stalls with a dead band of 1 N
(session-rules.md#in-motion)."""
STEP_REST_SHARE: Final = 0.5
"""A step that rests drops to this share of its force (session-rules.md#modes-and-steps)."""
SLACK_LIMIT_S: Final = 30.0
"""Time limit of the slack take-up (session-rules.md#in-motion)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedForces:
    """The two forces that may be adjusted while the treatment runs, newtons."""

    hold_n: float
    rest_n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimes:
    """The planned times of a session, seconds; ``slack_limit_s`` is additional."""

    pretension_s: float
    progressive_s: float
    treatment_s: float
    regressive_s: float
    release_s: float
    slack_limit_s: float = SLACK_LIMIT_S

    @property
    def traction_s(self) -> float:
        """Returns progressive, treatment and regressive time: the traction time of the record."""
        return self.progressive_s + self.treatment_s + self.regressive_s

    @property
    def total_s(self) -> float:
        """Returns the time from the taut cord to the free cord."""
        return self.pretension_s + self.traction_s + self.release_s


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentPlan:
    """A feasible order with its course of force; made once, by ``plan``."""

    order: Prescription
    profile: ForceProfile

    @property
    def times(self) -> SessionTimes:
        """Returns the times of a session as shown before it starts."""
        return SessionTimes(
            pretension_s=self.order.pretension_s,
            progressive_s=self.profile.stage_s(Stage.PROGRESSIVE),
            treatment_s=self.profile.stage_s(Stage.TREATMENT),
            regressive_s=self.profile.stage_s(Stage.REGRESSIVE),
            release_s=self.profile.segments[-1].end_force_n / self.order.ramp_down_n_per_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A level and its time; ``full_end_ms`` is the end that it would have uncut."""

    key: str
    stage: Stage
    start_ms: int
    end_ms: int
    full_end_ms: int
    force_n: float
    dwell: Phase


def plan(order: Prescription) -> TreatmentPlan:
    """Plan the treatment; raises PrescriptionInvalid if a ramp does not fit into its part."""
    parts = _parts(order, ordered_forces(order))
    _check_ramps(order, parts)
    profile = ForceProfile(tuple(_segments(order, parts, 0, base_force_n(order))))
    return TreatmentPlan(order=order, profile=profile)


def replan(
    order: Prescription, forces: OrderedForces, *, at_ms: int, force_n: float
) -> ForceProfile:
    """Returns the rest of the treatment with other forces, starting from ``force_n`` at ``at_ms``.

    The times stay unchanged; a ramp that no longer fits is cut at the end of its part, and the next
    part continues from there, so the force stays continuous and no rate is exceeded.
    """
    return ForceProfile(tuple(_segments(order, _parts(order, forces), at_ms, force_n)))


def ordered_forces(order: Prescription) -> OrderedForces:
    """Returns the forces as they were ordered."""
    return OrderedForces(hold_n=order.hold_force_n, rest_n=order.rest_force_n)


def base_force_n(order: Prescription) -> float:
    """Returns the force at which the first ramp starts: the pretension, else a taut cord's."""
    return order.pretension_force_n or SLACK_FOLLOW_N


def level_n(order: Prescription, forces: OrderedForces, at_ms: int) -> float:
    """Returns the force that the part at ``at_ms`` leads to, newtons."""
    return next(p.force_n for p in _parts(order, forces) if at_ms < p.end_ms)


# --- the parts --------------------------------------------------------------------------------


def _parts(order: Prescription, forces: OrderedForces) -> list[_Part]:
    parts: list[_Part] = []
    for steps, stage in (
        (range(1, order.progressive_steps + 1), Stage.PROGRESSIVE),
        (None, Stage.TREATMENT),
        (range(order.regressive_steps, 0, -1), Stage.REGRESSIVE),
    ):
        start_ms = parts[-1].end_ms if parts else 0
        if steps is None:
            parts += _treatment(order, forces, start_ms)
        else:
            parts += _steps(order, forces, stage, steps, start_ms)
    return parts


def _treatment(order: Prescription, forces: OrderedForces, start_ms: int) -> Iterator[_Part]:
    end_ms = start_ms + _ms(order.treatment_s)
    if order.mode is Mode.STATIC:
        row = [("treatment_time", forces.hold_n, order.treatment_s, Phase.HOLDING)]
    else:
        row = _hold_and_rest(order, forces.hold_n, forces.rest_n)
    for part in _in_a_row(cycle(row), Stage.TREATMENT, start_ms):
        yield replace(part, end_ms=min(part.end_ms, end_ms))
        if part.end_ms >= end_ms:
            return


def _steps(
    order: Prescription, forces: OrderedForces, stage: Stage, steps: range, start_ms: int
) -> Iterator[_Part]:
    # A hold force that was lowered below the pretension is still the highest force.
    base_n = min(base_force_n(order), forces.hold_n)
    row: list[_Level] = []
    for step in steps:
        share = step / (len(steps) + 1)
        force_n = round(base_n + share * (forces.hold_n - base_n), 1)
        if order.mode is Mode.STATIC:
            row.append(("step_time", force_n, order.step_s, Phase.HOLDING))
        else:
            row += _hold_and_rest(order, force_n, round(STEP_REST_SHARE * force_n, 1))
    return _in_a_row(iter(row), stage, start_ms)


_Level = tuple[str, float, float, Phase]


def _hold_and_rest(order: Prescription, hold_n: float, rest_n: float) -> list[_Level]:
    return [
        ("hold_time", hold_n, order.hold_s, Phase.HOLDING),
        ("rest_time", rest_n, order.rest_s, Phase.RESTING),
    ]


def _in_a_row(levels: Iterator[_Level], stage: Stage, start_ms: int) -> Iterator[_Part]:
    for key, force_n, duration_s, dwell in levels:
        end_ms = start_ms + _ms(duration_s)
        yield _Part(
            key=key,
            stage=stage,
            start_ms=start_ms,
            end_ms=end_ms,
            full_end_ms=end_ms,
            force_n=force_n,
            dwell=dwell,
        )
        start_ms = end_ms


# --- their ramps ------------------------------------------------------------------------------


def _ramp_ms(order: Prescription, from_n: float, to_n: float) -> int:
    """Returns the length of a ramp at the ordered rate, rounded up to whole milliseconds."""
    rate = order.ramp_up_n_per_s if to_n > from_n else order.ramp_down_n_per_s
    return math.ceil(abs(to_n - from_n) / rate * 1000 - 1e-6)


def _check_ramps(order: Prescription, parts: list[_Part]) -> None:
    """Raise PrescriptionInvalid naming each key once, with its first part that is too short."""
    found: dict[str, OrderFault] = {}
    force_n = base_force_n(order)
    for part in parts:
        ramp_ms, part_ms = _ramp_ms(order, force_n, part.force_n), part.full_end_ms - part.start_ms
        if ramp_ms > part_ms:
            fault = OrderFault(
                key=part.key,
                value=f"{part_ms / 1000:g} s",
                what=f"is shorter than the ramp of {ramp_ms / 1000:.1f} s from {force_n:g} N to "
                f"{part.force_n:g} N; lengthen it or raise the ramp rate",
            )
            found.setdefault(part.key, fault)
        force_n = part.force_n
    if found:
        raise PrescriptionInvalid.of_faults(found.values())


def _segments(
    order: Prescription, parts: list[_Part], from_ms: int, force_n: float
) -> Iterator[Segment]:
    for number, part in enumerate(parts):
        if part.end_ms <= from_ms:
            continue
        at_ms = max(part.start_ms, from_ms)
        ramp_ms = _ramp_ms(order, force_n, part.force_n)
        if order.mode is Mode.CYCLIC and _leads_the_way_of_its_part(part, force_n):
            ramp_ms = max(ramp_ms, part.full_end_ms - at_ms)
        if ramp_ms:
            ramp = _ramp(part, number, at_ms, ramp_ms, force_n)
            yield ramp
            at_ms, force_n = at_ms + ramp_ms, ramp.end_force_n
        if at_ms < part.end_ms:
            yield _segment(part, number, part.dwell, (at_ms, part.end_ms), (force_n, force_n))


def _leads_the_way_of_its_part(part: _Part, force_n: float) -> bool:
    """True for up into a hold or down into a rest; a lowered hold force uses the ordered rate."""
    up = part.force_n > force_n
    return part.force_n != force_n and up is (part.dwell is Phase.HOLDING)


def _ramp(part: _Part, number: int, at_ms: int, ramp_ms: int, force_n: float) -> Segment:
    """Returns the ramp into a part, cut at the part's end."""
    phase = Phase.RAMPING_UP if part.force_n > force_n else Phase.RAMPING_DOWN
    end_ms, end_n = at_ms + ramp_ms, part.force_n
    if end_ms > part.end_ms:
        end_n = force_n + (part.end_ms - at_ms) / ramp_ms * (part.force_n - force_n)
        end_ms = part.end_ms
    return _segment(part, number, phase, (at_ms, end_ms), (force_n, end_n))


def _segment(
    part: _Part, number: int, phase: Phase, ms: tuple[int, int], forces_n: tuple[float, float]
) -> Segment:
    return Segment(
        phase=phase,
        stage=part.stage,
        part=number,
        start_s=ms[0] / 1000,
        end_s=ms[1] / 1000,
        start_force_n=forces_n[0],
        end_force_n=forces_n[1],
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
