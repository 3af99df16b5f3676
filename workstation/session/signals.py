"""The effect of signals while ``traction run`` has a session: release and end it, or nothing.

No signal that can be caught ends or stops the program while it drives a unit. Only SIGKILL, SIGSTOP
and a crash do; then the unit's watchdog releases the patient.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

RELEASING = (
    "SIGINT",
    "SIGTERM",
    "SIGHUP",
    "SIGQUIT",
    "SIGUSR1",
    "SIGUSR2",
    "SIGPWR",
    "SIGXCPU",
)
"""Each would end the program; here each releases instead. SIGPWR: power failure. SIGXCPU: the
system limits the processor time of real-time programs.
"""
ONCE = frozenset({"SIGHUP"})
"""A window that closes sends this up to three times (kernel, shell, end of the shell), so it never
makes a release fast."""
IGNORED = ("SIGTTIN", "SIGTTOU", "SIGPIPE")
"""Reading or writing in the background, or a closed pipe: the call itself fails instead."""
SUSPENDING = "SIGTSTP"
NOT_SUSPENDED = (
    "Ctrl-Z does not stop a session; Ctrl-C or end ends it, and releases the patient where this "
    "program drives the table"
)


class Told(Protocol):
    """The receiver of signals; both methods may be called in a handler."""

    def leave(self, by: str) -> None:
        """Release, and end the program."""
        ...

    def remind(self, text: str) -> None:
        """Print it for the person."""
        ...


class CaughtSignals:
    """Passes signals to the operator; those that come earlier are passed on once there is one."""

    def __init__(self) -> None:
        self._operator: Told | None = None
        self._early: list[str] = []
        self._asked = False

    def hand_to(self, operator: Told) -> None:
        """Pass signals to ``operator`` from now on."""
        self._operator = operator
        for name in self._early:
            operator.leave(name)

    def release(self, number: int, _frame: FrameType | None) -> None:
        """Release: the handler of every signal that asks for it."""
        name = signal.Signals(number).name
        if name in ONCE and self._asked:
            return
        self._asked = True
        if self._operator is None:
            self._early.append(name)
        else:
            self._operator.leave(name)

    def refuse(self, _number: int, _frame: FrameType | None) -> None:
        """Refuse: the handler of Ctrl-Z."""
        if self._operator is not None:
            self._operator.remind(NOT_SUSPENDED)


@contextmanager
def caught_signals() -> Iterator[CaughtSignals]:
    """Catch them for the block; the previous handlers return at its end."""
    caught = CaughtSignals()
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], None] | signal.Handlers] = {
        **dict.fromkeys(_numbers(*RELEASING), caught.release),
        **dict.fromkeys(_numbers(SUSPENDING), caught.refuse),
        **dict.fromkeys(_numbers(*IGNORED), signal.SIG_IGN),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers(*names: str) -> list[signal.Signals]:
    """Returns the signals that this system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
