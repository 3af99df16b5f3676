"""Runs the program and its simulated unit as processes, in real time.

Every wait has a generous deadline and looks for a fact, so that a busy machine only makes a test
slower.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from workstation.session.realtime import BEHIND_PRIORITY

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
PATIENCE_MS = 60_000.0
"""The same for a browser."""
PROCESS_CLOCK = 2
"""CPUCLOCK_SCHED of Linux: with a process id the clock of clock_getcpuclockid(3)."""
ATTEMPTS = 3
SHORT_PULL = """
region = "lumbar"
mode = "static"
hold_force = "30 N"
ramp_up = "10 N/s"
ramp_down = "20 N/s"
treatment_time = "1 min"
pretension_force = "0 N"
pretension_time = "0 s"
"""
"""An order without pretension: force rises a few seconds after arming."""


class EndedEarly(AssertionError):
    """A program ended before it printed what was waited for."""


class Program:
    """A running ``traction`` command whose lines are collected as they come."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workstation.cli", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._collect)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self._lines)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait_for(self, words: str) -> str:
        """Wait until a line contains ``words``; returns that line."""

        def found() -> str:
            return next((line for line in list(self._lines) if words in line), "")

        wait_until(lambda: bool(found()) or not self._reader.is_alive(), f"{words!r}")
        if not found():
            raise EndedEarly(f"ended without {words!r}:\n{self.output}")
        return found()

    @property
    def process_id(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait for its end; returns the exit status."""
        try:
            return self._process.wait(PATIENCE_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill it with ``kill -9`` and close its pipes."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)


@contextmanager
def program(*arguments: str) -> Iterator[Program]:
    """A command that is ended with the block in any case."""
    running = Program(*arguments)
    try:
        yield running
    finally:
        running.kill()


@contextmanager
def simulated_unit(wire: str, *options: str) -> Iterator[tuple[Program, str]]:
    """Run ``traction simulate``; gives the address that it prints."""
    with program("simulate", "--wire", wire, "--port", "0", *options) as unit:
        yield unit, unit.wait_for("simulated unit at").split()[-1]


@contextmanager
def side_by_side(
    stories: Mapping[str, Callable[[Path], None]],
    folder: Path,
    *,
    lanes: int,
    again_after: type[AssertionError] = EndedEarly,
) -> Iterator[dict[str, Future[None]]]:
    """Run all stories in parallel; a test then asks for its own.

    Stories mostly wait, so ``lanes`` of them run at once. On a machine that is too busy a session
    releases early, as it must: such a story is repeated in another folder, and the last repetition
    counts.
    """

    def tell(story: Callable[[Path], None], place: Path) -> None:
        for attempt in range(ATTEMPTS - 1):
            with suppress(again_after):
                return story(place / str(attempt))
        return story(place / "last")

    with ThreadPoolExecutor(lanes) as pool:
        yield {
            name: pool.submit(tell, story, folder / str(number))
            for number, (name, story) in enumerate(stories.items())
        }


def run_first(process_id: int) -> None:
    """Let the stand-in of a unit run before ordinary programs, if allowed.

    A real unit has its own processor. It runs behind the program that drives it, from which no real
    unit takes processor time.
    """
    tasks = Path(f"/proc/{process_id}/task")
    with suppress(PermissionError):
        for task in tasks.iterdir() if tasks.exists() else ():
            os.sched_setscheduler(
                int(task.name), os.SCHED_FIFO, os.sched_param(BEHIND_PRIORITY - 1)
            )


def wait_until(fact: Callable[[], bool], what: str) -> None:
    """Poll for ``fact``; after the deadline raises AssertionError with ``what``."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < deadline_s, f"{what} did not come within {PATIENCE_S:g} s"
        time.sleep(0.02)


def freeze(process_id: int) -> None:
    """Stop a process as a debugger does, and wait until all threads are stopped.

    The signal goes to one thread. Until that one has run the others continue, and may still answer.
    """
    os.kill(process_id, signal.SIGSTOP)
    tasks = Path(f"/proc/{process_id}/task")
    threads = [task.name for task in tasks.iterdir()] if tasks.exists() else []
    stopped = [f"{process_id}/task/{name}" for name in threads]
    wait_until(lambda: all(_state(one) in ("T", "") for one in stopped), "the stop of all threads")


def processor_s(process_id: int) -> float:
    """Returns the seconds of processor time that a process has taken, all its threads together.

    Its processor clock counts nanoseconds. /proc/PID/stat may be sampled at the system's own tick,
    and says up to half too much or too little of a program that works for a millisecond every 50.
    """
    return time.clock_gettime(~process_id << 3 | PROCESS_CLOCK)


def runs(process_id: int) -> bool:
    """False also for a process that has ended but was not yet reaped (Linux)."""
    return _state(str(process_id)) not in ("Z", "")


def _state(task: str) -> str:
    """The state letter of a task in /proc; "" if it is gone."""
    try:
        stat = Path(f"/proc/{task}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]
