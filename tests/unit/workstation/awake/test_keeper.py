"""The process that keeps the system awake, with logind's own program or one in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.runtime.clock import SystemClock
from tests.support.real_time import runs, wait_until
from workstation.awake.keeper_client import (
    ASKING,
    MAY_SLEEP,
    NOT_WANTED,
    AwakeKeeper,
    AwakeState,
)
from workstation.awake.wording import AwakeWord

GIVES = """#!/bin/sh
echo "$@" >> "$FAKE/asked"
echo $$ > "$FAKE/holder"
while [ "${1#--}" != "$1" ]; do shift; done
exec "$@"
"""
REFUSES_THE_LID = """#!/bin/sh
case "$1" in *lid*) echo "Failed to inhibit: Access denied" >&2; exit 1;; esac
while [ "${1#--}" != "$1" ]; do shift; done
exec "$@"
"""
REFUSES = """#!/bin/sh
echo "$@" >> "$FAKE/asked"
echo "Failed to inhibit: Access denied" >&2
exit 1
"""
HANGS = """#!/bin/sh
exec sleep 600
"""


class Logind:
    """`systemd-inhibit` in the path: a real process that does what a script says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "systemd-inhibit"

    def does(self, script: str) -> None:
        self.program.write_text(script)
        self.program.chmod(0o700)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    @property
    def holder(self) -> int:
        return int((self.folder / "holder").read_text())


@pytest.fixture
def logind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Logind:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("FAKE", str(tmp_path))
    return Logind(tmp_path)


@pytest.fixture
def keeper() -> Iterator[AwakeKeeper]:
    keeper = AwakeKeeper()
    try:
        yield keeper
    finally:
        keeper.close()


def kept(keeper: AwakeKeeper) -> AwakeState:
    return keeper.keep_up(SystemClock().now_s(), wanted=True)


def answered(keeper: AwakeKeeper) -> AwakeState:
    wait_until(lambda: kept(keeper).text != ASKING, "an answer")
    return kept(keeper)


def test_the_lock_of_logind_is_held_while_it_is_wanted_and_let_go_afterwards(
    logind: Logind, keeper: AwakeKeeper
) -> None:
    logind.does(GIVES)
    state = answered(keeper)
    assert state.awake
    assert state.text == "shutdown, sleep, idle and the lid's switch are inhibited"
    (asked,) = logind.asked
    what = "--what=shutdown:sleep:idle:handle-lid-switch"
    assert asked.startswith(f"{what} --who=traction --why=a traction")
    assert "--mode=block" in asked
    holder = logind.holder
    assert runs(holder)
    assert keeper.keep_up(0.0, wanted=False) == AwakeState(
        wanted=False, awake=False, text=NOT_WANTED
    )
    wait_until(lambda: not runs(holder), "the lock's end")


def test_a_refused_lid_is_said_and_the_rest_is_held(logind: Logind, keeper: AwakeKeeper) -> None:
    logind.does(REFUSES_THE_LID)
    state = answered(keeper)
    assert state.awake
    assert "closing the lid may still put it to sleep" in state.text


def test_a_refusal_is_said_in_words_and_not_asked_anew_each_second(
    logind: Logind, keeper: AwakeKeeper
) -> None:
    logind.does(REFUSES)
    state = answered(keeper)
    assert not state.awake
    assert state.text.startswith(MAY_SLEEP)
    assert "Failed to inhibit: Access denied); an account that is not logged in" in state.text
    begin_s = SystemClock().now_s()
    wait_until(lambda: SystemClock().now_s() > begin_s + 2.5, "some turns")
    assert len(logind.asked) == 2, "once with the lid, once without"


def test_a_logind_that_does_not_answer_is_given_up(logind: Logind, keeper: AwakeKeeper) -> None:
    logind.does(HANGS)
    assert "no answer" in answered(keeper).text


def test_a_lock_that_is_lost_is_said(logind: Logind, keeper: AwakeKeeper) -> None:
    logind.does(GIVES)
    assert answered(keeper).awake
    logind.does(REFUSES)
    os.kill(logind.holder, 9)
    wait_until(lambda: not kept(keeper).awake, "the notice")
    assert kept(keeper).text.startswith(MAY_SLEEP)


def test_without_the_program_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeper: AwakeKeeper
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "systemd-inhibit cannot be started (No such file" in answered(keeper).text


def test_what_logind_itself_answers_here_is_told(keeper: AwakeKeeper) -> None:
    """Where there is none, as in a container, that is the refusal; elsewhere it holds."""
    state = answered(keeper)
    assert state.awake is not state.text.startswith(MAY_SLEEP)
    assert len(state.text) > len(MAY_SLEEP)


def test_it_ends_when_whoever_started_it_is_killed(logind: Logind) -> None:
    logind.does(GIVES)
    parent = (
        "import time\n"
        "from workstation.awake.keeper_client import AwakeKeeper\n"
        "keeper = AwakeKeeper()\n"
        "while not (state := keeper.keep_up(time.monotonic(), wanted=True)).awake:\n"
        "    time.sleep(0.02)\n"
        "print(keeper.process_id, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        holder = logind.holder
        assert runs(child)
        assert runs(holder)
        process.kill()
        wait_until(lambda: not runs(child), "the keeper's end")
        wait_until(lambda: not runs(holder), "the lock's end")


def test_the_lock_goes_with_a_keeper_that_is_killed(logind: Logind, keeper: AwakeKeeper) -> None:
    logind.does(GIVES)
    assert answered(keeper).awake
    holder, child = logind.holder, keeper.process_id
    assert child is not None
    os.kill(child, 9)
    wait_until(lambda: not runs(holder), "the lock's end")
    wait_until(lambda: kept(keeper).awake and keeper.process_id != child, "its successor")


@pytest.mark.parametrize("line", [b"", b"[]", b'{"awake": 1, "text": ""}', b"\xff"])
def test_a_line_that_is_no_word_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        AwakeWord.of(line)


def test_a_word_comes_back_as_it_went() -> None:
    word = AwakeWord(awake=True, text="held")
    assert AwakeWord.of(word.line().encode()) == word


def test_the_client_needs_nothing_but_the_standard_library() -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "import workstation.awake.keeper_client\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(names - set(sys.stdlib_module_names)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.decode().split() == ["workstation"]
