"""The lines of the process that keeps the system awake; standard library only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

ALIVE_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AwakeWord:
    """One line: whether the system is kept awake, and how or why not; "" while it is requested."""

    awake: bool
    text: str

    def line(self) -> str:
        """Returns the line as it is written."""
        return json.dumps({"awake": self.awake, "text": self.text})

    @classmethod
    def of(cls, line: bytes) -> AwakeWord:
        """Returns what was read; raises ValueError for anything else."""
        match json.loads(line):
            case {"awake": bool(awake), "text": str(text)}:
                return cls(awake=awake, text=text)
            case _:
                raise ValueError(f"no word of the keeper: {line[:80]!r}")
