"""A small program with a small suite: what its tests notice is killed, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]

PROGRAM = '''
from threading import Event

LIMIT_N = 10


def pull(force_n):
    """Newtons, or words."""
    if force_n > LIMIT_N:
        return "too much"
    return force_n


def shown(force_n):
    return force_n + 1


def never_called(force_n):
    return force_n


def counted(to):
    at = 0
    while at < to:
        at += 1
    return at


def waited(*, limit_s=None):
    return Event().wait(limit_s)


def waited_a_moment():
    waited(limit_s=0.001)
    return "done"


class Cord:
    length_mm = 5

    @property
    def doubled_mm(self):
        return self.length_mm * 2

    def longer(self):
        def by(more_mm):
            return self.length_mm + more_mm
        return by


def built(step):
    return [step, step + 2]


TABLE = built(1)
'''

SUITE = """
from controller.cord import TABLE, Cord, counted, pull, shown, waited_a_moment


def test_less_than_the_limit_is_pulled():
    assert pull(9) == 9


def test_more_than_the_limit_is_refused():
    assert pull(11) == "too much"


def test_something_is_shown():
    shown(1)


def test_it_counts():
    assert counted(2) == 2


def test_it_waits():
    assert waited_a_moment() == "done"


def test_it_has_a_length():
    assert Cord().doubled_mm == 10
    assert Cord().longer()(1) == 6


def test_the_table_was_built():
    assert TABLE == [1, 3]
"""

FATES = {
    "pull::if force_n > LIMIT_N -> if True": "killed",
    "pull::if force_n > LIMIT_N -> if False": "killed",
    "pull::return force_n -> return None": "killed",
    "(module)::10 -> 11": "killed",
    "pull::force_n > LIMIT_N -> force_n >= LIMIT_N": "survived",
    "shown::force_n + 1 -> force_n - 1": "survived",
    "never_called::return force_n -> return None": "unreached",
    "Cord.doubled_mm::self.length_mm * 2 -> self.length_mm / 2": "killed",
    "Cord.longer.by::self.length_mm + more_mm -> self.length_mm - more_mm": "killed",
    "built::step + 2 -> step - 2": "killed",
    "counted::at += 1 -> at -= 1": "timed out",
    "waited_a_moment::waited(limit_s=0.001) -> (dropped)": "timed out",
}

SCRIPT = """
import json, sys, time
from pathlib import Path
from tempfile import TemporaryDirectory
from tools.mutation import forks
from tools.mutation.areas import Area
from tools.mutation.workshop import Workshop

forks.LEAST_CPU_S, forks.LEAST_WALL_S = 2, 4.0
area = Area(name="sample", patterns=("controller/*.py",), tests=("tests/unit",),
            killed_share=0.9, branch_share=0.95)
shop = Workshop((area,), Path(sys.argv[1]))
fates = {}
with TemporaryDirectory() as folder:
    branches = shop.measure(Path(folder))["sample"]
    alone = shop.files_that_fail_alone()
    short = {m.identity.partition("::")[2].partition(" in: ")[0]: m for m in shop.all_mutants}
    chosen = [short[name] for name in json.loads(sys.argv[3])]
    for _ in shop.run(chosen, fates):
        pass
    late = {}
    hanging = [mutant for mutant in chosen if "waited(limit_s" in mutant.change]
    for _ in shop.run(hanging, late, stop_at_s=time.monotonic() + 0.2):
        pass
told = {"fates": {n.partition("::")[2].partition(" in: ")[0]: f for n, f in fates.items()},
        "late": late, "alone": alone, "branches": [branches.run, branches.all],
        "missing": branches.missing}
Path(sys.argv[2]).write_text(json.dumps(told))
"""


def sample(folder: Path, suites: dict[str, str]) -> None:
    (folder / "controller").mkdir()
    (folder / "controller" / "__init__.py").touch()
    (folder / "controller" / "cord.py").write_text(PROGRAM)
    (folder / "tests" / "unit").mkdir(parents=True)
    for name, suite in suites.items():
        (folder / "tests" / "unit" / name).write_text(suite)
    (folder / "docs" / "reference").mkdir(parents=True)
    (folder / "docs" / "reference" / "mutation-survivors.toml").touch()


def run(folder: Path, mutants: Iterable[str] = ()) -> subprocess.CompletedProcess[str]:
    told = str(folder / "told.json")
    script = [sys.executable, "-c", SCRIPT, str(folder), told, json.dumps(list(mutants))]
    return subprocess.run(script, cwd=ROOT, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sample")
    sample(folder, {"test_cord.py": SUITE})
    done = run(folder, FATES)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return found


@pytest.mark.parametrize(("mutant", "fate"), FATES.items())
def test_what_becomes_of_each_mutant(told: dict[str, Any], mutant: str, fate: str) -> None:
    assert told["fates"][mutant] == fate


def test_when_the_time_is_up_nothing_is_said_of_the_rest(told: dict[str, Any]) -> None:
    assert told["late"] == {}


def test_branches_and_lines_that_no_test_runs_are_named(told: dict[str, Any]) -> None:
    assert told["branches"] == [4, 4]
    assert told["missing"] == {"controller/cord.py": "19"}


def test_a_file_whose_tests_need_another_one_is_found(tmp_path: Path) -> None:
    first = "import controller.cord as cord\n\ndef test_first():\n    cord.ready = True\n"
    second = "import controller.cord as cord\n\ndef test_second():\n    assert cord.ready\n"
    sample(tmp_path, {"test_a.py": first, "test_b.py": second})
    assert run(tmp_path).returncode == 0
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["alone"] == ["tests/unit/test_b.py"]


def test_a_suite_that_fails_on_the_program_itself_judges_nothing(tmp_path: Path) -> None:
    sample(tmp_path, {"test_cord.py": "def test_it():\n    assert False\n"})
    done = run(tmp_path)
    assert done.returncode != 0
    assert "the tests fail without a mutation; fix them first" in done.stderr
