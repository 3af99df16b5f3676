"""The scrubber: every rule of the day over one claim, as a report that says what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from records.claim.context import ClaimContext
from records.claim.rules.facts import Facts
from records.claim.rules.findings import SEVERITIES, Found, RuleFinding, lower_of
from records.claim.rules.lines_left_out import lines_left_out
from records.claim.rules.payer_profile import PayerProfile
from records.claim.rules.predicates import PREDICATES, Predicate
from records.claim.rules.rule_data import Rule, shipped_rules
from records.claim.rules.tables import ScrubTables
from records.evidence.reader import SessionRecord
from records.note.treatment_note import TreatmentNote

ADVICE = (
    "An engineering aid, no coding or legal advice: ask a medical billing specialist before the "
    "claim goes out, above all where a finding stays."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubReport:
    """Findings, the worst first, and what they rest on."""

    findings: tuple[RuleFinding, ...]
    profile: str
    profile_title: str
    profile_date: date
    profile_source: str
    rule_set: date
    date_of_service: date
    conditions: tuple[str, ...]
    """What the payer wants and no data of the claim can prove."""
    not_checked: tuple[str, ...]
    advice: str = ADVICE

    @property
    def blocked(self) -> bool:
        """True when a finding would make the claim rejected or false: it is not ready."""
        return any(finding.severity == "error" for finding in self.findings)

    def of_rule(self, rule_id: str) -> list[RuleFinding]:
        """The findings of one rule."""
        return [finding for finding in self.findings if finding.rule_id == rule_id]


def scrub(
    note: TreatmentNote | None,
    record: SessionRecord | None,
    context: ClaimContext,
    profile: PayerProfile,
    tables: ScrubTables,
    *,
    log_altered: str | None = None,
) -> ScrubReport:
    """Look at one claim. It never raises for a well-formed context, and it changes nothing.

    ``log_altered`` is what the walk over log and words found, when somebody walked.
    """
    facts = Facts(note, record, context, profile, tables, log_altered=log_altered)
    return report_of(facts)


def report_of(facts: Facts) -> ScrubReport:
    """The report over facts that were gathered already."""
    profile = facts.profile
    found = [f for rule, look in _looks() for f in _findings(rule, look, facts)]
    return ScrubReport(
        findings=tuple(sorted(found, key=_worst_first)),
        profile=profile.name,
        profile_title=profile.title,
        profile_date=profile.valid_from,
        profile_source=profile.source,
        rule_set=shipped_rules().version,
        date_of_service=facts.day,
        conditions=(*profile.conditions, *_profile_is_of_another_time(profile, facts.day)),
        not_checked=(*facts.tables.not_checked(facts.day), *lines_left_out(facts)),
    )


@cache
def _looks() -> tuple[tuple[Rule, Predicate], ...]:
    return tuple((rule, PREDICATES[rule.when]) for rule in shipped_rules().rule)


def _findings(rule: Rule, look: Predicate, facts: Facts) -> Iterator[RuleFinding]:
    seen = facts.profile.severities.get(rule.id)
    if seen == "off" or not rule.applies_on(facts.day):
        return
    for found in look(facts):
        severity = lower_of(found.severity or seen or rule.severity, found.at_most)
        yield RuleFinding(
            rule_id=rule.id,
            severity=severity,
            field=found.field,
            message=_message(rule, found),
            source=rule.source,
            source_date=rule.source_date,
            strength=rule.strength,
            from_mission=rule.mission,
            evidence=found.evidence,
        )


def _message(rule: Rule, found: Found) -> str:
    message = rule.message.format(**found.words)
    return f"{message} ({found.remark})" if found.remark else message


def _worst_first(finding: RuleFinding) -> tuple[int, str]:
    return -SEVERITIES.index(finding.severity), finding.rule_id


def _profile_is_of_another_time(profile: PayerProfile, day: date) -> Iterator[str]:
    if profile.valid_to is not None and day > profile.valid_to:
        yield f"This profile ended on {profile.valid_to}: ask the payer for today's policy."
    if day < profile.valid_from:
        yield f"This profile begins on {profile.valid_from}: it may not hold for {day}."
