"""The bursts as they are made, measured against the published ranges and not against the table."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from controller.alarms import TONE_EVERY_S
from tests.support.heard_sound import faults_of, gaps_of, harmonics_of, pulses_of
from tests.support.loudspeaker import wave_of
from workstation.sound.bursts import BURSTS, END, HIGH, LOW, MEDIUM, OF_PRIORITY, Burst
from workstation.sound.sounding import SHORTEST_SILENCE_S
from workstation.sound.waveforms import FULL_SCALE, samples_of

MUTATED = {
    "nine pulses": replace(HIGH, gaps_ms=HIGH.gaps_ms[:-1], pitches_hz=HIGH.pitches_hz[:-1]),
    "ten pulses without groups": replace(HIGH, gaps_ms=(60,) * 9),
    "groups without the pause of one pulse": replace(
        HIGH, gaps_ms=(60, 60, 60, 60, 400, 60, 60, 60, 60)
    ),
    "groups too close": replace(HIGH, gaps_ms=(*HIGH.gaps_ms[:4], 300, *HIGH.gaps_ms[5:])),
    "short pulses": replace(HIGH, pulse_ms=60),
    "long pulses": replace(HIGH, pulse_ms=260),
    "gaps too short": replace(HIGH, gaps_ms=(40, 40, 180, 40, 400, 40, 40, 180, 40)),
    "uneven gaps": replace(HIGH, gaps_ms=(60, 80, 220, 60, 400, 60, 60, 220, 60)),
    "a hard edge": replace(HIGH, rise_ms=3),
    "a soft edge": replace(HIGH, rise_ms=50),
    "too low": replace(HIGH, pitches_hz=(120.0,) * 10),
    "too high": replace(HIGH, pitches_hz=(1200.0,) * 10),
    "three harmonics": replace(HIGH, harmonics=(1.0, 0.8, 0.7, 0.6)),
    "a weak harmonic": replace(HIGH, harmonics=(1.0, 0.8, 0.7, 0.6, 0.15)),
    "medium with four": replace(MEDIUM, gaps_ms=(200,) * 3, pitches_hz=MEDIUM.pitches_hz[:1] * 4),
    "medium too fast": replace(MEDIUM, gaps_ms=(100, 100)),
    "low with one": replace(LOW, gaps_ms=(), pitches_hz=LOW.pitches_hz[:1]),
    "low with long pulses": replace(LOW, pulse_ms=300),
}


@pytest.mark.parametrize("burst", [HIGH, MEDIUM, LOW], ids=lambda burst: burst.name)
def test_each_burst_of_an_alarm_is_as_the_summaries_say(burst: Burst) -> None:
    assert faults_of(burst.name, samples_of(burst).astype(float)) == []


@pytest.mark.parametrize("burst", MUTATED.values(), ids=MUTATED)
def test_a_changed_table_is_found_in_the_sound(burst: Burst) -> None:
    assert faults_of(burst.name, samples_of(burst).astype(float)) != []


def test_the_tone_of_the_end_is_none_of_the_alarms() -> None:
    wave = samples_of(END).astype(float)
    pulses = pulses_of(wave)
    pitches = [min(harmonics_of(wave, pulse)) for pulse in pulses]
    assert [len(harmonics_of(wave, pulse)) for pulse in pulses] == [1, 1], "it has harmonics"
    assert pitches[0] > 1.2 * pitches[1], "it does not fall"
    shortest_ms = min(pulse.ends_ms - pulse.begins_ms for pulse in pulses)
    assert shortest_ms > 2 * max(one.pulse_ms for one in (HIGH, MEDIUM, LOW))
    assert gaps_of(pulses)[0] == pytest.approx(END.gaps_ms[0], abs=3)


def test_the_alarms_differ_in_pitch_and_the_more_pressing_is_the_louder() -> None:
    assert HIGH.pitches_hz[0] > MEDIUM.pitches_hz[0] > LOW.pitches_hz[0]
    peaks = [abs(samples_of(one).astype(int)).max() for one in (HIGH, MEDIUM, LOW, END)]
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[0] < FULL_SCALE


def test_between_two_bursts_is_the_silence_of_the_summaries() -> None:
    silent_s = {p: TONE_EVERY_S[p] - burst.length_s for p, burst in OF_PRIORITY.items()}
    limits_s = {"high": (2.5, 15.0), "medium": (2.5, 30.0), "low": (15.0, 60.0)}
    for priority, seconds in silent_s.items():
        low_s, high_s = limits_s[priority.name.lower()]
        assert low_s <= seconds <= high_s
    assert SHORTEST_SILENCE_S >= 2.5


def test_the_files_are_made_by_a_process_that_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "workstation.sound.waveforms", str(tmp_path)]
    subprocess.run(command, check=True)
    assert {path.stem for path in tmp_path.glob("*.wav")} == set(BURSTS)
    for name in ("high", "medium", "low"):
        assert faults_of(name, wave_of(tmp_path / f"{name}.wav")) == []


def test_a_row_of_the_table_whose_parts_do_not_fit_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="high: 10 pulses, 8 gaps"):
        replace(HIGH, gaps_ms=HIGH.gaps_ms[:-1])
