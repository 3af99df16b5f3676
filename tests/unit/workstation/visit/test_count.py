"""What a visit costs whoever holds it: commands, answers and keystrokes, counted over a real one.

The page docs/explanations/a-visit.md has these figures; the test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from records.store.record_folder import RecordFolder
from tests.support.page_commands import Command, Put, Write, steps
from tests.support.pages import read
from tests.support.reception import (
    FINDINGS,
    FIRST_TIME,
    KINDS,
    NEW_PATIENT,
    OTHERWISE,
    Reception,
    kinds_of,
    medicare_patient,
    open_clinic,
    reception,
)
from tests.support.standing import keep
from workstation.visit.flow import AskedVisit, begin_visit

COMMAND = "traction visit TEST-1 --by PJ\n"
TWO_DAYS_S = 2 * 24 * 3600.0


@dataclass(frozen=True)
class Cost:
    """What was typed in one visit, and what it left."""

    kinds: dict[str, int]
    keystrokes: int
    claims: list[Path]
    signed: bool


@pytest.fixture
def clinic(folder: RecordFolder, tmp_path: Path) -> Iterator[Reception]:
    with reception(folder, tmp_path / "claims") as opened:
        open_clinic(folder)
        day = datetime.fromtimestamp(opened.clock.utc_ms() / 1000).date() - timedelta(days=7)
        keep(folder, medicare_patient(day.isoformat()))
        yield opened


def cost_of(clinic: Reception, answers: dict[str, str], reference: str = "TEST-1") -> Cost:
    clinic.questions.clear()
    before = set(clinic.documents.rglob("*-837p.txt"))
    begin_visit(clinic.desk(answers), AskedVisit(reference=reference))
    asked = clinic.dialogue.asked
    kinds = kinds_of(asked, clinic.questions)
    # a session's question is answered by one letter; every line ends with Enter
    typed = sum(len(answer) + 1 for _, answer in asked) + 2 * len(clinic.questions)
    return Cost(
        kinds={kind: len(kinds[kind]) for kind in KINDS},
        keystrokes=len(COMMAND) + typed,
        claims=sorted(set(clinic.documents.rglob("*-837p.txt")) - before),
        signed=any("signed by Pat Jones, PT, DPT" in text for text in clinic.dialogue.heard),
    )


def test_a_visit_costs_one_command_and_as_many_answers_as_the_page_says(clinic: Reception) -> None:
    first = cost_of(clinic, {**FINDINGS, **OTHERWISE, **FIRST_TIME})
    clinic.clock.sleep_until(clinic.clock.now_s() + TWO_DAYS_S)
    again = cost_of(clinic, {**FINDINGS, **OTHERWISE})
    unknown = cost_of(clinic, {**FINDINGS, **OTHERWISE, **FIRST_TIME, **NEW_PATIENT}, "TEST-9")
    assert first.signed
    assert again.signed
    assert unknown.signed
    assert len(first.claims) == len(again.claims) == 1
    assert unknown.claims == [], "a claim needs more of a patient than the visit asks for"
    assert first.kinds["answer"] < unknown.kinds["answer"] <= 30
    assert again.kinds["answer"] <= 12
    # never merged or left out for a count
    for cost in (first, again, unknown):
        assert cost.kinds["identification"] == 3
        assert cost.kinds["screen"] == 13
        assert cost.kinds["tick"] == 4
    page = read("explanations/a-visit.md")
    for name, cost in (
        ("new patient", first),
        ("returning patient", again),
        ("patient who is not on file", unknown),
    ):
        row = [*(cost.kinds[kind] for kind in KINDS), cost.keystrokes]
        cells = " | ".join(str(number) for number in row)
        assert f"| {name} | 1 | {cells} |" in page, f"the page lacks: | {name} | 1 | {cells} |"


ONLY_OF_THE_TOUR = ("simulate", "verify", "--billing")
"""Of the tour's own: a unit to treat on, checks of what left, a treatment that was cut short."""
FILES = ("order.toml", "words.toml", "claim.toml")


def test_what_the_same_costs_by_single_commands_is_what_the_page_says() -> None:
    """Counted over the page of single commands, which a test of its own runs."""
    commands, values, keystrokes = 0, 0, 0
    for step in steps(read("how-to/one-visit.md")):
        if isinstance(step, Command) and step.words[0] == "traction":
            line = " ".join(step.words)
            other = "export" in step.words and "837p" not in step.words
            if not other and not any(word in step.words for word in ONLY_OF_THE_TOUR):
                commands += 1
                keystrokes += len(line) + 1
        elif isinstance(step, Put | Write) and step.name in FILES:
            values += step.content.count(" = ")
            keystrokes += len(step.content)
    row = f"| by single commands | {commands} | {len(FILES)} | {values} | {keystrokes} |"
    page = read("explanations/a-visit.md")
    assert row in page, f"the page lacks: {row}"
