"""Analyses a recording of a burst: pulses, gaps and harmonics, and what is wrong with them.

The ranges are those of alarm-sounds.md#bursts, written here a second time, apart from the program's
own table.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from workstation.sound.bursts import RATE_HZ

Wave = npt.NDArray[np.float64]
PULSES = {"high": 10, "medium": 3, "low": 2}
PULSE_MS = {"high": (75, 200), "medium": (125, 250), "low": (125, 250)}
GAP_MS = {"high": (50, 125), "medium": (125, 250), "low": (125, 250)}
MIDDLE_GAP_MS = (350, 1300)
RISE_SHARE = (0.10, 0.20)
SAME_GAP = 0.05
SHORTEST_GAP_MS, QUIET_MS = 10, 50
MEASURED_MS = 3.0
"""How precisely an edge is found in a wave with a period of up to 3 ms."""
SPREAD_DB = 15.0
PITCH_HZ = (150, 1000)
HARMONIC_HZ = (300, 4000)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPulse:
    """A pulse between its nine-tenths points, in milliseconds from the start of the recording."""

    begins_ms: float
    ends_ms: float
    rise_ms: float
    peak: float


def pulses_of(wave: Wave) -> list[HeardPulse]:
    """Stretches above half of the maximum; gaps of less than 10 ms are bridged."""
    quiet = round(RATE_HZ * QUIET_MS / 1000)
    height = _height(np.pad(wave, quiet))
    height = height / height.max()
    loud = np.flatnonzero(height > 0.5)
    breaks = np.flatnonzero(np.diff(loud) > RATE_HZ * SHORTEST_GAP_MS / 1000)
    found = []
    for up, down in zip(
        [loud[0], *loud[breaks + 1]], [*(loud[breaks] + 1), loud[-1] + 1], strict=True
    ):
        top = height[up:down].max()
        loud = np.flatnonzero(height[up:down] >= 0.9 * top) + up
        foot = np.flatnonzero(height[: loud[0]] <= 0.1 * top)[-1]
        found.append(
            HeardPulse(
                begins_ms=(loud[0] - quiet) / RATE_HZ * 1000,
                ends_ms=(loud[-1] - quiet) / RATE_HZ * 1000,
                rise_ms=(loud[0] - foot) / RATE_HZ * 1000,
                peak=float(top),
            )
        )
    return found


def gaps_of(pulses: list[HeardPulse]) -> list[float]:
    return [after.begins_ms - before.ends_ms for before, after in pairwise(pulses)]


def harmonics_of(wave: Wave, pulse: HeardPulse) -> dict[float, float]:
    """Frequency of each component, and its level in decibels relative to the loudest one."""
    part = wave[round(pulse.begins_ms * RATE_HZ / 1000) : round(pulse.ends_ms * RATE_HZ / 1000)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 8 * len(part)))
    level_db = 20 * np.log10(spectrum / spectrum.max() + 1e-9)
    peaks = np.flatnonzero(
        (level_db[1:-1] > level_db[:-2]) & (level_db[1:-1] >= level_db[2:]) & (level_db[1:-1] > -25)
    )
    return {(at + 1) * RATE_HZ / (8 * len(part)): float(level_db[at + 1]) for at in peaks}


def faults_of(kind: str, wave: Wave) -> list[str]:
    """Deviations of a recorded burst from what the summaries state for its priority."""
    pulses = pulses_of(wave)
    found = [] if len(pulses) == PULSES[kind] else [f"{len(pulses)} pulses"]
    for number, pulse in enumerate(pulses, start=1):
        length_ms = pulse.ends_ms - pulse.begins_ms
        if not _within(length_ms, PULSE_MS[kind]):
            found.append(f"pulse {number} is {length_ms:.0f} ms long")
        if not RISE_SHARE[0] - 0.03 <= pulse.rise_ms / length_ms <= RISE_SHARE[1] + 0.03:
            found.append(f"pulse {number} of {length_ms:.0f} ms rises in {pulse.rise_ms:.0f} ms")
        found += [f"pulse {number}: {one}" for one in _harmonic_faults(harmonics_of(wave, pulse))]
    if not found:
        length_ms = pulses[0].ends_ms - pulses[0].begins_ms
        found += _gap_faults(kind, gaps_of(pulses), length_ms)
    return found


def _gap_faults(kind: str, gaps: list[float], pulse_ms: float) -> list[str]:
    if kind != "high":
        close = gaps
    else:
        close = [gap for at, gap in enumerate(gaps) if at not in (2, 4, 7)]
        double_ms = 2 * float(np.mean(close)) + pulse_ms
        wrong = [gap for gap in (gaps[2], gaps[7]) if abs(gap - double_ms) > 2 * MEASURED_MS]
        if wrong or not _within(gaps[4], MIDDLE_GAP_MS):
            return [f"gaps {[round(gap) for gap in gaps]}"]
    even = max(close) - min(close) <= SAME_GAP * float(np.mean(close)) + MEASURED_MS
    if even and all(_within(gap, GAP_MS[kind]) for gap in close):
        return []
    return [f"gaps {[round(gap) for gap in gaps]}"]


def _harmonic_faults(found: dict[float, float]) -> list[str]:
    if not found:
        return ["no tone"]
    pitch_hz = min(found)
    loud = [
        hertz
        for hertz, decibels in found.items()
        if hertz > 1.5 * pitch_hz
        and HARMONIC_HZ[0] <= hertz <= HARMONIC_HZ[1]
        and abs(decibels - found[pitch_hz]) <= SPREAD_DB
    ]
    faults = [] if _within(pitch_hz, PITCH_HZ, 0) else [f"its pitch is {pitch_hz:.0f} Hz"]
    if len(loud) < 4:
        faults.append(f"{len(loud)} harmonics within {SPREAD_DB:g} dB")
    return faults


def _within(value: float, limits: tuple[int, int], measured: float = MEASURED_MS) -> bool:
    return limits[0] - measured <= value <= limits[1] + measured


def _height(wave: Wave) -> Wave:
    """The effective value around each sample, over two periods of the pitch."""
    spectrum = np.abs(np.fft.rfft(wave))
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    pitch_hz = hertz[np.flatnonzero(spectrum > 0.3 * spectrum.max())[0]]
    window = round(RATE_HZ / pitch_hz)
    squares = wave * wave
    for _ in range(2):
        squares = np.convolve(squares, np.ones(window) / window, mode="same")
    return np.sqrt(np.maximum(squares, 0.0))
