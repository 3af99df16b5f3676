"""Checks across readings: changed decimals, a count that stands still, a push."""

from __future__ import annotations

from typing import Final

from controller.telemetry import InstrumentFault
from firmware_bridge.force_decoding.decoded import DecodedForce, faulted

FROZEN_S: Final = 3.0
"""A converter's count always changes within this time because of noise (hazards.md, row 6)."""
PUSH_LIMIT_N: Final = -20.0
"""A cord cannot push: below this the sign is wrong or the cell is faulty (hazards.md, row 9)."""


class Liveliness:
    """Remembers the readings of one connection."""

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._decimals: int | None = None
        self._last_count: tuple[int, float] | None = None

    def check(self, decoded: DecodedForce, at_s: float, raw: bytes) -> None:
        """Accept a reading taken at ``at_s`` (monotonic); raises InstrumentFaulted otherwise."""
        self._check_decimals(decoded.decimals, raw)
        self._check_count(decoded.raw_count, at_s, raw)
        if decoded.net_n < PUSH_LIMIT_N:
            detail = f"a push of {-decoded.net_n:z.1f} N"
            raise faulted(self._profile, InstrumentFault.SIGN_INVERTED, detail, raw)

    def _check_decimals(self, decimals: int | None, raw: bytes) -> None:
        """Refuse decimals that differ from those of the first reading: they change every force."""
        if self._decimals is None:
            self._decimals = decimals
        if decimals != self._decimals:
            detail = f"from {self._decimals} to {decimals}"
            raise faulted(self._profile, InstrumentFault.DECIMALS_CHANGED, detail, raw)

    def _check_count(self, count: int | None, at_s: float, raw: bytes) -> None:
        if count is None:
            return
        if self._last_count is None or self._last_count[0] != count:
            self._last_count = count, at_s
        still_s = at_s - self._last_count[1]
        if still_s >= FROZEN_S:
            detail = f"its count is {count} for {still_s:.1f} s"
            raise faulted(self._profile, InstrumentFault.FROZEN, detail, raw)
