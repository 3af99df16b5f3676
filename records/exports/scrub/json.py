"""The scrub report as JSON: what ``traction scrub --json`` prints, with its format's name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controller.errors import ExportIncomplete
from records.claim.rules.as_read import report_as_read
from records.claim.rules.report import report_document
from records.visit.sent import exported
from records.visit.visit import Visit

FORMAT = "traction-scrub/2"


def scrub_json(visit: Visit) -> str:
    """Returns the report of a visit; raises ExportIncomplete if no rule was applied."""
    document = {"format": FORMAT, "note_status": visit.face.status, **scrub_values(visit)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def scrub_values(visit: Visit) -> dict[str, Any]:
    """Returns the report as plain values; its form is ``schema.ScrubPart``."""
    if visit.report is None:
        raise ExportIncomplete(
            f"session {visit.session_id} never reached its hold force, so there is no claim to "
            "check; name a claim context with --context to check one"
        )
    return report_document(
        visit.session_id, visit.report, visit.offers, visit.acceptances, exported(visit)
    )


def values_as_read(visit: Visit) -> dict[str, Any]:
    """Returns the same for a page that a person reads; raises ExportIncomplete."""
    report = visit.report
    read = visit if report is None else replace(visit, report=report_as_read(report, visit.note))
    return scrub_values(read)


def first_line(values: Mapping[str, Any]) -> str:
    """Returns the day, and the data of another date by which it was judged."""
    older = ", ".join(f"{each['of']} ({each['what']})" for each in values["older_data"])
    return f"Date of service {values['date_of_service']}" + (
        f"; judged by data of {older}" if older else ""
    )


def outcome_lines(values: Mapping[str, Any], outcome: str) -> list[str]:
    """Returns rules that ended in one way, one reason a line: most rules share theirs."""
    by_reason: dict[str, list[str]] = {}
    for result in values["rules"]:
        if result["outcome"] == outcome:
            error = " (error)" if outcome == "not_judged" and result["severity"] == "error" else ""
            by_reason.setdefault("; ".join(result["why"]), []).append(f"{result['rule']}{error}")
    return [f"{', '.join(rules)}: {why}" for why, rules in by_reason.items()]
