"""Ready and written are one thing: what an export would refuse keeps the claim back first."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from controller.errors import RulesInvalid
from records.claim.rules.payer_profile import FIXED, parse_profile
from records.exports.ready import claim_formats
from tests.campaigns.contexts import ENDS, how_it_ends
from tests.support import random_contexts
from tests.support.claims import made_claim
from tests.support.documents import made_visit
from tests.support.random_contexts import (
    PARTS,
    VISIT,
    blocking,
    law_of,
    refused,
    scrubbed,
)
from tests.support.second_payers import two_payer_claim


def test_a_whole_claim_is_written_in_every_format() -> None:
    for made, seed in itertools.product((made_claim, two_payer_claim), range(8)):
        visit, report = scrubbed(made(seed))
        assert refused(visit) == []
        assert blocking(report, *PARTS) == set()


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"patient": None}, "T-079", "patient"),
        ({"billing": None}, "T-080", "billing"),
        ({"rendering": None}, "T-081", "rendering"),
        ({"submitter_id": None}, "T-085", "submitter_id"),
        ({"diagnoses": []}, "T-085", "diagnoses"),
        ({"date_of_service": date(2026, 11, 25)}, "T-086", "date of service 20261125 is not"),
        ({"claim_id": "Ω-1"}, "T-086", "an identifier is never changed"),
    ],
)
def test_what_is_missing_or_not_sound_is_an_error_of_its_own(
    changes: dict[str, Any], rule: str, words: str
) -> None:
    visit, report = scrubbed(made_claim(**changes))
    assert refused(visit) != []
    assert rule in blocking(report, *PARTS)
    assert any(words in finding.message for finding in report.of_rule(rule))


def test_a_missing_name_is_said_once() -> None:
    _, report = scrubbed(made_claim(patient=None, submitter_id=None))
    assert blocking(report, *PARTS) == {"T-079", "T-085"}


def test_a_visit_without_a_hold_is_refused_by_every_format_and_said_so() -> None:
    untreated = made_visit(treated=False)
    visit, report = scrubbed(made_claim(), untreated)
    assert refused(visit) == ["837p", "fhir", "hl7-dft", "hl7-mdm"]
    (finding,) = report.of_rule("T-086")
    assert finding.message.startswith("837p, fhir, hl7-dft, hl7-mdm: not written, session")


def test_form_and_payer_decide_which_formats_are_the_claim_s() -> None:
    def formats(**changes: Any) -> list[str]:
        return list(claim_formats(replace(VISIT, context=made_claim(**changes))))

    payer = {"name": "X", "payer_id": "1", "profile": "commercial"}
    assert formats()[0] == "837p"
    assert formats(form="CMS1500")[0] == "cms1500"
    self_pay = {"payer": {**payer, "kind": "self_pay"}}
    for form, changes in itertools.product(("837P", "CMS1500"), (self_pay,)):
        assert formats(form=form, **changes) == ["fhir", "hl7-dft", "hl7-mdm"]
    assert formats(form="837I") == ["fhir", "hl7-dft", "hl7-mdm"]
    _, report = scrubbed(made_claim(form="CMS1500", submitter_id=None, receiver_id=None))
    assert blocking(report, *PARTS) == set()


def test_seven_lines_do_not_fit_a_paper_form() -> None:
    line = made_claim().lines[0].model_dump()
    _, report = scrubbed(made_claim(form="CMS1500", lines=[line] * 7))
    assert "room for 7 lines" in report.of_rule("T-085")[0].message
    assert report.of_rule("T-086") == []


INSURED = {"last_name": "Doe", "first_name": "Sam", "member_id": "M1"}
SPOUSE: dict[str, Any] = {
    "payer": {"name": "Plan", "payer_id": "06102", "kind": "commercial", "profile": "commercial"},
    "subscriber": INSURED,
    "patient_relationship": "spouse",
}


def test_of_an_insured_the_rules_ask_what_the_form_carries() -> None:
    """Loop 2010BA does without the insured's address and birth date, item 7 does not."""
    visit, report = scrubbed(made_claim(**SPOUSE))
    assert refused(visit) == []
    assert blocking(report, *PARTS) == set()
    visit, report = scrubbed(made_claim(**SPOUSE, form="CMS1500"))
    assert refused(visit) == ["cms1500"]
    (finding,) = report.of_rule("T-079")
    assert finding.message.endswith("missing: subscriber.address.")
    assert blocking(report, *PARTS) == {"T-079"}


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"subscriber": INSURED | {"address": {"city": "York"}}}, "T-079", "address.line_1"),
        ({"patient_relationship": "self"}, "T-079", "patient_relationship to the subscriber"),
        ({"billing": {"phone": "12"}}, "T-080", "ten digits of billing.phone=12"),
        ({"related_causes": ["other"], "accident_date": None}, "T-085", "accident_date"),
        ({"frequency": "void", "payer_claim_number": None}, "T-085", "payer_claim_number"),
        ({"referring": {"last_name": "Smith", "npi": "1003000126"}}, "T-085", "first_name"),
        ({"service_facility": {"last_name": "A"}}, "T-085", "service_facility.address"),
    ],
)
def test_what_only_some_claims_need_is_said_by_the_rule_of_its_part(
    changes: dict[str, Any], rule: str, words: str
) -> None:
    billing = {"billing": made_claim().model_dump()["billing"] | changes.get("billing", {})}
    _, report = scrubbed(made_claim(**SPOUSE | changes | billing))
    assert blocking(report, *PARTS) == {rule}
    assert words in report.of_rule(rule)[0].message


@pytest.mark.parametrize("rule", sorted(FIXED))
def test_no_payer_lowers_what_every_claim_needs(rule: str) -> None:
    text = (
        'name = "v"\ntitle = "V"\nkind = "commercial"\nvalid_from = 2026-01-01\nsource = "p"\n'
        f'strength = "B"\n[severities]\n"{rule}" = "warn"\n'
    )
    with pytest.raises(RulesInvalid, match="required of every claim, whoever pays"):
        parse_profile(text, "v.toml")


def test_a_refusal_that_no_rule_has_said_breaks_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    refused_claim = made_claim(patient=None)
    assert law_of(refused_claim) == ["837p", "hl7-dft", "hl7-mdm"]
    monkeypatch.setattr(random_contexts, "blocking", lambda *_: set())
    with pytest.raises(AssertionError, match="refused, and no rule said it"):
        law_of(refused_claim)


def test_ready_implies_written_and_refused_implies_not_ready() -> None:
    """The first contexts of `make campaign-contexts`, here with the PDF inside of messages."""
    assert {how_it_ends(seed) for seed in range(20)} == ENDS
