"""A child process that reports its state line by line, and is never waited for.

It is ended when it is silent, and restarted when it ends: at once, then after longer and longer
waits. Standard library only.
"""

from __future__ import annotations

import math
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from workstation.restarts import Restarts

ANSWER_S: Final = 5.0
"""A child that was silent for so long hangs: it is ended and restarted."""
END_S: Final = 1.0
"""How long an end may take before the process is left to the system."""

Word = TypeVar("Word")


class _Child(Generic[Word]):
    """One process, with a thread for each of its pipes."""

    def __init__(
        self, command: Sequence[str], read_word: Callable[[bytes], Word], now_s: float
    ) -> None:
        self.started_s = self.heard_s = now_s
        self.word: Word | None = None
        self._read_word = read_word
        self._heard = self._seen = 0
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for work in (self._read, self._write):
            threading.Thread(target=work, daemon=True).start()

    def send(self, line: str | None) -> None:
        """Pass a line to the thread that writes; None closes the pipe."""
        self._lines.put(line)

    def hangs(self, now_s: float) -> bool:
        """Returns True when nothing was heard for too long."""
        if self._heard != self._seen:
            self._seen, self.heard_s = self._heard, now_s
        return now_s - self.heard_s > ANSWER_S

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with suppress(ValueError):  # output of a library is not a message
                    word = self._read_word(line)
                    self._heard += 1  # first, because a visible word must have been counted
                    self.word = word

    def _write(self) -> None:
        assert self.process.stdin is not None
        with suppress(OSError), self.process.stdin as pipe:
            while (line := self._lines.get()) is not None:
                pipe.write(f"{line}\n".encode())
                pipe.flush()


class WatchedChild(Generic[Word]):
    """The parent's end; its loop calls ``keep_up`` at each turn. Seconds, on any axis.

    ``read_word`` makes a word of a line, in a thread of its own; it raises ValueError for noise.
    """

    def __init__(self, command: Sequence[str], read_word: Callable[[bytes], Word]) -> None:
        self._command, self._read_word = command, read_word
        self._child: _Child[Word] | None = None
        self._start_at_s = -math.inf
        self._restarts = Restarts()
        self._ended: list[_Child[Word]] = []
        self.why = ""
        """Why the last one was lost; "" before that."""

    def keep_up(self, now_s: float) -> None:
        """Start what has ended, and end what hangs."""
        self._reap()
        child = self._child
        if child is not None and child.process.poll() is not None:
            self._lose(child, f"its process ended (status {child.process.returncode})", now_s)
        elif child is not None and child.hangs(now_s):
            self._lose(child, "its process does not answer", now_s)
        if self._child is None and now_s >= self._start_at_s:
            self._start(now_s)

    @property
    def word(self) -> Word | None:
        """Returns the running child's last word; None when there is none yet, or no child runs."""
        return self._child.word if self._child else None

    @property
    def process_id(self) -> int | None:
        """Returns the id of the child; None while a restart is pending."""
        return self._child.process.pid if self._child else None

    def send(self, line: str) -> None:
        """Write a line to the child; without one nothing happens."""
        if self._child is not None:
            self._child.send(line)

    def stop(self) -> None:
        """End the child without waiting; the next ``keep_up`` starts another one."""
        self._reap()
        if self._child is not None:
            self._end(self._child)
        self._start_at_s, self._restarts, self.why = -math.inf, Restarts(), ""

    def close(self) -> None:
        """End the child, and wait a moment for its end."""
        self.stop()
        for child in self._ended:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(END_S)

    def _start(self, now_s: float) -> None:
        try:
            self._child = _Child(self._command, self._read_word, now_s)
        except OSError as error:
            self.why = f"{self._command[0]} cannot be started ({error.strerror})"
            self._start_at_s = now_s + self._restarts.wait_s(0.0)

    def _lose(self, child: _Child[Word], why: str, now_s: float) -> None:
        """End what is left of it, and wait before the next start."""
        self._end(child)
        self.why = why
        self._start_at_s = now_s + self._restarts.wait_s(now_s - child.started_s)

    def _end(self, child: _Child[Word]) -> None:
        child.send(None)
        child.process.kill()
        self._ended.append(child)
        self._child = None

    def _reap(self) -> None:
        """Collect the exit status of ended children, so that no zombie is left."""
        self._ended = [one for one in self._ended if one.process.poll() is None]
