"""Boxes of the CMS-1500 about the paying insurance and another one: 4, 6, 7, 9, 11.

Medicare reads them differently: they contain the insurance that pays before it, and 9 is for a
Medigap policy only (docs/reference/exports.md names the sources).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.claim.context import ClaimContext, Party
from records.claim.needs.other_payer import MEDICARE, SELF, other_insured
from records.exports.claim.cms1500_words import Box, address_words, box, day_words, name_words

NO_FIRST_PAYER = "NONE"
"""Box 11 for Medicare when no other insurance pays first (Novitas 00144707)."""
SAME = "SAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuredBoxes:
    """The content of 4, 6, 7, 11, 11a and 11c; "" leaves a box out."""

    name: str = ""
    relationship: str = ""
    address: str = ""
    group: str = ""
    born: str = ""
    plan: str = ""


def insured_boxes(context: ClaimContext, insured: Party) -> InsuredBoxes:
    """Returns the insured of the payer to whom the claim goes."""
    if context.payer.kind == MEDICARE:
        return _before_medicare(context)
    relationship = context.patient_relationship if context.subscriber else SELF
    return InsuredBoxes(
        name=name_words(insured),
        relationship=relationship or "",
        address=address_words(insured.address),
        group=insured.group_number or "",
    )


def _before_medicare(context: ClaimContext) -> InsuredBoxes:
    """Returns the insurance that pays first; NONE in 11 where none does."""
    other = context.other_payer
    if other is None or not context.other_insurance_first:
        return InsuredBoxes(group=NO_FIRST_PAYER)
    insured, own = other_insured(context), other.patient_relationship == SELF
    return InsuredBoxes(
        name=SAME if own else name_words(insured),
        relationship=other.patient_relationship or "",
        address=SAME if own else address_words(insured.address),
        group=insured.group_number or insured.member_id or "",
        born=f"{day_words(insured.birth_date)} {insured.sex}",
        plan=other.name,
    )


def other_boxes(context: ClaimContext) -> Iterator[Box]:
    """Yields 9, 9a and 9d: the policy beside the one of this claim."""
    other = context.other_payer
    if other is None:
        return
    insured = other_insured(context)
    policy = insured.group_number or insured.member_id
    if context.payer.kind != MEDICARE:
        yield box("9", "other insured", name_words(insured))
        yield box("9a", "other insured's policy", policy)
        yield box("9d", "other plan", other.name)
    elif other.medigap and not context.other_insurance_first:
        own = other.patient_relationship == SELF
        yield box("9", "Medigap insured", SAME if own else name_words(insured))
        yield box("9a", "Medigap policy", f"MEDIGAP {policy}")
        yield box("9d", "Medigap insurer's number", other.payer_id)


def paid_before(context: ClaimContext) -> str:
    """Returns 29: what the previous payer paid; "" for Medicare, with only the patient's part."""
    other = context.other_payer
    answer = other.adjudication if other and context.other_insurance_first else None
    if answer is None or answer.paid is None or context.payer.kind == MEDICARE:
        return ""
    return f"{answer.paid:.2f}"
