"""A visit that was entered from a downtime sheet as JSON: the sheet as typed, and its note."""

from __future__ import annotations

import json
from typing import Any

from records.clinic.paper_sheets import Pairs
from records.exports.session.json import field_values, note_values
from records.provenance import NOT_RECORDED_TEXT
from records.visit.paper_visit import PaperVisit

PAPER_FORMAT = "traction-paper/1"


def paper_json(visit: PaperVisit) -> str:
    """Returns JSON with sorted keys, without events, samples or a device's seal."""
    document = paper_document(visit)
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def paper_document(visit: PaperVisit) -> dict[str, Any]:
    """Returns the same as plain values."""
    kept, sheet = visit.kept, visit.kept.sheet
    return {
        "format": PAPER_FORMAT,
        "session_id": visit.session_id,
        "recorded": NOT_RECORDED_TEXT,
        "sheet": {
            "patient_reference": sheet.reference,
            "began_utc_ms": sheet.began_utc_ms,
            "ended_utc_ms": sheet.ended_utc_ms,
            "utc_offset_min": sheet.utc_offset_min,
            "written_by": sheet.written_by,
            "values": dict(sheet.values),
            "checks": _pairs(sheet.checks),
            "screened": _pairs(sheet.screened),
            "words": dict(sheet.words),
            "flagged": list(sheet.flagged),
            "entered_by": kept.by,
            "entered_at_utc_ms": kept.at_utc_ms,
            "digest": kept.digest,
        },
        "warnings": list(visit.note.warnings),
        "note": paper_note_values(visit),
    }


def paper_note_values(visit: PaperVisit) -> dict[str, Any]:
    """Returns the note, with the sheet's fields in a list of its own; the device's is empty."""
    sheet = [field_values(field) for field in visit.note.sheet_fields]
    return {**note_values(visit.note), "sheet": sheet}


def _pairs(pairs: Pairs) -> list[dict[str, str]]:
    return [{"asked": asked, "answered": said} for asked, said in pairs]
