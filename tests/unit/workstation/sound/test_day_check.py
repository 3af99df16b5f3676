"""The question of the day: who said what, and what a start makes of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from records.clinic.audit import accesses, altered_audit
from records.store.record_folder import RecordFolder
from workstation.author_now import author_now
from workstation.sound.day_check import (
    CHECK,
    OVERRIDE,
    Hearing,
    SoundOfDay,
    keep_hearing,
    sound_of_day,
    start_refusal,
)
from workstation.sound.wording import NO_SOUND

DAY = date(2026, 11, 30)
NEXT_DAY = date(2026, 12, 1)


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path)


def keep(folder: RecordFolder, hearing: Hearing, detail: str = "sound: ALSA") -> SoundOfDay:
    return keep_hearing(folder, author_now(folder, "Ann"), DAY, hearing, detail)


def test_nothing_was_said_of_a_day_yet(folder: RecordFolder) -> None:
    assert sound_of_day(folder, DAY) == SoundOfDay(day=DAY)
    keep(folder, Hearing.HEARD)
    assert sound_of_day(folder, NEXT_DAY).hearing is Hearing.NOT_ASKED


def test_the_newest_answer_of_a_day_holds_with_name_and_time(folder: RecordFolder) -> None:
    keep(folder, Hearing.NOT_HEARD)
    kept = keep(folder, Hearing.HEARD)
    assert sound_of_day(folder, DAY) == kept
    assert (kept.by, kept.detail) == ("Ann", "sound: ALSA")
    assert kept.at_utc_ms is not None
    assert kept.text == "2026-11-30: sound heard by Ann (sound: ALSA)"


def test_the_answers_stand_in_the_chain(folder: RecordFolder) -> None:
    keep(folder, Hearing.WITHOUT, "being repaired")
    (row,) = accesses(folder)
    assert (row.what, row.by, row.fields) == (
        "day without sound",
        "Ann",
        ("2026-11-30", "being repaired"),
    )
    assert altered_audit(folder) == ""


@pytest.mark.parametrize(
    ("hearing", "sounds", "told"),
    [
        (Hearing.HEARD, True, ""),
        (Hearing.HEARD, False, NO_SOUND),
        (Hearing.NOT_HEARD, True, "nobody heard the sound today"),
        (Hearing.NOT_HEARD, False, NO_SOUND),
        (Hearing.NOT_ASKED, True, "nobody has said today"),
        (Hearing.NOT_ASKED, False, NO_SOUND),
        (Hearing.WITHOUT, True, ""),
        (Hearing.WITHOUT, False, ""),
    ],
)
def test_a_start_is_refused_with_the_next_step_unless_somebody_heard_it_or_decided(
    hearing: Hearing, sounds: bool, told: str
) -> None:
    refusal = start_refusal(SoundOfDay(day=DAY, hearing=hearing), sounds=sounds)
    assert refusal.startswith(told)
    assert bool(refusal) == bool(told)
    if refusal:
        assert OVERRIDE in refusal


def test_the_commands_that_are_named_exist() -> None:
    for text in (CHECK, OVERRIDE):
        assert re.match(r'`traction sound-check --by "NAME"', text)
