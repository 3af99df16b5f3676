"""Keeps the workstation awake while a session is open; never waits; standard library only.

keeper = AwakeKeeper()
while True:
    state = keeper.keep_up(now_s, wanted=a_session_is_open)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workstation.awake.wording import AwakeWord
from workstation.watched_child import WatchedChild

COMMAND: Final = (sys.executable, "-P", "-m", "workstation.awake.keeper")
NOT_WANTED: Final = "no session is open"
ASKING: Final = "the system is being asked to stay awake"
MAY_SLEEP: Final = "THE WORKSTATION MAY FALL ASLEEP"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwakeState:
    """Whether the workstation is kept awake; ``text`` is for people."""

    wanted: bool
    awake: bool
    text: str


class AwakeKeeper:
    """The parent's end; its loop calls ``keep_up`` at each turn. Seconds, on any axis."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._child = WatchedChild(command, AwakeWord.of)

    def keep_up(self, now_s: float, *, wanted: bool) -> AwakeState:
        """Keep the system awake while it is wanted, release it otherwise, and return the state."""
        if not wanted:
            self._child.stop()
            return AwakeState(wanted=False, awake=False, text=NOT_WANTED)
        self._child.keep_up(now_s)
        word = self._child.word
        if word is not None and word.awake:
            return AwakeState(wanted=True, awake=True, text=word.text)
        why = word.text if word is not None else self._child.why
        text = f"{MAY_SLEEP}: {why}; switch sleep off in its settings" if why else ASKING
        return AwakeState(wanted=True, awake=False, text=text)

    @property
    def process_id(self) -> int | None:
        """Returns the id of the process that holds the lock; None when there is none."""
        return self._child.process_id

    def close(self) -> None:
        """Let the system sleep."""
        self._child.close()
