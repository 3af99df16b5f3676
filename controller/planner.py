"""Turns a prescription into the force profile of its treatment.

Hold and rest times include the ramp that leads into them (session.md 2.3); the treatment ends
wherever the cycle then stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from controller.errors import PrescriptionInvalid
from controller.force_profile import ForceProfile, Segment
from controller.phases import Phase, Stage
from controller.prescription import Mode, Prescription

SLACK_FOLLOW_N = 10.0
"""Set-point of the slack take-up: 5 N stalls in a regulator with 1 N dead band (session.md 2.2)."""


def plan(prescription: Prescription) -> ForceProfile:
    """Plan the treatment; raises PrescriptionInvalid when its first ramp does not fit."""
    if prescription.mode is Mode.STATIC:
        parts: Iterator[_Part] = iter([_static_part(prescription)])
    else:
        parts = cycle(_cycle_parts(prescription))
    return ForceProfile(tuple(_segments(prescription, parts)))


def base_force_n(prescription: Prescription) -> float:
    """The force from which the first ramp starts: the pretension, or the taut cord without one."""
    return prescription.pretension_force_n or SLACK_FOLLOW_N


class _Part:
    """A ramp and the dwell behind it: ``duration_s`` covers both."""

    def __init__(self, key: str, force_n: float, duration_s: float, ramp: Phase, dwell: Phase):
        self.key, self.force_n, self.duration_s = key, force_n, duration_s
        self.ramp, self.dwell = ramp, dwell


def _static_part(order: Prescription) -> _Part:
    return _Part(
        "treatment_time", order.hold_force_n, order.treatment_s, Phase.RAMPING_UP, Phase.HOLDING
    )


def _cycle_parts(order: Prescription) -> list[_Part]:
    return [
        _Part("hold_time", order.hold_force_n, order.hold_s, Phase.RAMPING_UP, Phase.HOLDING),
        _Part("rest_time", order.rest_force_n, order.rest_s, Phase.RAMPING_DOWN, Phase.RESTING),
    ]


def _segments(order: Prescription, parts: Iterator[_Part]) -> Iterator[Segment]:
    start_s, force_n = 0.0, base_force_n(order)
    for part in parts:
        for segment in _part_segments(order, part, start_s, force_n):
            if segment.start_s >= order.treatment_s:
                return
            yield _cut(segment, order.treatment_s)
        start_s, force_n = start_s + part.duration_s, part.force_n
        if start_s >= order.treatment_s:
            return


def _part_segments(
    order: Prescription, part: _Part, start_s: float, force_n: float
) -> Iterator[Segment]:
    change_n = part.force_n - force_n
    rate = order.ramp_up_n_per_s if change_n > 0 else order.ramp_down_n_per_s
    ramp_s = abs(change_n) / rate
    if ramp_s > part.duration_s + 1e-9:
        raise PrescriptionInvalid(
            f"{part.key}={part.duration_s:g} s is shorter than the ramp of {ramp_s:.1f} s from "
            f"{force_n:g} N to {part.force_n:g} N; lengthen it or raise the ramp rate"
        )
    if ramp_s > 0:
        yield _segment(part.ramp, start_s, ramp_s, force_n, part.force_n)
    if part.duration_s - ramp_s > 1e-9:
        yield _segment(
            part.dwell, start_s + ramp_s, part.duration_s - ramp_s, part.force_n, part.force_n
        )


def _segment(
    phase: Phase, start_s: float, duration_s: float, from_n: float, to_n: float
) -> Segment:
    return Segment(
        phase=phase,
        stage=Stage.TREATMENT,
        start_s=start_s,
        duration_s=duration_s,
        start_force_n=from_n,
        end_force_n=to_n,
    )


def _cut(segment: Segment, end_s: float) -> Segment:
    if segment.end_s <= end_s:
        return segment
    return Segment(
        phase=segment.phase,
        stage=segment.stage,
        start_s=segment.start_s,
        duration_s=end_s - segment.start_s,
        start_force_n=segment.start_force_n,
        end_force_n=segment.force_n(end_s),
    )
