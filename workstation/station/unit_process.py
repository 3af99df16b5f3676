"""The process that drives a unit, as its parent keeps it: started, found running, restarted."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import Final

from controller.ports import Clock
from workstation.station.child_program import Change, ChildProgram, ProgramFiles
from workstation.station.control_link import ControlLink
from workstation.station.place import ChannelPlace

SILENT_S: Final = 10.0
"""A silent process that was told to end is killed after this time: its unit releases by itself."""


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
        self._clock = clock
        self._report = report
        self._called = place.called
        files = ProgramFiles(lock=place.lock, log=place.log)
        self._program = ChildProgram(
            place.called, files, [*command, place.called], now_s=clock.now_s(), report=report
        )
        self._is_ending = self._told_to_end = self._was_killed = False
        self._silent_since_s = clock.now_s()

    @property
    def called(self) -> str:
        """Returns the unit's name."""
        return self._called

    def keep_up(self) -> None:
        """Notice an end, and start again when it is time."""
        in_session = self.link.in_session
        change = self._program.keep_up(
            self._clock.now_s(), in_session=in_session, may_start=not self._is_ending
        )
        if change is Change.FOUND:
            self._report(f"{self.called}: its program was found running")
        elif change is Change.LOST and in_session:
            self._report(
                f"{self.called}: its program ended in a session; the unit should release within 1 s"
            )

    def end(self, by: str) -> None:
        """Have the patient released and the process ended; then call ``has_ended``."""
        self._is_ending = True
        self._silent_since_s = self._clock.now_s()
        self._report(f"{self.called}: the patient is released and the program ends ({by})")
        self.link.order_stop(by)
        self.link.leave(by)

    def has_ended(self) -> bool:
        """Called repeatedly after ``end``: waits for a session, but not for a silent process."""
        now_s = self._clock.now_s()
        if not self._program.is_running(now_s):
            return True
        if not self._told_to_end and not (self.link.is_answering and self.link.in_session):
            self._told_to_end = True
            self._program.signal(signal.SIGTERM)
        if self.link.is_answering:
            self._silent_since_s = now_s
        elif now_s - self._silent_since_s > SILENT_S:
            return self._kill(now_s)
        return False

    def _kill(self, now_s: float) -> bool:
        """Kill a silent program; returns True when even that did not end it."""
        if self._was_killed:
            self._report(f"{self.called}: its program does not end")
            return True
        self._was_killed = True
        self._silent_since_s = now_s
        self._report(f"{self.called}: its program did not respond and was killed")
        self._program.signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        return False
