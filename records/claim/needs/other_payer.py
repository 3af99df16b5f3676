"""The needs of a second payer on a claim, for each form, and what follows from its keys.

``other_insurance_first`` tells its place in the order of payment. An answer of the previous payer
(its adjudication) is carried where the context has it and asked for where a form needs it; none of
its figures is ever made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from records.claim.context import ClaimAdjustment, ClaimContext, OtherPayer, Party
from records.claim.needs.need import Need, Needs, address, is_open, keys, party

MEDICARE = "medicare_b"
SELF = "self"
ADJUSTMENTS_IN_A_SEGMENT = 6
"""CAS02 to CAS19; a group has one segment (005010X222A1)."""
_OTHER: Final = "other_payer"
_INSURED = f"{_OTHER}.insured"


def second_is_medicare(context: ClaimContext) -> bool:
    """Returns whether Medicare pays second of the two; False while the order is not known."""
    other, first = context.other_payer, context.other_insurance_first
    if other is None or first is None:
        return False
    return (context.payer if first else other).kind == MEDICARE


def other_insured(context: ClaimContext) -> Party:
    """Returns whose policy the second payer's is: the patient's own with the patient's name."""
    other = context.other_payer
    insured = (other.insured if other else None) or Party()
    if other is None or other.patient_relationship != SELF or context.patient is None:
        return insured
    own = context.patient.model_dump(exclude={"member_id", "group_number"})
    said = insured.model_dump(exclude_defaults=True)
    return Party.model_validate(own | said)


def answers(context: ClaimContext) -> bool:
    """Returns whether an earlier payer must have answered."""
    return context.other_payer is not None and bool(context.other_insurance_first)


def needs_of_other_payer(context: ClaimContext) -> Needs:
    """Yields what both forms need: who it is, whose policy, and who pays first."""
    other = context.other_payer
    if other is None:
        if context.other_insurance_first:
            name = f"{_OTHER} (other_insurance_first says that it pays before this one)"
            yield _need(name)
        return
    if context.other_insurance_first is None:
        yield _need(f"other_insurance_first (which of payer and {_OTHER} pays first)")
    yield from keys(_OTHER, _OTHER, other, "name", "patient_relationship")
    yield from _insured(context, other)


def _need(name: str) -> Need:
    return Need(about="other_payer", name=name)


def _insured(context: ClaimContext, other: OtherPayer) -> Needs:
    if other.insured is None:
        yield _need(_INSURED)
    elif other.patient_relationship == SELF:
        yield from keys(_OTHER, _INSURED, other.insured, "member_id")
    else:
        yield from party(_OTHER, _INSURED, other.insured, "first_name", "member_id")


def needs_of_other_payer_in_837p(context: ClaimContext) -> Needs:
    """Yields loops 2320, 2330A, 2330B and 2430."""
    yield from needs_of_other_payer(context)
    other = context.other_payer
    if other is None:
        return
    yield from keys(_OTHER, _OTHER, other, "payer_id")
    if other.address is not None:
        yield from address(_OTHER, _OTHER, other.address)
    insured = other_insured(context)
    if insured.address is not None and not _is_the_patients(insured, context):
        yield from address(_OTHER, _INSURED, insured.address)
    if second_is_medicare(context):
        yield from keys("insurance_type", _OTHER, other, "insurance_type")
    if answers(context):
        yield from _answer(context, other)


def _is_the_patients(insured: Party, context: ClaimContext) -> bool:
    """Returns whether it is the patient's own address, which is asked of the patient."""
    return context.patient is not None and insured.address == context.patient.address


def _answer(context: ClaimContext, other: OtherPayer) -> Needs:
    """Yields missing answers: with one for some lines only, the sum would be wrong."""
    place = f"{_OTHER}.adjudication"
    if other.adjudication is None:
        yield _need(place)
    else:
        yield from keys(_OTHER, place, other.adjudication, "decided_on", "paid")
        yield from _room(place, other.adjudication.adjustments)
    answered = any(line.adjudication for line in context.lines)
    for number, line in enumerate(context.lines, start=1):
        place, answer = f"lines.{number}.adjudication", line.adjudication
        if answer is not None:
            yield from keys(_OTHER, place, answer, "cpt", "units", "paid")
            yield from _room(place, answer.adjustments)
            if len(answer.modifiers) > 4:
                yield _need(f"room for {len(answer.modifiers)} modifiers of {place} (4 fit)")
        elif answered:
            yield _need(place)


def _room(place: str, adjustments: Sequence[ClaimAdjustment]) -> Needs:
    for group, count in Counter(each.group for each in adjustments).items():
        if count > ADJUSTMENTS_IN_A_SEGMENT:
            most = f"a segment holds {ADJUSTMENTS_IN_A_SEGMENT}"
            yield _need(f"room for {count} adjustments {group} of {place} ({most})")


def needs_of_other_payer_on_paper(context: ClaimContext) -> Needs:
    """Yields items 9, 9a and 9d, or for Medicare as second payer 4, 7, 11 and 11a to 11c."""
    yield from needs_of_other_payer(context)
    other = context.other_payer
    if other is None or context.payer.kind != MEDICARE:
        return
    if context.other_insurance_first:
        insured = other_insured(context)
        yield from keys(_OTHER, _INSURED, insured, "birth_date", "sex")
        if other.patient_relationship != SELF:
            yield from address(_OTHER, _INSURED, insured.address)
    elif is_open(other.medigap):
        yield _need(f"{_OTHER}.medigap (items 9 to 9d of Medicare)")
    elif other.medigap:
        yield from keys(_OTHER, _OTHER, other, "payer_id")
