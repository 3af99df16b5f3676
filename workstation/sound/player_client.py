"""Starts and watches the process that plays, and never waits for it; standard library only.

player = SoundPlayer()
while True:
    state = player.keep_up(now_s)
    if burst := sounder.due(units, now_s):
        player.play(burst.name)
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

from workstation.sound.wording import NO_SOUND, PlayerWord

COMMAND: Final = (sys.executable, "-m", "workstation.sound.player")
ANSWER_S: Final = 5.0
"""A player that has said nothing for so long hangs: it is ended and started anew."""
LONGEST_WAIT_S: Final = 30.0
HEALTHY_S: Final = 30.0
"""After so long the wait before a restart begins anew."""
END_S: Final = 1.0
"""How long an end may take before the process is left to the system."""
STARTING: Final = "the sound is being started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundState:
    """What the workstation knows of its loudspeaker; ``text`` is for people."""

    sounds: bool
    text: str
    played: int = 0
    """How many bursts were played to their end since the start of the workstation."""


class _Child:
    """One process that plays, with a thread for each of its pipes."""

    def __init__(self, command: Sequence[str], now_s: float) -> None:
        self.started_s = self.heard_s = now_s
        self.word = PlayerWord(sounds=False, text="")
        self.played = 0
        self._heard = 0
        self._seen = 0
        self._names: SimpleQueue[str | None] = SimpleQueue()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for work in (self._read, self._write):
            threading.Thread(target=work, daemon=True).start()

    def play(self, name: str | None) -> None:
        """Hand a name to the thread that writes; None closes the pipe."""
        self._names.put(name)

    def hangs(self, now_s: float) -> bool:
        """True when nothing was heard for too long."""
        if self._heard != self._seen:
            self._seen, self.heard_s = self._heard, now_s
        return now_s - self.heard_s > ANSWER_S

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with suppress(ValueError):  # noise of a library is no word
                    self.word = PlayerWord.of(line)
                    self.played += len(self.word.played)
                    self._heard += 1

    def _write(self) -> None:
        assert self.process.stdin is not None
        with suppress(OSError), self.process.stdin as pipe:
            while (name := self._names.get()) is not None:
                pipe.write(f"{name}\n".encode())
                pipe.flush()


class SoundPlayer:
    """The parent's end. ``keep_up`` is asked each turn of its loop; seconds, any axis."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._child: _Child | None = None
        self._start_at_s = -math.inf
        self._wait_s = 0.0
        self._played = 0
        self._why = ""
        self._ended: list[_Child] = []

    def keep_up(self, now_s: float) -> SoundState:
        """Start what has ended, end what hangs, and tell how it is."""
        self._ended = [one for one in self._ended if one.process.poll() is None]
        child = self._child
        if child is not None and child.process.poll() is not None:
            why = f"the process that plays ended (status {child.process.returncode})"
            self._lose(child, child.word.text or why, now_s)
        elif child is not None and child.hangs(now_s):
            child.process.kill()
            self._lose(child, "the process that plays does not answer", now_s)
        if self._child is None and now_s >= self._start_at_s:
            self._start(now_s)
        return self.state

    @property
    def state(self) -> SoundState:
        """As it was last heard."""
        child = self._child
        word = child.word if child else None
        played = self._played + (child.played if child else 0)
        if word and word.sounds:
            return SoundState(sounds=True, text=f"sound: {word.text}", played=played)
        why = (word and word.text) or self._why
        text = _no_sound(why) if why else STARTING
        return SoundState(sounds=False, text=text, played=played)

    @property
    def process_id(self) -> int | None:
        """Of the process that plays; None while a start is waited for."""
        return self._child.process.pid if self._child else None

    def play(self, name: str) -> None:
        """Play a burst from now on; without a player nothing happens, as ``state`` says."""
        if self._child is not None:
            self._child.play(name)

    def close(self) -> None:
        """End the process that plays."""
        if self._child is not None:
            self._child.play(None)
            self._child.process.kill()
            self._ended.append(self._child)
            self._child = None
        for child in self._ended:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(END_S)

    def _start(self, now_s: float) -> None:
        try:
            self._child = _Child(self._command, now_s)
        except OSError as error:
            self._why = f"{self._command[0]} cannot be started ({error.strerror})"
            self._put_off(now_s)

    def _lose(self, child: _Child, why: str, now_s: float) -> None:
        """Count what was played, and wait before the next start: at once, then longer."""
        child.play(None)
        self._played += child.played
        self._ended.append(child)
        self._child, self._why = None, why
        if now_s - child.started_s > HEALTHY_S:
            self._wait_s = 0.0
        self._put_off(now_s)

    def _put_off(self, now_s: float) -> None:
        self._start_at_s = now_s + self._wait_s
        self._wait_s = min(max(1.0, 2 * self._wait_s), LONGEST_WAIT_S)


def _no_sound(why: str) -> str:
    return f"{NO_SOUND} {why[:1].upper()}{why[1:]}; connect or switch on a loudspeaker."
