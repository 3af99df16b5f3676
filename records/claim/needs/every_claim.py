"""What every claim needs, whatever its form."""

from __future__ import annotations

from records.claim.charge_line import DIAGNOSES_ON_A_LINE, MODIFIERS_ON_A_LINE
from records.claim.code_sets import REPLACING
from records.claim.context import ClaimContext
from records.claim.needs.need import (
    MEMBER_ID,
    Need,
    Needs,
    address,
    has_a_payer,
    is_open,
    keys,
    party,
)


def needs_of_any_claim(context: ClaimContext) -> Needs:
    """Yields who was treated, who bills, who treated, for how much, why, and who pays."""
    yield from _patient(context)
    billing = context.billing
    yield from party("billing", "billing", billing, "npi", "tin", "tin_kind")
    if billing is not None:
        yield from address("billing", "billing", billing.address)
    yield from party("rendering", "rendering", context.rendering, "npi")
    for number, line in enumerate(context.lines, start=1):
        yield from keys("place", f"lines.{number}", line, "pos")
        yield from keys("charge", f"lines.{number}", line, "charge")
    yield from keys("form", "", context, "diagnoses")
    if has_a_payer(context):
        yield from keys("form", "payer", context.payer, "name")
        yield from keys("form", "", context, "accept_assignment")


def _patient(context: ClaimContext) -> Needs:
    patient, subscriber = context.patient, context.subscriber
    yield from party("patient", "patient", patient, "first_name", "birth_date", "sex")
    if patient is not None:
        yield from address("patient", "patient", patient.address)
    if subscriber is not None:
        yield from party("patient", "subscriber", subscriber, "first_name")
    insured = subscriber or patient
    if has_a_payer(context) and insured is not None and is_open(insured.member_id):
        yield Need(about="patient", name=MEMBER_ID)


def needs_of_a_sent_claim(context: ClaimContext) -> Needs:
    """Yields what both forms of a practitioner's claim need beyond that."""
    if context.subscriber and context.payer.kind == "medicare_b":
        name = "a claim without subscriber: Medicare insures the patient only"
        yield Need(about="form", name=name)
    yield from _frequency(context)
    yield from _room_on_lines(context)


def _frequency(context: ClaimContext) -> Needs:
    """Yields the earlier claim's number, which only a corrected or void claim names."""
    if context.frequency in REPLACING:
        yield from keys("form", "", context, "payer_claim_number")
    elif context.payer_claim_number:
        name = "frequency (corrected or void) beside payer_claim_number"
        yield Need(about="form", name=name)


def _room_on_lines(context: ClaimContext) -> Needs:
    """Yields what has no room: a fifth one would have another meaning there."""
    for number, line in enumerate(context.lines, start=1):
        place = f"lines.{number}"
        yield from keys("form", place, line, "dx_pointers")
        counted = (
            ("modifiers", len(line.modifiers), MODIFIERS_ON_A_LINE),
            ("diagnosis pointers", len(line.dx_pointers), DIAGNOSES_ON_A_LINE),
        )
        for what, count, most in counted:
            if count > most:
                name = f"room for {count} {what} of {place} (a line holds {most})"
                yield Need(about="form", name=name)
