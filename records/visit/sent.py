"""Exported claims: a second export only on request, later changes shown.

A claim that is sent twice is denied as a duplicate; one that was amended after the export is false.
What the program wrote is in clinic.db's chain (records/clinic/claim_exports.py); it does not know
whether a file reached a payer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from controller.errors import ExportRefused
from controller.events import JsonValue
from records.claim.context import ClaimContext
from records.claim.rules.report import Exported
from records.clinic.claim_exports import ClaimExport, FiledExport, record_claim_export
from records.store.author import Person
from records.store.canonical import canonical_json
from records.store.record_folder import RecordFolder
from records.visit.note_status import moment_text
from records.visit.visit import Visit


def refuse_second(visit: Visit, format_name: str) -> None:
    """Raises ExportRefused when a claim without errors left in this format before."""
    if left := left_already(visit, format_name):
        raise ExportRefused(f"{left}; if that file never left, write it once more with --again")


def left_already(visit: Visit, format_name: str) -> str:
    """Returns that a claim without errors left in this format, and the effect of a second one."""
    for sent in _claims(visit):
        if sent.format == format_name:
            return (
                f"the claim of session {visit.session_id} was exported as {format_name} already: "
                f"{_sent_text(visit, sent)}. A claim that is sent twice is denied as a duplicate"
            )
    return ""


def keep_export(
    folder: RecordFolder, visit: Visit, person: Person, format_name: str, name: str, content: bytes
) -> None:
    """Keep what is about to be written; raises AuditUnavailable when it cannot be kept."""
    export = ClaimExport(
        format=format_name,
        file=name,
        digest=hashlib.sha256(content).hexdigest(),
        note_digest=note_digest(visit),
        context_digest=context_digest(visit.context),
        ready=visit.ready,
    )
    record_claim_export(
        folder,
        person,
        export,
        session_id=visit.session_id,
        patient_key=visit.note.patient_key,
    )


def sent_texts(visit: Visit) -> tuple[str, ...]:
    """Returns every claim without errors that left, in words, oldest first."""
    return tuple(_sent_text(visit, sent) for sent in _claims(visit))


def exported(visit: Visit) -> Exported:
    """Returns a scrub report's text about it."""
    return Exported(before=sent_texts(visit), differences=differences(visit))


def differences(visit: Visit) -> tuple[str, ...]:
    """Returns whether the newest claim that left differs from the visit now."""
    claims = _claims(visit)
    return tuple(_differences(visit, claims[-1])) if claims else ()


def _claims(visit: Visit) -> list[FiledExport]:
    """Returns exports without errors, oldest first; the others were not claims to send."""
    return [sent for sent in visit.sent if sent.ready]


def _differences(visit: Visit, sent: FiledExport) -> Iterator[str]:
    changed = []
    if sent.note_digest != note_digest(visit):
        changed.append("the note or what was accepted")
    now = context_digest(visit.context)
    if now and sent.context_digest and now != sent.context_digest:
        changed.append("the claim context")
    if changed:
        yield (
            f"claim differs from what was exported ({_sent_text(visit, sent)}): "
            f"{' and '.join(changed)} changed since"
        )


def _sent_text(visit: Visit, sent: FiledExport) -> str:
    when = moment_text(visit.note, sent.at_utc_ms)
    return f"{sent.format}, {sent.file}, {when} by {sent.by}, SHA-256 {sent.digest[:16]}"


def note_digest(visit: Visit) -> str:
    """Returns the digest of log, note and acceptances; signing an unchanged draft keeps it."""
    note = visit.note
    said: dict[str, JsonValue] = {
        "seal": note.seal,
        "fields": {
            field.name: None if field.value is None else str(field.value)
            for field in (*note.device_fields, *note.clinician_fields)
        },
        "accepted": [*sorted(f"{one.what}={one.value}" for one in visit.acceptances)],
    }
    if note.parts:
        said["sessions"] = {**note.further_seals}
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()


def context_digest(context: ClaimContext | None) -> str:
    """Returns the digest of an imported context's values; "" where none was imported."""
    if context is None or not context.source_digest:
        return ""
    values = context.model_dump_json(exclude=_left_out(context))
    return hashlib.sha256(values.encode()).hexdigest()


def _left_out(context: ClaimContext) -> dict[str, Any]:
    """Returns unset keys of a second payer, so that claims from before these keys stay equal."""
    left_out: dict[str, Any] = {"source": True, "source_digest": True}
    if context.other_payer is None:
        left_out["other_payer"] = True
    for name, lines in (
        ("lines", context.lines),
        ("other_lines_same_day", context.other_lines_same_day),
    ):
        unset = [n for n, line in enumerate(lines) if line.adjudication is None]
        left_out[name] = {n: {"adjudication": True} for n in unset}
    return left_out
