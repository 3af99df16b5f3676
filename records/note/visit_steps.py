"""A note's texts about the steps of a visit before its session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from records.clinic.visit_steps import StepKind, VisitStep
from records.provenance import Origin, Sourced

SOURCE = "visit"
DOCUMENT = "steps of the visit"


def steps_fields(steps: Sequence[VisitStep]) -> Iterator[Sourced[str]]:
    """Returns who compared the patient with the order, and why a force was given; none without."""
    newest = {step.kind: step for step in steps}
    identified = newest.get(StepKind.IDENTIFIED)
    if identified is not None:
        compared = " and ".join(asked for asked, _ in identified.said)
        yield _field("patient_identified", "Patient identified", f"{compared} compared", identified)
    elif StepKind.NOT_IDENTIFIED in newest:
        step = newest[StepKind.NOT_IDENTIFIED]
        reason = _why(step)
        why = f"not compared: {reason}" if reason else "not compared, no reason given"
        yield _field("patient_identified", "Patient identified", why, step)
    if StepKind.FORCE_CONFIRMED in newest:
        step = newest[StepKind.FORCE_CONFIRMED]
        yield _field("force_confirmed", "Force not lowered", _why(step), step)


def _why(step: VisitStep) -> str:
    return "; ".join(answered for _, answered in step.said)


def _field(name: str, label: str, value: str, step: VisitStep) -> Sourced[str]:
    return Sourced(
        name=name,
        label=label,
        value=value,
        origin=Origin.CLINICIAN,
        source=SOURCE,
        attested_by=step.by,
        attested_utc_ms=step.at_utc_ms,
        document=DOCUMENT,
    )
