"""What a payer declares unneeded, or says of the year's amount, stands in for a datum."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from controller.errors import ClaimContextInvalid, RulesInvalid
from records.claim.context_file import parse_context
from records.claim.rules.payer_profile import DECLARABLE, parse_profile
from records.claim.rules.scrubber import ScrubReport
from tests.unit.records.claim.rules.builders import Visit, party, service, visit
from tests.unit.records.claim.rules.cases import CASES
from tests.unit.records.claim.rules.outcomes import OUTCOMES, UNTIMED

SOURCE = "policy 114, section 3"
PROFILE = """
name = "valley"
title = "Valley Health"
kind = "commercial"
valid_from = 2026-01-01
source = "policy 114"
strength = "B"
"""


def without(made: Visit, name: str) -> Visit:
    profile = made.profile.model_copy(update={"unneeded": {name: SOURCE}})
    return Visit(**{**vars(made), "profile": profile})


@cache
def reports() -> list[tuple[Visit, ScrubReport]]:
    """Visits in which a rule misses something, with their reports."""
    visits = [case.speaks for case in CASES]
    visits += [o.not_judged for o in OUTCOMES.values() if not isinstance(o.not_judged, str)]
    return [(made, made.report()) for made in visits]


def misses(report: ScrubReport, name: str) -> bool:
    fields = (finding.field for finding in report.findings)
    whys = (why for result in report.not_judged for why in result.why)
    return name in fields or any(why.startswith(f"{name} is missing") for why in whys)


@pytest.mark.parametrize("name", sorted(DECLARABLE))
def test_a_datum_that_the_payer_does_not_need_makes_its_rule_not_applicable(name: str) -> None:
    """Each declarable name is one that a rule misses; declared, that rule does not apply."""
    changed = set()
    for made, before in reports():
        if not misses(before, name):
            continue
        for result in without(made, name).report().results:
            if result not in before.results:
                assert before.result(result.rule_id).outcome in ("failed", "not_judged")
                changed.add(result.outcome)
                assert f"this payer does not need {name} ({SOURCE})" in result.why
    assert changed == {"not_applicable"}


def test_a_wrong_value_is_no_absent_one() -> None:
    made = visit(claim=party("plan", includes_traction=False))
    assert without(made, "plan.includes_traction").found("T-061")


def test_what_no_claim_exists_without_cannot_be_declared_unneeded() -> None:
    for name in ("patient", "lines.charge", "seal", "delivered_minutes", "anything"):
        with pytest.raises(RulesInvalid) as caught:
            parse_profile(f'{PROFILE}\n[unneeded]\n"{name}" = "{SOURCE}"\n', "valley.toml")
        assert f"unneeded.{name} is nothing that a payer may do without" in caught.value.message
    with pytest.raises(RulesInvalid, match="unneeded"):
        parse_profile(f'{PROFILE}\n[unneeded]\n"plan" = ""\n', "valley.toml")
    read = parse_profile(f'{PROFILE}\n[unneeded]\n"plan" = "{SOURCE}"\n', "valley.toml")
    assert read.unneeded == {"plan": SOURCE}


def test_times_that_the_payer_does_not_need_leave_older_pairs_open() -> None:
    assert without(UNTIMED, "lines.started_at").report().result("T-026").outcome == "not_judged"


CHECKED: dict[str, Any] = {"checked_on": "2026-11-20", "by": "A. Example", "result": "below"}


def asked(modifiers: list[str], **changes: Any) -> Visit:
    check = {**CHECKED, **changes}
    claim = {"therapy_ytd_allowed": None, "threshold_check": check}
    return visit(line={"modifiers": modifiers}, claim=claim)


@pytest.mark.parametrize(
    ("modifiers", "result", "kx_missing", "kx_too_much"),
    [
        (["GP"], "below", "held", "not_applicable"),
        (["GP"], "above", "failed", "not_applicable"),
        (["GP", "KX"], "below", "held", "failed"),
        (["GP", "KX"], "above", "held", "held"),
    ],
)
def test_kx_is_judged_by_what_the_payer_said_to_a_named_person(
    modifiers: list[str], result: str, kx_missing: str, kx_too_much: str
) -> None:
    report = asked(modifiers, result=result).report()
    assert (report.result("T-036").outcome, report.result("T-037").outcome) == (
        kx_missing,
        kx_too_much,
    )
    said = f"The payer told A. Example on 2026-11-20 that the year's therapy amount is {result}"
    for finding in (*report.of_rule("T-036"), *report.of_rule("T-037")):
        assert said in finding.message
    assert report.result("T-038").outcome == "not_judged"
    assert not report.result("T-038").blocks


def test_kx_on_every_line_needs_no_amount() -> None:
    made = visit(line={"modifiers": ["GP", "KX"]}, claim={"therapy_ytd_allowed": None})
    assert made.report().result("T-036").outcome == "held"
    assert not made.report().blocked
    other = visit(
        line={"modifiers": ["GP", "KX"]},
        claim={"therapy_ytd_allowed": None},
        same_day=[service("97110", "GP")],
    )
    assert other.report().result("T-036").outcome == "not_judged"


def test_what_the_payer_said_holds_for_its_year_only() -> None:
    result = asked(["GP"], checked_on="2025-12-31").report().result("T-036")
    assert (result.outcome, result.blocks) == ("not_judged", True)
    assert "of another year's amount" in result.why[0]


def test_amount_and_answer_do_not_stand_together() -> None:
    text = """
claim_id = "S-1"
form = "837P"
date_of_service = 2026-11-24
therapy_ytd_allowed = 1.00
payer = {kind = "medicare_b", profile = "medicare_b"}
lines = [{cpt = "97012"}]
threshold_check = {checked_on = 2026-11-20, by = "A. Example", result = "below"}
"""
    with pytest.raises(ClaimContextInvalid) as caught:
        parse_context(text, "claim.toml")
    assert "therapy_ytd_allowed and threshold_check stand both; keep one" in caught.value.message
    assert parse_context(text.replace("therapy_ytd_allowed = 1.00\n", ""), "claim.toml")
