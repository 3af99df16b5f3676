"""The scrub report as text and as a JSON document, including what is accepted and offered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.words import lines_of
from records.claim.charge_line import MODIFIER
from records.claim.rules.findings import RuleFinding, RuleResult
from records.clinic.acceptance import Acceptance
from records.provenance import Origin, Sourced

if TYPE_CHECKING:
    from records.claim.rules.offers import Offer
    from records.claim.rules.scrubber import ScrubReport

OPEN = "(nothing)"
STRENGTHS = {
    "A": "CMS",
    "B": "Medicare contractor or payer",
    "C": "trade page",
    "log": "the device's record",
    "own": "general knowledge, no source on file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Claims of the session that left before, in words, and differences from the present one."""

    before: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()


NEVER_EXPORTED = Exported()


def verdict(report: ScrubReport) -> str:
    """Returns READY or NOT READY, the reasons, what else was found, and how all rules ended."""
    count = Counter(finding.severity for finding in report.findings)
    state = "NOT READY" if report.blocked else "READY"
    state += " (simulated)" if report.simulated else ""
    back = kept_back_text(count["error"], len(open_errors(report)))
    further = f"{_counted(count['warn'], 'warning')}, {_counted(count['info'], 'note')}"
    return f"{state}: {back}; {further}; {outcomes_text(report)}"


def kept_back_text(found_n: int, open_n: int) -> str:
    """Returns how many errors were found, and how many error rules could not be judged.

    The same words are in the verdict of a scrub and at the top of every document.
    """
    return (
        f"{_counted(found_n, 'error')} found by the rules, {_counted(open_n, 'error')} not judged"
    )


def open_errors(report: ScrubReport) -> list[RuleResult]:
    """Returns rules of severity error that could not be judged."""
    return [result for result in report.not_judged if result.blocks]


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def outcomes_text(report: ScrubReport) -> str:
    """Returns how many rules ended in each way, and how many of the open ones block the claim."""
    counted = ", ".join(
        f"{number} {outcome.replace('_', ' ')}" for outcome, number in report.counts.items()
    )
    errors = f" ({_counted(len(open_errors(report)), 'error')})" if report.not_judged else ""
    return f"{_counted(len(report.results), 'rule')}: {counted}{errors}"


def older_data_text(report: ScrubReport) -> str:
    """Returns which data of another date judged the day; "" when all of it covers the day."""
    parts = (f"{each.of} ({each.what})" for each in report.older_data)
    joined = ", ".join(parts)
    return f"judged by data of {joined}" if joined else ""


def report_text(
    session_id: str,
    report: ScrubReport,
    offers: Sequence[Offer],
    accepted: Sequence[Acceptance] = (),
    exported: Exported = NEVER_EXPORTED,
) -> str:
    """Returns the report for a terminal."""
    older = older_data_text(report)
    lines = [
        f"Scrub of session {session_id}, date of service {report.date_of_service}"
        + (f"; {older}" if older else ""),
        f"Payer profile {report.profile} ({report.profile_title}), of {report.profile_date}; "
        f"rules of {report.rule_set}",
        verdict(report),
        *exported.differences,
        "",
    ]
    for finding in report.findings:
        lines += _finding_lines(finding)
    lines += [_open_line(result) for result in report.not_judged]
    for offer in offers:
        lines += _offer_lines(session_id, offer)
    lines += [f"accepted: {each.what} {each.value} by {each.by}" for each in accepted]
    lines += [f"exported: {text}" for text in exported.before]
    lines += [f"condition of the payer: {text}" for text in report.conditions]
    lines += [f"not checked: {text}" for text in report.not_checked]
    lines += _not_applicable_lines(report)
    return lines_of([*lines, "", report.advice])


def _open_line(result: RuleResult) -> str:
    return f"{result.severity:<5} {result.rule_id}  not judged: {'; '.join(result.why)}"


def _not_applicable_lines(report: ScrubReport) -> Iterator[str]:
    """Yields rules by the reason for which they do not apply: most share one."""
    by_reason: dict[str, list[str]] = {}
    for result in report.results:
        if result.outcome == "not_applicable":
            by_reason.setdefault("; ".join(result.why), []).append(result.rule_id)
    for why, rules in by_reason.items():
        yield f"not applicable: {', '.join(rules)}: {why}"


def _finding_lines(finding: RuleFinding) -> Iterator[str]:
    yield f"{finding.severity:<5} {finding.rule_id}  {finding.message}"
    yield f"      source ({STRENGTHS[finding.strength]}, {finding.source_date}): {finding.source}"
    for field in finding.evidence:
        value = OPEN if field.is_open else field.value
        yield f"      evidence: {field.label}: {value} [{where_from(field)}]"


def _offer_lines(session_id: str, offer: Offer) -> Iterator[str]:
    yield f"offer {offer.key}  {offer.why}"
    for text in offer.shown:
        yield f"      {text}"
    option = f"--modifier {offer.value}" if offer.kind == MODIFIER else f"--diagnosis {offer.value}"
    line = "" if offer.line == "97012" else f" --line {offer.line}"
    yield f'      accept with: traction accept {session_id} {option}{line} --by "NAME"'


def where_from(field: Sourced[Any]) -> str:
    """Returns the source of a piece of evidence: the imported file, or as the note says it."""
    if field.origin is Origin.IMPORTED:
        return field.method or "not imported"
    return field.where_from


def report_document(
    session_id: str,
    report: ScrubReport,
    offers: Sequence[Offer],
    accepted: Sequence[Acceptance] = (),
    exported: Exported = NEVER_EXPORTED,
) -> dict[str, Any]:
    """Returns the report as JSON."""
    return {
        "session_id": session_id,
        "ready": not report.blocked,
        "simulated": report.simulated,
        "verdict": verdict(report),
        "profile": report.profile,
        "profile_title": report.profile_title,
        "profile_date": report.profile_date.isoformat(),
        "profile_source": report.profile_source,
        "rule_set": report.rule_set.isoformat(),
        "date_of_service": report.date_of_service.isoformat(),
        "counts": dict(report.counts),
        "older_data": [{"what": e.what, "of": e.of.isoformat()} for e in report.older_data],
        "rules": [_result_document(result) for result in report.results],
        "findings": [_finding_document(finding) for finding in report.findings],
        "offers": [_offer_document(offer) for offer in offers],
        "accepted": [
            {
                "what": a.what,
                "value": a.value,
                "by": a.by,
                "at_utc_ms": a.at_utc_ms,
                "evidence": list(a.evidence),
            }
            for a in accepted
        ],
        "exported": list(exported.before),
        "differs": list(exported.differences),
        "conditions": list(report.conditions),
        "not_checked": list(report.not_checked),
        "advice": report.advice,
    }


def _result_document(result: RuleResult) -> dict[str, Any]:
    return {
        "rule": result.rule_id,
        "outcome": result.outcome,
        "severity": result.severity,
        "why": list(result.why),
    }


def _finding_document(finding: RuleFinding) -> dict[str, Any]:
    return {
        "rule": finding.rule_id,
        "severity": finding.severity,
        "field": finding.field,
        "message": finding.message,
        "source": finding.source,
        "source_date": finding.source_date.isoformat(),
        "strength": finding.strength,
        "from_mission": finding.from_mission,
        "evidence": [_evidence_document(field) for field in finding.evidence],
    }


def _offer_document(offer: Offer) -> dict[str, Any]:
    return {
        "kind": offer.kind,
        "value": offer.value,
        "line": offer.line,
        "why": offer.why,
        "for": list(offer.speaks_for),
        "against": list(offer.speaks_against),
        "evidence": [_evidence_document(field) for field in offer.evidence],
    }


def _evidence_document(field: Sourced[Any]) -> dict[str, Any]:
    span = field.journal_range
    return {
        "name": field.name,
        "label": field.label,
        "value": None if field.is_open else str(field.value),
        "unit": field.unit,
        "origin": field.origin.value,
        "from": where_from(field),
        "records": None if span is None else [span.records, span.first, span.last],
        "digest": field.digest,
    }
