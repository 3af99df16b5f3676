"""Data sheet of the CMS-1500 (02/12): the content of each box, as rows and as text.

The form itself belongs to others and is read by machines from red ink: it is never drawn here. The
texts beside the numbers are ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal

from controller.words import lines_of
from records.claim.account import account_of
from records.claim.charge_line import claim_modifiers
from records.claim.code_sets import FREQUENCIES, REPLACING, plain
from records.claim.context import ClaimContext, ServiceLine
from records.claim.needs.of_cms1500 import needs_of_cms1500
from records.claim.needs.other_payer import MEDICARE
from records.exports.claim.cms1500_payers import insured_boxes, other_boxes, paid_before
from records.exports.claim.cms1500_words import (
    Box,
    address_words,
    box,
    day_words,
    name_words,
)
from records.exports.claim.x12 import digits
from records.exports.needs import refuse_incomplete
from records.exports.readiness import unbillable, unready
from records.note.treatment_note import sessions_text
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


def cms1500_boxes(
    context: ClaimContext, *, session_id: str, face: Face, accepted: Sequence[str] = ()
) -> list[Box]:
    """Returns the boxes in the form's order; raises ExportIncomplete naming what is missing."""
    refuse_incomplete("CMS-1500", session_id, needs_of_cms1500(context, session_id))
    account = account_of(session_id, context.claim_id)
    sheet = _Sheet(context, face, account, claim_modifiers(context, accepted))
    return [each for each in sheet.boxes() if each.value]


def cms1500_text(boxes: Sequence[Box], visit: Visit) -> str:
    """Returns one line a box; above them the status and what is not ready."""
    reasons, face = unbillable(visit), visit.face
    of = sessions_text(visit.note)
    lines = [f"CMS-1500 data sheet (not the form)  {of}  {face.status}"]
    lines += [face.verdict or NOT_READY, *reasons] if reasons else []
    lines += [face.outcomes] if face.outcomes else []
    lines += ["", *(f"{box.number:<7} {box.label:<34} {box.value}" for box in boxes)]
    return lines_of(lines)


def cms1500_json(boxes: Sequence[Box], visit: Visit) -> str:
    """Returns the same as JSON."""
    reasons = unready(visit)
    document = {
        "format": FORMAT,
        "session_id": visit.session_id,
        **({"sessions": list(visit.note.sessions)} if visit.further else {}),
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
        yield box("1", "kind of payer", PAYER_TYPES[context.payer.kind])
        yield box("1a", "member id", self.insured.member_id)
        yield box("2", "patient", name_words(patient))
        yield box("3", "born, sex", f"{day_words(patient.birth_date)} {patient.sex}")
        first = insured_boxes(context, self.insured)
        yield box("4", "insured", first.name)
        yield box("5", "patient's address", address_words(patient.address))
        yield box("6", "patient is to the insured", first.relationship)
        yield box("7", "insured's address", first.address)
        yield from other_boxes(context)
        yield from self._causes()
        yield box("11", "group", first.group)
        yield box("11a", "insured born, sex", first.born)
        if context.casualty_claim_number and not self.medicare:
            yield box("11b", "claim of the accident", f"Y4 {context.casualty_claim_number}")
        yield box("11c", "plan", first.plan)
        if context.other_payer and not self.medicare:
            yield box("11d", "another health plan", "YES")
        yield box("12", "release of information", _yes(context.release_of_information))
        yield box("13", "benefits assigned to the practice", _yes(context.benefits_assigned))

    def _causes(self) -> Iterator[Box]:
        """Yields box 10: YES or NO for each, once it is known."""
        causes = self.context.related_causes
        if not causes:
            return
        yield box("10a", "employment", _yes("employment" in causes))
        state = (self.context.accident_state or "").upper()
        auto = "auto" in causes
        yield box("10b", "auto accident, state", f"YES {state}".strip() if auto else "NO")
        yield box("10c", "other accident", _yes("other" in causes))

    def _claim(self) -> Iterator[Box]:
        context = self.context
        if context.onset_date:
            yield box("14", "onset", f"{day_words(context.onset_date)} qualifier 431")
        if context.initial_treatment_date:
            began = day_words(context.initial_treatment_date)
            yield box("15", "first treatment", f"{began} qualifier 454")
        if context.referring:
            yield box("17", "who certified the plan", f"DN {name_words(context.referring)}")
            yield box("17b", "NPI of 17", context.referring.npi)
        for letter, code in zip(LETTERS, context.diagnoses, strict=False):
            yield box(f"21{letter}", "diagnosis (ICD indicator 0)", plain(code))
        if context.frequency in REPLACING:
            code = FREQUENCIES[context.frequency]
            yield box("22", "resubmission", f"{code} {context.payer_claim_number}")
        if context.authorization:
            yield box("23", "prior authorization", context.authorization.number)

    def _line(self, number: int, line: ServiceLine) -> Iterator[Box]:
        traction = line is self.context.traction_line
        modifiers = self.modifiers if traction else line.modifiers
        day = day_words(self.context.date_of_service)
        yield box(f"24A.{number}", "from and to", f"{day} {day}")
        yield box(f"24B.{number}", "place", line.pos)
        yield box(f"24D.{number}", "code and modifiers", " ".join([line.cpt, *modifiers]))
        yield box(f"24E.{number}", "diagnosis pointers", _letters(line.dx_pointers))
        yield box(f"24F.{number}", "charge", f"{line.charge:.2f}")
        yield box(f"24G.{number}", "units", str(line.units))
        yield box(f"24J.{number}", "NPI of who treated", line.rendering_npi or self.rendering.npi)

    def _practice(self) -> Iterator[Box]:
        context, billing = self.context, self.billing
        kind = {"EI": "EIN", "SY": "SSN"}[billing.tin_kind or "EI"]
        yield box("25", "tax number", f"{digits(billing.tin or '')} {kind}")
        yield box("26", "account", self.account)
        yield box("27", "accepts assignment", _yes(context.accept_assignment))
        total = sum((line.charge or Decimal() for line in context.lines), Decimal())
        yield box("28", "total charge", f"{total:.2f}")
        yield box("29", "paid by the payer before", paid_before(context))
        yield box("31", "signature", self.face.signature or "open: the note is not signed")
        if context.service_facility:
            facility = context.service_facility
            yield box("32", "where", f"{name_words(facility)}, {address_words(facility.address)}")
            if facility.npi != billing.npi:
                yield box("32a", "NPI of 32", facility.npi)
        elif self.medicare:
            yield box("32", "where", f"{name_words(billing)}, {address_words(billing.address)}")
        yield box("33", "who bills", f"{name_words(billing)}, {address_words(billing.address)}")
        yield box("33a", "NPI of 33", billing.npi)


def _letters(pointers: Sequence[int]) -> str:
    """Returns 1, 2 as "AB"; a pointer past the list stays a number, so that it is visible."""
    return "".join(LETTERS[p - 1] if 1 <= p <= len(LETTERS) else f"({p})" for p in pointers)


def _yes(value: bool | None) -> str:
    return "" if value is None else ("YES" if value else "NO")
