"""The page of a campaign names the commits at which the mutants ran."""

from __future__ import annotations

from datetime import date

import pytest

from tools.mutation.report import page

FIRST, SECOND = "1" * 40, "2" * 40


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([FIRST], "All mutants ran at 111111111111."),
        ([""], "All mutants ran at uncommitted changes."),
        (
            [FIRST, SECOND],
            "At 222222222222 only those mutants ran that were not noticed at "
            "111111111111: from there to here lines of tests were added, and "
            "nothing else was changed.",
        ),
    ],
)
def test_the_page_says_which_commits_were_run(runs: list[str], words: str) -> None:
    text = page([], {}, {}, {}, {}, runs, date(2026, 11, 28))
    assert f"Run on 2026-11-28. {words}\n" in text
