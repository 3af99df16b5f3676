"""The whole visit as JSON: order, events, dose, note with sources, claim, findings, seal."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from controller.errors import RequestRefused
from records.exports.note.plot_data import plot_data
from records.exports.scrub.json import scrub_values
from records.note.delivered_dose import DeliveredDose
from records.note.session_part import RecordedSession, SessionPart
from records.note.treatment_note import TreatmentNote
from records.note.words import NoteVersion
from records.provenance import Sourced
from records.visit.visit import Visit

FORMAT = "traction-session/2"
VISIT_FORMAT = "traction-visit/1"
"""Their models, which no export needs, are in ``schema.py``."""


def session_json(visit: Visit) -> str:
    """Returns JSON with sorted keys; samples at the plot's resolution only."""
    document = visit_document(visit) if visit.further else session_document(visit)
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def session_document(visit: Visit) -> dict[str, Any]:
    """Returns the same as plain values; its form is ``schema.SessionDocument``."""
    return {
        "format": FORMAT,
        **_session(RecordedSession(record=visit.record, order=visit.order), visit.note),
        **_of_the_note(visit),
    }


def visit_document(visit: Visit) -> dict[str, Any]:
    """Returns several sessions with their one note; the form is ``schema.VisitDocument``."""
    note, further = visit.note, visit.further
    assert further is not None, "a visit of one session has a document of its session"
    said = further.said
    told = zip(visit.sessions, note.parts, strict=True)
    return {
        "format": VISIT_FORMAT,
        "session_id": visit.session_id,
        "said": {"by": said.by, "at_utc_ms": said.at_utc_ms, "reason": said.reason},
        "sessions": [_session(session, part) for session, part in told],
        "dose": _dose(note.dose),
        **_of_the_note(visit),
        "signed_sessions": {
            str(version.number): dict(version.further)
            for version in note.versions
            if version.further is not None
        },
    }


def _of_the_note(visit: Visit) -> dict[str, Any]:
    return {
        "warnings": list(visit.note.warnings),
        "note": note_values(visit.note),
        "charge": _charge(visit),
        "claim_context": visit.context.model_dump(mode="json") if visit.context else None,
        "scrub": scrub_values(visit) if visit.report else None,
    }


def _session(session: RecordedSession, told: TreatmentNote | SessionPart) -> dict[str, Any]:
    """Returns the evidence of one session in short."""
    record, order = session.record, session.order
    return {
        "session_id": record.head.session_id,
        "unit_id": record.head.unit_id,
        "started_utc_ms": record.head.started_utc_ms,
        "utc_offset_min": record.head.utc_offset_min,
        "outcome": told.outcome,
        "opening": dict(record.opening.detail),
        "order": {"text": order.source_text, "digest": order.digest},
        "events": [
            {
                "sequence": event.sequence,
                "at_ms": event.at_ms,
                "utc_ms": event.utc_ms,
                "kind": event.kind.name.lower(),
                "version": event.version,
                "detail": dict(event.detail),
            }
            for event in record.events
        ],
        "dose": _dose(told.dose),
        "plot": asdict(plot_data(record.samples)),
        "seal": told.seal or None,
        "checkpoint": told.checkpoint or None,
    }


def _dose(dose: DeliveredDose) -> dict[str, Any]:
    return asdict(dose) | {"stops": [asdict(stop) for stop in dose.stops]}


def note_values(note: TreatmentNote) -> dict[str, Any]:
    """Returns a note as plain values."""
    return {
        "device": [field_values(field) for field in note.device_fields],
        "clinician": [field_values(field) for field in note.clinician_fields],
        "open_fields": note.open_fields,
        "status": note.status,
        "signature": None if note.signature is None else asdict(note.signature),
        "versions": [_version(version) for version in note.versions],
        "signature_checkpoint": note.signature_checkpoint or None,
        "proposals": [field_values(field) for field in note.proposals],
        "repetitions": [asdict(repetition) for repetition in note.repetitions],
    }


def _charge(visit: Visit) -> dict[str, Any]:
    try:
        line = visit.charge()
    except RequestRefused as error:
        return {"values": None, "reason": error.message}
    return {"values": dict(line.values), "open_fields": line.open_fields}


def field_values(field: Sourced[str]) -> dict[str, Any]:
    """Returns a field with its source."""
    return {
        "name": field.name,
        "label": field.label,
        "value": field.value,
        "origin": field.origin.value,
        "unit": field.unit,
        "journal_range": None if field.journal_range is None else asdict(field.journal_range),
        "digest": field.digest,
        "attested_by": field.attested_by,
        "attested_utc_ms": field.attested_utc_ms,
        "source": field.source,
        "document": field.document,
        "not_assessed": field.not_assessed,
        "method": field.method,
    }


def _version(version: NoteVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "by": version.by,
        "credentials": version.credentials,
        "at_utc_ms": version.at_utc_ms,
        "reason": version.reason,
        "digest": version.digest,
        "changes": {name: word.as_json() for name, word in version.changes.items()},
    }
