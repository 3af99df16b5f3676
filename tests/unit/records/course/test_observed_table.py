"""The short form of `make campaign-observer`: one session of each kind, of two minutes."""

from __future__ import annotations

import pytest

from tests.campaigns.observed_population import CLASSES, draw_case
from tests.campaigns.observed_session import run_case
from tests.campaigns.observed_verdict import Verdict, judge
from tests.campaigns.observer_page import page, promise_kept

MINUTES = {5: 2, 12: 2, 18: 2, 19: 3, 26: 2}
"""Seed and treatment time of one of each kind, on three tables, of those that are told without a
miss: a treatment that ends within a ramp down has its end where that ramp began."""


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    cases = [draw_case(seed, minutes=minutes) for seed, minutes in MINUTES.items()]
    return [judge(case, run_case(case)) for case in cases]


def test_one_session_of_each_kind_is_told_as_it_was(verdicts: list[Verdict]) -> None:
    assert {v.kind for v in verdicts} == set(CLASSES)
    assert {v.seed: v.faults for v in verdicts if v.faults} == {}
    assert promise_kept(verdicts)


def test_the_page_names_each_kind_and_what_was_missed(verdicts: list[Verdict]) -> None:
    text = page(verdicts, commit="abc")
    assert all(f"| {kind} | 1 | 1 |" in text for kind in CLASSES)
    assert "## Sessions with a miss: 0" in text


def test_a_hand_that_opens_the_clutch_is_a_sudden_release() -> None:
    case = draw_case(5, minutes=2)
    whole, cut = (run_case(case, lets_go_at_s=at_s) for at_s in (None, 60.0))
    assert [judge(case, observed).sudden for observed in (whole, cut)] == [0, 1]
