"""A scrub report as people read it: the times of its evidence as the note shows them."""

from __future__ import annotations

from dataclasses import replace

from records.claim.rules.findings import RuleFinding
from records.claim.rules.scrubber import ScrubReport
from records.note.named_times import named_time
from records.note.treatment_note import TreatmentNote


def report_as_read(report: ScrubReport, note: TreatmentNote) -> ScrubReport:
    """The report upon a note for a page, a terminal or a PDF; programs get it as it is."""

    def read(finding: RuleFinding) -> RuleFinding:
        return replace(finding, evidence=tuple(named_time(e, note) for e in finding.evidence))

    results = (
        replace(result, findings=tuple(map(read, result.findings))) for result in report.results
    )
    return replace(report, results=tuple(results))
