"""The unit's regulator: ramped set-point, feed-forward by soft stiffness, gain by the stiff.

Source: plant.md#equations (controller) and plant.md#gain (why it follows the cord, not the neck:
table friction can hold the body still, and then the winch only stretches the cord).
"""

from __future__ import annotations

from typing import Final

CYCLE_S: Final = 0.010
CORD_N_PER_MM: Final = 20.0
LOOP_DELAY_S: Final = CYCLE_S + CYCLE_S / 2 + 0.050 + 0.060
GAIN_MM_PER_S_PER_N: Final = 1.0 / (CORD_N_PER_MM * 2.0 * LOOP_DELAY_S)
FEED_S: Final = 0.3
FEED_SHARE: Final = CYCLE_S / FEED_S
"""The feed-forward rises slowly: at a reversal friction holds the body, and only the cord, four
times as stiff, stretches until it slides (plant.md#consequences).
"""
NO_FEED_AHEAD_N: Final = 5.0
"""From this much force ahead of the set-point nothing is fed inwards; our choice. Over the spread
of drawn patients 5 to 12 N worked about as well; without it a short ramp of a body held by friction
overshoots.
"""
DEAD_BAND_N: Final = 1.0
MAX_SPEED_MM_PER_S: Final = 20.0
SLACK_FORCE_N: Final = 5.0
SLACK_SPEED_MM_PER_S: Final = 2.0
SLACK_SET_POINT_N: Final = 10.0


class ForceRegulator:
    """Runs one device cycle at a time: force in, winch speed out. Newtons, millimetres, seconds.

    Comparisons replace ``max`` and ``min`` for speed: a treatment has 90 000 cycles.
    """

    __slots__ = ("_feed_mm_per_n", "_feed_mm_per_s", "gain_factor", "setpoint_n", "target_n")

    def __init__(self, series_n_per_mm: float) -> None:
        self._feed_mm_per_n = 1.0 / series_n_per_mm
        self._feed_mm_per_s = 0.0
        self.gain_factor = 1.0
        self.setpoint_n = 0.0
        self.target_n = 0.0

    def hold(self, force_n: float) -> None:
        """Stop the ramp at the present force."""
        self.setpoint_n = self.target_n = force_n

    def start_release(self, force_n: float) -> None:
        """Aim at 0 from the present force, so that the cord is paid out at once."""
        self.setpoint_n = max(0.0, min(self.setpoint_n, force_n))
        self.target_n = 0.0

    def step(self, force_n: float, up_n_per_s: float, down_n_per_s: float) -> float:
        """Returns the winch speed for the next cycle, mm/s; positive winds in."""
        change_n = self._ramp(force_n, up_n_per_s, down_n_per_s)
        self.setpoint_n += change_n
        error_n = self.setpoint_n - force_n
        if error_n > DEAD_BAND_N:
            error_n -= DEAD_BAND_N
        elif error_n < -DEAD_BAND_N:
            error_n += DEAD_BAND_N
        else:
            error_n = 0.0
        feed_mm_per_s = self._feed(change_n)
        feed_mm_per_s *= fed_share(feed_mm_per_s, error_n)
        speed = feed_mm_per_s + GAIN_MM_PER_S_PER_N * self.gain_factor * error_n
        if force_n < SLACK_FORCE_N and speed > SLACK_SPEED_MM_PER_S:
            return SLACK_SPEED_MM_PER_S
        if speed > MAX_SPEED_MM_PER_S:
            return MAX_SPEED_MM_PER_S
        return speed if speed >= -MAX_SPEED_MM_PER_S else -MAX_SPEED_MM_PER_S

    def _feed(self, change_n: float) -> float:
        """Returns the feed-forward, mm/s: falls at once, rises slowly into a reversal."""
        feed_mm_per_s = change_n / CYCLE_S * self._feed_mm_per_n
        rises = abs(feed_mm_per_s) > abs(self._feed_mm_per_s)
        share = FEED_SHARE if rises else 1.0
        self._feed_mm_per_s += (feed_mm_per_s - self._feed_mm_per_s) * share
        return self._feed_mm_per_s

    def _ramp(self, force_n: float, up_n_per_s: float, down_n_per_s: float) -> float:
        change_n = self.target_n - self.setpoint_n
        if change_n > 0.0:
            if force_n < SLACK_FORCE_N and self.setpoint_n >= SLACK_SET_POINT_N:
                # The set-point waits for a slack cord; running ahead would end in a jerk.
                return 0.0
            most_n = up_n_per_s * CYCLE_S
            return change_n if change_n <= most_n else most_n
        least_n = -down_n_per_s * CYCLE_S
        return change_n if change_n >= least_n else least_n


def fed_share(feed_mm_per_s: float, error_n: float) -> float:
    """Returns the share of an inward feed for a force that is ahead of its set-point.

    While friction holds the body only the cord stretches, with more newtons per millimetre than the
    feed assumes, and a short ramp ends before the gain has corrected that.
    """
    if feed_mm_per_s <= 0.0 or error_n >= 0.0:
        return 1.0
    return max(0.0, 1.0 + error_n / NO_FEED_AHEAD_N)
