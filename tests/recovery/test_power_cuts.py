"""A power cut after any operation of the storage loses nothing that was acknowledged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from records.store import database
from tests.campaigns.asked import Asked
from tests.campaigns.power_cuts import AUTOCHECKPOINT_PAGES, cut_everywhere, scratch_folder
from tests.support.recording_storage import SECTOR, Disk, Operation

CUTS = 600


def test_no_cut_corrupts_a_file_or_loses_an_acknowledged_record() -> None:
    with scratch_folder() as folder:
        result = cut_everywhere(Asked(count=CUTS, seed=6), folder, per_operation=1, every=6)
    assert result.files >= len(AUTOCHECKPOINT_PAGES)
    assert result.cuts == CUTS
    assert result.operations == CUTS
    assert result.next_starts == CUTS / 100
    assert result.corrupt == []
    assert result.lost == []


def test_the_same_check_fails_when_commits_are_not_synced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(database.WRITER_PRAGMAS, "synchronous", 1)
    with scratch_folder() as folder:
        result = cut_everywhere(Asked(count=150, seed=6), folder, per_operation=1, every=6)
    assert len(result.lost) > 30


def disk_with(*operations: Operation) -> Disk:
    disk = Disk()
    for operation in operations:
        disk.take(operation)
    return disk


def outcomes(disk: Disk, folder: Path) -> set[bytes | None]:
    """The contents of file "f" after many cuts; None if it does not exist."""
    found = set()
    chance = random.Random(1)
    for number in range(60):
        place = folder / str(number)
        place.mkdir()
        disk.cut(chance, place)
        file = place / "f"
        found.add(file.read_bytes() if file.exists() else None)
    return found


CREATED = Operation("create", "f", 1)
OLD = b"a" * SECTOR + b"b" * SECTOR
NEW = b"c" * SECTOR + b"d" * SECTOR
SYNC = Operation("sync", "f", 1)


def test_an_unsynced_write_may_be_kept_dropped_or_torn(tmp_path: Path) -> None:
    first, second = Operation("write", "f", 1, 0, OLD), Operation("write", "f", 1, 0, NEW)
    torn = {NEW[:SECTOR] + OLD[SECTOR:], OLD[:SECTOR] + NEW[SECTOR:]}
    assert outcomes(disk_with(CREATED, first, SYNC, second), tmp_path) == {OLD, NEW} | torn


def test_a_synced_write_stays(tmp_path: Path) -> None:
    write = Operation("write", "f", 1, 0, OLD)
    assert outcomes(disk_with(CREATED, write, SYNC), tmp_path) == {OLD}


def test_an_unsynced_file_may_be_missing_and_a_deleted_one_may_be_back(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "deleted").mkdir()
    write = Operation("write", "f", 1, 0, OLD)
    delete = Operation("delete", "f", 1)
    assert outcomes(disk_with(CREATED), tmp_path / "new") == {b"", None}
    assert outcomes(disk_with(CREATED, write, SYNC, delete), tmp_path / "deleted") == {OLD, None}
