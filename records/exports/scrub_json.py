"""The scrub report as plain values and as JSON."""

from __future__ import annotations

import json
from typing import Any

from records.exports.face import Face
from records.rules.scrubber import ScrubReport

FORMAT = "traction-scrub/1"


def scrub_json(report: ScrubReport, *, session_id: str, face: Face) -> str:
    """The report with the session that it speaks of."""
    document = {"format": FORMAT, "session_id": session_id, "note_status": face.status}
    return json.dumps(document | scrub_values(report), indent=2, ensure_ascii=False) + "\n"


def scrub_values(report: ScrubReport) -> dict[str, Any]:
    """The report as plain values; its form is ``session_schema.ScrubPart``."""
    return {
        "ready": not report.blocked,
        "profile": report.profile,
        "profile_title": report.profile_title,
        "profile_date": report.profile_date.isoformat(),
        "profile_source": report.profile_source,
        "rule_set": report.rule_set.isoformat(),
        "date_of_service": report.date_of_service.isoformat(),
        "findings": [
            {
                "rule_id": finding.rule_id,
                "severity": finding.severity,
                "field": finding.field,
                "message": finding.message,
                "source": finding.source,
                "source_date": finding.source_date.isoformat(),
                "strength": finding.strength,
                "from_mission": finding.from_mission,
                "evidence": [
                    {
                        "name": each.name,
                        "label": each.label,
                        "value": None if each.value is None else str(each.value),
                        "unit": each.unit,
                        "where_from": each.where_from,
                    }
                    for each in finding.evidence
                ],
            }
            for finding in report.findings
        ],
        "conditions": list(report.conditions),
        "not_checked": list(report.not_checked),
        "advice": report.advice,
    }
