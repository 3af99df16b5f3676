"""The whole session as JSON: order, events, dose, note with sources, claim, findings, seal."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from controller.errors import RequestRefused
from records.exports.note.plot_data import plot_data
from records.exports.scrub.json import scrub_values
from records.exports.session.schema import FORMAT
from records.note.treatment_note import TreatmentNote
from records.note.words import NoteVersion
from records.provenance import Sourced
from records.visit.visit import Visit


def session_json(visit: Visit) -> str:
    """JSON with sorted keys; samples at the plot's resolution only."""
    document = session_document(visit)
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def session_document(visit: Visit) -> dict[str, Any]:
    """The same as plain values; its form is ``session_schema.SessionDocument``."""
    record, order, note = visit.record, visit.order, visit.note
    return {
        "format": FORMAT,
        "session_id": record.head.session_id,
        "unit_id": record.head.unit_id,
        "started_utc_ms": record.head.started_utc_ms,
        "utc_offset_min": record.head.utc_offset_min,
        "outcome": note.outcome,
        "warnings": list(note.warnings),
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
        "dose": asdict(note.dose) | {"stops": [asdict(stop) for stop in note.dose.stops]},
        "note": _note(note),
        "charge": _charge(visit),
        "claim_context": visit.context.model_dump(mode="json") if visit.context else None,
        "scrub": scrub_values(visit) if visit.report else None,
        "plot": asdict(plot_data(record.samples)),
        "seal": note.seal or None,
        "checkpoint": note.checkpoint or None,
    }


def _note(note: TreatmentNote) -> dict[str, Any]:
    return {
        "device": [_field(field) for field in note.device_fields],
        "clinician": [_field(field) for field in note.clinician_fields],
        "open_fields": note.open_fields,
        "status": note.status,
        "signature": None if note.signature is None else asdict(note.signature),
        "versions": [_version(version) for version in note.versions],
        "signature_checkpoint": note.signature_checkpoint or None,
        "proposals": [_field(field) for field in note.proposals],
        "repetitions": [asdict(repetition) for repetition in note.repetitions],
    }


def _charge(visit: Visit) -> dict[str, Any]:
    try:
        line = visit.charge()
    except RequestRefused as error:
        return {"values": None, "reason": error.message}
    return {"values": dict(line.values), "open_fields": line.open_fields}


def _field(field: Sourced[str]) -> dict[str, Any]:
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
