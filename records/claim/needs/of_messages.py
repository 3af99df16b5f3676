"""The needs of a visit's messages: HL7 and FHIR, whatever the claim's form."""

from __future__ import annotations

from records.claim.context import TRACTION_CPT, ClaimContext
from records.claim.needs.need import Need, Needs, keys, party


def _reference(reference: str) -> Needs:
    """Yields the practice's number of the patient, where neither note nor claim have it."""
    if not reference:
        yield Need(about="patient", name="patient_ref")


def needs_of_fhir(context: ClaimContext, reference: str) -> Needs:
    """Yields those of a bundle; ``reference`` is the practice's number of the patient."""
    yield from _reference(reference)
    yield from party("rendering", "rendering", context.rendering)
    yield from keys("form", "", context, "diagnoses")


def needs_of_hl7(context: ClaimContext, reference: str) -> Needs:
    """Yields those of PID, in every message."""
    yield from _reference(reference)
    yield from party("patient", "patient", context.patient, "first_name")


def needs_of_dft(context: ClaimContext, reference: str) -> Needs:
    """Yields those of a charge: the patient, who treated, why, and for how much."""
    yield from needs_of_hl7(context, reference)
    yield from party("rendering", "rendering", context.rendering, "npi")
    yield from keys("form", "", context, "diagnoses")
    line = context.traction_line
    if line is None:
        yield Need(about="form", name=f"a {TRACTION_CPT} line")
    else:
        yield from keys("charge", f"lines.{context.lines.index(line) + 1}", line, "charge")
