"""The scrubber: applies every rule of the day to one claim, and reports its sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from records.claim.context import ClaimContext
from records.claim.rules.facts import NOTHING_BESIDE, Beside, Facts
from records.claim.rules.findings import (
    OUTCOMES,
    SEVERITIES,
    Found,
    NotApplicable,
    NotJudged,
    Outcome,
    RuleFinding,
    RuleResult,
    Severity,
    Told,
    lower_of,
    worst_of,
)
from records.claim.rules.lines_left_out import lines_left_out
from records.claim.rules.payer_profile import PayerProfile
from records.claim.rules.predicates import PREDICATES, Predicate
from records.claim.rules.rule_data import Rule, shipped_rules
from records.claim.rules.tables import OlderData, ScrubTables
from records.evidence.reader import SessionRecord
from records.note.treatment_note import TreatmentNote

ADVICE = (
    "An engineering aid, no coding or legal advice: ask a medical billing specialist before the "
    "claim goes out, above all where a finding stays."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubReport:
    """How every rule ended, and the data behind it."""

    results: tuple[RuleResult, ...]
    """One for each rule, in the order of their names."""
    profile: str
    profile_title: str
    profile_date: date
    profile_source: str
    rule_set: date
    date_of_service: date
    conditions: tuple[str, ...]
    """What the payer requires but no data of the claim can prove."""
    not_checked: tuple[str, ...]
    older_data: tuple[OlderData, ...] = ()
    """Reference data that does not cover the day but was used."""
    simulated: bool = False
    """The unit was a simulated one: nobody was treated, whatever the rules say."""
    advice: str = ADVICE

    @property
    def findings(self) -> tuple[RuleFinding, ...]:
        """Returns what failed, the worst first."""
        found = (finding for result in self.results for finding in result.findings)
        return tuple(sorted(found, key=_worst_first))

    @property
    def not_judged(self) -> tuple[RuleResult, ...]:
        """Returns rules with something that could not be judged, the worst first."""
        open_ = (result for result in self.results if result.outcome == "not_judged")
        return tuple(sorted(open_, key=lambda result: -SEVERITIES.index(result.severity)))

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Returns how many rules ended in each way."""
        count = Counter(result.outcome for result in self.results)
        return {outcome: count[outcome] for outcome in OUTCOMES}

    @property
    def blocked(self) -> bool:
        """Returns True when a rule of severity error failed or was not judged: it is not ready."""
        return any(result.blocks for result in self.results)

    def of_rule(self, rule_id: str) -> list[RuleFinding]:
        """Returns the findings of one rule."""
        return [finding for finding in self.findings if finding.rule_id == rule_id]

    def result(self, rule_id: str) -> RuleResult:
        """Returns how one rule ended; raises KeyError."""
        for result in self.results:
            if result.rule_id == rule_id:
                return result
        raise KeyError(rule_id)


def scrub(
    note: TreatmentNote | None,
    record: SessionRecord | None,
    context: ClaimContext,
    profile: PayerProfile,
    tables: ScrubTables,
    beside: Beside = NOTHING_BESIDE,
) -> ScrubReport:
    """Check one claim. It never raises for a well-formed context, and it changes nothing.

    What was not checked ``beside`` it leaves its rule open.
    """
    return report_of(Facts(note, record, context, profile, tables, beside))


def report_of(facts: Facts) -> ScrubReport:
    """Returns the report on facts that were gathered already."""
    profile = facts.profile
    return ScrubReport(
        results=tuple(_result(rule, look, facts) for rule, look in _looks()),
        profile=profile.name,
        profile_title=profile.title,
        profile_date=profile.valid_from,
        profile_source=profile.source,
        rule_set=shipped_rules().version,
        date_of_service=facts.day,
        conditions=(*profile.conditions, *_profile_is_of_another_time(profile, facts.day)),
        not_checked=lines_left_out(facts),
        older_data=facts.tables.older_data(facts.day),
        simulated=facts.note is not None and facts.note.simulated,
    )


@cache
def _looks() -> tuple[tuple[Rule, Predicate], ...]:
    return tuple((rule, PREDICATES[rule.when]) for rule in shipped_rules().rule)


def _result(rule: Rule, look: Predicate, facts: Facts) -> RuleResult:
    """Returns the result of one rule for one claim."""
    severity = facts.profile.severities.get(rule.id, rule.severity)
    if severity == "off":
        why = f"this payer leaves it out ({facts.profile.source})"
        return _not_applicable(rule, why)
    if not rule.applies_on(facts.day):
        return _not_applicable(rule, f"the rule does not hold on {facts.day}")
    told = [_as_needed(each, facts.profile) for each in look(facts)]
    return _ended(rule, severity, told)


def _not_applicable(rule: Rule, *why: str) -> RuleResult:
    return RuleResult(rule_id=rule.id, outcome="not_applicable", severity=rule.severity, why=why)


def _as_needed(told: Told, profile: PayerProfile) -> Told:
    """Returns no fault for a missing field that the payer declares unneeded."""
    match told:
        case NotJudged(missing=name) | Found(field=name, absent=True) if name in profile.unneeded:
            return NotApplicable(f"this payer does not need {name} ({profile.unneeded[name]})")
    return told


def _ended(rule: Rule, severity: Severity, told: list[Told]) -> RuleResult:
    """Returns the worst: a milder finding does not hide what could not be judged."""
    found = tuple(_finding(rule, severity, each) for each in told if isinstance(each, Found))
    open_ = [each for each in told if isinstance(each, NotJudged)]
    unjudged = [lower_of(each.severity or severity, each.at_most) for each in open_]
    failed = worst_of(finding.severity for finding in found)
    if failed is not None and failed == worst_of((failed, *unjudged)):
        return RuleResult(
            rule_id=rule.id,
            outcome="failed",
            severity=failed,
            findings=found,
            why=tuple(each.text for each in open_),
        )
    if open_:
        return RuleResult(
            rule_id=rule.id,
            outcome="not_judged",
            severity=worst_of(unjudged) or severity,
            findings=found,
            why=tuple(dict.fromkeys(each.text for each in open_)),
            missing=tuple(dict.fromkeys(each.missing for each in open_)),
        )
    whys = [each.why for each in told if isinstance(each, NotApplicable)]
    if whys:
        return _not_applicable(rule, *dict.fromkeys(whys))
    return RuleResult(rule_id=rule.id, outcome="held", severity=severity)


def _finding(rule: Rule, severity: Severity, found: Found) -> RuleFinding:
    return RuleFinding(
        rule_id=rule.id,
        severity=lower_of(found.severity or severity, found.at_most),
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
