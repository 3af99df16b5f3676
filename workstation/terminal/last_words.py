"""The last message of the program; the display of a session is not loaded for it."""

from __future__ import annotations

import sys
from threading import Thread

from controller.words import visible
from workstation.terminal.display import DRAIN_S, Write, writer


def last_words(text: str) -> None:
    """Print it on standard error before the program ends, which it does even if that fails."""
    saying = Thread(target=_say, args=(f"{visible(text)}\n", writer(sys.stderr)), daemon=True)
    saying.start()
    saying.join(DRAIN_S)


def _say(text: str, write: Write) -> None:
    try:
        write(text)
    except (OSError, ValueError):
        return  # a terminal that is closed or full; there is nobody else to tell
