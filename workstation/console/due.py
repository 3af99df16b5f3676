"""Says in words that something is due on a day, from some days before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date


def due_on(what: str, last_day: str, day: date, soon_days: int) -> Iterator[str]:
    """Says that something is due by a day (YYYY-MM-DD); "" before that, and for an invalid day."""
    try:
        left = (date.fromisoformat(last_day) - day).days
    except ValueError:
        return
    if left < 0:
        yield f"{what} was due on {last_day}: have it done before the next session"
    elif left <= soon_days:
        yield f"{what} due in {_days(left)}, on {last_day}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
