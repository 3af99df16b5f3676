"""A claim as its page shows it: the verdict, the rules' findings, offers, and exports that left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.errors import RequestRefused
from records.claim.charge_line import DIAGNOSIS, MODIFIER
from records.claim.needs.of_form import is_electronic
from records.claim.rules.as_read import report_as_read
from records.claim.rules.findings import SEVERITIES
from records.claim.rules.report import older_data_text, verdict
from records.claim.rules.scrubber import ScrubReport
from records.clinic.acceptance import Acceptance
from records.exports.formats import claim_format, document
from records.note.treatment_note import TreatmentNote
from records.visit.note_status import moment_text
from records.visit.sent import differences, left_already, sent_texts
from records.visit.visit import Visit
from workstation.console.note_view import SEVERITY_WORDS, FindingView, finding_view
from workstation.visit.exporting import BUNDLE, FOR_A_RECEIVER

FORMATS = {
    "pdf": "The note on pages (PDF)",
    "text": "The note as text",
    "summary": "A summary of the dose, to be pasted",
    "json": "The whole session (JSON)",
    "csv": "The charge line (CSV)",
    "837p": "The claim (837P)",
    "cms1500": "Boxes of the CMS-1500",
    "cms1500-json": "Boxes of the CMS-1500 (JSON)",
    "hl7-dft": "The charge as HL7 (DFT)",
    "hl7-mdm": "The note as HL7 (MDM)",
    "fhir": "FHIR bundle",
    "scrub-html": "This report (HTML)",
    "scrub-pdf": "This report (PDF)",
    "scrub-json": "This report (JSON)",
    BUNDLE: "The evidence for somebody who checks it",
}
"""Every export by its format, with its description."""
OF_PAPER = ("pdf", "text", "json")
"""The exports of a downtime sheet: its note, and no claim."""
WITHOUT_TREATMENT = ("pdf", "text", "summary", "json", BUNDLE)
"""The exports of a session in which nobody was treated: there is nothing to charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportView:
    """A document to download. ``is_claim``: it is recorded before it leaves.

    ``left`` says that a claim left in this format before; then it leaves again only when asked.
    """

    format: str
    title: str
    is_claim: bool
    receivers: tuple[str, ...] = ()
    left: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedView:
    """What a person accepted, and what was shown then; ``kind`` and ``value`` identify it."""

    kind: str
    value: str
    words: str
    evidence: tuple[str, ...]
    can_be_taken_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """What the rules say, in reading order."""

    verdict: str
    ready: bool
    by_whose_rules: str
    findings: tuple[FindingView, ...]
    not_judged: tuple[str, ...]
    beside: tuple[str, ...]
    not_applicable: tuple[str, ...]
    advice: str


def report_view(report: ScrubReport, note: TreatmentNote) -> ReportView:
    """Returns the report on a note; the worst findings come first."""
    report = report_as_read(report, note)
    older = older_data_text(report)
    worst_first = sorted(report.findings, key=lambda each: -SEVERITIES.index(each.severity))
    return ReportView(
        verdict=verdict(report),
        ready=not report.blocked,
        by_whose_rules=(
            f"Payer profile {report.profile} ({report.profile_title}), of {report.profile_date}; "
            f"rules of {report.rule_set}; date of service {report.date_of_service}"
            + (f"; {older}" if older else "")
        ),
        findings=tuple(finding_view(each) for each in worst_first),
        not_judged=tuple(
            f"{SEVERITY_WORDS[each.severity]} {each.rule_id}: not judged, {'; '.join(each.why)}"
            for each in report.not_judged
        ),
        beside=(
            *(f"condition of the payer: {text}" for text in report.conditions),
            *(f"not checked: {text}" for text in report.not_checked),
        ),
        not_applicable=tuple(
            f"{each.rule_id}: {'; '.join(each.why)}"
            for each in report.results
            if each.outcome == "not_applicable"
        ),
        advice=report.advice,
    )


def accepted_views(visit: Visit) -> Iterator[AcceptedView]:
    """Returns everything that a named person accepted or decided."""
    for each in visit.acceptances:
        yield AcceptedView(
            kind=each.what,
            value=each.value,
            words=f"{each.what} {each.value}: {_by(visit.note, each)}",
            evidence=each.evidence,
            can_be_taken_back=each.what in (MODIFIER, DIAGNOSIS),
        )


def _by(note: TreatmentNote, each: Acceptance) -> str:
    return f"accepted by {each.by}, {moment_text(note, each.at_utc_ms)}"


def export_views(
    visit: Visit, csv_receivers: tuple[str, ...], receivers: tuple[str, ...]
) -> Iterator[ExportView]:
    """Returns the exports of a recorded visit; without a treatment those that charge nothing."""
    names = FORMATS if visit.report else WITHOUT_TREATMENT
    for name in names:
        sent_as = claim_format(name)
        chosen = (csv_receivers if name == "csv" else receivers) if name in FOR_A_RECEIVER else ()
        yield ExportView(
            format=name,
            title=FORMATS[name],
            is_claim=sent_as is not None,
            receivers=chosen,
            left=left_already(visit, sent_as) if sent_as else "",
        )


def paper_views() -> Iterator[ExportView]:
    """Returns every export of a downtime sheet."""
    for name in OF_PAPER:
        yield ExportView(format=name, title=FORMATS[name], is_claim=False)


def alerts_of(visit: Visit) -> tuple[str, ...]:
    """Yields differences from a claim that left, which left, and where an 837P differs."""
    return (*differences(visit), *(f"left: {text}" for text in sent_texts(visit)), *_notices(visit))


def _notices(visit: Visit) -> Iterator[str]:
    if visit.context is None or not is_electronic(visit.context):
        return
    try:
        made = document(visit, "837p")
    except RequestRefused:
        return  # the rules report what it lacks
    yield from (f"the 837P says it otherwise, for its receiver: {text}" for text in made.notices)
