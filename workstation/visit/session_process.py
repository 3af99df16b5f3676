"""The session of a visit as a process of its own, at the same terminal.

While it runs, this program does nothing: keys of the terminal reach the session itself, and a
signal to this program is passed on to it, where it releases the patient.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from workstation.session.signals import RELEASING

OF_THE_TERMINAL = frozenset({"SIGINT", "SIGQUIT"})
"""A key sends these to every program of the terminal's job: passed on, they would count twice."""

STOPPING = ("SIGTSTP", "SIGTTIN", "SIGTTOU")
"""A stopped program loses its terminal, and the session would too."""


def run_beside(*arguments: Sequence[str]) -> int:
    """Run a command of this program to its end; returns its exit status."""
    words = [word for part in arguments for word in part]
    with subprocess.Popen([sys.executable, "-m", "workstation.cli", *words]) as process:
        before = {number: signal.signal(number, _HandingOn(process)) for number in _numbers()}
        for number in _named(STOPPING):
            before[number] = signal.signal(number, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _numbers() -> list[signal.Signals]:
    return _named(RELEASING)


def _named(names: Sequence[str]) -> list[signal.Signals]:
    """Returns those that this system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


class _HandingOn:
    """The handler of every signal that would end this program."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if signal.Signals(number).name not in OF_THE_TERMINAL:
            self._process.send_signal(number)
