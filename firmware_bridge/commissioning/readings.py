"""Forces over a period: mean, noise, drift, and the time of a fall, for each channel."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from controller.errors import FrameCorrupt, LinkError, LinkLost
from controller.ports import Clock

DRIFT_S: Final = 60.0
"""How long an unloaded cell is watched."""


class ForceReader(Protocol):
    """A unit or an instrument to be commissioned, read as net forces by channel.

    ``period_s``: the time between two reads.
    """

    period_s: float

    def read(self) -> Reading:
        """Read once; raises LinkError, or UnitFaulted if the device reports a fault instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Newtons by channel, traction positive; ``taken_at_s`` is in monotonic seconds."""

    taken_at_s: float
    forces_n: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel over a period, in newtons.

    ``noise_n`` is the standard deviation around the line fitted through all readings, ``drift_n``
    the change of that line in 60 s, ``still_s`` the longest time without a changed reading.
    """

    mean_n: float
    noise_n: float
    drift_n: float
    still_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The readings of a period and the number of failed ones."""

    readings: tuple[Reading, ...]
    failed: int
    last_failure: str

    @property
    def lasted_s(self) -> float:
        """Returns the seconds from the first reading to the last one."""
        return self.readings[-1].taken_at_s - self.readings[0].taken_at_s

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Returns the statistics of every channel."""
        times_s = [reading.taken_at_s for reading in self.readings]
        columns = zip(*(reading.forces_n for reading in self.readings), strict=True)
        return tuple(_channel(times_s, list(forces_n)) for forces_n in columns)


def watch(
    reader: ForceReader, clock: Clock, seconds: float, enough: Callable[[], bool] = lambda: True
) -> Watched:
    """Read for at least ``seconds`` and until ``enough`` returns True.

    A lost answer is counted as a failure. Raises LinkLost, UnitFaulted if the device reports a
    fault, and FrameCorrupt if fewer than two readings arrived.
    """
    readings: list[Reading] = []
    failed, last_failure = 0, ""
    until_s = at_s = clock.now_s()
    until_s += seconds
    while clock.now_s() < until_s or not enough():
        try:
            readings.append(reader.read())
        except LinkLost:
            raise
        except LinkError as error:
            failed, last_failure = failed + 1, error.message
            if failed > MOST_FAILURES and failed > len(readings):
                break
        at_s = max(at_s + reader.period_s, clock.now_s())
        clock.sleep_until(at_s)
    if len(readings) < LEAST_READINGS:
        raise FrameCorrupt(
            f"{failed} of {failed + len(readings)} requests had no valid answer "
            f"({last_failure}); look at cable, address and settings"
        )
    return Watched(readings=tuple(readings), failed=failed, last_failure=last_failure)


MOST_FAILURES: Final = 10
"""This many failures, and more of them than readings, mean that no reading will come."""
LEAST_READINGS: Final = 2


def _channel(times_s: list[float], forces_n: list[float]) -> Channel:
    mean_n = statistics.fmean(forces_n)
    if times_s[0] == times_s[-1]:
        return Channel(mean_n=mean_n, noise_n=0.0, drift_n=0.0, still_s=0.0)
    slope, start_n = statistics.linear_regression(times_s, forces_n)
    rests = [f - (start_n + slope * t) for t, f in zip(times_s, forces_n, strict=True)]
    return Channel(
        mean_n=mean_n,
        noise_n=statistics.pstdev(rests),
        drift_n=slope * DRIFT_S,
        still_s=_longest_still_s(times_s, forces_n),
    )


def _longest_still_s(times_s: list[float], forces_n: list[float]) -> float:
    longest_s, since_s = 0.0, times_s[0]
    for at_s, (before_n, now_n) in zip(times_s[1:], pairwise(forces_n), strict=True):
        if now_n != before_n:
            since_s = at_s
        longest_s = max(longest_s, at_s - since_s)
    return longest_s


def fall_time_s(readings: tuple[Reading, ...], top_n: float, end_n: float) -> float | None:
    """Returns the time from 90 to 10 % of a fall to ``end_n``, in seconds; None if it never fell.

    Uses channel 1 and interpolates linearly between readings, so the time is exact to one period.
    """
    from_n = end_n + 0.9 * (top_n - end_n)
    to_n = end_n + 0.1 * (top_n - end_n)
    left_at_s: float | None = None
    for before, now in pairwise(readings):
        if before.forces_n[0] > from_n >= now.forces_n[0]:
            left_at_s = _crossed_at_s(before, now, from_n)
        if left_at_s is not None and now.forces_n[0] <= to_n:
            return _crossed_at_s(before, now, to_n) - left_at_s
    return None


def _crossed_at_s(before: Reading, now: Reading, level_n: float) -> float:
    fallen_n = before.forces_n[0] - now.forces_n[0]
    if fallen_n <= 0:
        return now.taken_at_s
    share = (before.forces_n[0] - level_n) / fallen_n
    return before.taken_at_s + max(0.0, share) * (now.taken_at_s - before.taken_at_s)
