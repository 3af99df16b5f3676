"""The console's process, as the station's parent keeps it: started, found, started again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from controller.ports import Clock
from workstation.station.child_program import ChildProgram, ProgramFiles
from workstation.station.place import console_lock

CALLED: Final = "console"
ENDS_WITHIN_S: Final = 5.0
"""A console that does not end within this time is killed: it drives nothing."""


class ConsoleProcess:
    """One per station; ``keep_up`` is called several times a second."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        *,
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        files = ProgramFiles(lock=console_lock(folder), log=folder / f"{CALLED}.log")
        self._program = ChildProgram(CALLED, files, command, now_s=clock.now_s(), report=report)
        self._clock = clock
        self._told_at_s: float | None = None

    def keep_up(self, *, in_session: bool) -> None:
        """Start it when it is time; sooner while somebody is treated."""
        self._program.keep_up(self._clock.now_s(), in_session=in_session)

    def has_ended(self) -> bool:
        """Tell it to end; called repeatedly until it has."""
        now_s = self._clock.now_s()
        if not self._program.is_running(now_s):
            return True
        if self._told_at_s is None:
            self._told_at_s = now_s
            self._program.signal(signal.SIGTERM)
        elif now_s - self._told_at_s > ENDS_WITHIN_S:
            self._told_at_s = now_s
            self._program.signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        return False
