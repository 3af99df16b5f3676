"""Moments for people: the clinic's day and time with the name of its zone.

The name distinguishes the two equal hours of the night in which clocks are set back. Programs get
the offset of ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

DayOf = Callable[[int], date]
"""The clinic's day of a moment (UTC milliseconds)."""


def zone_in_words(moment: datetime) -> str:
    """Returns the name of a moment's zone as on clocks (CST, CDT); UTC-03:00 without one."""
    name = moment.tzname() or ""
    if name[:1].isalpha():
        return name
    return str(timezone(moment.utcoffset() or timedelta()))


def moment_in_words(moment: datetime) -> str:
    """Returns day, time to the second, zone: 2026-11-30 14:03:22 CST."""
    return f"{moment:%Y-%m-%d %H:%M:%S} {zone_in_words(moment)}"


def time_in_words(moment: datetime, beside: datetime) -> str:
    """Returns the time of day beside another moment: with its day or zone where theirs differ."""
    day = "" if moment.date() == beside.date() else f"{moment:%Y-%m-%d} "
    is_other = moment.utcoffset() != beside.utcoffset()
    zone = f" {zone_in_words(moment)}" if is_other else ""
    return f"{day}{moment:%H:%M:%S}{zone}"


def minute_in_words(moment: datetime) -> str:
    """Returns the same to the minute: 2026-11-30 14:03 CST."""
    return f"{moment:%Y-%m-%d %H:%M} {zone_in_words(moment)}"
