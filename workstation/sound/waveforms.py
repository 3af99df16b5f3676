"""Makes the bursts as WAV files, in a short process of its own, because only this needs numpy.

python -m workstation.sound.waveforms FOLDER
"""

from __future__ import annotations

import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from workstation.sound.bursts import BURSTS, RATE_HZ, Burst

FULL_SCALE: Final = 32_767
_STEEP = 0.8
"""A rise goes from one tenth to nine tenths of the height: eight tenths of it."""
_HIGH = 0.9

Samples = npt.NDArray[np.int16]


def samples_of(burst: Burst) -> Samples:
    """Returns the burst as it is played, 16 bits, one channel."""
    lead_s = _ramp_s(burst)
    count = round((burst.length_s + 2 * lead_s) * RATE_HZ)
    time_s = np.arange(count) / RATE_HZ - lead_s
    whole = np.zeros(count)
    for start_ms, pitch_hz in zip(burst.starts_ms, burst.pitches_hz, strict=True):
        since_s = time_s - start_ms / 1000
        whole += _envelope(burst, since_s) * _tone(burst, pitch_hz, since_s)
    scaled = whole * burst.level * FULL_SCALE / np.abs(whole).max()
    rounded: Samples = np.round(scaled).astype(np.int16)
    return rounded


def write_wavs(folder: Path) -> None:
    """One file for each burst, ``NAME.wav``."""
    for burst in BURSTS.values():
        with wave.open(str(folder / f"{burst.name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples_of(burst).astype("<i2").tobytes())


def _ramp_s(burst: Burst) -> float:
    """Returns the time from zero to nine tenths of the height."""
    return _HIGH / _STEEP * burst.rise_ms / 1000


def _envelope(burst: Burst, since_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns the height of a pulse, measured between nine tenths, with straight sides."""
    steep_per_s = _STEEP / (burst.rise_ms / 1000)
    rising = _HIGH + steep_per_s * since_s
    falling = _HIGH - steep_per_s * (since_s - burst.pulse_ms / 1000)
    height: npt.NDArray[np.float64] = np.clip(np.minimum(rising, falling), 0.0, 1.0)
    return height


def _tone(
    burst: Burst, pitch_hz: float, since_s: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Returns the pitch with its harmonics."""
    whole = np.zeros_like(since_s)
    for number, height in enumerate(burst.harmonics, start=1):
        whole += height * np.sin(2 * np.pi * number * pitch_hz * since_s)
    return whole


def main(arguments: Sequence[str]) -> None:
    """Write the files into the named folder."""
    (folder,) = arguments
    write_wavs(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
