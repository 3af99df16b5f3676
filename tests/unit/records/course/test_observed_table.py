"""The short form of `make campaign-observer`: one session of each kind, of two minutes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.campaigns.observed_population import CLASSES, draw_case
from tests.campaigns.observed_session import run_case
from tests.campaigns.observed_verdict import TRACTION_S, Verdict, judge
from tests.campaigns.observer_page import page, promise_kept

MINUTES = {5: 2, 12: 2, 18: 2, 19: 3, 26: 2}
"""Seed and treatment time of one of each kind, on three tables, of those that are told without a
miss: a treatment that ends within a ramp down has its end where that ramp began."""


MENDED = {
    51: "a rest of 1.6 s before the release",
    61: "the same with friction in the fall",
    163: "holds of 10 s that were told 0.4 s too long",
    189: "a last turn of 1 N",
    1042: "a cough just before the release",
    2003: "a short fall of the cord alone was told as a sudden release",
    2014: "halts of friction at two of the turns, and a pretension that slipped",
    2063: "a hold 4 N above the rest from which a cut rise began",
    2134: "a ramp to its end, and a release of another rate from there",
}
"""Seeds of the campaign that were told wrong once, and what was in them."""


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


@pytest.mark.parametrize("seed", MENDED)
def test_a_session_that_was_told_wrong_once_is_told_as_it_was(seed: int) -> None:
    case = draw_case(seed)
    verdict = judge(case, run_case(case))
    assert verdict.faults == ()
    assert abs(verdict.traction_off_s) <= TRACTION_S


def test_an_open_end_is_accepted_only_where_the_force_hides_it() -> None:
    """Seed 186 ends 3 s into a ramp down, with which its release is one straight fall."""
    case = draw_case(186)
    verdict = judge(case, run_case(case))
    assert -verdict.open_end_s - TRACTION_S < verdict.traction_off_s < -TRACTION_S
    assert verdict.faults == ()
    assert replace(verdict, hidden_end_s=0.0).faults == ("traction",)
    assert replace(verdict, open_end_s=0.0).faults == ("traction",)
