"""A preview of the claim as 837P (005010X222A1): to be checked and compared, never to be sent.

The practice's system owns and sends the claim. Nothing is filled in: what the claim context does
not say is refused by name. Claim and line cite the session, so that a claim leads to its force log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from controller.errors import ExportRefused
from records.claim.charge_line import claim_modifiers
from records.claim.context import TRACTION_CPT, ClaimContext, Party, ServiceLine
from records.exports.claim.check_837p import check_837p
from records.exports.claim.x12 import COMPONENT, amount, composite, day, digits, segment, words
from records.exports.needs import Needs

VERSION = "005010X222A1"
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
NTE_LENGTH = 80
RELATIONSHIPS = {"spouse": "01", "child": "19", "other": "G8"}
"""PAT01: the patient to the subscriber."""


def claim_837p(
    context: ClaimContext,
    *,
    session_id: str,
    made_at: datetime,
    signed: bool,
    accepted: Sequence[str] = (),
    not_ready: str = "",
) -> str:
    """The interchange, one segment a line; ``not_ready`` stands in the claim's note (NTE).

    Raises ExportIncomplete naming what is missing, and ExportRefused when a check of the finished
    text finds a fault.
    """
    _need_everything(context, session_id)
    claim = _Claim(context, session_id, made_at, signed, accepted, not_ready)
    text = "\n".join(claim.interchange()) + "\n"
    faults = check_837p(text, made_at.date())
    if faults:
        found = "; ".join(f"{fault.check_id} {fault.message}" for fault in faults)
        raise ExportRefused(f"837P of session {session_id} is not sound: {found}")
    return text


def _need_everything(context: ClaimContext, session_id: str) -> None:
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
    if not context.diagnoses:
        needs.lack("diagnoses")
    for number, line in enumerate(context.lines, start=1):
        needs.line(number, line)
        own = line.rendering_npi
        if own and context.rendering and own != context.rendering.npi:
            needs.lack(
                f"the name of lines.{number}.rendering_npi={own} (only the claim's is known)"
            )
    needs.check()


def _need_practice(needs: Needs, context: ClaimContext) -> None:
    billing = needs.party("billing", context.billing)
    if context.billing:
        for name in ("npi", "tin", "phone", "taxonomy"):
            needs.text(f"billing.{name}", getattr(billing, name))
        needs.text("billing.tin_kind", billing.tin_kind)
        needs.address("billing", billing)
    for name in ("rendering", "referring"):
        party = getattr(context, name)
        if name == "rendering" or party is not None:
            _need_person(needs, name, party)
    if context.service_facility:
        needs.party("service_facility", context.service_facility)
        needs.text("service_facility.npi", context.service_facility.npi)
        needs.address("service_facility", context.service_facility)


def _need_person(needs: Needs, name: str, party: Party | None) -> None:
    person = needs.party(name, party)
    if party is not None:
        needs.text(f"{name}.npi", person.npi)


def _need_insured(needs: Needs, context: ClaimContext) -> None:
    people = [("patient", context.patient)]
    if context.subscriber:
        people.append(("subscriber", context.subscriber))
        relationship = context.patient_relationship
        if relationship not in RELATIONSHIPS:
            needs.lack(f"patient_relationship to the subscriber (now {relationship})")
    for name, party in people:
        person = needs.party(name, party)
        if party is None:
            continue
        needs.text(f"{name}.first_name", person.first_name)
        needs.address(name, person)
        needs.text(f"{name}.birth_date", str(person.birth_date or ""))
        needs.text(f"{name}.sex", person.sex)
    insured = context.subscriber or context.patient
    if insured:
        needs.text("member_id of the insured", insured.member_id)


class _Claim:
    """Writes the segments in the order of the implementation guide; nothing is missing here."""

    def __init__(
        self,
        context: ClaimContext,
        session_id: str,
        made_at: datetime,
        signed: bool,
        accepted: Sequence[str],
        not_ready: str,
    ) -> None:
        assert context.billing
        assert context.patient
        assert context.rendering
        self.context, self.made_at, self.signed = context, made_at, signed
        self.session_id = words("session_id", session_id, 45)
        self.not_ready = words("not_ready", not_ready[:NTE_LENGTH], NTE_LENGTH)
        self.modifiers = claim_modifiers(context, accepted)
        self.billing, self.patient = context.billing, context.patient
        self.rendering = context.rendering
        self.insured = context.subscriber or context.patient
        digest = hashlib.sha256(session_id.encode()).hexdigest()
        self.control_number = f"{int(digest[:12], 16) % 999_999_999 + 1:09}"
        self.sender = words("submitter_id", context.submitter_id, 15)
        self.receiver = words("receiver_id", context.receiver_id, 15)

    def interchange(self) -> Iterator[str]:
        date_, time_ = day(self.made_at), self.made_at.strftime("%H%M")
        yield segment(
            "ISA",
            "00",
            " " * 10,
            "00",
            " " * 10,
            "ZZ",
            f"{self.sender:<15}",
            "ZZ",
            f"{self.receiver:<15}",
            date_[2:],
            time_,
            "^",
            "00501",
            self.control_number,
            "0",
            "T",
            COMPONENT,
        )
        yield segment("GS", "HC", self.sender, self.receiver, date_, time_, "1", "X", VERSION)
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
        name = words("billing.last_name", self.billing.last_name, 60)
        yield segment("NM1", "41", "2", name, "", "", "", "", "46", self.sender)
        yield segment("PER", "IC", name, "TE", digits(self.billing.phone or ""))
        payer = words("payer.name", self.context.payer.name, 60)
        yield segment("NM1", "40", "2", payer, "", "", "", "", "46", self.receiver)

    def _billing_provider(self) -> Iterator[str]:
        yield segment("HL", "1", "", "20", "1")
        yield segment("PRV", "BI", "PXC", self.billing.taxonomy or "")
        yield _name("85", "billing", self.billing, "XX", self.billing.npi)
        yield from _address("billing", self.billing)
        yield segment("REF", self.billing.tin_kind or "", digits(self.billing.tin or ""))

    def _subscriber(self) -> Iterator[str]:
        own = self.context.subscriber is None
        yield segment("HL", "2", "1", "22", "0" if own else "1")
        group = words("group_number", self.insured.group_number, 50)
        filing = FILING_CODES[self.context.payer.kind]
        yield segment("SBR", "P", "18" if own else "", group, "", "", "", "", "", filing)
        name = "patient" if own else "subscriber"
        member = words(f"{name}.member_id", self.insured.member_id, 80)
        yield _name("IL", name, self.insured, "MI", member)
        yield from _address(name, self.insured)
        yield _demographics(self.insured)
        payer = self.context.payer
        yield segment(
            "NM1",
            "PR",
            "2",
            words("payer.name", payer.name, 60),
            "",
            "",
            "",
            "",
            "PI",
            words("payer.payer_id", payer.payer_id, 80),
        )
        if not own:
            yield from self._patient()

    def _patient(self) -> Iterator[str]:
        yield segment("HL", "3", "2", "23", "0")
        yield segment("PAT", RELATIONSHIPS[self.context.patient_relationship or ""])
        yield _name("QC", "patient", self.patient, "", None)
        yield from _address("patient", self.patient)
        yield _demographics(self.patient)

    def _claim(self) -> Iterator[str]:
        context = self.context
        total = sum((line.charge or Decimal() for line in context.lines), Decimal())
        yield segment(
            "CLM",
            words("claim_id", context.claim_id, 38),
            amount(total),
            "",
            "",
            composite(context.lines[0].pos or "", "B", "1"),
            "Y" if self.signed else "N",
            "A" if context.accept_assignment else "C",
            "Y" if context.benefits_assigned else "N",
            "Y" if context.release_of_information else "I",
        )
        for qualifier, date_ in (
            ("431", context.onset_date),
            ("454", context.initial_treatment_date),
        ):
            if date_:
                yield segment("DTP", qualifier, "D8", day(date_))
        if context.referral_number:
            yield segment("REF", "9F", words("referral_number", context.referral_number, 50))
        if context.authorization and context.authorization.number:
            number = words("authorization.number", context.authorization.number, 50)
            yield segment("REF", "G1", number)
        if self.not_ready:
            yield segment("NTE", "ADD", self.not_ready)
        yield segment("HI", *self._diagnoses())
        yield from self._providers()

    def _diagnoses(self) -> Iterator[str]:
        """As they stand on the claim: a dot or a small letter is a finding, not mended here."""
        for number, code in enumerate(self.context.diagnoses):
            yield composite("ABK" if number == 0 else "ABF", code)

    def _providers(self) -> Iterator[str]:
        context = self.context
        if context.referring:
            yield _name("DN", "referring", context.referring, "XX", context.referring.npi)
        if self.rendering.npi != self.billing.npi:
            yield _name("82", "rendering", self.rendering, "XX", self.rendering.npi)
            if self.rendering.taxonomy:
                yield segment("PRV", "PE", "PXC", self.rendering.taxonomy)
        if context.service_facility:
            facility = context.service_facility
            yield _name("77", "service_facility", facility, "XX", facility.npi)
            yield from _address("service_facility", facility)

    def _line(self, number: int, line: ServiceLine) -> Iterator[str]:
        traction = line is self.context.traction_line and line.cpt == TRACTION_CPT
        modifiers = self.modifiers if traction else line.modifiers
        pos = line.pos or ""
        yield segment("LX", str(number))
        yield segment(
            "SV1",
            composite("HC", line.cpt, *modifiers),
            amount(line.charge or Decimal()),
            line.unit_of_measure,
            str(line.units),
            "" if pos == self.context.lines[0].pos else pos,
            "",
            composite(*map(str, line.dx_pointers)),
        )
        yield segment("DTP", "472", "D8", day(self.context.date_of_service))
        yield segment("REF", "6R", f"{self.session_id}-{number}")


def _name(entity: str, key: str, party: Party, qualifier: str, number: str | None) -> str:
    person = party.is_person
    return segment(
        "NM1",
        entity,
        "1" if person else "2",
        words(f"{key}.last_name", party.last_name, 60),
        words(f"{key}.first_name", party.first_name, 35) if person else "",
        words(f"{key}.middle_name", party.middle_name, 25) if person else "",
        "",
        "",
        qualifier if number else "",
        number or "",
    )


def _address(key: str, party: Party) -> Iterator[str]:
    address = party.address
    assert address is not None
    first = words(f"{key}.address.line_1", address.line_1, 55)
    yield segment("N3", first, words(f"{key}.address.line_2", address.line_2, 55))
    city = words(f"{key}.address.city", address.city, 30)
    yield segment("N4", city, (address.state or "").upper(), address.zip_digits)


def _demographics(party: Party) -> str:
    assert party.birth_date is not None
    return segment("DMG", "D8", day(party.birth_date), party.sex or "")
