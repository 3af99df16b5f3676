"""GP, CQ or CO, KX and pairs are asked of every line; what is left out is named with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.claim.charge_line import with_accepted
from records.claim.code_sets import ALWAYS_THERAPY
from records.claim.rules.facts import Facts
from records.claim.rules.offers import offers_of
from records.clinic.acceptance import Acceptance
from tests.unit.records.claim.rules.builders import LINE, Visit, at, party, service, visit

LATE = at("10:20", "10:35")
OVER = {"therapy_ytd_allowed": "2480.01"}
OTHERS = ("98941", "62323", "E0849", "99999")


def said(made: Visit, rule_id: str) -> list[tuple[str, str]]:
    """Severity and code of each finding of a rule."""
    found = made.found(rule_id)
    return [(f.severity, f.evidence[0].name.removeprefix("line ")) for f in found]


def left_out(made: Visit) -> str:
    return "\n".join(made.report().not_checked)


def test_a_second_therapy_line_without_gp_is_warned_of_and_97012_refused() -> None:
    both = visit(line={"modifiers": []}, same_day=[service("97140", **LATE)])
    assert said(both, "T-021") == [("error", "97012"), ("warn", "97140")]
    assert said(visit(same_day=[service("97110")]), "T-021") == [("warn", "97110")]
    assert said(visit(same_day=[service("98941", "AT")]), "T-021") == []


def test_two_97012_lines_are_both_asked() -> None:
    twice = visit(same_day=[{**LINE, "modifiers": []}])
    assert said(twice, "T-021") == [("error", "97012")]


def test_the_other_lines_of_a_chiropractor_are_asked_for_gp_too() -> None:
    dc = party("rendering", taxonomy="111N00000X")
    made = visit(claim=dc, line={"modifiers": ["GY"]}, same_day=[service("97110")])
    assert said(made, "T-021") == [("warn", "97110")]


def test_disciplines_are_asked_of_every_line() -> None:
    two = visit(same_day=[service("97110", "GP", "GO")])
    assert said(two, "T-022") == [("error", "97110")]
    other_plan = visit(same_day=[service("97110", "GO")])
    assert said(other_plan, "T-024") == [("warn", "97110")]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (service("97110", "GP", performed_by_role="PTA"), [("warn", "97110")]),
        (service("97016", "GP", assistant_min=2, minutes=15), [("warn", "97016")]),
        (service("97016", "GP", assistant_min=1, minutes=15), []),
        (service("97110", "GP", assistant_min=15, minutes=15), [("warn", "97110")]),
        (service("97110", "GP", assistant_min=8, minutes=15), []),
        (service("97110", "GP", "CQ", performed_by_role="PTA"), []),
        (service("98941", performed_by_role="PTA"), []),
    ],
)
def test_an_assistant_is_asked_for_on_every_therapy_line(
    line: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    """A part of a timed code is not judged: no source for its share is on file."""
    made = visit(same_day=[line])
    assert said(made, "T-033") == found
    assert ("whose assistant's share" in left_out(made)) == (line.get("assistant_min") == 8)


def test_cq_belongs_to_gp_and_costs_on_every_line() -> None:
    made = visit(same_day=[service("97110", "CQ")])
    assert said(made, "T-034") == [("error", "97110")]
    assert said(made, "T-035") == [("info", "97110")]


def test_kx_is_asked_of_every_line_of_the_amount() -> None:
    lines = [service("97110", "GP"), service("97140", "GO", **LATE), service("98941", "AT")]
    made = visit(claim=OVER, same_day=lines)
    assert said(made, "T-036") == [("error", "97012"), ("warn", "97110")]
    assert "KX: not looked at on 97140, whose discipline has a yearly amount" in left_out(made)
    below = visit(same_day=[service("97110", "GP", "KX")])
    assert said(below, "T-037") == [("warn", "97110")]


def test_what_is_not_looked_at_is_named_with_its_reason() -> None:
    elsewhere = {
        "other_lines_same_day": [service("97530")],
    }
    provider = service("62323", rendering_npi="1003000126")
    text = left_out(visit(same_day=[service("98941", "AT"), provider], claim=elsewhere))
    assert "GP, CQ or CO, KX: not looked at on 98941, 62323, which is not known" in text
    assert "modifiers: not looked at on 97530, which is billed elsewhere" in text
    assert "NCCI pairs with 97012: not looked at on 62323, which is another provider's" in text
    assert "NCCI pairs among 98941, 62323, 97530: not looked at, only the rows of 97012" in text


def test_a_claim_that_is_looked_at_whole_leaves_nothing_out() -> None:
    for made in (visit(), visit(same_day=[service("97110", "GP")])):
        assert "not looked at" not in left_out(made)
    none = visit(without="line", same_day=[service("97140")])
    assert "modifiers and pairs: not looked at, no line of the claim is 97012" in left_out(none)


def test_offers_name_their_line_and_are_made_once_for_a_code() -> None:
    made = visit(same_day=[service("97110"), service("97110", units=2)], claim=OVER)
    facts = Facts(made.note, made.record, made.context, made.profile, made.tables)
    offered = [offer.key for offer in offers_of(facts)]
    assert offered == ["97110:GP", "97012:KX", "97110:KX"]
    given_ = {"session_id": "S-1", "what": "modifier", "accepted": True, "evidence": ()}
    accepted = [Acceptance(**given_, value=key, by="PJ", at_utc_ms=0) for key in offered]  # type: ignore[arg-type]
    claim = with_accepted(made.context, accepted)
    assert [line.modifiers for line in claim.lines] == [("GP", "KX")] * 3


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(sorted(ALWAYS_THERAPY) + list(OTHERS)), max_size=5))
def test_every_line_is_asked_or_named(codes: list[str]) -> None:
    """No line is passed over in silence: it has a finding, or the report says why not."""
    made = visit(line={"modifiers": []}, same_day=[service(code) for code in codes])
    asked = {code for _, code in said(made, "T-021")}
    for code in codes:
        assert code in asked or f" {code}" in left_out(made)
