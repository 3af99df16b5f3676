"""The needs of an 837P (005010X222A1), and its codes for the values."""

from __future__ import annotations

from records.claim.context import ClaimContext, Party
from records.claim.needs.every_claim import needs_of_a_sent_claim, needs_of_any_claim
from records.claim.needs.need import Need, Needs, address, has_a_payer, keys, party
from records.claim.needs.other_payer import needs_of_other_payer_in_837p

FILING_CODES = {
    "medicare_b": "MB",
    "medicare_advantage": "16",
    "medicaid": "MC",
    "commercial": "CI",
    "workers_comp": "WC",
    "va": "VA",
    "auto": "AM",
}
"""SBR09 of each kind of payer; a self-paying patient has no payer."""
RELATIONSHIPS = {"spouse": "01", "child": "19", "other": "G8"}
"""PAT01: the patient to the subscriber."""
CAUSES = {"auto": "AA", "employment": "EM", "other": "OA"}
"""CLM11, which has room for two."""
PHONE_DIGITS = 10


def needs_of_837p(context: ClaimContext) -> Needs:
    """Yields everything that is missing, by name."""
    yield from needs_of_any_claim(context)
    yield from needs_of_a_sent_claim(context)
    yield from _parties(context)
    if has_a_payer(context):
        yield from keys("form", "payer", context.payer, "payer_id")
    else:
        yield Need(about="form", name=f"a payer to send to (payer.kind={context.payer.kind})")
    names = ("submitter_id", "receiver_id", "benefits_assigned", "release_of_information")
    yield from keys("form", "", context, *names)
    yield from _causes(context)
    yield from _renderers(context)
    yield from needs_of_other_payer_in_837p(context)


def _parties(context: ClaimContext) -> Needs:
    billing, referring, facility = context.billing, context.referring, context.service_facility
    if billing is not None:
        yield from keys("billing", "billing", billing, "phone", "taxonomy")
        if billing.phone and len(phone_digits(billing)) != PHONE_DIGITS:
            yield Need(about="billing", name=f"ten digits of billing.phone={billing.phone}")
    if referring is not None:
        yield from party("form", "referring", referring, "first_name", "npi")
    if facility is not None:
        yield from party("form", "service_facility", facility)
        yield from address("form", "service_facility", facility.address)
    yield from _subscriber(context)


def _subscriber(context: ClaimContext) -> Needs:
    """Yields the insured, of whom names and member id are enough if not the patient."""
    subscriber, relationship = context.subscriber, context.patient_relationship
    if subscriber is None:
        return
    if subscriber.address is not None:
        yield from address("patient", "subscriber", subscriber.address)
    if relationship not in RELATIONSHIPS:
        name = f"patient_relationship to the subscriber (now {relationship})"
        yield Need(about="patient", name=name)


def _causes(context: ClaimContext) -> Needs:
    causes = [cause for cause in context.related_causes if cause in CAUSES]
    if len(causes) > 2:
        yield Need(about="form", name="room for three related_causes (CLM11 holds two)")
    if "auto" in causes:
        yield from keys("form", "", context, "accident_state")
    if {"auto", "other"} & set(causes):
        yield from keys("form", "", context, "accident_date")


def _renderers(context: ClaimContext) -> Needs:
    for number, line in enumerate(context.lines, start=1):
        own = line.rendering_npi
        if own and context.rendering and own != context.rendering.npi:
            name = f"the name of lines.{number}.rendering_npi={own} (only the claim's is known)"
            yield Need(about="form", name=name)


def phone_digits(party: Party) -> str:
    """Returns area code and number, without the country's 1."""
    number = "".join(filter(str.isdecimal, party.phone or ""))
    return number[1:] if len(number) == PHONE_DIGITS + 1 and number.startswith("1") else number
