"""How long a character and the silence between frames are."""

from __future__ import annotations

import pytest

from firmware_bridge.line.timing import serial_times


@pytest.mark.parametrize(
    ("baudrate", "character_ms", "silence_ms"),
    [
        (1200, 9.1667, 32.0833),
        (9600, 1.1458, 4.0104),
        (19200, 0.5729, 2.0052),
        (28800, 0.3819, 1.75),
        (115200, 0.0955, 1.75),
    ],
)
def test_the_silence_is_fixed_above_19200_bd(
    baudrate: int, character_ms: float, silence_ms: float
) -> None:
    times = serial_times(baudrate)
    assert times.character_s * 1000 == pytest.approx(character_ms, abs=1e-4)
    assert times.silence_s * 1000 == pytest.approx(silence_ms, abs=1e-4)
    assert times.lateness_s is None
