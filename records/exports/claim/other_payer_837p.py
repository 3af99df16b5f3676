"""The second payer on an 837P: loops 2320, 2330A and 2330B of the claim, 2430 of its lines.

Segments are in the order of the guide (005010X222A1). Amounts, adjustments and the date are those
of the context; a segment without data is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from records.claim.context import (
    Address,
    Adjudication,
    ClaimAdjustment,
    ClaimContext,
    OtherPayer,
    Party,
    ServiceLine,
)
from records.claim.needs.of_837p import FILING_CODES, RELATIONSHIPS
from records.claim.needs.other_payer import answers, other_insured, second_is_medicare
from records.exports.claim.x12 import amount, composite, day, segment
from records.exports.claim.x12_words import Wording

PRIMARY, SECONDARY = "P", "S"
SELF_CODE = "18"
KEY = "other_payer"


class Naming(Protocol):
    """Writes names and addresses as the rest of the claim does."""

    def name(self, entity: str, key: str, party: Party, number: tuple[str, str]) -> str:
        """Write NM1; ``number`` is its qualifier and the identifier."""

    def address(self, key: str, address: Address) -> Iterator[str]:
        """Write N3 and N4."""


def sequence_of(context: ClaimContext) -> tuple[str, str]:
    """Returns SBR01 of the payer to whom the claim goes, and of the other one."""
    first = bool(context.other_insurance_first)
    return (SECONDARY, PRIMARY) if first else (PRIMARY, SECONDARY)


def insurance_type_of(context: ClaimContext) -> tuple[str, str]:
    """Returns SBR05 of both: only Medicare's says why it pays second."""
    other = context.other_payer
    if other is None or not second_is_medicare(context):
        return "", ""
    code = other.insurance_type or ""
    return (code, "") if context.other_insurance_first else ("", code)


class OtherPayerLoops:
    """Writes the loops of one claim; nothing is missing here."""

    def __init__(self, context: ClaimContext, wording: Wording, naming: Naming) -> None:
        self.context, self.naming = context, naming
        self.identifier = wording.identifier
        self.other = context.other_payer
        self.payer_id = ""
        if self.other is not None:
            self.payer_id = self.identifier(f"{KEY}.payer_id", self.other.payer_id, 80, 2)

    def of_claim(self) -> Iterator[str]:
        """Write loop 2320 with its subscriber and its payer."""
        if self.other is None:
            return
        other, insured = self.other, other_insured(self.context)
        yield self._subscriber(other, insured)
        answer = other.adjudication if answers(self.context) else None
        yield from _claim_amounts(answer)
        yield self._coverage()
        member = self.identifier(f"{KEY}.insured.member_id", insured.member_id, 80, 2)
        yield self.naming.name("IL", f"{KEY}.insured", insured, ("MI", member))
        if insured.address:
            yield from self.naming.address(f"{KEY}.insured", insured.address)
        payer = Party(last_name=other.name)
        yield self.naming.name("PR", KEY, payer, ("PI", self.payer_id))
        if other.address:
            yield from self.naming.address(KEY, other.address)
        if answer and answer.decided_on and not self._by_line:
            yield segment("DTP", "573", "D8", day(answer.decided_on))

    @property
    def _by_line(self) -> bool:
        """Returns whether the date is at the lines; it is never at lines and claim."""
        return any(line.adjudication for line in self.context.lines)

    def _subscriber(self, other: OtherPayer, insured: Party) -> str:
        relationship = RELATIONSHIPS.get(other.patient_relationship or "", SELF_CODE)
        group = self.identifier(f"{KEY}.insured.group_number", insured.group_number, 50)
        _, sequence = sequence_of(self.context)
        _, why = insurance_type_of(self.context)
        filing = FILING_CODES[other.kind]
        return segment("SBR", sequence, relationship, group, "", why, "", "", "", filing)

    def _coverage(self) -> str:
        """Write OI: CLM08 and CLM09 apply to both payers."""
        assigned = "Y" if self.context.benefits_assigned else "N"
        released = "Y" if self.context.release_of_information else "I"
        return segment("OI", "", "", assigned, "", "", released)

    def of_line(self, number: int, line: ServiceLine) -> Iterator[str]:
        """Write loop 2430: the previous payer's decision on a service."""
        answer = line.adjudication
        if answer is None or not answers(self.context) or self.other is None:
            return
        key = f"lines.{number}.adjudication"
        cpt = self.identifier(f"{key}.cpt", answer.cpt, 48)
        modifiers = [self.identifier(f"{key}.modifiers", m, 2) for m in answer.modifiers]
        yield segment(
            "SVD",
            self.payer_id,
            amount(answer.paid or Decimal()),
            composite("HC", cpt, *modifiers),
            "",
            str(answer.units),
        )
        yield from _adjusted(answer.adjustments)
        decided = self.other.adjudication.decided_on if self.other.adjudication else None
        if decided:
            yield segment("DTP", "573", "D8", day(decided))
        yield from _liability(answer.patient_liability)


def _claim_amounts(answer: Adjudication | None) -> Iterator[str]:
    if answer is None:
        return
    yield from _adjusted(answer.adjustments)
    if answer.paid is not None:
        yield segment("AMT", "D", amount(answer.paid))
    yield from _liability(answer.patient_liability)


def _adjusted(adjustments: Sequence[ClaimAdjustment]) -> Iterator[str]:
    """Write CAS: one segment a group, in the order of the context."""
    for group in dict.fromkeys(each.group for each in adjustments):
        trios = (
            element
            for each in adjustments
            if each.group == group
            for element in (each.reason, amount(each.amount), "")
        )
        yield segment("CAS", group, *trios)


def _liability(owed: Decimal | None) -> Iterator[str]:
    if owed is not None:
        yield segment("AMT", "EAF", amount(owed))
