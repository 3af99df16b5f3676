"""Reports in one line whether a loudspeaker answers now, and plays nothing.

python -m workstation.sound.look
"""

from __future__ import annotations

import os

from workstation.sound.player import NoLoudspeaker, open_loudspeaker
from workstation.sound.wording import PlayerWord


def look() -> PlayerWord:
    """Open it and release it."""
    try:
        loudspeaker = open_loudspeaker()
    except NoLoudspeaker as error:
        return PlayerWord(sounds=False, text=str(error))
    return PlayerWord(sounds=True, text=loudspeaker.backend)


def main() -> None:
    """Print the result, and end without a close that might never return."""
    print(look().line(), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
