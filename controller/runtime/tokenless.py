"""The tokenless fast release beside the readings, for a unit that takes no other order any more."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Final

from controller.errors import LinkError
from controller.ports import TractionUnit

EVERY_S: Final = 1.0


class TokenlessRelease:
    """Sends it at most once a second; seconds of any axis."""

    def __init__(self, unit: TractionUnit) -> None:
        self._unit = unit
        self._last_s = -math.inf
        self.ordered = 0

    def order(self, now_s: float) -> bool:
        """Send it if a second has passed since the last time; True if it was sent.

        If the unit does not answer, the readings show the effect.
        """
        if now_s - self._last_s < EVERY_S - 1e-6:
            return False
        self._last_s = now_s
        self.ordered += 1
        with suppress(LinkError):
            self._unit.release_without_token()
        return True
