"""The process that drives a unit, as its parent keeps it: started, found running, started again.

It is a session of its own, so that nothing that happens to the parent reaches it, and writes to a
log file, so that it never waits for a pipe that nobody reads.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from controller.ports import Clock
from records.store.private_files import open_or_create
from workstation.restarts import Restarts
from workstation.station.control_link import ControlLink
from workstation.station.place import ChannelPlace, is_held

MOST_LOG_BYTES: Final = 1_000_000
"""A longer log is put aside when the process is started; the one before that goes."""
SETTLE_S: Final = 1.0
"""Between two looks whether a process of an earlier parent still runs."""
SILENT_S: Final = 10.0
"""A process that was told to end and says nothing is killed: its unit lets go by itself."""


class UnitProcess:
    """One unit's process and the link to it; ``command`` starts it.

    ``keep_up`` is called several times a second.
    """

    def __init__(
        self,
        link: ControlLink,
        place: ChannelPlace,
        command: Sequence[str],
        *,
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        self.link = link
        self._place = place
        self._command = list(command)
        self._clock = clock
        self._report = report
        self._child: subprocess.Popen[bytes] | None = None
        self._restarts = Restarts()
        self._runs = self._held = self._told_to_end = self._was_killed = False
        self._since_s = self._start_at_s = self._look_at_s = clock.now_s()
        self._ends_since_s: float | None = None
        self._silent_since_s = clock.now_s()

    @property
    def called(self) -> str:
        """The unit's name."""
        return self._place.called

    @property
    def is_gone(self) -> bool:
        """True while no process drives the unit, after one did or could not be started."""
        return not self._runs

    def keep_up(self) -> None:
        """Notice an end, and start again when it is time."""
        now_s = self._clock.now_s()
        runs = self._is_running(now_s)
        if runs and not self._runs:
            self._since_s = now_s
            self._report(f"{self.called}: its program was found running")
        elif self._runs and not runs:
            self._lost(now_s)
        self._runs = runs
        if not runs and self._ends_since_s is None and now_s >= self._start_at_s:
            self._start(now_s)

    def end(self, by: str) -> None:
        """Have the patient let go and the process end; ``keep_up`` and ``has_ended`` go on."""
        self._ends_since_s = self._silent_since_s = self._clock.now_s()
        self._report(f"{self.called}: the patient is let go and the program ends ({by})")
        self.link.order_stop(by)
        self.link.leave(by)

    def has_ended(self) -> bool:
        """Asked again and again after ``end``: a session is waited for, a silent process is not."""
        now_s = self._clock.now_s()
        if not self._is_running(now_s):
            return True
        if not self._told_to_end and not (self.link.is_answering and self.link.in_session):
            self._told_to_end = True
            self._signal(signal.SIGTERM)
        if self.link.is_answering:
            self._silent_since_s = now_s
        elif now_s - self._silent_since_s > SILENT_S:
            return self._kill(now_s)
        return False

    def _kill(self, now_s: float) -> bool:
        """Kill a silent program; True when even that did not end it."""
        if self._was_killed:
            self._report(f"{self.called}: its program does not end")
            return True
        self._was_killed = True
        self._silent_since_s = now_s
        self._report(f"{self.called}: its program says nothing and was killed")
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        return False

    def _is_running(self, now_s: float) -> bool:
        if self._child is not None:
            if self._child.poll() is None:
                return True
            self._report(f"{self.called}: its program ended (status {self._child.returncode})")
            self._child = None
            self._look_at_s = now_s
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + SETTLE_S
            self._held = is_held(self._place.lock)
        return self._held

    def _lost(self, now_s: float) -> None:
        in_session = self.link.in_session
        wait_s = self._restarts.wait_s(now_s - self._since_s, in_session=in_session)
        self._start_at_s = now_s + wait_s
        if in_session:
            self._report(
                f"{self.called}: its program ended in a session; the unit should let go within 1 s"
            )

    def _start(self, now_s: float) -> None:
        try:
            log = _log_of(self._place.log)
            try:
                self._child = subprocess.Popen(
                    [*self._command, self.called],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            self._report(f"{self.called}: its program cannot be started ({error.strerror})")
            self._start_at_s = now_s + self._restarts.wait_s(0.0)
        else:
            self._report(f"{self.called}: its program was started")
            self._since_s = now_s
            self._runs = True

    def _signal(self, number: signal.Signals) -> None:
        """Also to a process that an earlier parent started: its lock file names it."""
        with suppress(OSError, ValueError):
            if self._child is not None:
                self._child.send_signal(number)
            elif self._held:
                os.kill(int(self._place.lock.read_text(encoding="ascii")), number)


def _log_of(path: Path) -> int:
    """A log open for adding to its end; raises OSError."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > MOST_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    descriptor = open_or_create(path)
    os.lseek(descriptor, 0, os.SEEK_END)
    return descriptor
