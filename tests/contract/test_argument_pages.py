"""The pages of the safety argument agree with the program, its tests and its lock file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from controller.safety.checks import CHECKS
from simulator.faults import read_script
from tests.safety.test_hazards import CASES as HAZARD_CASES
from tests.safety.test_layers_alone import PATIENT, UNIT, Case
from tests.support.pages import DOCS, PACKAGES, ROOT, rows, sections, shipped_modules
from tools.locked import LockedPackage, declared, locked_packages, shipped
from tools.session_modules import imported_by_run, loaded_modules
from tools.software_page import software_of_others

HAZARDS = DOCS / "hazards.md"
STPA, SCEPTIC, RISKS, CLASSES, THREATS = (
    DOCS / "explanations" / f"{name}.md"
    for name in ("stpa", "sceptic", "risk-management", "software-classification", "threat-model")
)
PAGES = (HAZARDS, STPA, SCEPTIC, RISKS, CLASSES, THREATS)
FORMS = {"N", "W", "E", "L", "D"}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_of(text: str) -> list[str]:
    """Everything between backticks, outside of fenced examples."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


# --- tests that are named ---------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    known = {f"hazard[{case.name}]" for case in HAZARD_CASES}
    for path in (ROOT / "tests").rglob("test_*.py"):
        found = re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        known |= set(found)
    words = code_of(text_of(page))
    named = [word for word in words if re.fullmatch(r"test_\w+|hazard\[\d.+\]", word)]
    assert named or page == SCEPTIC, f"{page.name} names no test"
    missing = sorted(set(named) - known)
    assert not missing, f"{page.name} names {missing}, which do not exist"


def test_every_command_of_the_sceptic_s_page_can_be_run() -> None:
    """Ask pytest itself, because it knows what an identifier means."""
    ids = sorted({c for c in code_of(text_of(SCEPTIC)) if c.startswith("tests/")})
    assert len(ids) > 50
    asked = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    collected = subprocess.run(
        [*asked, *ids], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert collected.returncode == 0, collected.stdout[-2000:] + collected.stderr[-2000:]


# --- the sceptic's page -----------------------------------------------------------------------


def rows_of_the_sceptic() -> list[list[str]]:
    return rows(sections(text_of(SCEPTIC))["The table"])


def test_every_hazard_with_a_reaction_of_its_own_stands_on_the_sceptic_s_page() -> None:
    table = rows(text_of(HAZARDS).partition("\n## ")[0])
    acting = {row[0] for row in table if re.search(r"R[0-3]\b", row[4])}
    played = {number for row in rows_of_the_sceptic() for number in row[0].split(", ")}
    without = {"19", "41"}  # in a session 19 is 18; 41 is a warning, and a rise is row 16
    assert acting - without <= played


@pytest.mark.parametrize(
    ("test", "cases"), [("test_unit_alone", UNIT), ("test_patient_alone", PATIENT)]
)
def test_the_sceptic_s_page_says_what_each_layer_alone_was_seen_to_do(
    test: str, cases: list[Case]
) -> None:
    lines = {line for line in text_of(SCEPTIC).splitlines() if line.startswith("|")}
    for case in cases:
        node = f"tests/safety/test_layers_alone.py::{test}[{case.name}]"
        found = [line for line in lines if f"`{node}`" in line]
        assert found, f"{node} stands in no row"
        assert all(case.words in line for line in found), f"{node}: the row says not {case.words!r}"


def test_the_sceptic_s_page_has_the_host_s_times_of_the_hazards_tests() -> None:
    by_node = {f"tests/safety/test_hazards.py::test_hazard[{c.name}]": c for c in HAZARD_CASES}
    for line in text_of(SCEPTIC).splitlines():
        for node in re.findall(r"`(tests/safety/test_hazards\.py::test_hazard\[[^`]+)`", line):
            case = by_node[node]
            if f"`{case.code}`: lets go in" in line:
                assert f"`{case.code}`: lets go in {case.within_s:g} s |" in line


def test_every_line_of_a_fault_script_is_understood() -> None:
    lines = [code for code in code_of(text_of(SCEPTIC)) if code.startswith("{")]
    assert len(lines) > 15
    for line in lines:
        assert read_script(line)


# --- the analysis -----------------------------------------------------------------------------


def test_every_finding_code_stands_in_the_analysis_or_the_hazard_table() -> None:
    text = text_of(STPA) + text_of(HAZARDS)
    assert not [check.code for check in CHECKS if f"`{check.code}`" not in text]
    in_analysis = {check.code for check in CHECKS if f"`{check.code}`" in text_of(STPA)}
    told = {"console_quiet", "console_lost", "station_quiet", "station_lost"}
    told |= {"clock_stepped", "journal_silent"}
    assert {check.code for check in CHECKS} - in_analysis <= told


def test_every_control_action_has_its_five_forms() -> None:
    actions = re.split(r"^### ", sections(text_of(STPA))["Unsafe control actions"], flags=re.M)[1:]
    assert len(actions) == 20
    for action in actions:
        name = action.splitlines()[0]
        forms = {form for row in rows(action) for form in row[0].split(", ")}
        assert forms == FORMS, f"{name} has the forms {sorted(forms)}"


def test_the_analysis_names_only_code_that_exists() -> None:
    paths = shipped_modules()
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    defined = {path.stem for path in paths}
    defined |= set(re.findall(r"^\s*(?:def|class) (\w+)", source, re.MULTILINE))
    defined |= set(re.findall(r"^\s*(?:self\.)?(\w+)(?:: [^=\n]+)? = ", source, re.MULTILINE))
    named = [code for code in code_of(text_of(STPA)) if re.fullmatch(r"[A-Za-z_][\w.]*", code)]
    names = {name.rpartition(".")[2] for name in named if not name.startswith("test_")}
    assert not names - defined - {"py"}


# --- classes and third-party software -----------------------------------------------------------


def classes() -> dict[str, str]:
    """Part and class, as the page lists them."""
    return {row[0]: row[1] for row in rows(sections(text_of(CLASSES))["Classes"])}


def class_of(module: str) -> str:
    """The class of a module's file, by the most specific line."""
    fitting = [part for part in classes() if module == part or module.startswith(part + "/")]
    return classes()[max(fitting, key=len)]


def test_every_shipped_module_has_a_class_and_every_part_exists() -> None:
    assert set(classes().values()) <= {"A", "B", "C"}
    for part in classes():
        assert (ROOT / part).exists(), f"{part} does not exist"
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            assert class_of(path.relative_to(ROOT).as_posix())


def test_a_session_loads_nothing_of_class_a() -> None:
    """What ``run`` imports before the unit moves, found in a separate process."""
    assert "workstation.session.treat" in imported_by_run()
    loaded = loaded_modules()
    files = [name.replace(".", "/") + ".py" for name in loaded if "." in name]
    ours = [name for name in files if name.partition("/")[0] in PACKAGES]
    below = {name for name in ours if (ROOT / name).exists() and class_of(name) == "A"}
    assert below == set()


def on_this_python() -> list[LockedPackage]:
    """The lock's packages for the Python that the page describes."""
    return [one for one in locked_packages() if ">= '3.12'" not in one.marker]


def test_the_software_of_others_is_that_of_the_lock() -> None:
    installed = {one.name: one.version for one in shipped(on_this_python())}
    rows_of_page = software_of_others()
    assert {name: row.version for name, row in rows_of_page.items()} == installed
    assert {name for name, row in rows_of_page.items() if row.safety_class} == declared()


def test_every_row_says_which_anomalies_are_known_or_what_was_searched_for() -> None:
    for name, row in software_of_others().items():
        known = re.search(
            r"#\d+|GHSA-|none found in a search|its change log|shows local", row.anomalies
        )
        assert known or not row.safety_class, name
        assert row.anomalies, name
