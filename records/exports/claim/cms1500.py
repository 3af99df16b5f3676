"""Data sheet of the CMS-1500 (02/12): what belongs into which box, as rows and as text.

The form itself belongs to others and is read by machines from red ink: it is never drawn here. The
words beside the numbers are ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from controller.words import lines_of
from records.claim.account import account_of
from records.claim.charge_line import claim_modifiers
from records.claim.code_sets import FREQUENCIES, REPLACING, plain
from records.claim.context import Address, ClaimContext, Party, ServiceLine
from records.claim.needs.of_cms1500 import MEDICARE, needs_of_cms1500
from records.exports.claim.x12 import digits
from records.exports.needs import refuse_incomplete
from records.exports.readiness import unbillable, unready
from records.visit.face import Face
from records.visit.visit import Visit

FORMAT, NOT_READY = "traction-cms1500/1", "NOT READY"
PAYER_TYPES = {
    "medicare_b": "Medicare",
    "medicaid": "Medicaid",
    "medicare_advantage": "Other",
    "commercial": "Group health plan",
    "workers_comp": "Other",
    "va": "CHAMPVA",
    "auto": "Other",
    "self_pay": "Other",
}
LETTERS = "ABCDEFGHIJKL"
NO_FIRST_PAYER = "NONE"
"""Box 11 for Medicare when no other insurance pays first (Novitas 00144707)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """``number`` as the form prints it ("24F.1": box 24F of the first line)."""

    number: str
    label: str
    value: str


def cms1500_boxes(
    context: ClaimContext, *, session_id: str, face: Face, accepted: Sequence[str] = ()
) -> list[Box]:
    """The boxes in the form's order; raises ExportIncomplete naming what is missing."""
    refuse_incomplete("CMS-1500", session_id, needs_of_cms1500(context, session_id))
    account = account_of(session_id, context.claim_id)
    sheet = _Sheet(context, face, account, claim_modifiers(context, accepted))
    return [box for box in sheet.boxes() if box.value]


def cms1500_text(boxes: Sequence[Box], visit: Visit) -> str:
    """One line a box; above them the status and what is not ready."""
    reasons, face = unbillable(visit), visit.face
    lines = [f"CMS-1500 data sheet (not the form)  session {visit.session_id}  {face.status}"]
    lines += [face.verdict or NOT_READY, *reasons] if reasons else []
    lines += [face.outcomes] if face.outcomes else []
    lines += ["", *(f"{box.number:<7} {box.label:<34} {box.value}" for box in boxes)]
    return lines_of(lines)


def cms1500_json(boxes: Sequence[Box], visit: Visit) -> str:
    """The same as JSON."""
    reasons = unready(visit)
    document = {
        "format": FORMAT,
        "session_id": visit.session_id,
        "status": visit.face.status,
        "ready": not reasons,
        "errors": list(reasons),
        "outcomes": visit.face.outcomes,
        "boxes": [{"box": b.number, "label": b.label, "value": b.value} for b in boxes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


class _Sheet:
    def __init__(
        self, context: ClaimContext, face: Face, account: str, modifiers: tuple[str, ...]
    ) -> None:
        assert context.patient
        assert context.billing
        assert context.rendering
        self.context, self.face, self.modifiers = context, face, modifiers
        self.account, self.medicare = account, context.payer.kind == MEDICARE
        self.patient, self.billing = context.patient, context.billing
        self.rendering = context.rendering
        self.insured = context.subscriber or context.patient

    def boxes(self) -> Iterator[Box]:
        yield from self._insured_and_patient()
        yield from self._claim()
        for number, line in enumerate(self.context.lines, start=1):
            yield from self._line(number, line)
        yield from self._practice()

    def _insured_and_patient(self) -> Iterator[Box]:
        context, patient = self.context, self.patient
        yield _box("1", "kind of payer", PAYER_TYPES[context.payer.kind])
        yield _box("1a", "member id", self.insured.member_id)
        yield _box("2", "patient", _name(patient))
        yield _box("3", "born, sex", f"{_day(patient.birth_date)} {patient.sex}")
        if not self.medicare:
            yield _box("4", "insured", _name(self.insured))
        yield _box("5", "patient's address", _address(patient.address))
        if not self.medicare:
            relationship = context.patient_relationship if context.subscriber else "self"
            yield _box("6", "patient is to the insured", relationship)
            yield _box("7", "insured's address", _address(self.insured.address))
        yield from self._causes()
        group = NO_FIRST_PAYER if self.medicare else self.insured.group_number
        yield _box("11", "group", group)
        if context.casualty_claim_number and not self.medicare:
            yield _box("11b", "claim of the accident", f"Y4 {context.casualty_claim_number}")
        yield _box("12", "release of information", _yes(context.release_of_information))
        yield _box("13", "benefits assigned to the practice", _yes(context.benefits_assigned))

    def _causes(self) -> Iterator[Box]:
        """Box 10: YES or NO for each, once somebody said which."""
        causes = self.context.related_causes
        if not causes:
            return
        yield _box("10a", "employment", _yes("employment" in causes))
        state = (self.context.accident_state or "").upper()
        auto = "auto" in causes
        yield _box("10b", "auto accident, state", f"YES {state}".strip() if auto else "NO")
        yield _box("10c", "other accident", _yes("other" in causes))

    def _claim(self) -> Iterator[Box]:
        context = self.context
        if context.onset_date:
            yield _box("14", "onset", f"{_day(context.onset_date)} qualifier 431")
        if context.initial_treatment_date:
            yield _box(
                "15", "first treatment", f"{_day(context.initial_treatment_date)} qualifier 454"
            )
        if context.referring:
            yield _box("17", "who certified the plan", f"DN {_name(context.referring)}")
            yield _box("17b", "NPI of 17", context.referring.npi)
        for letter, code in zip(LETTERS, context.diagnoses, strict=False):
            yield _box(f"21{letter}", "diagnosis (ICD indicator 0)", plain(code))
        if context.frequency in REPLACING:
            code = FREQUENCIES[context.frequency]
            yield _box("22", "resubmission", f"{code} {context.payer_claim_number}")
        if context.authorization:
            yield _box("23", "prior authorization", context.authorization.number)

    def _line(self, number: int, line: ServiceLine) -> Iterator[Box]:
        traction = line is self.context.traction_line
        modifiers = self.modifiers if traction else line.modifiers
        day = _day(self.context.date_of_service)
        yield _box(f"24A.{number}", "from and to", f"{day} {day}")
        yield _box(f"24B.{number}", "place", line.pos)
        yield _box(f"24D.{number}", "code and modifiers", " ".join([line.cpt, *modifiers]))
        yield _box(f"24E.{number}", "diagnosis pointers", _letters(line.dx_pointers))
        yield _box(f"24F.{number}", "charge", f"{line.charge:.2f}")
        yield _box(f"24G.{number}", "units", str(line.units))
        yield _box(f"24J.{number}", "NPI of who treated", line.rendering_npi or self.rendering.npi)

    def _practice(self) -> Iterator[Box]:
        context, billing = self.context, self.billing
        kind = {"EI": "EIN", "SY": "SSN"}[billing.tin_kind or "EI"]
        yield _box("25", "tax number", f"{digits(billing.tin or '')} {kind}")
        yield _box("26", "account", self.account)
        yield _box("27", "accepts assignment", _yes(context.accept_assignment))
        total = sum((line.charge or Decimal() for line in context.lines), Decimal())
        yield _box("28", "total charge", f"{total:.2f}")
        yield _box("31", "signature", self.face.signature or "open: the note is not signed")
        if context.service_facility:
            facility = context.service_facility
            yield _box("32", "where", f"{_name(facility)}, {_address(facility.address)}")
            if facility.npi != billing.npi:
                yield _box("32a", "NPI of 32", facility.npi)
        elif self.medicare:
            yield _box("32", "where", f"{_name(billing)}, {_address(billing.address)}")
        yield _box("33", "who bills", f"{_name(billing)}, {_address(billing.address)}")
        yield _box("33a", "NPI of 33", billing.npi)


def _box(number: str, label: str, value: str | None) -> Box:
    return Box(number=number, label=label, value=value or "")


def _name(party: Party) -> str:
    return ", ".join(
        part for part in (party.last_name, party.first_name, party.middle_name) if part
    )


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    town = f"{address.city} {address.state or ''} {address.zip or ''}".strip()
    return ", ".join(part for part in (address.line_1, address.line_2, town) if part)


def _day(value: date | None) -> str:
    return value.strftime("%m %d %Y") if value else ""


def _letters(pointers: Sequence[int]) -> str:
    """1, 2 as "AB"; a pointer past the list stays a number, so that it is seen."""
    return "".join(LETTERS[p - 1] if 1 <= p <= len(LETTERS) else f"({p})" for p in pointers)


def _yes(value: bool | None) -> str:
    return "" if value is None else ("YES" if value else "NO")
