"""The parent's end: it waits for nothing, and knows a player that hangs, ends or talks nonsense."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from tests.support.real_time import runs, wait_until
from workstation.restarts import HEALTHY_S, LONGEST_WAIT_S
from workstation.sound.player_client import STARTING, SoundPlayer
from workstation.sound.wording import NO_SOUND, PlayerWord
from workstation.watched_child import ANSWER_S

WELL = PlayerWord(sounds=True, text="fake").line()
PLAYS = f"""
import json, sys
print({WELL!r}, flush=True)
for line in sys.stdin:
    name = line.strip()
    print(json.dumps({{"sounds": True, "text": "fake", "played": [name]}}), flush=True)
"""
HANGS = f"import time; print({WELL!r}, flush=True); time.sleep(600)"
PLAYS_UNTIL_TOLD = PLAYS + "    if name == 'end': raise SystemExit(1)\n"
ENDS = "raise SystemExit(7)"
NOISE = (
    "import sys, time\n"
    "sys.stdout.buffer.write(b'ALSA lib \\xff\\n[1]\\n{\"sounds\": 1}\\nnull\\n' + b'x' * 200000)\n"
    f"print('\\n' + {WELL!r}, flush=True)\n"
    "time.sleep(600)\n"
)
Make = Callable[[str], SoundPlayer]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[SoundPlayer] = []

    def player(script: str) -> SoundPlayer:
        made.append(SoundPlayer((sys.executable, "-c", script)))
        return made[-1]

    yield player
    for one in made:
        one.close()


def test_a_player_that_plays_is_told_and_counts(make: Make) -> None:
    player = make(PLAYS)
    assert player.state.text == STARTING
    wait_until(lambda: player.keep_up(0.0).sounds, "the player")
    player.play("high")
    player.play("low")
    wait_until(lambda: player.keep_up(0.0).played == 2, "both")
    assert player.state.text == "sound: fake"


def test_a_player_that_hangs_is_ended_and_started_anew(make: Make) -> None:
    player = make(HANGS)
    wait_until(lambda: player.keep_up(0.0).sounds, "the player")
    player.keep_up(0.0)  # its word may have come behind the look for it
    for _ in range(50_000):
        player.play("high")  # more than the pipe holds: nobody reads it
    player.keep_up(ANSWER_S)
    assert player.state.sounds
    hanging = player.process_id
    assert hanging is not None
    gone = player.keep_up(ANSWER_S + 0.1)
    assert (gone.sounds, NO_SOUND in gone.text) == (False, True)
    assert "does not answer" in gone.text
    wait_until(lambda: player.keep_up(ANSWER_S + 0.2).sounds, "its successor")
    assert not runs(hanging)


def test_the_waits_between_starts_grow_to_half_a_minute(make: Make) -> None:
    player = make(ENDS)
    started_s: list[float] = []
    now_s, running = 0.0, None
    while len(started_s) < 9:
        player.keep_up(now_s)
        if player.process_id is None:
            now_s += 0.5
        elif player.process_id != running:
            running = player.process_id
            started_s.append(now_s)
    waits = [after - before for before, after in pairwise(started_s)]
    assert waits == [0, 1, 2, 4, 8, 16, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert "status 7" in player.state.text


def test_after_health_the_next_start_is_at_once_again(make: Make) -> None:
    player = make(PLAYS_UNTIL_TOLD)

    def play(now_s: float) -> None:
        before = player.state.played
        player.play("high")
        wait_until(lambda: player.keep_up(now_s).played > before, "an answer")

    def end(now_s: float) -> int | None:
        before = player.process_id
        player.play("end")
        wait_until(lambda: (player.keep_up(now_s), player.process_id != before)[1], "its end")
        return player.process_id

    player.keep_up(0.0)
    play(0.0)
    assert end(1.0) is not None, "the first restart is at once"
    play(1.0)
    assert end(2.0) is None, "the second one waits"
    player.keep_up(3.0)
    for now_s in range(3, 36, 4):
        play(now_s)
    assert end(3.0 + HEALTHY_S + 1.0) is not None


def test_noise_is_no_word(make: Make) -> None:
    player = make(NOISE)
    wait_until(lambda: player.keep_up(0.0).sounds, "the word behind the noise")


def test_a_command_that_is_not_there_is_a_state_and_no_error() -> None:
    player = SoundPlayer(("/nowhere/python",))
    text = player.keep_up(0.0).text
    assert text.startswith(NO_SOUND)
    assert "/nowhere/python cannot be started" in text
    player.play("high")
    player.close()


def test_the_client_needs_nothing_but_the_standard_library() -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "import workstation.sound.player_client, workstation.sound.sounding\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(names - set(sys.stdlib_module_names)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.decode().split() == ["controller", "workstation"]


@pytest.mark.parametrize("line", [b"", b"[]", b'{"sounds": 1, "text": "", "played": []}', b"\xff"])
def test_a_line_that_is_no_word_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        PlayerWord.of(line)


def test_a_word_comes_back_as_it_went() -> None:
    word = PlayerWord(sounds=False, text='no "device"', played=("high", "end"))
    assert PlayerWord.of(word.line().encode()) == word
