"""A program of the station that outlives its parent: started, found running, told to end.

It has a process session of its own, so that signals to the parent do not reach it, and writes to a
log file, so that it never waits for a pipe that nobody reads. It holds a lock while it runs, by
which a later parent finds it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from records.store.private_files import open_or_create
from workstation.restarts import Restarts
from workstation.station.place import is_held

MOST_LOG_BYTES: Final = 1_000_000
"""A longer log is put aside when the process is started, replacing the one put aside before."""
SETTLE_S: Final = 1.0
"""Interval of checks whether a process of an earlier parent still runs."""


class Change(Enum):
    """What has changed since the last check of a program."""

    FOUND = "found"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFiles:
    """The lock that the program holds, which names its process, and its log."""

    lock: Path
    log: Path


class ChildProgram:
    """One program; ``command`` starts it and ``called`` is its name in reports."""

    def __init__(
        self,
        called: str,
        files: ProgramFiles,
        command: Sequence[str],
        *,
        now_s: float,
        report: Callable[[str], None],
    ) -> None:
        self._called = called
        self._files = files
        self._command = list(command)
        self._report = report
        self._child: subprocess.Popen[bytes] | None = None
        self._held = False
        self._look_at_s = 0.0
        self._restarts = Restarts()
        self._since_s = self._start_at_s = now_s
        self.runs = False
        """As of the newest ``keep_up``."""

    def keep_up(self, now_s: float, *, in_session: bool, may_start: bool = True) -> Change | None:
        """Notice what became of it, and start it when it is time; sooner in a session."""
        was_running, self.runs = self.runs, self.is_running(now_s)
        change = None
        if self.runs and not was_running:
            self._since_s = now_s
            change = Change.FOUND
        elif was_running and not self.runs:
            wait_s = self._restarts.wait_s(now_s - self._since_s, in_session=in_session)
            self._start_at_s = now_s + wait_s
            change = Change.LOST
        if not self.runs and may_start and now_s >= self._start_at_s:
            self._try(now_s)
        return change

    def is_running(self, now_s: float) -> bool:
        """Returns whether it runs, started by this parent or by an earlier one."""
        if self._child is not None:
            if self._child.poll() is None:
                return True
            self._report(f"{self._called}: its program ended (status {self._child.returncode})")
            self._child = None
            self._look_at_s = now_s
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + SETTLE_S
            self._held = is_held(self._files.lock)
        return self._held

    def _try(self, now_s: float) -> None:
        if self._start():
            self._since_s = now_s
            self.runs = True
        else:
            self._start_at_s = now_s + self._restarts.wait_s(0.0)

    def _start(self) -> bool:
        """Start it; returns False where the system refuses, which is reported."""
        try:
            log = _log_of(self._files.log)
            try:
                self._child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            self._report(f"{self._called}: its program cannot be started ({error.strerror})")
            return False
        self._report(f"{self._called}: its program was started")
        return True

    def signal(self, number: signal.Signals) -> None:
        """Signal it, even if an earlier parent started it: its lock file names its process."""
        with suppress(OSError, ValueError):
            if self._child is not None:
                self._child.send_signal(number)
            elif self._held:
                os.kill(int(self._files.lock.read_text(encoding="ascii")), number)


def _log_of(path: Path) -> int:
    """Returns a log open for adding to its end; raises OSError."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > MOST_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    descriptor = open_or_create(path)
    os.lseek(descriptor, 0, os.SEEK_END)
    return descriptor
