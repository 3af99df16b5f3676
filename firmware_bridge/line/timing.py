"""Durations of characters and silences on a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BITS_PER_CHARACTER: Final = 11
SILENCE_CHARACTERS: Final = 3.5
FIXED_SILENCE_ABOVE_BAUD: Final = 19200
FIXED_SILENCE_S: Final = 0.00175
"""Above 19200 Bd the silence between frames is fixed (Modbus serial line guide)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTimes:
    """All in seconds.

    ``lateness_s``: the longest lateness of an answer after its timeout seen at commissioning. None
    if not measured; then a whole timeout is waited.
    """

    character_s: float
    silence_s: float
    lateness_s: float | None = None


NO_WIRE: Final = LineTimes(character_s=0.0, silence_s=0.0)
"""A connection on which answers identify their request needs no silence."""


def serial_times(baudrate: int, lateness_s: float | None = None) -> LineTimes:
    """Returns the times of a serial line with 11 bits per character."""
    character_s = BITS_PER_CHARACTER / baudrate
    fixed = baudrate > FIXED_SILENCE_ABOVE_BAUD
    silence_s = FIXED_SILENCE_S if fixed else SILENCE_CHARACTERS * character_s
    return LineTimes(character_s=character_s, silence_s=silence_s, lateness_s=lateness_s)


def lateness_behind(timeout_s: float, slowest_answer_s: float | None) -> float | None:
    """Returns how late answers come after ``timeout_s``, in seconds.

    None if the slowest answer was not measured. ``slowest_answer_s`` counts from the first byte
    sent, as the timeout does.
    """
    return None if slowest_answer_s is None else max(0.0, slowest_answer_s - timeout_s)
