"""A preview of the claim as 837P (005010X222A1): to be checked and compared, never to be sent.

The practice's system owns and sends the claim. Nothing is filled in: what is missing in the claim
context is refused by name. Claim and line cite the session, so that a claim leads to its force log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from controller.errors import ExportRefused
from records.claim.account import account_of
from records.claim.charge_line import claim_modifiers
from records.claim.code_sets import FREQUENCIES, plain
from records.claim.context import TRACTION_CPT, Address, ClaimContext, Party, ServiceLine
from records.claim.needs.of_837p import (
    CAUSES,
    FILING_CODES,
    RELATIONSHIPS,
    needs_of_837p,
    phone_digits,
)
from records.exports.claim.check_837p import check_837p
from records.exports.claim.other_payer_837p import (
    SELF_CODE,
    OtherPayerLoops,
    insurance_type_of,
    sequence_of,
)
from records.exports.claim.x12 import COMPONENT, amount, composite, day, digits, segment
from records.exports.claim.x12_words import Wording, plain_words
from records.exports.messages.receiver_maps import Interchange
from records.exports.needs import refuse_incomplete

VERSION = "005010X222A1"
NTE_LENGTH = 80
ACCOUNT_LENGTH = 20
"""CLM01: the length that every receiver keeps and returns."""
PERSONS, ORGANIZATIONS = frozenset({"IL", "QC", "DN"}), frozenset({"40", "77", "PR"})
"""NM101 of loops in which the guide allows one type of entity only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The time and session of a preview, and the state of its claim.

    ``not_ready`` is in the claim's note (NTE); ``accepted`` are the accepted modifiers.
    """

    session_id: str
    at: datetime
    signed: bool
    accepted: Sequence[str] = ()
    not_ready: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim837P:
    """The interchange, one segment a line, and its differences from the context."""

    text: str
    notices: tuple[str, ...]


def claim_837p(context: ClaimContext, made: Made, receiver: Interchange) -> Claim837P:
    """Returns the claim in a receiver's form.

    Raises ExportIncomplete naming what is missing or cannot be written, and ExportRefused when a
    check of the finished text finds a fault.
    """
    refuse_incomplete("837P", made.session_id, needs_of_837p(context))
    wording = Wording(receiver.characters)
    claim = _Claim(context, made, receiver, wording)
    text = "\n".join(claim.interchange()) + "\n"
    wording.check()
    faults = check_837p(text, made.at.date())
    if faults:
        found = "; ".join(f"{fault.check_id} {fault.message}" for fault in faults)
        raise ExportRefused(f"837P of session {made.session_id} is not sound: {found}")
    return Claim837P(text=text, notices=tuple(wording.notices))


class _Claim:
    """Writes the segments in the order of the implementation guide; nothing is missing here."""

    def __init__(
        self, context: ClaimContext, made: Made, receiver: Interchange, wording: Wording
    ) -> None:
        assert context.billing
        assert context.patient
        assert context.rendering
        self.context, self.made, self.receiver = context, made, receiver
        self.words, self.identifier = wording.words, wording.identifier
        self.second = OtherPayerLoops(context, wording, self)
        self.session_id = self.identifier("session_id", made.session_id, 28)
        self.not_ready = plain_words(made.not_ready, receiver.characters)[:NTE_LENGTH]
        self.modifiers = claim_modifiers(context, made.accepted)
        self.billing, self.patient = context.billing, context.patient
        self.rendering = context.rendering
        self.insured = context.subscriber or context.patient
        digest = hashlib.sha256(made.session_id.encode()).hexdigest()
        self.control_number = f"{int(digest[:12], 16) % 999_999_999 + 1:09}"
        self.sender_id = self.identifier("submitter_id", context.submitter_id, 15, 2)
        self.receiver_id = self.identifier("receiver_id", context.receiver_id, 15, 2)

    def interchange(self) -> Iterator[str]:
        date_, time_ = day(self.made.at), self.made.at.strftime("%H%M")
        yield segment(
            "ISA",
            "00",
            " " * 10,
            "00",
            " " * 10,
            self.receiver.sender_qualifier,
            f"{self.sender_id:<15}",
            self.receiver.receiver_qualifier,
            f"{self.receiver_id:<15}",
            date_[2:],
            time_,
            "^",
            "00501",
            self.control_number,
            "0",
            "T",
            COMPONENT,
        )
        yield segment("GS", "HC", self.sender_id, self.receiver_id, date_, time_, "1", "X", VERSION)
        body = [segment("ST", "837", "0001", VERSION), *self._transaction(date_, time_)]
        yield from body
        yield segment("SE", str(len(body) + 1), "0001")
        yield segment("GE", "1", "1")
        yield segment("IEA", "1", self.control_number)

    def _transaction(self, date_: str, time_: str) -> Iterator[str]:
        yield segment("BHT", "0019", "00", self.session_id, date_, time_, "CH")
        yield from self._submitter()
        yield from self._billing_provider()
        yield from self._subscriber()
        yield from self._claim()
        for number, line in enumerate(self.context.lines, start=1):
            yield from self._line(number, line)

    def _submitter(self) -> Iterator[str]:
        """Write the submitter, whose contact has no name, because it would repeat this one."""
        yield self.name("41", "billing", self.billing, ("46", self.sender_id))
        yield segment("PER", "IC", "", "TE", phone_digits(self.billing))
        key = "receiver.x12" if self.receiver.name else "payer"
        receiver = Party(last_name=self.receiver.name or self.context.payer.name)
        yield self.name("40", key, receiver, ("46", self.receiver_id))

    def _billing_provider(self) -> Iterator[str]:
        yield segment("HL", "1", "", "20", "1")
        yield segment("PRV", "BI", "PXC", self.billing.taxonomy or "")
        yield self._provider("85", "billing", self.billing)
        yield from self._addressed("billing", self.billing)
        yield segment("REF", self.billing.tin_kind or "", digits(self.billing.tin or ""))

    def _subscriber(self) -> Iterator[str]:
        own = self.context.subscriber is None
        yield segment("HL", "2", "1", "22", "0" if own else "1")
        group = self.identifier("group_number", self.insured.group_number, 50)
        filing = FILING_CODES[self.context.payer.kind]
        sequence, _ = sequence_of(self.context)
        why, _ = insurance_type_of(self.context)
        relationship = SELF_CODE if own else ""
        yield segment("SBR", sequence, relationship, group, "", why, "", "", "", filing)
        key = "patient" if own else "subscriber"
        member = self.identifier(f"{key}.member_id", self.insured.member_id, 80, 2)
        yield self.name("IL", key, self.insured, ("MI", member))
        if self.insured.address:
            yield from self.address(key, self.insured.address)
        if self.insured.birth_date and self.insured.sex:
            yield _demographics(self.insured)
        if own:
            yield from self._casualty()
        payer = self.context.payer
        payer_id = self.identifier("payer.payer_id", payer.payer_id, 80, 2)
        yield self.name("PR", "payer", Party(last_name=payer.name), ("PI", payer_id))
        if not own:
            yield from self._patient()

    def _patient(self) -> Iterator[str]:
        yield segment("HL", "3", "2", "23", "0")
        yield segment("PAT", RELATIONSHIPS[self.context.patient_relationship or ""])
        yield self.name("QC", "patient", self.patient, ("", ""))
        yield from self._addressed("patient", self.patient)
        yield _demographics(self.patient)
        yield from self._casualty()

    def _casualty(self) -> Iterator[str]:
        """Write the payer's number of an accident, at the end of the patient's loop."""
        number = self.context.casualty_claim_number
        if number:
            yield segment("REF", "Y4", self.identifier("casualty_claim_number", number, 50))

    def _claim(self) -> Iterator[str]:
        context = self.context
        total = sum((line.charge or Decimal() for line in context.lines), Decimal())
        account = account_of(self.made.session_id, context.claim_id)
        frequency = FREQUENCIES[context.frequency or "original"]
        yield segment(
            "CLM",
            self.identifier("claim_id", account, ACCOUNT_LENGTH),
            amount(total),
            "",
            "",
            composite(context.lines[0].pos or "", "B", frequency),
            "Y" if self.made.signed else "N",
            "A" if context.accept_assignment else "C",
            "Y" if context.benefits_assigned else "N",
            "Y" if context.release_of_information else "I",
            "",
            self._causes(),
        )
        yield from self._dates()
        yield from self._numbers()
        if self.not_ready:
            yield segment("NTE", "ADD", self.not_ready)
        yield segment("HI", *self._diagnoses())
        yield from self._providers()
        yield from self.second.of_claim()

    def _causes(self) -> str:
        """Returns CLM11: accident or employment, and the state of an auto accident."""
        codes = [CAUSES[cause] for cause in self.context.related_causes if cause in CAUSES]
        state = (self.context.accident_state or "").upper() if "AA" in codes else ""
        return composite(*codes, *[""] * (3 - len(codes)), state) if codes else ""

    def _dates(self) -> Iterator[str]:
        context = self.context
        accident = context.accident_date if self._causes() else None
        dates = (
            ("431", context.onset_date),
            ("454", context.initial_treatment_date),
            ("439", accident),
        )
        for qualifier, date_ in dates:
            if date_:
                yield segment("DTP", qualifier, "D8", day(date_))

    def _numbers(self) -> Iterator[str]:
        context = self.context
        authorization = context.authorization.number if context.authorization else ""
        numbers = (
            ("9F", "referral_number", context.referral_number),
            ("G1", "authorization.number", authorization),
            ("F8", "payer_claim_number", context.payer_claim_number),
        )
        for qualifier, name, number in numbers:
            if number:
                yield segment("REF", qualifier, self.identifier(name, number, 50))

    def _diagnoses(self) -> Iterator[str]:
        """Write them in capitals and without dot, however the context writes them."""
        for number, code in enumerate(self.context.diagnoses, start=1):
            sent = self.identifier(f"diagnoses.{number}", plain(code), 30)
            yield composite("ABK" if number == 1 else "ABF", sent)

    def _providers(self) -> Iterator[str]:
        context = self.context
        if context.referring:
            yield self._provider("DN", "referring", context.referring)
        if self.rendering.npi != self.billing.npi:
            yield self._provider("82", "rendering", self.rendering)
            if self.rendering.taxonomy:
                yield segment("PRV", "PE", "PXC", self.rendering.taxonomy)
        if context.service_facility:
            facility = context.service_facility
            yield self._provider("77", "service_facility", facility)
            yield from self._addressed("service_facility", facility)

    def _line(self, number: int, line: ServiceLine) -> Iterator[str]:
        traction = line is self.context.traction_line and line.cpt == TRACTION_CPT
        modifiers = self.modifiers if traction else line.modifiers
        pos = line.pos or ""
        yield segment("LX", str(number))
        yield segment(
            "SV1",
            composite("HC", *self._codes(f"lines.{number}", line.cpt, modifiers)),
            amount(line.charge or Decimal()),
            self.identifier(f"lines.{number}.unit_of_measure", line.unit_of_measure, 2),
            str(line.units),
            "" if pos == self.context.lines[0].pos else pos,
            "",
            composite(*map(str, line.dx_pointers)),
        )
        yield segment("DTP", "472", "D8", day(self.context.date_of_service))
        yield segment("REF", "6R", f"{self.session_id}-{number}")
        yield from self.second.of_line(number, line)

    def _codes(self, key: str, cpt: str, modifiers: Sequence[str]) -> Iterator[str]:
        """Returns code and modifiers of a service."""
        yield self.identifier(f"{key}.cpt", cpt, 48)
        for modifier in modifiers:
            yield self.identifier(f"{key}.modifiers", modifier, 2)

    def _provider(self, entity: str, key: str, party: Party) -> str:
        return self.name(entity, key, party, ("XX", self.identifier(f"{key}.npi", party.npi, 80)))

    def name(self, entity: str, key: str, party: Party, number: tuple[str, str]) -> str:
        """Write NM1; ``number`` is its qualifier and the identifier as it is written."""
        qualifier, identifier = number
        person = entity in PERSONS or (party.is_person and entity not in ORGANIZATIONS)
        given = (party.first_name, party.middle_name) if person else ("", "")
        name_key = "name" if entity in ("40", "PR") else "last_name"
        return segment(
            "NM1",
            entity,
            "1" if person else "2",
            self.words(f"{key}.{name_key}", party.last_name, 60),
            self.words(f"{key}.first_name", given[0], 35),
            self.words(f"{key}.middle_name", given[1], 25),
            "",
            "",
            qualifier if identifier else "",
            identifier,
        )

    def _addressed(self, key: str, party: Party) -> Iterator[str]:
        assert party.address is not None
        return self.address(key, party.address)

    def address(self, key: str, address: Address) -> Iterator[str]:
        """Write N3 and N4."""
        first = self.words(f"{key}.address.line_1", address.line_1, 55)
        yield segment("N3", first, self.words(f"{key}.address.line_2", address.line_2, 55))
        city = self.words(f"{key}.address.city", address.city, 30, 2)
        yield segment("N4", city, (address.state or "").upper(), address.zip_digits)


def _demographics(party: Party) -> str:
    assert party.birth_date is not None
    return segment("DMG", "D8", day(party.birth_date), party.sex or "")
