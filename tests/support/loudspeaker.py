"""A third-party sound server whose one loudspeaker plays into a recording.

Debian: `apt-get install pulseaudio pulseaudio-utils`.
"""

from __future__ import annotations

import os
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.support.installed import installed
from tests.support.real_time import wait_until
from workstation.sound.bursts import RATE_HZ

SINK = "table"


class SoundServer:
    """PulseAudio with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = f"unix:{folder / 'socket'}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it with a loudspeaker that plays in real time, into a recording only."""
        loudspeaker = f"module-null-sink sink_name={SINK} rate={RATE_HZ} channels=1"
        door = f"module-native-protocol-unix socket={self.folder / 'socket'} auth-anonymous=1"
        command = [installed("pulseaudio"), "-n", "--daemonize=no", "--exit-idle-time=-1"]
        command += ["--use-pid-file=no", "--disable-shm=yes"]
        command += [f"--load={loudspeaker}", f"--load={door}"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, env=self.environment, stdin=quiet, stdout=quiet, stderr=quiet
        )
        wait_until(self._answers, "the sound server")

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which its programs and the player find it and store their files."""
        own = {"PULSE_SERVER": self.place, "PULSE_RUNTIME_PATH": str(self.folder)}
        homes = ("HOME", "XDG_RUNTIME_DIR", "PULSE_STATE_PATH")
        return os.environ | own | {name: str(self.folder) for name in homes}

    def pull_the_plug(self) -> None:
        """Remove the loudspeaker; the server keeps running."""
        self._asked("unload-module", "module-null-sink")

    def kill(self) -> None:
        """End the server at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        (self.folder / "socket").unlink(missing_ok=True)

    @contextmanager
    def recording(self, file: Path) -> Iterator[None]:
        """Record what the loudspeaker plays meanwhile, as a WAV file."""
        command = [installed("parec"), f"--device={SINK}.monitor", f"--rate={RATE_HZ}"]
        command += ["--channels=1", "--format=s16le", "--file-format=wav", "--latency-msec=20"]
        process = subprocess.Popen([*command, str(file)], env=self.environment)
        wait_until(lambda: file.exists() and file.stat().st_size > 0, "the recording")
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    def _answers(self) -> bool:
        return self._asked("info").returncode == 0

    def _asked(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        command = [installed("pactl"), *words]
        return subprocess.run(command, env=self.environment, check=False, capture_output=True)


@contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """A running server that is ended with the block."""
    server = SoundServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def wave_of(file: Path) -> npt.NDArray[np.float64]:
    """The samples of a WAV file."""
    with wave.open(str(file), "rb") as recorded:
        data = recorded.readframes(recorded.getnframes())
    return np.frombuffer(data, "<i2").astype(np.float64)
