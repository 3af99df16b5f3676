"""What an 837P cannot do without (005010X222A1), asked for by name before anything is written."""

from __future__ import annotations

from records.claim.context import ClaimContext, Party
from records.claim.required import MEMBER_ID
from records.exports.claim.x12 import digits
from records.exports.needs import (
    Needs,
    need_first_payer,
    need_frequency,
    need_insured_patient,
)

FILING_CODES = {
    "medicare_b": "MB",
    "medicare_advantage": "16",
    "medicaid": "MC",
    "commercial": "CI",
    "workers_comp": "WC",
    "va": "VA",
    "auto": "AM",
}
"""SBR09 of each kind of payer; whoever pays himself has no payer."""
RELATIONSHIPS = {"spouse": "01", "child": "19", "other": "G8"}
"""PAT01: the patient to the subscriber."""
CAUSES = {"auto": "AA", "employment": "EM", "other": "OA"}
"""CLM11, which has room for two."""
PHONE_DIGITS = 10


def need_837p(context: ClaimContext, session_id: str) -> None:
    """Raises ExportIncomplete naming everything that is missing."""
    needs = Needs("837P", session_id)
    for name in ("submitter_id", "receiver_id"):
        needs.text(name, getattr(context, name))
    needs.text("payer.name", context.payer.name)
    needs.text("payer.payer_id", context.payer.payer_id)
    if context.payer.kind not in FILING_CODES:
        needs.lack(f"a payer to send to (payer.kind={context.payer.kind})")
    _need_practice(needs, context)
    _need_insured(needs, context)
    for name in ("accept_assignment", "benefits_assigned", "release_of_information"):
        needs.value(name, getattr(context, name), False)
    need_first_payer(needs, context)
    need_frequency(needs, context)
    _need_causes(needs, context)
    if not context.diagnoses:
        needs.lack("diagnoses")
    _need_lines(needs, context)
    needs.check()


def _need_practice(needs: Needs, context: ClaimContext) -> None:
    billing = needs.party("billing", context.billing)
    if context.billing:
        for name in ("npi", "tin", "phone", "taxonomy"):
            needs.text(f"billing.{name}", getattr(billing, name))
        needs.text("billing.tin_kind", billing.tin_kind)
        needs.address("billing", billing)
        if billing.phone and len(phone_digits(billing)) != PHONE_DIGITS:
            needs.lack(f"ten digits of billing.phone={billing.phone}")
    _need_person(needs, "rendering", context.rendering)
    if context.referring:
        _need_person(needs, "referring", context.referring)
        needs.text("referring.first_name", context.referring.first_name)
    if context.service_facility:
        needs.party("service_facility", context.service_facility)
        needs.address("service_facility", context.service_facility)


def _need_person(needs: Needs, name: str, party: Party | None) -> None:
    person = needs.party(name, party)
    if party is not None:
        needs.text(f"{name}.npi", person.npi)


def _need_insured(needs: Needs, context: ClaimContext) -> None:
    """Of an insured who is not the patient only the name and the number are required."""
    patient = needs.party("patient", context.patient)
    if context.patient:
        needs.text("patient.first_name", patient.first_name)
        needs.address("patient", patient)
        needs.text("patient.birth_date", str(patient.birth_date or ""))
        needs.text("patient.sex", patient.sex)
    if context.subscriber:
        subscriber = needs.party("subscriber", context.subscriber)
        needs.text("subscriber.first_name", subscriber.first_name)
        if subscriber.address:
            needs.address("subscriber", subscriber)
        relationship = context.patient_relationship
        if relationship not in RELATIONSHIPS:
            needs.lack(f"patient_relationship to the subscriber (now {relationship})")
    need_insured_patient(needs, context)
    insured = context.subscriber or context.patient
    if insured:
        needs.text(MEMBER_ID, insured.member_id)


def _need_causes(needs: Needs, context: ClaimContext) -> None:
    causes = [cause for cause in context.related_causes if cause in CAUSES]
    if len(causes) > 2:
        needs.lack("room for three related_causes (CLM11 holds two)")
    if "auto" in causes:
        needs.text("accident_state", context.accident_state)
    if {"auto", "other"} & set(causes):
        needs.value("accident_date", context.accident_date, context.date_of_service)


def _need_lines(needs: Needs, context: ClaimContext) -> None:
    for number, line in enumerate(context.lines, start=1):
        needs.line(number, line)
        own = line.rendering_npi
        if own and context.rendering and own != context.rendering.npi:
            needs.lack(
                f"the name of lines.{number}.rendering_npi={own} (only the claim's is known)"
            )


def phone_digits(party: Party) -> str:
    """Area code and number, without the country's 1."""
    number = digits(party.phone or "")
    return number[1:] if len(number) == PHONE_DIGITS + 1 and number.startswith("1") else number
