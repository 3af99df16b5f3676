"""Who made the entries of a note, when, and in which document: a line for each of these."""

from __future__ import annotations

from records.note.treatment_note import TreatmentNote
from records.provenance import ORDERED, Sourced
from records.visit.note_status import moment_text

DIGITS = 16
"""Of a document's SHA-256; the session JSON has all of them."""


def author_lines(note: TreatmentNote) -> list[str]:
    """Returns the order's entries first, then those of each person, with the fields' labels."""
    said = dict[str, list[str]]()
    for field in (*note.fixed_fields, *note.clinician_fields):
        if field.document and not field.needs_a_word:
            said.setdefault(_who_and_where(note, field), []).append(field.label)
    return [f"{who}: {', '.join(labels)}" for who, labels in said.items()]


def _who_and_where(note: TreatmentNote, field: Sourced[str]) -> str:
    when = "at a time not on record"
    if field.attested_utc_ms is not None:
        when = moment_text(note, field.attested_utc_ms)
    if field.document == ORDERED:
        by = field.attested_by or "an account that is not on record"
        digests = " and ".join(digest[:DIGITS] for digest in field.digest.split())
        return f"Order (SHA-256 {digests}), filed {when} by {by}"
    digest = f" (SHA-256 {field.digest[:DIGITS]})" if field.digest else ""
    return f"{field.attested_by}, {when}, {field.source}, {field.document}{digest}"
