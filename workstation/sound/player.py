"""The process that plays: names of bursts on standard input, its state on standard output.

    python -m workstation.sound.player

It ends with its input, whatever the loudspeaker does, and by itself when a loudspeaker that was
open no longer accepts sound: a library that waits for a missing device is ended with its process.
The parent starts it again (``player_client``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import wave
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, TextIO

from controller.runtime.clock import SystemClock
from workstation.sound.bursts import RATE_HZ
from workstation.sound.wording import ALIVE_EVERY_S, PlayerWord

if TYPE_CHECKING:
    from miniaudio import Backend, PlaybackDevice

MAKE: Final = (sys.executable, "-P", "-m", "workstation.sound.waveforms")
PERIOD_MS: Final = 100
"""How much the loudspeaker requests at a time: the longest delay of a burst."""
SILENT_S: Final = 2.0
"""A loudspeaker that has requested nothing for so long is gone."""
LOOK_EVERY_S: Final = 5.0
"""Interval at which the list of loudspeakers is read."""
NOT_A_LOUDSPEAKER: Final = frozenset({"Dummy Output"})
"""What sound servers list where nothing is connected."""
FRAME_BYTES: Final = 2
Frames = Generator[bytes, int, None]


class Mixer:
    """Gives the loudspeaker what it requests: the newest burst, then silence without end.

    The loudspeaker's thread takes from it, another one selects what to play.
    """

    def __init__(self, sounds: Mapping[str, bytes], clock: SystemClock) -> None:
        self._sounds, self._clock = sounds, clock
        self._lock = threading.Lock()
        self._name, self._left = "", memoryview(b"")
        self._played: list[str] = []
        self.asked_at_s = clock.now_s()

    def play(self, name: str) -> bool:
        """Play from the next period on; what still sounds is cut off. False: no such burst."""
        if name not in self._sounds:
            return False
        with self._lock:
            self._name, self._left = name, memoryview(self._sounds[name])
        return True

    def frames(self) -> Frames:
        """Yields as many frames as are requested, without end."""
        wanted = yield b""
        while True:
            wanted = yield self._take(wanted * FRAME_BYTES)

    def take_played(self) -> tuple[str, ...]:
        """Returns the bursts that were taken completely since the last call."""
        with self._lock:
            played, self._played = tuple(self._played), []
        return played

    def _take(self, size: int) -> bytes:
        with self._lock:
            self.asked_at_s = self._clock.now_s()
            part, self._left = bytes(self._left[:size]), self._left[size:]
            if part and not self._left:
                self._played.append(self._name)
        return part.ljust(size, b"\0")


class NoLoudspeaker(Exception):
    """Raised with the reason why nothing can be played."""


def made_sounds(alive: Callable[[], None]) -> dict[str, bytes]:
    """Returns every burst as it is played; made by a short process.

    ``alive`` is called while it takes time. Raises OSError or CalledProcessError.
    """
    with TemporaryDirectory(prefix="traction-sound-") as place:
        nothing = subprocess.DEVNULL
        with subprocess.Popen([*MAKE, place], stdin=nothing, stdout=nothing) as process:
            while True:
                alive()
                with suppress(subprocess.TimeoutExpired):
                    status = process.wait(ALIVE_EVERY_S)
                    break
        if status:
            raise subprocess.CalledProcessError(status, MAKE)
        sounds = {}
        for path in sorted(Path(place).glob("*.wav")):
            with wave.open(str(path), "rb") as file:
                sounds[path.stem] = file.readframes(file.getnframes())
    return sounds


def sound_systems() -> list[Backend]:
    """Returns the backends that the library has here, except the null backend."""
    import miniaudio

    nothing = {miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM}
    return sorted(miniaudio.get_enabled_backends() - nothing, key=lambda one: one.value)


def open_loudspeaker() -> PlaybackDevice:
    """Returns the loudspeaker that the system would use; raises NoLoudspeaker."""
    import miniaudio

    refuse_dummies()
    try:
        return miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=RATE_HZ,
            buffersize_msec=PERIOD_MS,
            backends=sound_systems(),
            app_name="traction",
        )
    except miniaudio.MiniaudioError as error:
        raise NoLoudspeaker(f"the system opens none ({error.args[0]})") from error


def refuse_dummies() -> None:
    """Raises NoLoudspeaker where the device names show that nothing is connected.

    A system that reports no names is not judged by them.
    """
    import miniaudio

    try:
        names = {one["name"] for one in miniaudio.Devices(sound_systems()).get_playbacks()}
    except miniaudio.MiniaudioError:
        return
    if names and names <= NOT_A_LOUDSPEAKER:
        raise NoLoudspeaker(f"the system has {', '.join(sorted(names))} only")


class Player:
    """Plays what its input names, and reports its state."""

    def __init__(self, out: TextIO, clock: SystemClock) -> None:
        self._out, self._clock = out, clock
        self._mixer: Mixer | None = None

    def run(self) -> None:
        """Run until the input ends, or an open loudspeaker stops requesting."""
        starting = PlayerWord(sounds=False, text="")
        try:
            sounds = made_sounds(lambda: self._say(starting))
        except (OSError, subprocess.SubprocessError) as error:
            self._say(PlayerWord(sounds=False, text=f"the sounds cannot be made ({error})"))
            return
        self._mixer = Mixer(sounds, self._clock)
        while True:
            try:
                loudspeaker = open_loudspeaker()
                self._play_on(loudspeaker, self._mixer)
            except NoLoudspeaker as error:
                self._say(PlayerWord(sounds=False, text=str(error)))
                self._wait(ALIVE_EVERY_S)

    def take(self, name: str) -> None:
        """Play a burst; before there is a loudspeaker it is dropped."""
        if self._mixer is not None:
            self._mixer.play(name)

    def _play_on(self, loudspeaker: PlaybackDevice, mixer: Mixer) -> None:
        import miniaudio

        frames = mixer.frames()
        next(frames)
        mixer.asked_at_s = self._clock.now_s()
        try:
            loudspeaker.start(frames)
        except miniaudio.MiniaudioError as error:
            loudspeaker.close()
            raise NoLoudspeaker(f"the system starts none ({error.args[0]})") from error
        look_at_s = self._clock.now_s() + LOOK_EVERY_S
        while True:
            if self._clock.now_s() - mixer.asked_at_s > SILENT_S:
                why = f"the loudspeaker of {loudspeaker.backend} no longer accepts sound"
                self._say(PlayerWord(sounds=False, text=why))
                os._exit(1)  # closing it might wait for ever
            if self._clock.now_s() >= look_at_s:
                refuse_dummies()
                look_at_s += LOOK_EVERY_S
            played = mixer.take_played()
            self._say(PlayerWord(sounds=True, text=loudspeaker.backend, played=played))
            self._wait(ALIVE_EVERY_S)

    def _wait(self, seconds: float) -> None:
        self._clock.sleep_until(self._clock.now_s() + seconds)

    def _say(self, word: PlayerWord) -> None:
        print(word.line(), file=self._out, flush=True)


def follow(player: Player) -> None:
    """Take names from the input; end at once at its end, which means the end of the parent."""
    for line in sys.stdin.buffer:
        player.take(line.decode("ascii", "replace").strip())
    os._exit(0)


def main() -> None:
    """Play until the input ends."""
    player = Player(sys.stdout, SystemClock())
    threading.Thread(target=follow, args=(player,), daemon=True).start()
    try:
        player.run()
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more


if __name__ == "__main__":
    main()
