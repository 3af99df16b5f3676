"""Settings from environment and file, and the clinic's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from workstation import settings
from workstation.settings import Settings, load_settings

SUMMER_UTC_MS = 1_782_907_200_000


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own settings file; the machine's own environment has no say."""
    path = tmp_path / "settings.toml"
    monkeypatch.setattr(settings, "settings_file", lambda: path)
    for name in ("TRACTION_DATA", "TRACTION_TIME_ZONE", "TRACTION_CLINIC", "TRACTION_FORCE_UNIT"):
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


def test_an_empty_setting_is_not_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    default = load_settings()
    file.write_text("".join(f'{key} = ""\n' for key in Settings.model_fields))
    assert load_settings() == default
    for key in Settings.model_fields:
        monkeypatch.setenv(f"TRACTION_{key.upper()}", "")
    assert load_settings() == default


def test_an_empty_variable_leaves_the_file_s_word(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('clinic = "North"\n')
    monkeypatch.setenv("TRACTION_CLINIC", "")
    assert load_settings().clinic == "North"


def test_an_unknown_key_is_refused_even_if_empty(file: Path) -> None:
    file.write_text('colour = ""\n')
    with pytest.raises(RequestRefused, match="setting colour=''"):
        load_settings()


@pytest.mark.parametrize(
    ("zone", "unit"),
    [
        ("America/Chicago", ForceUnit.POUND),
        ("America/Indiana/Knox", ForceUnit.POUND),
        ("Pacific/Honolulu", ForceUnit.POUND),
        ("US/Eastern", ForceUnit.POUND),
        ("America/Toronto", ForceUnit.NEWTON),
        ("America/Mexico_City", ForceUnit.NEWTON),
        ("Europe/Vienna", ForceUnit.NEWTON),
    ],
)
def test_pounds_lead_in_the_united_states(zone: str, unit: ForceUnit) -> None:
    assert Settings(time_zone=zone).unit_of_force is unit
    assert Settings(time_zone=zone, force_unit=ForceUnit.KILOGRAM).unit_of_force is (
        ForceUnit.KILOGRAM
    )


def test_without_a_zone_that_of_the_system_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", ":America/Denver")
    assert Settings().unit_of_force is ForceUnit.POUND
    monkeypatch.delenv("TZ")
    link = tmp_path / "localtime"
    monkeypatch.setattr(settings, "SYSTEM_ZONE", link)
    assert Settings().unit_of_force is ForceUnit.NEWTON
    link.symlink_to("/usr/share/zoneinfo/America/New_York")
    assert Settings().unit_of_force is ForceUnit.POUND


def test_a_unit_of_force_that_is_none_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACTION_FORCE_UNIT", "stone")
    with pytest.raises(RequestRefused, match=r"setting force_unit='stone'.*'N', 'lbf' or 'kgf'"):
        load_settings()
    monkeypatch.setenv("TRACTION_FORCE_UNIT", "lbf")
    assert load_settings().unit_of_force is ForceUnit.POUND


def test_the_clinic_s_record_leads_unless_this_workstation_was_told_otherwise() -> None:
    said = ("North", "Europe/Vienna", "kgf")
    assert Settings(time_zone="America/Chicago").of_the_clinic(*said).unit_of_force is (
        ForceUnit.KILOGRAM
    )
    told = Settings(force_unit=ForceUnit.NEWTON)
    assert told.of_the_clinic("", "America/Chicago", "kgf").unit_of_force is ForceUnit.NEWTON
    assert Settings().of_the_clinic("", "America/Chicago", None).unit_of_force is ForceUnit.POUND
