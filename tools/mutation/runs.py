"""Runs the tests on mutants, each in a fork of its own, two at a time.

If a change is in a function that no module calls while it is loaded, the fork is taken from a
process that has collected the tests, and the function gets the changed code (``collected``).
Everything else, and the unchanged program, runs in a fork that loads the program again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tools.mutation import collected, forks
from tools.mutation.forks import PASSED, Fate, Task
from tools.mutation.measured import PYTEST_OPTIONS
from tools.mutation.mutants import Mutant, code_of
from tools.mutation.names import Names


def run_all(
    tasks: list[Task], root: Path, names: Names, *, stop_at_s: float
) -> Iterator[tuple[Task, Fate]]:
    """Run the tasks; what has not ended at ``stop_at_s`` is broken off, untold."""
    anew = [task for task in tasks if task.loads_anew or not task.groups]
    there = [task for task in tasks if not task.loads_anew and task.groups]
    for task, fate in collected.run_all(there, root, names, stop_at_s=stop_at_s):
        if fate is Fate.NOT_PUT_IN:
            anew.append(task)
        else:
            yield task, fate
    yield from forks.run_all(anew, lambda task: _prepare(task, root, names), stop_at_s=stop_at_s)


def _prepare(task: Task, root: Path, names: Names) -> Callable[[], int]:
    code = None if task.mutant is None else code_of(task.mutant, root, names)
    return lambda: _run(task, root, code)


def _run(task: Task, root: Path, code: CodeType | None) -> int:
    """Run in the fork: load the program with the change and run the tests; returns the status."""
    os.chdir(root)
    sys.path.insert(0, str(root))
    if task.mutant is not None and code is not None:
        sys.meta_path.insert(0, _MutantFinder(task.mutant, code))
    for group in task.groups:
        file = group[0].partition("::")[0]
        status = int(pytest.main([*PYTEST_OPTIONS, "-x", file], plugins=[_Only(group)]))
        if status != PASSED:
            return min(status, 1)
    return PASSED


class _Only:
    """Selects the named tests of a file, in that order; without a case, all of its cases."""

    def __init__(self, wanted: list[str]) -> None:
        self._wanted = wanted

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        found = {item.nodeid for item in items}
        gone = {test.partition("[")[0] for test in self._wanted if test not in found}
        place = {test: at for at, test in enumerate(self._wanted)}
        kept = [i for i in items if i.nodeid in place or i.nodeid.partition("[")[0] in gone]
        items[:] = sorted(kept, key=lambda item: place.get(item.nodeid, len(place)))


class _MutantFinder(MetaPathFinder, Loader):
    """Loads one module from the mutant's code and leaves all others alone."""

    def __init__(self, mutant: Mutant, code: CodeType) -> None:
        self._name = ".".join(Path(mutant.path).with_suffix("").parts)
        self._code = code

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        del path, target
        return spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)
