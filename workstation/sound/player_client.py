"""Starts and watches the process that plays, and never waits for it; standard library only.

player = SoundPlayer()
while True:
    state = player.keep_up(now_s)
    if burst := sounder.due(units, now_s, utc_ms):
        player.play(burst.name)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workstation.sound.wording import NO_SOUND, PlayerWord
from workstation.watched_child import WatchedChild

COMMAND: Final = (sys.executable, "-P", "-m", "workstation.sound.player")
"""`-P`: a file in the current folder must not be imported as part of the program."""
STARTING: Final = "the sound is being started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundState:
    """What the workstation knows of its loudspeaker; ``text`` is for people."""

    sounds: bool
    text: str
    played: int = 0
    """How many bursts were played completely since the start of the workstation."""


class SoundPlayer:
    """The parent's end; its loop calls ``keep_up`` at each turn. Seconds, on any axis."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._child = WatchedChild(command, self._read_word)
        self._played = 0
        self._trouble = ""

    def keep_up(self, now_s: float) -> SoundState:
        """Start what has ended, end what hangs, and return the state."""
        self._child.keep_up(now_s)
        return self.state

    @property
    def state(self) -> SoundState:
        """Returns the last reported state."""
        word = self._child.word
        if word is not None and word.sounds:
            return SoundState(sounds=True, text=f"sound: {word.text}", played=self._played)
        why = self._trouble or self._child.why
        return SoundState(
            sounds=False, text=_no_sound(why) if why else STARTING, played=self._played
        )

    @property
    def process_id(self) -> int | None:
        """Returns the id of the process that plays; None while a restart is pending."""
        return self._child.process_id

    def play(self, name: str) -> None:
        """Play a burst from now on; without a player nothing happens, as ``state`` says."""
        self._child.send(name)

    def close(self) -> None:
        """End the process that plays."""
        self._child.close()

    def _read_word(self, line: bytes) -> PlayerWord:
        """Run in the thread that reads: a player's last line also explains why it is gone."""
        word = PlayerWord.of(line)
        self._played += len(word.played)
        self._trouble = "" if word.sounds else word.text or self._trouble
        return word


def _no_sound(why: str) -> str:
    return f"{NO_SOUND} {why[:1].upper()}{why[1:]}; connect or switch on a loudspeaker."
