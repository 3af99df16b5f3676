"""``traction move-years``, and what the other commands say while the disk is away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from records.evidence.year_files import close_year
from records.keys.signing import load_or_create_key
from records.store.record_folder import RecordFolder
from tests.support.commands import run, said
from tests.support.notes import UNIT, recorded

NEXT_YEAR_MS = 1_040_000_000_000
"""2002-12-15; the first session is of 2001."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    folder = RecordFolder(tmp_path / "data")
    recorded(folder, "s-1", began_ms=1_000_000_000_000)
    close_year(folder, UNIT, load_or_create_key(folder), utc_ms=NEXT_YEAR_MS, year=2002)
    recorded(folder, "s-2", began_ms=NEXT_YEAR_MS)
    (tmp_path / "disk").mkdir()
    return folder


def test_a_moved_year_is_read_checked_and_missed_by_name(
    data: RecordFolder, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    note = said(data, "note", "s-1")
    output = said(data, "move-years", str(disk), "--before", "2002", "--by", "A. Keeper")
    assert f"moved units/{UNIT}-2001.db with 1 sessions to {disk}/{UNIT}-2001.db" in output
    assert said(data, "note", "s-1") == note
    assert "nothing was altered" in said(data, "verify", "--all")
    assert (f"not included, because it was moved: {disk}/") in said(
        data, "backup", str(tmp_path / "copy")
    )

    disk.rename(tmp_path / "safe")
    away = run(data, "verify", "--all")
    assert away.exit_code == 4
    assert f"NOT CHECKED units/{UNIT}-2001.db: it was moved to {disk}/" in away.output
    assert "ALTERED" not in away.output
    assert "not everything could be checked" in away.output
    assert f"not checked: units/{UNIT}-2001.db" in said(data, "retention")
    assert "s-2" in said(data, "sessions")

    (tmp_path / "safe").rename(disk)
    assert "nothing was altered" in said(data, "verify", "--all")


def test_nothing_to_move_is_said(data: RecordFolder, tmp_path: Path) -> None:
    disk = str(tmp_path / "disk")
    assert "no file of a year before 2001" in said(data, "move-years", disk, "--before", "2001")
    moved = json.loads(said(data, "move-years", disk, "--before", "2002", "--json"))["moved"]
    assert [one["sessions"] for one in moved] == [["s-1"]]
