"""A scrub report for people: the times of its evidence as in the note."""

from __future__ import annotations

from dataclasses import replace

from records.claim.rules.findings import RuleFinding
from records.claim.rules.scrubber import ScrubReport
from records.note.named_times import named_time
from records.note.treatment_note import TreatmentNote


def report_as_read(report: ScrubReport, note: TreatmentNote) -> ScrubReport:
    """Returns the report on a note for a page, a terminal or a PDF; programs get it unchanged."""

    def read(finding: RuleFinding) -> RuleFinding:
        return replace(finding, evidence=tuple(named_time(e, note) for e in finding.evidence))

    results = (
        replace(result, findings=tuple(map(read, result.findings))) for result in report.results
    )
    return replace(report, results=tuple(results))
