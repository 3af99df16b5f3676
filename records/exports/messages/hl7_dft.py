"""HL7 DFT^P03: the charge of a visit for a site with an interface engine."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.charge_line import CPT, UNITS
from records.claim.context import ClaimContext, Party
from records.exports.messages.hl7 import (
    SENDER,
    escaped,
    header,
    message,
    needed_patient,
    parts,
    patient,
    provider,
    repeated,
    segment,
    time,
)
from records.exports.messages.receiver_maps import Receiver
from records.exports.needs import Needs, context_or_refuse
from records.visit.visit import Visit

FORMAT = "HL7 DFT"
CPT_SYSTEM, ICD_SYSTEM, CURRENCY = "C4", "I10", "USD"


def dft_p03(visit: Visit, receiver: Receiver) -> str:
    """The message; raises ExportIncomplete naming what is missing."""
    start, stop = visit.times
    context = context_or_refuse(visit.context, FORMAT, visit.session_id)
    person, charge = _needed(visit, context)
    treated_by = context.rendering or Party()
    diagnoses = [receiver.diagnosis(code) for code in visit.line_diagnoses]
    charge_fields = {
        1: "1",
        2: parts(visit.session_id),
        4: f"{time(start)}^{time(stop)}",
        5: time(visit.made_at),
        6: "CG",
        7: parts(CPT, "", CPT_SYSTEM),
        10: str(UNITS),
        11: f"{charge}&{CURRENCY}",
        19: repeated(*(parts(code, "", ICD_SYSTEM) for code in diagnoses)),
        20: provider(treated_by),
        23: parts(visit.session_id, SENDER),
        25: parts(CPT, "", CPT_SYSTEM),
        26: repeated(*(parts(modifier) for modifier in visit.modifiers)),
    }
    charge_line = segment("FT1", charge_fields)
    lines = [*header(visit, "DFT", "P03"), *patient(visit, person), charge_line]
    return message([*lines, *_sessions(visit)])


def _sessions(visit: Visit) -> Iterator[str]:
    """NTE of the charge: the evidence of each session, where a visit had several."""
    told = [
        f"Session {number} of {len(visit.note.parts)}: {part.session_id}, {part.region}, "
        f"{part.dose.delivered_minutes} min, {part.checkpoint or 'not signed'}"
        for number, part in enumerate(visit.note.parts, start=1)
    ]
    if told:
        yield segment("NTE", {1: "1", 3: repeated(*(escaped(text) for text in told))})


def _needed(visit: Visit, context: ClaimContext) -> tuple[Party, str]:
    """The patient and the charge."""
    needs = Needs(FORMAT, visit.session_id)
    person = needed_patient(needs, visit, context)
    rendering = needs.party("rendering", context.rendering)
    if context.rendering:
        needs.text("rendering.npi", rendering.npi)
    if not visit.diagnoses:
        needs.lack("diagnoses")
    line = context.traction_line
    charge = None if line is None else line.charge
    if line is None:
        needs.lack(f"a {CPT} line")
    elif charge is None:
        needs.lack(f"lines.{context.lines.index(line) + 1}.charge")
    needs.check()
    return person, f"{charge:.2f}"
