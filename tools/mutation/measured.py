"""One run of the tests under coverage: which test runs which line, and how long it takes."""

from __future__ import annotations

import ast
import gc
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from itertools import accumulate
from pathlib import Path
from typing import Final

import coverage
import pytest
from coverage.config import DEFAULT_EXCLUDE

from tools.mutation.areas import MEASURED, Area
from tools.mutation.mutants import Mutant

LOADED_ONCE: Final = (
    "hypothesis",
    "numpy",
    "pymodbus.framer",
    "pydantic",
    "typer",
    "rich.console",
    "sqlite_utils",
    "reportlab.platypus",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "httpx",
    "jinja2",
    "keyring",
    "fastcrc",
)
"""Libraries that are loaded before the forks, so that no mutant pays for them."""
PYTEST_OPTIONS: Final = ("-q", "--assert=plain", "-p", "no:cacheprovider")
MOST_TESTS_S: Final = 30.0
"""Measured seconds of the tests that a mutant meets. Beyond it are whole matrices and populations;
without a bound each mutant that nothing notices costs minutes."""
OUT_OF_REACH: Final = r"case _:\s+assert_never\("
"""Lines that the type checker has shown never to run; coverage leaves them out."""


def load_libraries() -> None:
    """Load what every test needs of other people's code, and nothing of the project.

    What is there by then is left out of every later collection of garbage: pytest collects twice
    in each run, which was half of what a mutant cost.
    """
    for name in LOADED_ONCE:
        import_module(name)
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    gc.freeze()


class TestsFailed(Exception):
    """The tests fail on the program as it is; nothing can be said about mutants."""


class _Contexts:
    """Tells coverage which test runs, and keeps the seconds of each."""

    def __init__(self, measuring: coverage.Coverage) -> None:
        self._measuring = measuring
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._measuring.switch_context(item.nodeid)
        yield
        self._measuring.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration


def measure(root: Path, tests: list[str], folder: Path) -> Measured:
    """Run the tests in a process of their own; raises TestsFailed. Data are kept in ``folder``."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = _measure(root, tests, folder)
        finally:  # the fork ends here, whatever the error of the tests
            sys.stdout.flush()
            os._exit(status)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise TestsFailed("the tests fail without a mutation; fix them first")
    return Measured(root, folder)


def _measure(root: Path, tests: list[str], folder: Path) -> int:
    os.chdir(root)
    sys.path.insert(0, str(root))
    measuring = coverage.Coverage(
        data_file=str(folder / "coverage"),
        branch=True,
        config_file=False,
        include=[f"{root}/{package}/*" for package in MEASURED],
        messages=False,
    )
    plugin = _Contexts(measuring)
    measuring.start()
    status = int(pytest.main([*PYTEST_OPTIONS, *tests], plugins=[plugin]))
    measuring.stop()
    measuring.save()
    (folder / "seconds.json").write_text(json.dumps(plugin.seconds))
    return status


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """The branches that the tests of an area run; ``missing`` names lines and branches by file."""

    run: int
    all: int
    missing: dict[str, str]

    @property
    def share(self) -> float:
        """Share of branches taken; 1 if there are none."""
        return self.run / self.all if self.all else 1.0


def affordable(groups: list[list[str]], seconds: Mapping[str, float]) -> list[list[str]]:
    """The first tests that take ``MOST_TESTS_S`` together; one if the first takes more."""
    spent_s, kept = 0.0, list[list[str]]()
    for group in groups:
        ends_s = list(accumulate((seconds[test] for test in group), initial=spent_s))[1:]
        fitting = [test for test, end_s in zip(group, ends_s, strict=True) if end_s <= MOST_TESTS_S]
        if len(fitting) < len(group):
            return [*kept, fitting] if fitting else kept or [group[:1]]
        kept.append(group)
        spent_s = ends_s[-1]
    return kept


class Measured:
    """The results of ``measure`` in a folder."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self.seconds: dict[str, float] = json.loads((folder / "seconds.json").read_text())
        self._data = coverage.CoverageData(str(folder / "coverage"))
        self._data.read()
        self._lines: dict[str, dict[int, frozenset[str]]] = {}

    def lines(self, path: str) -> dict[int, frozenset[str]]:
        """Returns the tests that run each line of a file; the empty name is the import."""
        if path not in self._lines:
            contexts = self._data.contexts_by_lineno(str(self._root / path))
            self._lines[path] = {line: frozenset(found) for line, found in contexts.items()}
        return self._lines[path]

    def tests_for(self, mutant: Mutant, area: Area) -> list[list[str]]:
        """The area's tests that may notice a mutant, in groups of one file, cheapest first.

        Tests within a group are sorted likewise. Files that are named after the mutant's come
        first, then those of the folder that mirrors its folder. What exceeds ``MOST_TESTS_S`` is
        left out.
        """
        reached = self._reached_by(mutant) - {""}
        nearest = _nearest_tests(mutant.path)
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for test in sorted(reached, key=lambda test: (self.seconds[test], test)):
            if test.startswith(tuple(f"{folder}/" for folder in area.tests)):
                groups[test.partition("::")[0]].append(test)

        mirrored = f"tests/unit/{Path(mutant.path).parent.as_posix()}"

        def cost(file: str) -> tuple[bool, bool, float, str]:
            far, elsewhere = not is_nearest(file, nearest), Path(file).parent.as_posix() != mirrored
            return far, elsewhere, sum(self.seconds[test] for test in groups[file]), file

        return affordable([groups[file] for file in sorted(groups, key=cost)], self.seconds)

    def runs_at_load(self, mutant: Mutant) -> bool:
        """Returns True if the mutant's statement runs while modules are loaded."""
        lines = self.lines(mutant.path)
        return mutant.at_import or any("" in lines.get(n, ()) for n in _span(mutant))

    def _reached_by(self, mutant: Mutant) -> frozenset[str]:
        lines = self.lines(mutant.path)
        of_statement = [lines.get(n, frozenset()) for n in _span(mutant)]
        reached: frozenset[str] = frozenset().union(*of_statement)
        if not self.runs_at_load(mutant):
            return reached
        nearest = _nearest_tests(mutant.path)
        near = {test for test in self.seconds if is_nearest(test.partition("::")[0], nearest)}
        mentioned = self._mentioned(mutant.names)
        touching: frozenset[str] = frozenset().union(*lines.values())
        return reached | near | (mentioned - {""} or touching)

    def _mentioned(self, names: frozenset[str]) -> frozenset[str]:
        """The tests that run a line with one of the names, or with a name derived from them."""
        known, found = set(), set[str]()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in known:
                known.add(name)
                tests, bound = self._mentions.get(name, (set[str](), set[str]()))
                found |= tests
                waiting += bound
        return frozenset(found)

    @cached_property
    def _mentions(self) -> dict[str, tuple[set[str], set[str]]]:
        """Returns by name: the tests that run a line with it, and the names derived from it."""
        found: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for package in MEASURED:
            for path in sorted((self._root / package).rglob("*.py")):
                lines = self.lines(path.relative_to(self._root).as_posix())
                tree = ast.parse(path.read_text(encoding="utf-8"))
                for node in ast.walk(tree):
                    for name in _mentioned_by(node):
                        found[name][0].update(lines.get(getattr(node, "lineno", 0), ()))
                for statement in tree.body:
                    made = _made(statement)
                    for node in ast.walk(statement) if made else ():
                        for name in _mentioned_by(node):
                            found[name][1].update(made)
        return dict(found)

    def branches(self, area: Area) -> Branches:
        """Returns how many branches of the area its own tests run."""
        contexts = ["^$", *(f"^{folder}/" for folder in area.tests)]
        report = coverage.Coverage(
            data_file=str(self._folder / "coverage"), branch=True, config_file=False
        )
        report.set_option("report:exclude_lines", [*DEFAULT_EXCLUDE, OUT_OF_REACH])
        report.load()
        out = self._folder / "branches.json"
        files = [str(self._root / path) for path in area.files(self._root)]
        report.json_report(morfs=files, contexts=contexts, outfile=str(out))
        told = json.loads(out.read_text())
        missing = {
            str(Path(path).relative_to(self._root) if Path(path).is_absolute() else path): words
            for path, file in told["files"].items()
            if (words := _missing(file))
        }
        totals = told["totals"]
        return Branches(run=totals["covered_branches"], all=totals["num_branches"], missing=missing)


def _missing(file: dict[str, list[int] | list[list[int]]]) -> str:
    lines = [str(line) for line in file["missing_lines"]]
    gaps = [f"{a}->{'exit' if b < 0 else b}" for a, b in file["missing_branches"]]  # type: ignore[misc]
    return ", ".join([*lines, *gaps])


def _span(mutant: Mutant) -> range:
    return range(mutant.first_line, mutant.last_line + 1)


def _nearest_tests(path: str) -> tuple[str, ...]:
    """Returns the prefixes of the names of the test files for a file."""
    stem = Path(path).stem
    return f"test_{stem}", f"test_{Path(path).parent.name}_{stem}"


def is_nearest(file: str, beginnings: tuple[str, ...]) -> bool:
    """True for ``test_loop.py`` and ``test_loop_release.py`` where the file is ``loop.py``."""
    name = Path(file).stem
    return any(name == one or name.startswith(f"{one}_") for one in beginnings)


def _mentioned_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            return [name]
    return []


def _made(statement: ast.stmt) -> list[str]:
    """The names to which a module statement assigns a value when loaded."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
