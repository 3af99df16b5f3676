"""A pool of forks: one for each task, two at a time, with limits on the processor and the wall."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tools.mutation.mutants import Mutant

WORKERS: Final = 2
LEAST_CPU_S: Final = 10
"""Seconds of the processor that every test may have; 5 times what it took when that is more."""
LEAST_WALL_S: Final = 60.0
"""Seconds on the wall that every mutant may have; 20 times its tests when that is more."""
PASSED: Final = 0
NOT_PUT_IN: Final = 98
UNMADE: Final = 99


class MutantUnmade(Exception):
    """A change that cannot be compiled: a defect of this tool, and nothing that tests noticed."""


class Fate(StrEnum):
    """The fate of a mutant; NOT_PUT_IN: it must run in a freshly loaded program."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    UNREACHED = "unreached"
    NOT_PUT_IN = "not put in"


NOTICED: Final = frozenset({Fate.KILLED, Fate.TIMED_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A mutant, None for the program as it is, with the groups of tests to run one by one.

    ``test_s`` holds the seconds that each test took when it was measured.
    ``loads_anew``: the change matters while a module is loaded, so that the program must be.
    """

    mutant: Mutant | None
    groups: list[list[str]]
    test_s: Mapping[str, float]
    loads_anew: bool

    @property
    def seconds(self) -> float:
        """Returns how long its tests took together when they were measured."""
        return sum(self.test_s[test] for group in self.groups for test in group)


@dataclass(slots=True)
class _Running:
    task: Task
    kill_at_s: float
    killed: bool = False


def run_all(
    tasks: Iterable[Task], prepare: Callable[[Task], Callable[[], int]], *, stop_at_s: float
) -> Iterator[tuple[Task, Fate]]:
    """Fork for each task, in their order: make the change with ``prepare``, then call its result.

    What that returns is the fork's status; when ``prepare`` fails, it is UNMADE. What has not
    ended at ``stop_at_s`` is broken off, untold. Raises MutantUnmade.
    """
    waiting = list(reversed(list(tasks)))
    running: dict[int, _Running] = {}
    while (waiting or running) and time.monotonic() < stop_at_s:
        while waiting and len(running) < WORKERS:
            task = waiting.pop()
            if not task.groups:
                yield task, Fate.UNREACHED
                continue
            wall_s = max(LEAST_WALL_S, 20 * task.seconds)
            running[_start(task, prepare)] = _Running(task, time.monotonic() + wall_s)
        ended = _ended(running)
        if ended is None:
            time.sleep(0.01)
        else:
            yield ended
    for child in running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _start(task: Task, prepare: Callable[[Task], Callable[[], int]]) -> int:
    """Fork a process that runs the task; returns its id."""
    child = os.fork()
    if child:
        return child
    status = UNMADE
    try:
        _limit(task)
        run = prepare(task)
        status = 1
        status = run()
    finally:  # the fork ends here, whatever the mutant's error
        os._exit(status)


def _limit(task: Task) -> None:
    grant_cpu(task.seconds)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)


def grant_cpu(seconds: float) -> None:
    """Limit the processor time in a fork to 5 times ``seconds``, which ends a fork that hangs."""
    import resource  # Windows has no such limit, and no fork either

    limit_s = math.ceil(time.process_time()) + max(LEAST_CPU_S, int(5 * seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.RLIM_INFINITY))


def _ended(running: dict[int, _Running]) -> tuple[Task, Fate] | None:
    """Returns one that has ended; hanging ones are killed meanwhile."""
    for child, one in running.items():
        if time.monotonic() > one.kill_at_s and not one.killed:
            os.kill(child, signal.SIGKILL)
            one.killed = True
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            del running[child]
            return one.task, _fate(one.task, os.waitstatus_to_exitcode(status))
    return None


def _fate(task: Task, code: int) -> Fate:
    if code == UNMADE and task.mutant is not None:
        raise MutantUnmade(f"{task.mutant.identity} cannot be compiled; fix the tool")
    if code in (-signal.SIGKILL, -signal.SIGXCPU):
        return Fate.TIMED_OUT
    if code == NOT_PUT_IN:
        return Fate.NOT_PUT_IN
    return Fate.SURVIVED if code == PASSED else Fate.KILLED
