"""Shows texts to a person: handed over without waiting, written by another thread.

The loop's thread only hands things over: the newest frame in one place, texts in a bounded queue.
It takes no lock, waits for nothing and gets no error of a terminal, a pipe or a file. ``trouble``
tells in words whether the display works; nothing in a treatment depends on it.
"""

from __future__ import annotations

import itertools
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TextIO

if TYPE_CHECKING:
    from controller.snapshot import Snapshot

FRAME_EVERY_S: Final = 0.1
"""How often the newest frame is drawn and texts are taken."""
WORDS_KEPT: Final = 200
"""Texts, beginnings of phases and tones that wait for a slow display; the oldest are dropped first.
"""
DRAIN_S: Final = 2.0
"""How long the end of a session waits for a display; then the program ends regardless."""
STUCK_AFTER_S: Final = 5.0
"""A display that accepts nothing for so long has failed."""
ROOM_EVERY_S: Final = 1.0
"""How often a full non-blocking descriptor is tried again."""
BELL: Final = "\a"

Write = Callable[[str], None]
"""Writes a text and may block; raises OSError."""


class DisplayStyle(Protocol):
    """The appearance on one kind of display. Each method returns the text to be written."""

    def words(self, text: str) -> str:
        """Returns a line for the person, as it is written."""

    def frame(self, snapshot: Snapshot) -> str:
        """Returns the state of the session, to be written over the last one."""

    def aged(self, age_s: float) -> str:
        """Returns the text to write while the newest frame is already ``age_s`` old."""

    def prompted(self, question: str, typed: str) -> str:
        """Returns the open question, and what is typed so far; either may be empty."""

    def end(self) -> str:
        """Returns what closes the display."""


class Display:
    """A mailbox and the daemon thread that empties it through ``write``."""

    def __init__(self, page: DisplayStyle, write: Write, now_s: Callable[[], float]) -> None:
        self._page, self._write, self._now_s = page, write, now_s
        self._numbers = itertools.count(1)
        self._kept: deque[str | Snapshot | threading.Event] = deque(maxlen=WORDS_KEPT)
        self._frame: Snapshot | None = None
        self._drawn: Snapshot | None = None
        self._framed_at_s = now_s()
        self._question = self._typed = ""
        self._prompted = ("", "")
        self._hurry = threading.Event()
        self._phase = ""
        self._put_down = self._taken = self._missed = self._said = 0
        self._writing_since_s: float | None = None
        self._failure = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._thread.start()

    # --- called by the loop's thread: never waits, never raises -------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Hand over the newest frame; one that begins a phase or needs a tone is kept."""
        self._framed_at_s = self._now_s()
        self._frame = snapshot
        if snapshot.tone or snapshot.phase != self._phase:
            self._phase = snapshot.phase
            self._keep(snapshot)

    def tell(self, text: str) -> None:
        """Keep a text until it is written, as far as there is room."""
        self._keep(text)

    def ask(self, question: str) -> None:
        """Hand over the question that waits for an answer; "" for none."""
        self._question = question

    def typed(self, text: str) -> None:
        """Hand over what is typed so far; it is drawn at once."""
        self._typed = text
        self._hurry.set()

    def trouble(self) -> str:
        """Returns why nothing is accepted at present, in words; "" while the display works."""
        since_s = self._writing_since_s
        if since_s is not None and self._now_s() - since_s > STUCK_AFTER_S:
            return f"nothing was taken for {STUCK_AFTER_S:g} s"
        return self._failure

    def _keep(self, item: str | Snapshot | threading.Event) -> None:
        self._kept.append(item)
        self._put_down = next(self._numbers)

    # --- before and after a session -----------------------------------------------------------

    def drain(self, wait_s: float) -> bool:
        """Wait at most ``wait_s`` until every text so far is written; returns True if it is."""
        written = threading.Event()
        self._keep(written)
        return written.wait(wait_s)

    def close(self, wait_s: float) -> bool:
        """Write what is left and end, within ``wait_s``; False abandons the thread."""
        self._closing.set()
        self._hurry.set()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    # --- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._hurry.wait(FRAME_EVERY_S)
                self._hurry.clear()
                self._draw()
            self._draw()
            self._put(self._page.end())
        except Exception as error:
            self._failure = f"the display failed: {type(error).__name__}"

    def _draw(self) -> None:
        told: list[str] = []
        drained: list[threading.Event] = []
        while self._kept:
            item = self._kept.popleft()
            self._taken += 1
            if isinstance(item, threading.Event):
                drained.append(item)
            else:
                told.append(self._words_of(item))
        frame = self._framed() + self._prompt()
        # Threads that hand over at the same moment may make this too small for a while.
        missed = max(self._said, self._put_down - self._taken + self._missed)
        if self._put("".join([self._apology(missed - self._said), *told, frame])):
            self._said = missed
        else:
            self._missed += sum(map(bool, told))
        for event in drained:
            event.set()

    def _framed(self) -> str:
        """Returns the newest frame, or its form for its age."""
        age_s, newest = self._now_s() - self._framed_at_s, self._frame
        if newest is None:
            return ""
        return self._page.aged(age_s) if newest is self._drawn else self._words_of(newest)

    def _prompt(self) -> str:
        """Returns the input row, when it has changed."""
        prompt = (self._question, self._typed)
        if prompt == self._prompted:
            return ""
        self._prompted = prompt
        return self._page.prompted(*prompt)

    def _words_of(self, item: str | Snapshot) -> str:
        """Returns what is to be written; "" for a frame that is already shown."""
        if isinstance(item, str):
            return self._page.words(item)
        if item is self._drawn:
            return ""
        self._drawn = item
        return self._page.frame(item)

    def _apology(self, missed: int) -> str:
        """Returns what must be said first when something could not be shown."""
        return self._page.words(f"({missed} messages could not be shown here)") if missed else ""

    def _put(self, text: str) -> bool:
        """Write; several tones that had to wait become one. False when it failed."""
        if not text:
            return True
        if BELL in text:
            text = text.replace(BELL, "") + BELL
        self._writing_since_s = self._now_s()
        try:
            self._write(text)
        except (OSError, ValueError) as error:
            self._failure = getattr(error, "strerror", None) or str(error)
            return False
        finally:
            self._writing_since_s = None
        self._failure = ""
        return True


def writer(stream: TextIO | None) -> Write:
    """Returns a function that writes to the stream's descriptor, past its buffer.

    A thread that is stuck in a buffered stream keeps the stream's lock, and the end of the program
    would wait for it; unwritten data in a buffer would fail again there and change the exit status.
    A stream that was closed before the program began accepts everything; one without a descriptor
    (a test's) is written to as it is.
    """
    if stream is None:
        return lambda text: None
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return lambda text: _write_stream(stream, text)
    encoding = stream.encoding or "utf-8"
    return lambda text: _write_all(descriptor, text.encode(encoding, "backslashreplace"))


def _write_stream(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def _write_all(descriptor: int, data: bytes) -> None:
    """Write everything, however little is accepted at a time."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            # Another program at the terminal has made it non-blocking.
            select.select([], [descriptor], [], ROOM_EVERY_S)
