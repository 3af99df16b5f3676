"""Terminals and pipes of a program under a test's control: read, held, left unread, closed."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from controller.runtime.clock import SystemClock
from tests.support.real_time import PATIENCE_S, ROOT, EndedEarly, wait_until

CTRL_S, CTRL_Z, CTRL_BACKSLASH = b"\x13", b"\x1a", b"\x1c"
OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Makes standard input the controlling terminal, so that its keys and its end become signals."""
MOVES_ON_S = 0.05
TRACTION = (sys.executable, "-m", "workstation.cli")


class _Seat:
    """Reads what arrives at one descriptor until it is told to stop or there is no more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seen = bytearray()
        self._looks, self._open = True, True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def seen(self) -> str:
        """Everything that was read so far."""
        return self._seen.decode("utf-8", "replace")

    def stop_reading(self) -> None:
        """Stop reading: what arrives from now on stays in the line."""
        self._looks = False
        self._reader.join()

    def leave(self) -> None:
        """Close it: as a window is closed, or a reader ends as ``head`` does."""
        self.stop_reading()
        if self._open:
            self._open = False
            os.close(self._descriptor)

    def _read(self) -> None:
        while self._looks:
            ready, _, _ = select.select([self._descriptor], [], [], 0.02)
            if not ready:
                continue
            try:
                data = os.read(self._descriptor, 4096)
            except OSError:
                return  # the other end of a pseudo-terminal is closed
            if not data:
                return
            self._seen += data


class Terminal(_Seat):
    """A pseudo-terminal. ``place`` is the program's end."""

    def __init__(self, rows: int = 24, columns: int = 80) -> None:
        self.person, self.place = os.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.place, termios.TIOCSWINSZ, size)
        self.name = os.ttyname(self.place)
        super().__init__(self.person)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.person, keys)

    def leave_unread(self) -> None:
        """Stop reading, with everything between here and the program already full."""
        self.stop_reading()
        _fill(os.open(self.name, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY))

    def stop_background_output(self) -> None:
        """Let background output stop the program (``stty tostop``)."""
        settings = termios.tcgetattr(self.place)
        settings[3] |= termios.TOSTOP
        termios.tcsetattr(self.place, termios.TCSANOW, settings)

    def forget_place(self) -> None:
        """Close this process's copy of the program's end."""
        os.close(self.place)


class Pipe(_Seat):
    """A pipe. ``place`` is the program's end."""

    def __init__(self) -> None:
        self._reading, self.place = os.pipe()
        super().__init__(self._reading)

    def leave_unread(self) -> None:
        """Stop reading, with the pipe already full."""
        self.stop_reading()
        # Opened anew: the flag must not be set for the program's own end.
        _fill(os.open(f"/proc/self/fd/{self._reading}", os.O_WRONLY | os.O_NONBLOCK))

    def forget_place(self) -> None:
        """Close this process's copy of the program's end."""
        os.close(self.place)


def _fill(descriptor: int) -> None:
    """Write until nothing more is accepted, also after the kernel has moved data on."""
    for size in (512, 1, 1, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(descriptor, b"." * size)
        time.sleep(MOVES_ON_S)
    os.close(descriptor)


class Seated:
    """A running program and the terminal or pipe that it writes to."""

    def __init__(self, process: subprocess.Popen[bytes], seat: Terminal | Pipe) -> None:
        self.process, self.seat = process, seat

    def wait_for(self, words: str, times: int = 1) -> None:
        """Wait until ``words`` were shown ``times`` times."""

        def shown() -> bool:
            return self.seat.seen.count(words) >= times

        try:
            wait_until(lambda: shown() or self.process.poll() is not None, f"{words!r}")
        except AssertionError as error:
            error.add_note(f"what was seen:\n{self.seat.seen}")
            raise
        if not shown():
            raise EndedEarly(f"ended without {words!r}:\n{self.seat.seen}")

    def end(self) -> tuple[int, float]:
        """Wait for its end; returns the exit status and the time, seconds since 1970."""
        status = self.process.wait(PATIENCE_S)
        return status, SystemClock().utc_ms() / 1000


def _users_environment() -> dict[str, str]:
    """The environment with buffered streams, whatever the tests run in."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@contextmanager
def seated(
    arguments: Sequence[str],
    seat: Terminal | Pipe,
    *,
    stdin: int | None = None,
    stdout: int | IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = TRACTION,
) -> Iterator[Seated]:
    """Run a command whose standard error, and output unless given, is the seat's place.

    A terminal is its standard input and its controlling terminal as well.
    """
    of_terminal = isinstance(seat, Terminal)
    own = (sys.executable, "-c", OWN_TERMINAL) if of_terminal else ()
    process = subprocess.Popen(
        [*own, *command, *arguments],
        cwd=ROOT,
        stdin=seat.place if of_terminal else stdin or subprocess.DEVNULL,
        stdout=seat.place if stdout is None else stdout,
        stderr=seat.place,
        start_new_session=True,
        env={**_users_environment(), "TERM": "xterm", **(environment or {})},
    )
    seat.forget_place()
    try:
        yield Seated(process, seat)
    finally:
        process.kill()
        process.wait()
        seat.leave()
