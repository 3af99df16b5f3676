"""The sounds of the workstation as a table: pulses, gaps, pitches and harmonics.

Three alarm bursts after the published summaries of IEC 60601-1-8, and the tone of a session's end,
which is not an alarm: two long falling tones without harmonics. Sources and the ranges of each
number: alarm-sounds.md#bursts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.alarms import Priority

RATE_HZ: Final = 44_100
"""Samples per second of each sound as it is made and played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """One sound: pulses of equal length with a gap between each two of them.

    A pulse's length is measured between nine tenths of its height; a rise is from one tenth to nine
    tenths. A fall is as long as a rise.
    """

    name: str
    pulse_ms: int
    rise_ms: int
    gaps_ms: tuple[int, ...]
    pitches_hz: tuple[float, ...]
    harmonics: tuple[float, ...]
    """Height of each component as a fraction of the first, which is the pitch itself."""
    level: float
    """Height of the whole as a fraction of the loudspeaker's full scale."""

    def __post_init__(self) -> None:
        """Refuse a table row whose parts do not fit each other."""
        if len(self.pitches_hz) != len(self.gaps_ms) + 1:
            raise ValueError(
                f"{self.name}: {len(self.pitches_hz)} pulses, {len(self.gaps_ms)} gaps"
            )

    @property
    def starts_ms(self) -> tuple[int, ...]:
        """Returns when each pulse reaches nine tenths of its height, after the first one."""
        starts = [0]
        for gap_ms in self.gaps_ms:
            starts.append(starts[-1] + self.pulse_ms + gap_ms)
        return tuple(starts)

    @property
    def length_s(self) -> float:
        """Returns the time from the first pulse to the end of the last."""
        return (self.starts_ms[-1] + self.pulse_ms) / 1000


_CLOSE_MS, _APART_MS = 60, 400
_GROUP_MS = (_CLOSE_MS, _CLOSE_MS, 2 * _CLOSE_MS + 100, _CLOSE_MS)
"""In a group of five pulses, one pulse of 100 ms is left out between the third and the fourth."""
_HARMONICS = (1.0, 0.8, 0.7, 0.6, 0.5)
C5_HZ, G4_HZ, E4_HZ, E5_HZ = 523.25, 392.0, 329.63, 659.26

HIGH: Final = Burst(
    name="high",
    pulse_ms=100,
    rise_ms=15,
    gaps_ms=(*_GROUP_MS, _APART_MS, *_GROUP_MS),
    pitches_hz=(C5_HZ,) * 10,
    harmonics=_HARMONICS,
    level=0.9,
)
MEDIUM: Final = Burst(
    name="medium",
    pulse_ms=200,
    rise_ms=30,
    gaps_ms=(200, 200),
    pitches_hz=(G4_HZ,) * 3,
    harmonics=_HARMONICS,
    level=0.75,
)
LOW: Final = Burst(
    name="low",
    pulse_ms=200,
    rise_ms=30,
    gaps_ms=(200,),
    pitches_hz=(E4_HZ,) * 2,
    harmonics=_HARMONICS,
    level=0.6,
)
END: Final = Burst(
    name="end",
    pulse_ms=700,
    rise_ms=105,
    gaps_ms=(250,),
    pitches_hz=(E5_HZ, C5_HZ),
    harmonics=(1.0,),
    level=0.5,
)
BURSTS: Final[Mapping[str, Burst]] = {burst.name: burst for burst in (HIGH, MEDIUM, LOW, END)}
OF_PRIORITY: Final[Mapping[Priority, Burst]] = {
    Priority.HIGH: HIGH,
    Priority.MEDIUM: MEDIUM,
    Priority.LOW: LOW,
}
