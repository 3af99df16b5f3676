"""Runs mutants from a process that has collected the tests, so that loading is done once.

The process is a fork that collects every file of the tests at once. For each mutant it forks again,
gives the changed function its changed code and runs the tests that reach it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Final, TextIO

import pytest

from tools.mutation import forks
from tools.mutation.forks import NOT_PUT_IN, PASSED, Fate, MutantUnmade, Task
from tools.mutation.measured import PYTEST_OPTIONS
from tools.mutation.mutants import Mutant, code_of
from tools.mutation.names import Names

CAPTURE: Final = "--capture=sys"
"""Files of captured output would be shared by all forks; memory is not."""

_Place = tuple[str, str, int]
"""File, qualified name and first line: what stays of a function when its code changes."""


class CollectionFailed(Exception):
    """The tests cannot be collected together."""


def run_all(
    tasks: list[Task], root: Path, names: Names, *, stop_at_s: float
) -> Iterator[tuple[Task, Fate]]:
    """Run the tasks; raises MutantUnmade and CollectionFailed. See ``forks.run_all``."""
    if not tasks:
        return
    reading, writing = os.pipe()
    server = os.fork()
    if server == 0:
        status = 1
        try:
            os.setpgid(0, 0)
            os.close(reading)
            with os.fdopen(writing, "w", encoding="utf-8") as told:
                status = _serve(tasks, root, names, stop_at_s, told)
        finally:  # the fork ends here, whatever the error of the tests
            os._exit(status)
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                number, fate = json.loads(line)
                if number is None:
                    raise MutantUnmade(fate)
                yield tasks[number], Fate(fate)
        if status := os.waitstatus_to_exitcode(os.waitpid(server, 0)[1]):
            raise CollectionFailed(f"the tests cannot be collected together (status {status})")
        server = 0
    finally:
        if server:
            _end(server)


def _end(server: int) -> None:
    """Kill the process with everything that it forked."""
    try:
        os.killpg(server, signal.SIGKILL)
        os.waitpid(server, 0)
    except (ProcessLookupError, ChildProcessError):
        return  # it has ended and was reaped


def _serve(tasks: list[Task], root: Path, names: Names, stop_at_s: float, told: TextIO) -> int:
    os.chdir(root)
    sys.path.insert(0, str(root))
    files = sorted({group[0].partition("::")[0] for task in tasks for group in task.groups})
    plugin = _Server(tasks, root, names, stop_at_s, told)
    status = int(pytest.main([*PYTEST_OPTIONS, CAPTURE, *files], plugins=[plugin]))
    return PASSED if plugin.served else status or 1


class _Server:
    """Replaces the loop over the collected tests."""

    def __init__(
        self, tasks: list[Task], root: Path, names: Names, stop_at_s: float, told: TextIO
    ) -> None:
        self._tasks = tasks
        self._root = root
        self._names = names
        self._stop_at_s = stop_at_s
        self._told = told
        self.served = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every task in a fork; returns True so that pytest runs nothing by itself."""
        if session.testsfailed:  # a file could not be collected
            return True
        items = {item.nodeid: item for item in session.items}
        functions = functions_below(self._root)
        gc.freeze()

        def prepare(task: Task) -> Callable[[], int]:
            assert task.mutant is not None, "the program as it is has no change to put in"
            if not put_in(task.mutant, self._root, self._names, functions):
                return lambda: NOT_PUT_IN
            chosen = [items[test] for group in task.groups for test in group if test in items]
            return lambda: _run_items(session, chosen, task.test_s)

        number_of = {id(task): number for number, task in enumerate(self._tasks)}
        try:
            for task, fate in forks.run_all(self._tasks, prepare, stop_at_s=self._stop_at_s):
                self._tell(number_of[id(task)], fate)
        except MutantUnmade as error:
            self._tell(None, str(error))
        self.served = True
        return True

    def _tell(self, number: int | None, word: str) -> None:
        self._told.write(json.dumps([number, word]) + "\n")
        self._told.flush()


def _run_items(
    session: pytest.Session, items: list[pytest.Item], test_s: Mapping[str, float]
) -> int:
    """Run tests one by one up to the first failure."""
    for item, next_item in zip(items, [*items[1:], None], strict=True):
        forks.grant_cpu(test_s[item.nodeid])
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
        if session.testsfailed:
            return 1
    return PASSED


def functions_below(root: Path) -> dict[_Place, list[FunctionType]]:
    """Every function and method loaded from files below ``root``, by its place."""
    found: dict[_Place, list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(f"{root}/"):
            found.setdefault(_place(thing.__code__), []).append(thing)
    return found


def put_in(
    mutant: Mutant, root: Path, names: Names, functions: dict[_Place, list[FunctionType]]
) -> bool:
    """Give the loaded functions the mutant's code; returns whether that was possible."""
    changed = code_of(mutant, root, names)
    text = (root / mutant.path).read_text(encoding="utf-8")
    before = dict(_outermost(compile(text, str(root / mutant.path), "exec")))
    differ = [(at, code) for at, code in _outermost(changed) if before.get(at) != code]
    if not differ or any(at not in functions for at, _ in differ):
        return False
    for at, code in differ:
        for function in functions[at]:
            if function.__code__.co_freevars != code.co_freevars:
                return False
            function.__code__ = code
    return True


def _outermost(module: CodeType) -> Iterator[tuple[_Place, CodeType]]:
    """The code objects of functions in the module or its classes, but not in other functions."""
    for constant in module.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & _IN_A_FUNCTION:
                yield _place(constant), constant
            else:
                yield from _outermost(constant)


_IN_A_FUNCTION: Final = 0x02
"""CO_NEWLOCALS of the interpreter: set for functions, not for the bodies of classes."""


def _place(code: CodeType) -> _Place:
    return code.co_filename, code.co_qualname, code.co_firstlineno
