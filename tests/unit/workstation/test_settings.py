"""Settings from environment and file, and the clinic's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from workstation import settings
from workstation.settings import Settings, load_settings

SUMMER_UTC_MS = 1_782_907_200_000


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own settings file; the machine's own environment has no say."""
    path = tmp_path / "settings.toml"
    monkeypatch.setattr(settings, "settings_file", lambda: path)
    for name in ("TRACTION_DATA", "TRACTION_TIME_ZONE", "TRACTION_CLINIC"):
        monkeypatch.delenv(name, raising=False)
    return path


def test_a_new_workstation_works_as_it_is(file: Path) -> None:
    found = load_settings()
    assert (found.time_zone, found.clinic) == ("", "")
    assert found.data.is_absolute()


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('clinic = "North"\ntime_zone = "Europe/Vienna"\n')
    monkeypatch.setenv("TRACTION_CLINIC", "South")
    found = load_settings()
    assert (found.clinic, found.time_zone) == ("South", "Europe/Vienna")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('colour = "red"\n', "setting colour='red'"),
        ('time_zone = "Mars/Olympus"\n', "not an IANA time zone"),
        ('clinic = "North\n', "cannot be read"),
        ("backup_days = 367\n", "setting backup_days=367"),
    ],
)
def test_wrong_settings_are_named_with_their_file(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(RequestRefused) as refused:
        load_settings()
    assert words in refused.value.message
    assert str(file) in refused.value.message


def test_a_file_that_is_a_folder_or_no_text_is_named(file: Path) -> None:
    file.write_bytes(b"\xff")
    with pytest.raises(RequestRefused, match=r"settings\.toml cannot be read"):
        load_settings()
    file.unlink()
    file.mkdir()
    with pytest.raises(RequestRefused, match=r"settings\.toml cannot be read"):
        load_settings()


def test_the_environment_may_be_in_small_letters_and_hold_more(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("traction_retention_years", "7")
    monkeypatch.setenv("TRACTION_COLOUR", "red")
    assert load_settings().retention_years == 7


def test_a_named_zone_follows_its_daylight_saving() -> None:
    zone = Settings(time_zone="America/Chicago").zone_at(SUMMER_UTC_MS)
    summer = datetime.fromtimestamp(SUMMER_UTC_MS / 1000, UTC).astimezone(zone)
    assert summer.utcoffset() == timedelta(hours=-5)
    assert (summer + timedelta(days=180)).utcoffset() == timedelta(hours=-6)


def test_the_system_s_zone_is_fixed_at_its_offset_of_the_moment() -> None:
    zone = Settings(time_zone="").zone_at(SUMMER_UTC_MS)
    moment = datetime.fromtimestamp(SUMMER_UTC_MS / 1000, UTC)
    assert zone.utcoffset(None) == moment.astimezone().utcoffset()
