"""docs/hazards.md names every row, every check with its row, and only existing tests."""

from __future__ import annotations

import re
from pathlib import Path

from controller.safety.checks import CHECKS
from controller.safety.coverage import CHECKED_FIELDS, UNARMABLE_WITHOUT, blind_checks
from tests.safety.test_hazards import CASES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
TABLE = DOCUMENT.partition("\n## ")[0]
LINES = re.findall(r"^\| (\d+) \| (.*) \|$", TABLE, flags=re.MULTILINE)
ROWS = {int(number): [cell.strip() for cell in rest.split(" | ")] for number, rest in LINES}


def test_every_row_of_section_d_stands_there_once_with_all_columns() -> None:
    assert [int(number) for number, _ in LINES] == list(range(1, 53))
    assert all(len(cells) == 5 and all(cells) for cells in ROWS.values())


def test_every_check_stands_in_its_own_row() -> None:
    for check in CHECKS:
        assert f"`{check.code}`" in ROWS[check.row][2], f"{check.code} is not in row {check.row}"


def test_a_row_without_a_test_says_why() -> None:
    for number, (_, _, check, _, test) in ROWS.items():
        if test == "-":
            assert "ot covered" in check, f"row {number} has no test and no reason"


def test_every_named_test_exists() -> None:
    cases = {case.name for case in CASES}
    functions = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for number, cells in ROWS.items():
        for name in re.findall(r"`(test_\w+|hazard\[[^\]]+\])`", cells[4]):
            known = name in functions or name.removeprefix("hazard[").rstrip("]") in cases
            assert known, f"row {number} names {name}, which does not exist"


def test_every_case_stands_in_its_row() -> None:
    for case in CASES:
        assert f"`hazard[{case.name}]`" in ROWS[case.row][4]


def test_what_a_check_cannot_do_without_stands_there_as_the_program_has_it() -> None:
    section = DOCUMENT.partition("## Units that say less")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", section, flags=re.MULTILINE)
    assert {name for name, _, _ in lines} == CHECKED_FIELDS
    for name, blind, without in lines:
        said = {(code, int(row)) for code, row in re.findall(r"`(\w+)` \((\d+)\)", blind)}
        assert said == {(check.code, check.row) for check in blind_checks({name})}
        if said:
            assert (without == "not armed") is (name in UNARMABLE_WITHOUT)
