"""What a refusal tells somebody to do, at a terminal and in front of a page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.order.force_unit import ForceUnit
from tests.support.real_time import ROOT
from tools.parsed_sources import nodes_of
from workstation.cli import COMMANDS
from workstation.texts.ways_out import PAGES, on_a_page

NAMES = {name for names in COMMANDS.values() for name in names}
BARE = re.compile(rf"(?<![`\w])traction ({'|'.join(NAMES)})\b(?! --json)")
NOTHING_TO_DO = {"traction run"}
"""Who performed something."""
ELSEWHERE = (
    "workstation/commands",
    "workstation/cli.py",
    "workstation/terminal",
    "workstation/updating",
    "workstation/texts/claim_template.py",
    "records/claim/rules/report.py",
    "records/evidence/bundle.py",
    "records/exports",
)
"""What is for a terminal, for a file and for paper."""


@pytest.mark.parametrize(
    ("sentence", "on_page"),
    [
        (
            "Run `traction verify --all`, keep the file",
            'Run "verify --all" at the command line (an engineer), keep the file',
        ),
        (
            "`traction verify 2026` says more, and `traction show 2026` shows it",
            "[Verify] on the session's page (under History) says more, and the session's page "
            "(under History) shows it",
        ),
        (
            "close it with the next `traction run` on that unit",
            "close it with the next session on that unit",
        ),
        (
            'nobody has said it: `traction sound-check --by "NAME"`, or `traction sound-check '
            '--by "NAME" --without "REASON"`',
            "nobody has said it: [Sound of the day] on the Overview, or [Work without sound today] "
            "under [Sound of the day]",
        ),
        (
            "`traction note s1 --with s2`; `traction note s1` shows it",
            "the sessions of the visit on the note's page (under Notes); the note's page (under "
            "Notes) shows it",
        ),
        ("`traction units add NAME`", '"units add NAME" at the command line (an engineer)'),
        ("the traction runs", "the traction runs"),
    ],
)
def test_a_page_names_what_is_on_a_page(sentence: str, on_page: str) -> None:
    assert on_a_page(sentence) == on_page
    assert on_a_page(on_page) == on_page


@pytest.mark.parametrize(
    "words",
    ["say `traction audit` 60 N", "it's `traction show s-1` at 60 N", 'a "b" `traction run`'],
)
def test_what_somebody_wrote_is_told_as_it_was_written(words: str) -> None:
    """A person's words that a refusal quotes, whatever the clinic's unit is."""
    sentence = f"reason={words!r} is refused at 60 N; `traction audit` has it"
    told = on_a_page(ForceUnit.POUND.in_sentence(sentence))
    assert repr(words) in told
    assert "13.5 lbf (60 N)" in told
    assert "the page Audit (under More) has it" in told


def test_every_row_is_of_a_command() -> None:
    assert {re.match(r"[a-z-]+", row)[0] for row in PAGES} <= NAMES  # type: ignore[index]


def test_a_command_that_may_reach_a_page_stands_in_backticks() -> None:
    """Only so it is known for one, and said in another way there."""
    found = [
        (str(path.relative_to(ROOT)), text)
        for path in _sources()
        for text in _texts(path)
        if BARE.search(text) and text not in NOTHING_TO_DO
    ]
    assert found == []


def _sources() -> Iterator[Path]:
    for package in ("controller", "firmware_bridge", "records", "workstation"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(ELSEWHERE):
                yield path


def _texts(path: Path) -> Iterator[str]:
    """The texts of a module that are no descriptions of its parts."""
    nodes = nodes_of(path)
    told = {id(each.value) for each in nodes if isinstance(each, ast.Expr)}
    for each in nodes:
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in told:
            yield each.value
