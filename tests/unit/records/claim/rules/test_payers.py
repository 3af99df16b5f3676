"""The shipped profiles: each kind of payer has one, and of what was not seen nothing is assumed."""

from __future__ import annotations

from typing import get_args

import pytest

from records.claim.context import PayerKind
from records.claim.rules.payer_profile import PayerProfile, shipped_profiles
from tests.unit.records.claim.rules.builders import service, visit

ASSUMING = (
    "medicare",
    "requires_discipline_modifier",
    "assistant_modifiers",
    "accepts_x_modifiers",
    "accepts_52",
    "needs_fda_clearance",
)


def test_every_kind_of_payer_has_a_profile() -> None:
    assert {profile.kind for profile in shipped_profiles().values()} == set(get_args(PayerKind))


@pytest.mark.parametrize("name", ["medicaid", "auto", "medicare_advantage"])
def test_of_a_payer_whose_text_was_not_seen_nothing_is_assumed(name: str) -> None:
    profile = shipped_profiles()[name]
    assert profile.covers_97012 == "unknown"
    assert not any(getattr(profile, key) for key in ASSUMING)
    assert (profile.min_minutes, profile.max_visits, profile.covered_dx) == (None, None, ())
    assert profile.severities == {}
    assert isinstance(profile, PayerProfile)
    report = visit(payer=name).report()
    assert not report.blocked
    told = visit(payer=name, words={"patient_notice": None}).found("T-069")
    assert [finding.severity for finding in told] == ["warn"]


def test_a_medicaid_claim_names_that_states_differ() -> None:
    profile = shipped_profiles()["medicaid"]
    assert "states differ, so that nothing is assumed" in profile.source
    assert profile.conditions[0] in visit(payer="medicaid").report().conditions


def test_a_self_payer_has_no_payer_to_ask_or_to_send_to() -> None:
    claim = {"prior_auth_required": None, "submitter_id": None, "accept_assignment": None}
    report = visit(payer="self_pay", claim=claim).report()
    assert not report.blocked
    assert "there is no payer" in report.result("T-066").why[0]
    assert report.result("T-085").outcome == "held"


def test_a_notice_of_original_medicare_is_warned_of_at_an_advantage_plan() -> None:
    made = visit(payer="medicare_advantage", line={"modifiers": ["GP", "GZ"]})
    assert [finding.severity for finding in made.found("T-071")] == ["warn"]
    assert visit(payer="medicare_advantage", same_day=[service("97110", "GP")]).found("T-071") == []
