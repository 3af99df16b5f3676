"""Each rule speaks on its case, is silent on the neighbour, and says what it rests on."""

from __future__ import annotations

import pytest

from records.claim.rules.predicates import PREDICATES
from records.claim.rules.rule_data import OWN_ERRORS, shipped_rules
from records.provenance import Origin
from tests.unit.records.claim.rules.builders import visit
from tests.unit.records.claim.rules.case import Case
from tests.unit.records.claim.rules.cases import CASES

CATALOGUE = [f"T-{n:03}" for n in range(1, 79)] + [f"N-{n:02}" for n in range(1, 16)]
RULES = {rule.id: rule for rule in shipped_rules().rule}


def test_the_catalogue_is_whole_and_every_rule_has_its_cases() -> None:
    assert sorted(RULES) == sorted(CATALOGUE)
    assert len(RULES) == 93
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
