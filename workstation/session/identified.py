"""Requires an identified patient before a visit's session on a unit for patients."""

from __future__ import annotations

from controller.errors import RequestRefused
from records.clinic.visit_steps import StepKind, VisitBegun


def check_identified(begun: VisitBegun | None) -> None:
    """Raise RequestRefused where nobody compared name and date of birth, or gave a reason why not.

    A session outside a visit has only the controller's question (PATIENT_AND_ORDER).
    """
    if begun is None:
        return
    newest = {step.kind: step for step in begun.steps}
    if StepKind.IDENTIFIED in newest:
        return
    left_out = newest.get(StepKind.NOT_IDENTIFIED)
    if left_out is None or not any(answered for _, answered in left_out.said):
        raise RequestRefused(
            "the unit treats patients, and nobody compared the patient's name and date of "
            "birth: continue the visit with --resume and compare both, or say why it cannot "
            "be done"
        )
