"""A second payer: both orders can be ready, and each way of not fitting is said in words."""

from __future__ import annotations

from typing import Any

import pytest

from records.claim.rules.scrubber import ScrubReport
from tests.unit.records.claim.rules.builders import LINE, service, visit
from tests.unit.records.claim.rules.cases_payers import ANSWER, before, behind

BY_LINE = {
    "cpt": "97012",
    "modifiers": ["GP"],
    "units": 1,
    "paid": "15.00",
    "adjustments": ANSWER["adjustments"],
}
PAID = {"decided_on": ANSWER["decided_on"], "paid": "15.00"}


def report(line: dict[str, Any] | None = None, **claim: Any) -> ScrubReport:
    return visit(line=line, claim=claim).report()


@pytest.mark.parametrize(
    "made",
    [
        visit(claim=behind()),
        visit(claim=before()),
        visit(claim=before(adjudication=PAID), line={"adjudication": BY_LINE}),
        visit(claim=behind(medigap=True) | {"form": "CMS1500", "related_causes": ["none"]}),
    ],
    ids=["behind", "before", "before, by line", "Medigap on paper"],
)
def test_a_claim_of_two_payers_can_be_ready(made: Any) -> None:
    assert made.report().findings == ()
    assert not made.report().blocked


def test_the_report_says_whose_rules_were_not_applied() -> None:
    (text,) = report(**behind()).not_checked
    assert text == (
        "rules of the second payer (profile commercial): not applied, the claim goes to "
        "Medicare Part B"
    )
    assert report().not_checked == ()


def test_the_second_payer_s_kind_is_that_of_its_profile() -> None:
    (finding,) = report(**behind(kind="auto")).of_rule("T-096")
    assert finding.field == "other_payer.kind"
    assert finding.message.startswith("The second payer is of the kind auto, and profile comm")


def test_another_insurance_that_pays_first_is_named_or_missed() -> None:
    (finding,) = report(other_insurance_first=True).of_rule("T-097")
    assert "missing: other_payer (other_insurance_first says" in finding.message
    (finding,) = report(**behind() | {"other_insurance_first": None}).of_rule("T-097")
    assert "missing: other_insurance_first (which of payer" in finding.message


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (before(insurance_type=None), "Medicare pays second, and nobody said why"),
        (behind(insurance_type="12"), "says why Medicare pays second, and it does not"),
    ],
)
def test_the_reason_stands_where_medicare_pays_second(claim: dict[str, Any], words: str) -> None:
    made = report(**claim)
    assert words in made.of_rule("T-098")[0].message
    assert made.blocked


def test_a_reason_between_two_other_payers_is_out_of_place() -> None:
    claim = before(adjudication=ANSWER)
    made = visit(payer="commercial", claim=claim).report()
    assert "and it does not" in made.of_rule("T-098")[0].message
    claim = before(insurance_type=None)
    made = visit(payer="commercial", claim=claim).report()
    assert made.result("T-098").why == ("neither payer is Medicare",)


@pytest.mark.parametrize(
    ("code", "kind", "causes", "beside"),
    [
        ("15", "commercial", ["employment"], "a first payer of kind commercial"),
        ("42", "commercial", ["none"], "a first payer of kind commercial"),
        ("12", "va", ["none"], "a first payer of kind va"),
        ("15", "workers_comp", ["auto"], "related_causes auto"),
        ("14", "auto", ["none"], "related_causes none"),
        ("47", "auto", ["employment"], "related_causes employment"),
    ],
)
def test_the_reason_fits_the_first_payer_and_box_10(
    code: str, kind: str, causes: list[str], beside: str
) -> None:
    made = report(**before(insurance_type=code, kind=kind), related_causes=causes)
    (finding,) = made.of_rule("T-099")
    assert (finding.severity, beside in finding.message) == ("warn", True)


@pytest.mark.parametrize(
    ("other", "line", "words"),
    [
        ({"adjudication": ANSWER | {"paid": "15.01"}}, {}, "the claim: 15.01 paid and 7.00 taken"),
        ({"adjudication": ANSWER | {"adjustments": []}}, {}, "15.00 paid and 0 taken off are not"),
        (
            {"adjudication": PAID},
            {"adjudication": BY_LINE | {"paid": "14.00"}},
            "lines.1: 14.00 paid and 7.00 taken off are not 22.00 charged",
        ),
        ({}, {"adjudication": BY_LINE}, "the claim: 15.00 paid and 14.00 taken off"),
        (
            {"adjudication": PAID | {"patient_liability": "1"}},
            {"adjudication": BY_LINE | {"patient_liability": "1"}},
            "keep one",
        ),
        ({"adjudication": ANSWER | {"decided_on": "2026-11-23"}}, {}, "before the service of"),
    ],
)
def test_an_answer_adds_up(other: dict[str, Any], line: dict[str, Any], words: str) -> None:
    made = report(line, **before(**other))
    assert any(words in each.message for each in made.of_rule("T-100")), made.of_rule("T-100")
    assert made.blocked


def test_an_answer_of_a_payer_that_is_asked_later_does_not_fit() -> None:
    (finding,) = report(**behind(adjudication=ANSWER)).of_rule("T-100")
    assert "pays second, and has answered already" in finding.message


def test_the_sum_is_that_of_all_lines() -> None:
    lines = [{**LINE, "adjudication": BY_LINE}, service("97110", "GP")]
    claim = {**before(adjudication=PAID | {"paid": "45"}), "lines": lines}
    made = visit(claim=claim).report()
    assert "missing: lines.2.adjudication" in made.of_rule("T-097")[0].message
    answer = BY_LINE | {"cpt": "97110", "paid": "30", "adjustments": _off("10")}
    lines[1] = {**lines[1], "adjudication": answer}
    assert visit(claim={**claim, "lines": lines}).report().of_rule("T-100") == []


def _off(amount: str) -> list[dict[str, str]]:
    return [{"group": "CO", "reason": "45", "amount": amount}]


def test_an_institutional_claim_is_not_asked() -> None:
    made = report(**behind(payer_id=None), form="UB04")
    for rule in ("T-097", "T-098", "T-099", "T-100"):
        assert made.result(rule).why == ("the claim is no practitioner's (UB04)",)
