"""``traction sound-check`` as somebody types it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import Result

from controller.errors import AnswerMissing, RequestRefused
from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder
from tests.support.commands import run
from workstation.sound.day_check import Hearing, SoundOfDay, sound_of_day
from workstation.sound.player_client import SoundPlayer
from workstation.sound.wording import NO_SOUND, PlayerWord

PLAYS = f"""
import json, sys
print({PlayerWord(sounds=True, text="fake").line()!r}, flush=True)
for line in sys.stdin:
    print(line, end="", file=open(sys.argv[1], "a"), flush=True)
    said = {{"sounds": True, "text": "fake", "played": [line.strip()]}}
    print(json.dumps(said), flush=True)
"""
SILENT = f"print({PlayerWord(sounds=False, text='none').line()!r}, flush=True); input()"
Ask = Callable[..., Result]


class Lines:
    """Somebody at the terminal."""

    def __init__(self, *typed: str) -> None:
        self._typed = list(typed)

    def read_line(self) -> str:
        if not self._typed:
            raise EOFError
        return self._typed.pop(0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    return RecordFolder(tmp_path / "data")


@pytest.fixture
def check(
    folder: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run the command with a loudspeaker that plays, or with another script, and an answer."""

    def checked(*typed: str, script: str = PLAYS, arguments: tuple[str, ...] = ()) -> Result:
        command = (sys.executable, "-c", script, str(tmp_path / "played"))
        monkeypatch.setattr("workstation.sound.listening.SoundPlayer", lambda: SoundPlayer(command))
        monkeypatch.setattr("workstation.terminal.typed_lines.typed_lines", lambda _: Lines(*typed))
        monkeypatch.setattr("workstation.sound.listening.PATIENCE_S", 3.0)
        return run(folder, "sound-check", "--by", "Ann", *arguments)

    return checked


def today(folder: RecordFolder) -> SoundOfDay:
    now = datetime.fromtimestamp(SystemClock().utc_ms() / 1000, UTC)
    return sound_of_day(folder, now.date())


def test_what_is_heard_is_kept_for_the_day(
    folder: RecordFolder, tmp_path: Path, check: Ask
) -> None:
    result = check("perhaps", "y")
    assert result.exit_code == 0, result.output
    assert "sound heard by Ann (sound: fake)" in result.output
    assert today(folder).hearing is Hearing.HEARD
    assert (tmp_path / "played").read_text().split() == ["high", "end"]


def test_what_is_not_heard_is_kept_and_ends_with_3(folder: RecordFolder, check: Ask) -> None:
    result = check("n")
    assert result.exit_code == 3
    assert "--without" in result.output
    assert today(folder).hearing is Hearing.NOT_HEARD


def test_without_a_loudspeaker_nobody_is_asked(folder: RecordFolder, check: Ask) -> None:
    result = check(script=SILENT)
    assert result.exit_code == 3
    assert NO_SOUND in result.output
    assert today(folder).hearing is Hearing.NOT_HEARD
    assert NO_SOUND in today(folder).detail


def test_a_named_person_decides_to_work_without(folder: RecordFolder, check: Ask) -> None:
    result = check(script=SILENT, arguments=("--without", "being repaired"))
    assert result.exit_code == 0, result.output
    kept = today(folder)
    assert (kept.hearing, kept.by, kept.detail) == (Hearing.WITHOUT, "Ann", "being repaired")


def test_a_decision_without_a_reason_is_refused(folder: RecordFolder, check: Ask) -> None:
    result = check(arguments=("--without", "  "))
    assert isinstance(result.exception, RequestRefused)
    assert not folder.path.exists()


def test_a_terminal_that_closes_is_no_answer(folder: RecordFolder, check: Ask) -> None:
    result = check()
    assert isinstance(result.exception, AnswerMissing)
    assert today(folder).hearing is Hearing.NOT_ASKED


def test_where_nobody_can_type_nothing_is_played(folder: RecordFolder) -> None:
    result = run(folder, "sound-check", "--by", "Ann")
    assert isinstance(result.exception, AnswerMissing)
    assert not folder.path.exists()
