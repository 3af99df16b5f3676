"""The commands sent to the unit, and which force or set-point they explain now."""

from __future__ import annotations

from typing import Final

from controller.safety.limits import SafetyLimits
from controller.safety.verdict import RELEASE_STRENGTH
from controller.safety.windows import Window, elapsed_s
from controller.telemetry import CommandKind, ForceCommand

ORDER_MEMORY_S: Final = 5.0
"""How long an order explains a set-point, since the unit ramps by itself."""
RISE_WINDOW_S: Final = 0.5
RELEASE_LAG_S: Final = 1.0
"""Permitted lag of the force behind an ordered ramp down: exchange, motor, cell and regulator."""


class OrderMemory:
    """Newtons and seconds; ``take`` adds the command that was sent, once a tick.

    ``release_rate_n_per_s`` is the release rate with which the unit was armed.
    """

    def __init__(self, limits: SafetyLimits, now_s: float, *, release_rate_n_per_s: float) -> None:
        self._limits = limits
        self._release_rate_n_per_s = release_rate_n_per_s
        self._now_s = self._since_s = self._released_at_s = self._raised_at_s = now_s
        self._from_n: float | None = None
        self.force_n, self.ceiling_n = 0.0, limits.force_n
        self.follows = self._holds = self._pulls = False
        self.released: CommandKind | None = None
        self._orders, self._recent = Window(ORDER_MEMORY_S), Window(RISE_WINDOW_S)

    def take(self, sent: ForceCommand, now_s: float, force_n: float | None) -> bool:
        """Remember a command; ``force_n`` is the last reading. True if the order changed."""
        self._now_s = now_s
        self.follows = sent.kind is CommandKind.FOLLOW
        if sent.kind in RELEASE_STRENGTH:
            self.release(sent.kind, now_s, force_n)
        pulls = sent.kind in (CommandKind.FOLLOW, CommandKind.HOLD)
        if pulls and sent.ceiling_n > 0.0:
            self.ceiling_n = min(sent.ceiling_n, self._limits.force_n)
        ordered_n = sent.force_n if pulls else 0.0
        changed = ordered_n != self.force_n
        holds = sent.kind is CommandKind.HOLD
        if changed or holds is not self._holds:
            self._since_s = now_s
        self._holds, self._pulls = holds, holds or ordered_n > 0.0
        self.force_n = ordered_n
        self._orders.add(now_s, ordered_n)
        self._recent.add(now_s, ordered_n)
        return changed

    def release(self, kind: CommandKind, now_s: float, force_n: float | None) -> None:
        """Remember a release command; after it only a stronger one changes anything."""
        if self.released is None:
            self._released_at_s, self._from_n = now_s, force_n
        elif RELEASE_STRENGTH[kind] <= RELEASE_STRENGTH[self.released]:
            return
        self.released, self._raised_at_s = kind, now_s

    @property
    def dwell_s(self) -> float:
        """How long the same traction has been ordered, or the position held; 0 if neither."""
        return elapsed_s(self._since_s, self._now_s) if self._pulls else 0.0

    @property
    def unchanged_s(self) -> float:
        """How long the order has not changed, whatever it is."""
        return elapsed_s(self._since_s, self._now_s)

    @property
    def rise_n(self) -> float:
        """How much the order has risen in the last 0.5 s."""
        return self._recent.rise

    @property
    def recent_highest_n(self) -> float:
        """The highest order of the last 0.5 s; 0 if there was none."""
        return self._recent.highest or 0.0

    def distance_n(self, set_point_n: float, *, low_counts: bool) -> float:
        """Returns how far a set-point is outside all orders of the last 5 s; 0 within them."""
        highest_n, lowest_n = self._orders.highest, self._orders.lowest
        if highest_n is None or lowest_n is None:
            return 0.0
        below_n = lowest_n - set_point_n if low_counts else 0.0
        return max(0.0, set_point_n - highest_n, below_n)

    # --- the release --------------------------------------------------------------------------

    @property
    def release_trip_n(self) -> float:
        """Force above which a release goes the wrong way: its initial force and row 42's margin.

        A release that began without a known force may not exceed the ceiling's own trip.
        """
        from_n = self.ceiling_n if self._from_n is None else max(0.0, self._from_n)
        return self._limits.trip_force_n(from_n)

    def may_be_left_n(self, now_s: float) -> float | None:
        """Returns the force that a release at the ordered rate may have left; None if faster."""
        if self.released is not CommandKind.RELEASE or self._from_n is None:
            return None
        since_s = max(0.0, elapsed_s(self._released_at_s, now_s) - RELEASE_LAG_S)
        left_n = max(0.0, self._from_n - self._release_rate_n_per_s * since_s)
        limits = self._limits
        margin_n = max(limits.slow_release_n, limits.slow_release_share * left_n)
        return max(limits.free_n, left_n + margin_n)

    @property
    def fast_for_s(self) -> float:
        """How long the strongest release has been ordered; 0 if none is faster than the ramp."""
        if self.released is None or self.released is CommandKind.RELEASE:
            return 0.0
        return elapsed_s(self._raised_at_s, self._now_s)
