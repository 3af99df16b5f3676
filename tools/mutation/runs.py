"""Runs the tests on mutants, each in a fork of its own, two at a time."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import pytest

from tools.mutation.measured import PYTEST_OPTIONS
from tools.mutation.mutants import Mutant, code_of
from tools.mutation.names import Names

WORKERS: Final = 2
LEAST_CPU_S: Final = 10
"""Seconds of the processor that every mutant may have; 5 times its tests when that is more."""
LEAST_WALL_S: Final = 60.0
"""Seconds on the wall that every mutant may have; 20 times its tests when that is more."""
_PASSED: Final = 0
_UNMADE: Final = 99


class MutantUnmade(Exception):
    """A change that cannot be compiled: a defect of this tool, and nothing that tests noticed."""


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    UNREACHED = "unreached"


NOTICED: Final = frozenset({Fate.KILLED, Fate.TIMED_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A mutant, None for the program as it is, with the groups of tests to run one by one."""

    mutant: Mutant | None
    groups: list[list[str]]
    seconds: float


@dataclass(slots=True)
class _Running:
    task: Task
    kill_at_s: float
    killed: bool = False


def run_all(
    tasks: list[Task], root: Path, names: Names, *, stop_at_s: float
) -> Iterator[tuple[Task, Fate]]:
    """Run the tasks in their order; what has not ended at ``stop_at_s`` is broken off, untold."""
    waiting = list(reversed(tasks))
    running: dict[int, _Running] = {}
    while (waiting or running) and time.monotonic() < stop_at_s:
        while waiting and len(running) < WORKERS:
            task = waiting.pop()
            if not task.groups:
                yield task, Fate.UNREACHED
                continue
            wall_s = max(LEAST_WALL_S, 20 * task.seconds)
            running[_start(task, root, names)] = _Running(task, time.monotonic() + wall_s)
        ended = _ended(running)
        if ended is None:
            time.sleep(0.01)
        else:
            yield ended
    for child in running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _ended(running: dict[int, _Running]) -> tuple[Task, Fate] | None:
    """One that has ended; those that hang are killed by the way."""
    for child, one in running.items():
        if time.monotonic() > one.kill_at_s and not one.killed:
            os.kill(child, signal.SIGKILL)
            one.killed = True
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            del running[child]
            code = os.waitstatus_to_exitcode(status)
            if code == _UNMADE and one.task.mutant is not None:
                raise MutantUnmade(f"{one.task.mutant.identity} cannot be compiled; mend the tool")
            hung = code in (-signal.SIGKILL, -signal.SIGXCPU)
            if hung:
                return one.task, Fate.TIMED_OUT
            return one.task, Fate.SURVIVED if code == _PASSED else Fate.KILLED
    return None


def _start(task: Task, root: Path, names: Names) -> int:
    """Fork a process that runs the tests on the mutant; returns its id."""
    child = os.fork()
    if child:
        return child
    status = _UNMADE
    try:
        code = None if task.mutant is None else code_of(task.mutant, root, names)
        status = 1
        status = min(_run(task, root, code), 1)
    finally:  # the fork ends here, however the mutant failed
        os._exit(status)


def _run(task: Task, root: Path, code: CodeType | None) -> int:
    import resource  # there is none on Windows, where nothing forks either

    limit_s = max(LEAST_CPU_S, int(5 * task.seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.chdir(root)
    sys.path.insert(0, str(root))
    if task.mutant is not None and code is not None:
        sys.meta_path.insert(0, _MutantFinder(task.mutant, code))
    for group in task.groups:
        file = group[0].partition("::")[0]
        status = int(pytest.main([*PYTEST_OPTIONS, "-x", file], plugins=[_Only(group)]))
        if status != _PASSED:
            return status
    return _PASSED


class _Only:
    """Leaves the named tests of a file, in that order; of a test whose case is gone, all cases."""

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
