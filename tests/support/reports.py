"""Scrub reports without a claim, for the formats that show one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Literal

from records.claim.rules.findings import RuleFinding, RuleResult
from records.claim.rules.offers import Offer
from records.claim.rules.scrubber import ScrubReport
from records.clinic.acceptance import Acceptance
from records.provenance import JournalRange, Origin, Sourced
from records.visit.face import face_of
from records.visit.visit import Visit
from tests.support.documents import SESSION_ID, STARTED_UTC_MS, made_visit

MEASURED: Sourced[str] = Sourced(
    name="delivered_minutes",
    label="Delivered traction",
    value="10 min (10 min 4 s)",
    origin=Origin.DEVICE,
    unit="min",
    journal_range=JournalRange(records="event", first=3, last=9),
)
OPEN: Sourced[str] = Sourced(name="symptoms", label="Symptoms", value=None, origin=Origin.CLINICIAN)


def made_finding(
    rule_id: str, severity: Literal["error", "warn", "info"], message: str
) -> RuleFinding:
    """A finding with one measured and one open piece of evidence."""
    return RuleFinding(
        rule_id=rule_id,
        severity=severity,
        field="lines.1",
        message=message,
        source="invented source",
        source_date=date(2026, 11, 24),
        strength="B",
        from_mission=True,
        evidence=(MEASURED, OPEN),
    )


def made_report(*findings: RuleFinding, results: tuple[RuleResult, ...] = ()) -> ScrubReport:
    """A report with these findings, each of a rule of its own, and with further ``results``."""
    failed = (
        RuleResult(
            rule_id=found.rule_id, outcome="failed", severity=found.severity, findings=(found,)
        )
        for found in findings
    )
    return ScrubReport(
        results=(*failed, *results),
        profile="medicare_b",
        profile_title="Medicare Part B",
        profile_date=date(2026, 1, 1),
        profile_source="invented policy",
        rule_set=date(2026, 11, 24),
        date_of_service=date(2026, 11, 24),
        conditions=("Other therapy was tried before.",),
        not_checked=("code pairs: no file",),
    )


def with_report(visit: Visit, report: ScrubReport) -> Visit:
    """The visit after the rules were applied."""
    return replace(visit, report=report, face=face_of(visit.note, report))


def visit_with_offer(report: ScrubReport) -> Visit:
    """A visit with a report, and with one code offered and one accepted."""
    offer = Offer(
        kind="modifier",
        value="GP",
        line="97012",
        why="Medicare wants the discipline.",
        speaks_for=("the plan is a PT plan",),
        speaks_against=("nobody signed it",),
        evidence=(MEASURED,),
    )
    accepted = Acceptance(
        session_id=SESSION_ID,
        what="modifier",
        value="GP",
        accepted=True,
        by="P. Jones, PT",
        at_utc_ms=STARTED_UTC_MS,
        evidence=("for: the plan is a PT plan",),
    )
    visit = with_report(made_visit(), report)
    return replace(visit, offers=(offer,), acceptances=(accepted,))
