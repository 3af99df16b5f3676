"""The process that plays, on a sound server that is not ours and into a recording."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from controller.runtime.clock import SystemClock
from tests.support.heard_sound import Wave, faults_of, gaps_of, harmonics_of, pulses_of
from tests.support.loudspeaker import SoundServer, sound_server, wave_of
from tests.support.real_time import runs, wait_until
from workstation.sound import player as player_module
from workstation.sound.bursts import RATE_HZ
from workstation.sound.player import FRAME_BYTES, Mixer, made_sounds
from workstation.sound.player_client import SoundPlayer
from workstation.sound.wording import NO_SOUND

RECORDINGS: Final = 3
"""A busy sound server loses some milliseconds now and then; a wrong burst is wrong each time."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    with sound_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without a loudspeaker."""
    silent = tmp_path / "asound.conf"
    silent.write_text("# no device\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(silent))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nobody'}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def player() -> Iterator[SoundPlayer]:
    player = SoundPlayer()
    try:
        yield player
    finally:
        player.close()


def kept_up(player: SoundPlayer) -> bool:
    return player.keep_up(SystemClock().now_s()).sounds


def bursts_played(player: SoundPlayer) -> int:
    return player.keep_up(SystemClock().now_s()).played


def faults_of_burst(name: str, wave: Wave) -> list[str]:
    if name != "end":
        return faults_of(name, wave)
    pulses = pulses_of(wave)
    pitches_hz = [round(min(harmonics_of(wave, pulse))) for pulse in pulses]
    gaps_ms = gaps_of(pulses)
    sound = pitches_hz == [659, 523] and gaps_ms == pytest.approx([250], abs=4)
    return [] if sound else [f"pitches {pitches_hz} Hz, gaps {gaps_ms} ms"]


@pytest.mark.parametrize("name", ["high", "medium", "low", "end"])
def test_what_the_loudspeaker_played_is_the_burst(
    server: SoundServer, player: SoundPlayer, tmp_path: Path, name: str
) -> None:
    wait_until(lambda: kept_up(player), "a loudspeaker")
    heard: list[list[str]] = []
    while [] not in heard and len(heard) < RECORDINGS:
        file = tmp_path / f"heard{len(heard)}.wav"
        with server.recording(file):
            player.play(name)
            wait_until(lambda: bursts_played(player) > len(heard), "the burst's end")
            SystemClock().sleep_until(SystemClock().now_s() + 0.5)
        heard.append(faults_of_burst(name, wave_of(file)))
    assert [] in heard, heard


def test_a_sound_server_that_is_gone_is_noticed_and_its_return_too(
    server: SoundServer, player: SoundPlayer
) -> None:
    wait_until(lambda: kept_up(player), "a loudspeaker")
    server.kill()
    wait_until(lambda: not kept_up(player), "the notice")
    assert player.state.text.startswith(NO_SOUND)
    server.start()
    wait_until(lambda: kept_up(player), "the loudspeaker's return")


def test_a_loudspeaker_that_is_pulled_out_is_noticed(
    server: SoundServer, player: SoundPlayer
) -> None:
    wait_until(lambda: kept_up(player), "a loudspeaker")
    server.pull_the_plug()
    wait_until(lambda: not kept_up(player), "the notice")
    assert player.state.text.startswith(NO_SOUND)


def test_without_a_loudspeaker_the_state_says_so(nowhere: None, player: SoundPlayer) -> None:
    wait_until(lambda: (kept_up(player), "opens none" in player.state.text)[1], "the refusal")
    assert player.state.text.startswith(NO_SOUND)
    player.play("high")
    assert player.keep_up(SystemClock().now_s()).played == 0


def test_the_player_ends_with_its_input(nowhere: None) -> None:
    command = [sys.executable, "-m", "workstation.sound.player"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert b'"sounds": false' in process.stdout.readline()
        process.stdin.close()
        assert process.wait(30) == 0


def test_the_player_ends_when_whoever_started_it_is_killed(nowhere: None) -> None:
    parent = (
        "import time\n"
        "from workstation.sound.player_client import SoundPlayer\n"
        "player = SoundPlayer()\n"
        "player.keep_up(0.0)\n"
        "print(player.process_id, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        process.kill()
        wait_until(lambda: not runs(child), "the player's end")


def test_a_slow_system_that_makes_the_sounds_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "import sys, time; time.sleep(2.2); open(sys.argv[1] + '/x.wav', 'w')"
    monkeypatch.setattr(player_module, "MAKE", (sys.executable, "-c", slow))
    alive: list[int] = []
    with pytest.raises(EOFError):  # of the file that is no sound
        made_sounds(lambda: alive.append(1))
    assert len(alive) >= 2
    monkeypatch.setattr(player_module, "MAKE", (sys.executable, "-c", "raise SystemExit(7)"))
    with pytest.raises(subprocess.CalledProcessError, match="7"):
        made_sounds(lambda: None)


def test_the_mixer_gives_the_newest_burst_and_then_silence() -> None:
    mixer = Mixer({"a": b"\1\2" * 5, "b": b"\3\4" * 3}, SystemClock())
    frames = mixer.frames()
    next(frames)
    assert frames.send(2) == bytes(2 * FRAME_BYTES)
    assert mixer.play("a")
    assert frames.send(2) == b"\1\2" * 2
    assert mixer.play("b")
    assert frames.send(4) == b"\3\4" * 3 + b"\0\0"
    assert mixer.take_played() == ("b",)
    assert mixer.take_played() == ()
    assert not mixer.play("c")
    assert frames.send(RATE_HZ) == bytes(RATE_HZ * FRAME_BYTES)
