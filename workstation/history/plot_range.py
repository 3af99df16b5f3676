"""The part of a session's curve that is shown: typed or linked as minutes and seconds; zoomed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from controller.errors import RequestRefused

LEAST_MS: Final = 2_000
"""A shorter part would show only single readings."""
_TIME = re.compile(r"(-?)(\d{1,4}):([0-5]\d)|(-?)(\d{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRange:
    """Milliseconds of the session; ``whole`` is the largest range."""

    first_ms: int
    last_ms: int
    whole: tuple[int, int]

    @property
    def is_whole(self) -> bool:
        """True where nothing is left out."""
        return (self.first_ms, self.last_ms) == self.whole

    def zoomed(self, factor: float) -> PlotRange:
        """Returns a range around the same middle, with ``factor`` times the length."""
        middle = (self.first_ms + self.last_ms) // 2
        half = max(LEAST_MS, round((self.last_ms - self.first_ms) * factor)) // 2
        return self._within(middle - half, middle + half)

    def moved(self, share: float) -> PlotRange:
        """Returns a range that is later by a share of its length; earlier with a negative one."""
        by = round((self.last_ms - self.first_ms) * share)
        return self._within(self.first_ms + by, self.last_ms + by)

    def around(self, at_ms: int, half_ms: int) -> PlotRange:
        """Returns a range around a moment."""
        return self._within(at_ms - half_ms, at_ms + half_ms)

    def _within(self, first_ms: int, last_ms: int) -> PlotRange:
        """Returns a range of the wanted length, within the whole."""
        begin, end = self.whole
        length = min(last_ms - first_ms, end - begin)
        first_ms = min(max(first_ms, begin), end - length)
        return PlotRange(first_ms=first_ms, last_ms=first_ms + length, whole=self.whole)


def typed_range(first: str, last: str, origin_ms: int, whole: tuple[int, int]) -> PlotRange:
    """Returns the range between two typed times, counted from ``origin_ms``; empty: no limit.

    Raises RequestRefused for an invalid time, and for an end that is not after the beginning.
    """
    begin, end = whole
    first_ms = origin_ms + _typed_ms("from", first) if first else begin
    last_ms = origin_ms + _typed_ms("to", last) if last else end
    first_ms, last_ms = max(first_ms, begin), min(last_ms, end)
    if last_ms - first_ms < min(LEAST_MS, end - begin):
        raise RequestRefused(
            f"from={first or 'the beginning'} to={last or 'the end'} shows less than "
            f"{LEAST_MS // 1000} s of this session; give a longer part of it"
        )
    return PlotRange(first_ms=first_ms, last_ms=last_ms, whole=whole)


def time_text(at_ms: int, origin_ms: int) -> str:
    """Returns a moment in the form in which it is typed: "-0:30", "12:05"."""
    seconds = round((at_ms - origin_ms) / 1000)
    return f"{'-' if seconds < 0 else ''}{abs(seconds) // 60}:{abs(seconds) % 60:02}"


def _typed_ms(name: str, text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise RequestRefused(
            f"{name}={text[:20]} is not a time; write minutes and seconds as 2:05, before "
            "the beginning as -0:30"
        )
    sign, minutes, seconds, sign_alone, alone = found.groups()
    total = int(alone) if alone else 60 * int(minutes) + int(seconds)
    return (-1000 if sign or sign_alone else 1000) * total
