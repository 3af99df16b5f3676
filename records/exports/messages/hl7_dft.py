"""HL7 DFT^P03: the charge of a visit for a site with an interface engine."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.charge_line import CPT, UNITS
from records.claim.context import Party
from records.claim.needs.of_messages import needs_of_dft
from records.exports.messages.hl7 import (
    SENDER,
    escaped,
    header,
    message,
    parts,
    patient,
    provider,
    repeated,
    segment,
    time,
)
from records.exports.messages.receiver_maps import Receiver
from records.exports.needs import context_or_refuse, refuse_incomplete
from records.visit.visit import Visit

FORMAT = "HL7 DFT"
CPT_SYSTEM, ICD_SYSTEM, CURRENCY = "C4", "I10", "USD"


def dft_p03(visit: Visit, receiver: Receiver) -> str:
    """Returns the message; raises ExportIncomplete naming what is missing."""
    start, stop = visit.times
    context = context_or_refuse(visit.context, FORMAT, visit.session_id)
    refuse_incomplete(FORMAT, visit.session_id, needs_of_dft(context, visit.patient_reference))
    person, line = context.patient, context.traction_line
    assert person is not None
    assert line is not None
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
        11: f"{line.charge:.2f}&{CURRENCY}",
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
    """Returns NTE of the charge: the evidence of each session, where a visit had several."""
    told = [
        f"Session {number} of {len(visit.note.parts)}: {part.session_id}, {part.region}, "
        f"{part.dose.delivered_minutes} min, {part.checkpoint or 'not signed'}"
        for number, part in enumerate(visit.note.parts, start=1)
    ]
    if told:
        yield segment("NTE", {1: "1", 3: repeated(*(escaped(text) for text in told))})
