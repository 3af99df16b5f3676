"""Says whether a loudspeaker answers now, in one line, and plays nothing.

python -m workstation.sound.look
"""

from __future__ import annotations

import os

from workstation.sound.player import NoLoudspeaker, open_loudspeaker
from workstation.sound.wording import PlayerWord


def look() -> PlayerWord:
    """Open it and let it go."""
    try:
        loudspeaker = open_loudspeaker()
    except NoLoudspeaker as error:
        return PlayerWord(sounds=False, text=str(error))
    return PlayerWord(sounds=True, text=loudspeaker.backend)


def main() -> None:
    """Print what was found, and end without closing what might never close."""
    print(look().line(), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
