"""Each rule speaks on its case, is silent on the neighbour, and says what it rests on."""

from __future__ import annotations

import pytest

from records.claim.rules.predicates import PREDICATES
from records.claim.rules.rule_data import OWN_ERRORS, shipped_rules
from records.provenance import Origin
from tests.unit.records.claim.rules.builders import Visit, visit
from tests.unit.records.claim.rules.case import Case
from tests.unit.records.claim.rules.cases import CASES
from tests.unit.records.claim.rules.outcomes import OUTCOMES

CATALOGUE = [f"T-{n:03}" for n in range(1, 101)] + [f"N-{n:02}" for n in range(1, 16)]
RULES = {rule.id: rule for rule in shipped_rules().rule}


def test_the_catalogue_is_whole_and_every_rule_has_its_cases() -> None:
    assert sorted(RULES) == sorted(CATALOGUE)
    assert len(RULES) == 115
    assert sorted(case.rule_id for case in CASES) == sorted(CATALOGUE)


def test_rules_and_predicates_belong_together_one_to_one() -> None:
    assert sorted(rule.when for rule in RULES.values()) == sorted(PREDICATES)


def test_a_diagnosis_that_the_note_does_not_name_is_pointed_out() -> None:
    """Corrected in the note, left on the claim: a warning; a code for another service is none."""
    words = {"diagnosis": "M51.17"}
    (warning,) = visit(words=words, claim={"diagnoses": ["M5116"]}).found("T-060")
    assert warning.severity == "warn"
    assert "points to M5116, which the note does not name" in warning.message
    words = {"diagnosis": "M51.17, m51.16"}
    assert visit(words=words, claim={"diagnoses": ["M5116", "M5450"]}).found("T-060") == []


def test_a_right_claim_has_no_finding() -> None:
    assert visit().report().findings == ()
    assert not visit().report().blocked


def test_a_right_claim_leaves_no_rule_open() -> None:
    report = visit().report()
    assert report.counts == {"held": 71, "failed": 0, "not_applicable": 44, "not_judged": 0}
    assert not report.blocked


REACHED = [
    pytest.param(rule_id, outcome, made, id=f"{rule_id}-{outcome}")
    for rule_id, outcomes in OUTCOMES.items()
    for outcome, made in outcomes._asdict().items()
    if not isinstance(made, str)
]


def test_every_rule_has_its_outcomes_or_the_reason_why_one_cannot_occur() -> None:
    assert sorted(OUTCOMES) == sorted(CATALOGUE)
    assert len(REACHED) + len(CASES) > 300


@pytest.mark.parametrize(("rule_id", "outcome", "made"), REACHED)
def test_the_rule_ends_so(rule_id: str, outcome: str, made: Visit) -> None:
    result = made.report().result(rule_id)
    assert result.outcome == outcome, result
    assert bool(result.why) == (outcome != "held")
    assert all(text and text[-1] != "." for text in result.why)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule_id)
def test_what_the_rule_finds_decides_its_outcome(case: Case) -> None:
    result = case.speaks.report().result(case.rule_id)
    assert result.outcome == ("not_judged" if case.rule_id in OF_OLDER_PAIRS else "failed")
    assert result.findings


OF_OLDER_PAIRS = {"T-026", "T-072", "T-074"}
"""Their rows warn of what the quarter's file may no longer hold, which leaves the rule open."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule_id)
def test_the_rule_speaks_and_its_neighbour_is_silent(case: Case) -> None:
    findings = case.speaks.found(case.rule_id)
    assert findings
    assert case.silent.found(case.rule_id) == []
    rule = RULES[case.rule_id]
    for finding in findings:
        assert finding.severity in ({rule.severity, *rule.also} | {"warn"})
        assert finding.message
        assert "{" not in finding.message
        assert (finding.source, finding.source_date) == (rule.source, rule.source_date)
        assert finding.field


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule_id)
def test_evidence_says_where_it_comes_from(case: Case) -> None:
    for finding in case.speaks.found(case.rule_id):
        for field in finding.evidence:
            assert field.label
            assert field.origin in Origin
            if field.origin is Origin.DEVICE and not field.is_open:
                assert field.journal_range is not None
                assert field.digest


def test_a_rule_without_a_source_does_not_refuse() -> None:
    own_errors = {
        rule.id
        for rule in RULES.values()
        if rule.strength == "own" and "error" in (rule.severity, *rule.also)
    }
    assert own_errors == OWN_ERRORS


def test_messages_are_short_and_end_as_sentences() -> None:
    for rule in RULES.values():
        assert len(rule.message) < 330, rule.id
        assert rule.message.rstrip()[-1] in ".)}", rule.id
        assert rule.source, rule.id
