"""HL7 MDM^T02: the finished note as a document, its PDF inside, for a chart."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from records.claim.context import Party
from records.claim.needs.of_messages import needs_of_hl7
from records.exports.messages.hl7 import (
    CODES,
    SENDER,
    escaped,
    header,
    message,
    parts,
    patient,
    provider,
    repeated,
    segment,
    signed_by,
    time,
)
from records.exports.messages.signature import signature_of
from records.exports.needs import context_or_refuse, refuse_incomplete
from records.note.delivered_dose import DeliveredDose
from records.visit.visit import Visit

FORMAT = "HL7 MDM"
NOTE_CODE = ("11508-9", "Physical therapy Progress note", "LN")
SIGNED, DICTATED = "LA", "DO"
"""Legally authenticated; documented, not yet signed."""


def mdm_t02(visit: Visit, pdf: bytes, file_name: str) -> str:
    """Returns the message; raises ExportIncomplete naming what is missing."""
    context = context_or_refuse(visit.context, FORMAT, visit.session_id)
    refuse_incomplete(FORMAT, visit.session_id, needs_of_hl7(context, visit.patient_reference))
    assert context.patient is not None
    lines = [*header(visit, "MDM", "T02"), *patient(visit, context.patient)]
    lines.append(_document(visit, context.rendering, file_name))
    document = f"^application^pdf^Base64^{base64.b64encode(pdf).decode()}"
    lines.append(_result(1, "ED", parts(*NOTE_CODE), document, ""))
    lines += _comments(visit)
    lines += _numbers(visit)
    return message(lines)


def _document(visit: Visit, treated_by: Party | None, file_name: str) -> str:
    """Returns TXA: the document's kind and whether it is signed."""
    start, stop = visit.times
    signature = signature_of(visit)
    author = provider(treated_by) if treated_by else ""
    fields = {
        1: "1",
        2: "PN",
        3: "AP",
        4: time(start),
        5: author,
        6: time(stop),
        9: author,
        12: parts(visit.session_id, SENDER),
        16: escaped(file_name),
        17: SIGNED if signature else DICTATED,
        19: "AV",
    }
    if signature:
        fields[22] = signed_by(signature.party, signature.at)
    return segment("TXA", fields)


def _comments(visit: Visit) -> Iterator[str]:
    """Yields errors and warnings of the note, after the document that they are about."""
    verdict = [visit.face.verdict] if visit.face.errors else []
    words = [*verdict, *visit.face.errors, *visit.face.alerts]
    if words:
        yield segment("NTE", {1: "1", 3: repeated(*(escaped(text) for text in words))})


def _numbers(visit: Visit) -> Iterator[str]:
    """Yields the dose as figures; the force curve is in the PDF.

    Of several sessions the visit's, then each one's, whose number is the observation's sub-id.
    """
    note = visit.note
    rows = [(row, "") for row in _dose(note.dose)]
    for number, part in enumerate(note.parts, start=1):
        named = ("SESSION", "Session", part.session_id, "")
        sealed = ("CHECKPOINT", "Checkpoint", part.checkpoint, "")
        rows += [(row, str(number)) for row in (named, sealed, *_dose(part.dose)) if row[2]]
    for number, ((code, label, value, unit), sub_id) in enumerate(rows, start=2):
        kind, of = ("NM", parts(unit, "", "UCUM")) if unit else ("ST", "")
        yield _result(
            number, kind, parts(code, label, CODES), value if unit else escaped(value), of, sub_id
        )


def _dose(dose: DeliveredDose) -> Iterator[tuple[str, str, str, str]]:
    """Yields code, label, value and unit of what was measured."""
    known = [
        ("PEAKFORCE", "Peak force", _newtons(dose.peak_force_dn), "N"),
        ("MEANHOLDFORCE", "Mean force in hold", _newtons(dose.mean_hold_force_dn), "N"),
        ("TRACTIONMIN", "Delivered traction", str(dose.delivered_minutes), "min"),
        ("STOPS", "Stops", str(len(dose.stops)), "1"),
    ]
    return (row for row in known if row[2])


def _newtons(force_dn: int | None) -> str:
    return "" if force_dn is None else f"{force_dn / 10:.1f}"


def _result(number: int, kind: str, code: str, value: str, unit: str, sub_id: str = "") -> str:
    fields = {1: str(number), 2: kind, 3: code, 4: sub_id, 5: value, 6: unit, 11: "F"}
    return segment("OBX", fields)
