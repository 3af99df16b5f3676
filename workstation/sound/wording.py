"""The lines between the parent and the process that plays: names in, JSON out; standard library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

NO_SOUND: Final = "NO SOUND: no loudspeaker answers."
ALIVE_EVERY_S: Final = 1.0
"""The player reports its state at this interval, even when nothing has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerWord:
    """One line of the player."""

    sounds: bool
    """True while a loudspeaker accepts what it is given."""
    text: str
    """The loudspeaker, or why there is none; "" while that is not known yet."""
    played: tuple[str, ...] = ()
    """Bursts that were taken completely since the previous line."""

    def line(self) -> str:
        """Returns the line as it is written."""
        return json.dumps({"sounds": self.sounds, "text": self.text, "played": self.played})

    @classmethod
    def of(cls, line: bytes) -> PlayerWord:
        """Returns what was read; raises ValueError for anything else."""
        said = json.loads(line)
        match said:
            case {"sounds": bool(sounds), "text": str(text), "played": [*played]}:
                return cls(sounds=sounds, text=text, played=tuple(map(str, played)))
            case _:
                raise ValueError(f"no word of the player: {line[:80]!r}")
